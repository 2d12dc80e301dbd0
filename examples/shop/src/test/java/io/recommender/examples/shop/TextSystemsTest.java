package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommendationRequest;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.LinearMap;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.onnx.CatalogIndexer;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What systems of the coverage table need of encoders and indexes together. */
class TextSystemsTest {
  private static final Path TEXTS = Path.of("bundles/shop-text");
  private static final Path MAP =
      Path.of("src/test/resources/io/recommender/examples/shop/linear-map");
  private static final int KNOWN = 200;

  /** The weights of the committed graph, by the formula of its generator. */
  private static LinearMap map() {
    float[][] weights = new float[16][64];
    float[] offset = new float[16];
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 64; column++) {
        weights[row][column] = ((31 * row + 17 * column) % 64 - 32) / 64f;
      }
      offset[row] = (row - 8) / 16f;
    }
    return LinearMap.of(weights, offset);
  }

  private static List<String> best(float[] query, Map<String, float[]> vectors, int k) {
    return vectors.entrySet().stream()
        .sorted(Comparator.comparingDouble(entry -> -dot(query, entry.getValue())))
        .limit(k)
        .map(Map.Entry::getKey)
        .toList();
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  @Test
  void alphaRecServesMappedTitlesNewOnesIncluded() {
    List<Item> products = products();
    LinearMap map = map();
    try (OnnxItemEncoder texts = RecommenderBundle.openEncoder(TEXTS);
        OnnxItemEncoder graph = RecommenderBundle.openEncoder(MAP);
        ItemEncoder mapped = map.after(texts, Similarity.DOT)) {
      Map<String, float[]> vectors = new HashMap<>();
      for (Item product : products) {
        float[] text = texts.encode(List.of(product))[0];
        Item told = new Item(product.id(), Map.of("text", Feature.Tensor.vector(text)));
        float[] byGraph = graph.encode(List.of(told))[0];
        assertArrayEquals(byGraph, map.apply(text), 1e-5f);
        vectors.put(product.id(), map.apply(text));
      }
      FlatIndex index = new FlatIndex(16, Similarity.DOT);
      CatalogIndexer.of(mapped, "alpha-rec", index).index(products.subList(0, KNOWN).iterator());
      QueryVector history = QueryVector.historyMean(index::vector);
      QueryVector typed =
          request -> Optional.of(map.apply(texts.encodeTexts(List.of("wireless headphones"))[0]));
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.of(products.get(3).id(), products.get(9).id()))
              .build();
      List<Item> added = products.subList(KNOWN, KNOWN + 10);
      Map<String, float[]> known = new HashMap<>(vectors);
      added.forEach(product -> known.remove(product.id()));
      assertEquals(
          best(history.vector(request).orElseThrow(), known, 10),
          recommend(history, index, request));
      index.addAll(added.stream().map(Item::id).toList(), mapped.encode(added));
      assertEquals(
          best(history.vector(request).orElseThrow(), vectors, 10),
          recommend(history, index, request));
      for (Item product : added) {
        RecommendationRequest ofNew =
            RecommendationRequest.of(UserHistory.of(product.id())).build();
        assertEquals(
            best(vectors.get(product.id()), vectors, 10), recommend(history, index, ofNew));
      }
      assertEquals(
          recommend(history, index, request),
          recommend(QueryVector.sum(history.times(1), typed.times(0)), index, request));
      assertEquals(
          recommend(typed, index, request),
          recommend(QueryVector.sum(history.times(0), typed.times(1)), index, request));
      assertTrue(
          !recommend(typed, index, request).equals(recommend(history, index, request)),
          "the query and the history differ");
    }
  }

  /** A graph generates the intent; the bundle says how vectors are compared. */
  @Test
  void uditsrRecommendsByTheUserAndAGeneratedIntent() {
    Random random = new Random(45);
    Map<String, float[]> vectors = new HashMap<>();
    try (OnnxItemEncoder generator = RecommenderBundle.openEncoder(MAP)) {
      FlatIndex index = new FlatIndex(generator.dimension(), generator.similarity());
      for (int i = 0; i < 300; i++) {
        vectors.put("item-" + i, gaussian(random, 16));
        index.add("item-" + i, vectors.get("item-" + i));
      }
      for (int user = 0; user < 50; user++) {
        float[] profile = gaussian(random, 64);
        float[] known = gaussian(random, 16);
        QueryVector intent =
            request -> {
              Item told = new Item("user", Map.of("text", request.context().get("profile")));
              return Optional.of(generator.encode(List.of(told))[0]);
            };
        QueryVector query = QueryVector.sum(request -> Optional.of(known), intent);
        float[] expected = known.clone();
        float[] generated = map().apply(profile);
        for (int i = 0; i < 16; i++) {
          expected[i] += generated[i];
        }
        RecommendationRequest request =
            RecommendationRequest.of(UserHistory.empty())
                .context("profile", Feature.Tensor.vector(profile))
                .build();
        assertEquals(best(expected, vectors, 10), recommend(query, index, request));
      }
    }
  }

  private static float[] gaussian(Random random, int dimension) {
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  private static List<Item> products() {
    Catalog catalog = RecommenderBundle.read(Path.of("bundles/shop")).catalog();
    return IntStream.range(0, KNOWN + 10).mapToObj(catalog::item).toList();
  }

  private static List<String> recommend(
      QueryVector query, FlatIndex index, RecommendationRequest request) {
    SequenceRecommender recommender = VectorRecommender.of("alpha-rec", query, index);
    return recommender.recommend(request).itemIds();
  }
}
