package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Query;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.onnx.CatalogIndexer;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxListReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.RecommenderPipeline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What finds candidates and what orders them, one after the other. */
class RetrieveAndReadTest {
  private static final Path FIXTURES = Path.of("../../recommender-onnx/src/test/resources");

  private static List<Item> items(Catalog catalog) {
    return IntStream.range(0, catalog.size()).mapToObj(catalog::item).toList();
  }

  /** Dense retrieval: vectors of texts find candidates, a cross-encoder reads and orders them. */
  @Test
  void aCrossEncoderOrdersWhatTextsFound() {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(Path.of("bundles/shop-text"));
        OnnxCrossEncoder reader =
            RecommenderBundle.openCrossEncoder(FIXTURES.resolve("cross/bert"))) {
      List<Item> items = items(reader.catalog());
      FlatIndex index =
          new FlatIndex(encoder.dimension(), encoder.similarity(), reader.catalog().size());
      // The encoder of the shop reads a category too, which these items do not have.
      CatalogIndexer.of(encoder, index)
          .index(
              items.stream()
                  .map(
                      item -> {
                        Map<String, Feature> features = new HashMap<>(item.features());
                        features.put("category", new Feature.Text("Outdoor"));
                        return new Item(item.id(), features);
                      })
                  .iterator());
      Query.Text typed = new Query.Text("a warm jacket");
      List<ScoredItem> found = encoder.retriever(index).retrieve(typed, 6, ItemFilter.all());
      assertEquals(6, found.size());

      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.of("sku-1"))
              .context("query", new Feature.Text(typed.text()))
              .build();
      List<ScoredItem> ranked = reader.rerank(request, found);
      List<Item> candidates =
          found.stream().map(item -> reader.catalog().find(item.itemId()).orElseThrow()).toList();
      double[] scores = reader.score(request, candidates);
      List<String> expected = new ArrayList<>(found.stream().map(ScoredItem::itemId).toList());
      List<String> order = List.copyOf(expected);
      expected.sort(Comparator.comparingDouble(id -> -scores[order.indexOf(id)]));
      assertEquals(expected, ranked.stream().map(ScoredItem::itemId).toList());
      assertNotEquals(order, expected, "reading changes the order");
    }
  }

  /** A list-wise model at the end of a pipeline: as many items as it picks, and why not more. */
  @Test
  void aPipelineEndsWhereItsListEnds() {
    try (OnnxListReranker routes =
        RecommenderBundle.openListReranker(FIXTURES.resolve("list/pointer"))) {
      List<ScoredItem> all =
          items(routes.catalog()).stream().map(item -> new ScoredItem(item.id(), 1)).toList();
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.empty())
              .context("hour", new Feature.Scalar(1.5))
              .k(12)
              .build();
      try (RecommenderPipeline pipeline =
          RecommenderPipeline.named("routes")
              .source(
                  CandidateSource.of(
                      "all", asked -> Recommendations.of(asked.k(), all.subList(0, 12)).build()))
              .reranker("list", routes)
              .build()) {
        List<ScoredItem> picked = routes.rerank(request, all.subList(0, 12));
        assertTrue(picked.size() <= routes.maxLength() && picked.size() >= routes.minLength());
        Recommendations answer = pipeline.recommend(request);
        assertEquals(
            picked.stream().map(ScoredItem::itemId).toList(),
            answer.items().stream().map(ScoredItem::itemId).toList());
        assertTrue(answer.items().size() < 12 && !answer.notices().isEmpty());
      }
    }
  }

  /** LFM4Ads: the representation of a user, compared with those of items, is a retriever itself. */
  @Test
  void representationsRetrieveByThemselves() {
    Random random = new Random(24);
    FlatIndex index = new FlatIndex(16, Similarity.DOT, 1000);
    Map<String, float[]> ofItems = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      ofItems.put("ad-" + i, vector(random));
      index.add("ad-" + i, ofItems.get("ad-" + i));
    }
    for (int user = 0; user < 20; user++) {
      float[] ofUser = vector(random);
      List<String> expected = new ArrayList<>(ofItems.keySet());
      expected.sort(Comparator.comparingDouble(id -> -dot(ofUser, ofItems.get(id))));
      assertEquals(
          expected.subList(0, 20),
          index.retrieve(new Query.Vector(ofUser), 20, ItemFilter.all()).stream()
              .map(ScoredItem::itemId)
              .toList());
    }
  }

  private static float[] vector(Random random) {
    float[] vector = new float[16];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }
}
