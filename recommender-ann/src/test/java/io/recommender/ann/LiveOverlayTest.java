package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommendationRequest;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.BeamOptions;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.CodeTokens;
import io.recommender.ann.semantic.PromptTemplate;
import io.recommender.ann.semantic.SemanticIdIndex;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.CatalogOverlay;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.BigramScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stock, visibility and prices in front of sources that search an index and remember filters: the
 * next call sees a change, and no index does.
 */
class LiveOverlayTest {
  private static final int ITEMS = 600;
  private static final int DIMENSION = 8;
  private static final int K = 10;
  private static final double BUDGET = 100;

  /**
   * A source over an index.
   *
   * @param content everything the index holds, to compare before and after
   * @param remembers whether the index remembers what constant filters accept
   */
  private record Searched(
      String name, SequenceRecommender source, Supplier<Object> content, boolean remembers) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** A filter of a category, which always answers the same and counts how often it is asked. */
  private static final class Category implements ItemFilter {
    private final AtomicInteger asked = new AtomicInteger();

    @Override
    public boolean accepts(String itemId) {
      asked.incrementAndGet();
      return Integer.parseInt(itemId.substring("item-".length())) % 3 != 0;
    }

    @Override
    public boolean isConstant() {
      return true;
    }
  }

  private static float[][] vectors(int count, long seed) {
    Random random = new Random(seed);
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = TestVectors.gaussian(DIMENSION, random);
    }
    return vectors;
  }

  private static Searched vectors(String name, ItemIndex index, boolean remembers) {
    List<String> ids = TestVectors.ids(ITEMS);
    float[][] vectors = vectors(ITEMS, 1);
    index.addAll(ids, vectors);
    float[] query = vectors(1, 2)[0];
    return new Searched(
        name,
        VectorRecommender.of(name, QueryVector.historyMean(index::vector), index),
        () -> List.of(index.size(), index.search(query, ITEMS)),
        remembers);
  }

  private static Searched hnsw(Quantization quantization) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.COSINE)
            .quantization(quantization)
            .trainedFrom(16)
            .exactBelow(0)
            .ef(ITEMS)
            .build();
    return vectors("HNSW " + quantization, index, true);
  }

  private static Searched keywords() {
    KeywordIndex index = KeywordIndex.builder().build();
    for (int i = 0; i < ITEMS; i++) {
      index.add("item-" + i, "tent" + " pole".repeat(i % 7) + " peg".repeat(i % 5));
    }
    return new Searched(
        "keywords",
        new RetrieverRecommender("keywords", index, RetrieverRecommender.text("query")),
        () -> List.of(index.size(), index.search("tent", ITEMS, ItemFilter.all())),
        false);
  }

  private static Searched codes() {
    CodeShape shape = CodeShape.of(2, 25);
    CodeTokens tokens = CodeTokens.offsets(1, 26);
    SemanticIdIndex index = SemanticIdIndex.builder(shape).build();
    int[][] itemCodes = new int[ITEMS][];
    for (int i = 0; i < ITEMS; i++) {
      itemCodes[i] = new int[] {i % 25, i / 25};
    }
    index.addAll(TestVectors.ids(ITEMS), itemCodes);
    Random random = new Random(5);
    float[][] logits = new float[52][52];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    BeamDecoder decoder =
        BeamDecoder.builder(
                new BigramScorer(logits),
                index,
                tokens,
                PromptTemplate.builder(shape, tokens).build())
            .options(BeamOptions.of(ITEMS))
            .build();
    return new Searched(
        "codes",
        decoder,
        () -> {
          List<Object> content = new ArrayList<>();
          for (int i = 0; i < ITEMS; i++) {
            content.add(index.isAvailable("item-" + i));
          }
          content.add(index.size());
          return content;
        },
        true);
  }

  static List<Searched> sources() {
    List<Searched> sources = new ArrayList<>();
    sources.add(vectors("flat", new FlatIndex(DIMENSION, Similarity.COSINE), false));
    for (Quantization quantization : Quantization.values()) {
      sources.add(hnsw(quantization));
    }
    sources.add(keywords());
    sources.add(codes());
    return sources;
  }

  private static RecommendationRequest request(int k, ItemFilter filter) {
    return RecommendationRequest.of(UserHistory.of("item-4", "item-11"))
        .context("query", new Feature.Text("tent pole"))
        .k(k)
        .filter(filter)
        .build();
  }

  @ParameterizedTest
  @MethodSource("sources")
  void theNextCallSeesEachChangeAndTheIndexNone(Searched searched) {
    SequenceRecommender source = searched.source();
    Category category = new Category();
    CatalogOverlay live = new CatalogOverlay();
    ItemFilter affordable = itemId -> live.price(itemId).orElse(1) <= BUDGET;
    ItemFilter wanted = category.and(affordable);
    Object content = searched.content().get();
    for (int call = 0; call < 3; call++) {
      source.recommend(request(K, category));
    }
    category.asked.set(0);
    List<String> everything = source.recommend(request(ITEMS, category)).itemIds();
    assertEquals(searched.remembers(), category.asked.get() == 0, "the answers are remembered");
    assertTrue(everything.size() > 2 * K, "there are enough others");
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("live")
            .source(CandidateSource.of("source", source).depth(K))
            .overlay(live)
            .build()) {
      Function<ItemFilter, List<String>> answer =
          filter -> pipeline.recommend(request(K, filter)).itemIds();
      List<String> best = everything.subList(0, K);
      assertEquals(best, answer.apply(wanted));
      assertEquals(best, answer.apply(category));
      for (String gone : List.of(best.get(0), best.get(4), best.get(K - 1))) {
        List<String> others = new ArrayList<>(everything.subList(0, K + 1));
        others.remove(gone);
        live.setStock(gone, 0);
        assertEquals(others, answer.apply(wanted));
        assertEquals(others, answer.apply(category));
        live.setStock(gone, 1);
        assertEquals(best, answer.apply(category));
        live.setVisible(gone, false);
        assertEquals(others, answer.apply(category));
        live.setVisible(gone, true);
        assertEquals(best, answer.apply(category));
        live.setPrice(gone, BUDGET + 1);
        assertEquals(others, answer.apply(wanted));
        assertEquals(best, answer.apply(category), "a price rules out who looks at it");
        live.setPrice(gone, BUDGET);
        assertEquals(best, answer.apply(wanted));
        live.clear(gone);
      }
    }
    assertEquals(everything, source.recommend(request(ITEMS, category)).itemIds());
    assertEquals(content, searched.content().get());
  }

  /** The same conjunction for every call, one half of which changes. */
  @ParameterizedTest
  @MethodSource("sources")
  void aFilterIsNotRememberedForItsConstantHalf(Searched searched) {
    CatalogOverlay live = new CatalogOverlay();
    ItemFilter both = new Category().and(live.filter());
    List<String> before = searched.source().recommend(request(ITEMS, both)).itemIds();
    for (int changes = 1; changes <= 5; changes++) {
      live.setStock(before.get(changes - 1), 0);
      assertEquals(
          before.subList(changes, changes + K),
          searched.source().recommend(request(K, both)).itemIds());
    }
  }

  @Test
  void allButAFewMayBeSoldOut() {
    for (Searched searched : sources()) {
      CatalogOverlay live = new CatalogOverlay();
      List<String> all = searched.source().recommend(request(ITEMS, ItemFilter.all())).itemIds();
      all.subList(0, all.size() - 3).forEach(itemId -> live.setStock(itemId, 0));
      List<ScoredItem> left = searched.source().recommend(request(K, live.filter())).items();
      assertEquals(
          all.subList(all.size() - 3, all.size()),
          left.stream().map(ScoredItem::itemId).toList(),
          searched.name());
    }
  }
}
