package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.neighbors.PopularityRecommender;
import io.recommender.testing.SequenceRecommenderContract;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class VectorRecommenderTest {
  private static final Catalog CATALOG =
      Catalog.ofIds(IntStream.range(0, 20).mapToObj(i -> "item-" + i).toList());

  private static FlatIndex index(Similarity similarity) {
    FlatIndex index = new FlatIndex(6, similarity);
    float[][] vectors = LinearMapTest.gaussian(new Random(5), CATALOG.size(), 6);
    for (int i = 0; i < vectors.length; i++) {
      index.add(CATALOG.id(i), vectors[i]);
    }
    return index;
  }

  private static SequenceRecommender popular() {
    return PopularityRecommender.fit(CATALOG, List.of(UserHistory.of("item-4", "item-2")));
  }

  private static RecommendationRequest ask(String... history) {
    return RecommendationRequest.of(UserHistory.of(history)).k(3).build();
  }

  @Nested
  class WithFallback extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      FlatIndex index = index(Similarity.DOT);
      return VectorRecommender.of(
          "mean", QueryVector.historyMean(index::vector, 0.9), index, popular());
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Nested
  class WithoutFallback extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      FlatIndex index = index(Similarity.L2);
      return VectorRecommender.of("mean", QueryVector.historyMean(index::vector), index);
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Test
  void searchesWithTheVectorOfTheRequest() {
    FlatIndex index = index(Similarity.COSINE);
    float[] vector = {1, 0, 2, 0, -1, 0};
    SequenceRecommender recommender =
        VectorRecommender.of("fixed", request -> Optional.of(vector), index);
    Recommendations answer = recommender.recommend(ask());
    assertEquals(ScoreKind.COSINE, answer.scoreKind());
    assertEquals(
        index.search(vector, 3).stream()
            .map(item -> new ScoredItem(item.itemId(), item.score(), "fixed"))
            .toList(),
        answer.items());
    assertEquals(List.of(), answer.notices());
  }

  @Test
  void anItemIsRecommendedByTheCallAfterItsAddition() {
    FlatIndex index = index(Similarity.DOT);
    SequenceRecommender recommender =
        VectorRecommender.of("mean", QueryVector.historyMean(index::vector), index);
    float[] far = index.vector("item-1").orElseThrow();
    for (int i = 0; i < far.length; i++) {
      far[i] *= 100;
    }
    assertFalse(recommender.recommend(ask("item-1")).itemIds().contains("new"));
    index.add("new", far);
    assertEquals("new", recommender.recommend(ask("item-1")).itemIds().get(0));
  }

  @Test
  void aRequestWithoutAVectorGoesToTheFallback() {
    FlatIndex index = index(Similarity.DOT);
    QueryVector mean = QueryVector.historyMean(index::vector);
    Recommendations answer =
        VectorRecommender.of("mean", mean, index, popular()).recommend(ask("unknown"));
    assertEquals(List.of("item-2", "item-4", "item-0"), answer.itemIds());
    assertEquals(PopularityRecommender.SOURCE, answer.items().get(0).source());
    assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
    assertEquals(
        1,
        answer.notices().stream()
            .filter(notice -> notice.code() == Notice.Code.UNKNOWN_ITEMS)
            .count());
    Recommendations none = VectorRecommender.of("mean", mean, index).recommend(ask());
    assertTrue(none.isEmpty());
    assertTrue(none.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void tellsWhatItSearches() {
    FlatIndex index = index(Similarity.DOT);
    VectorRecommender recommender =
        VectorRecommender.of("mean", QueryVector.historyMean(index::vector), index, popular());
    assertTrue(recommender.diagnose(0).part("FlatIndex").isPresent());
    assertEquals(true, recommender.diagnose(0).fact("falls back").orElseThrow());
    assertTrue(recommender.toString().startsWith("VectorRecommender[mean, FlatIndex["));
  }

  @Property(tries = 100)
  void theHistoryMeanIsThatOfTheDefinition(
      @ForAll @IntRange(min = 1, max = 12) int length,
      @ForAll @DoubleRange(min = 0.05, max = 1) double decay,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[][] vectors = LinearMapTest.gaussian(random, 8, 3);
    String[] history = new String[length];
    double[] sum = new double[3];
    double weights = 0;
    double weight = 1;
    for (int i = length - 1; i >= 0; i--) {
      int item = random.nextInt(10);
      history[i] = Integer.toString(item);
      if (item < 8) {
        for (int j = 0; j < 3; j++) {
          sum[j] += weight * vectors[item][j];
        }
        weights += weight;
        weight *= decay;
      }
    }
    Optional<float[]> mean =
        QueryVector.historyMean(
                id ->
                    Integer.parseInt(id) < 8
                        ? Optional.of(vectors[Integer.parseInt(id)])
                        : Optional.empty(),
                decay)
            .vector(ask(history));
    assertEquals(weights > 0, mean.isPresent());
    for (int j = 0; weights > 0 && j < 3; j++) {
      assertEquals(sum[j] / weights, mean.orElseThrow()[j], 1e-5);
    }
  }

  @Test
  void sumsLeaveOutWhatIsNotThere() {
    Map<String, float[]> users = Map.of("ann", new float[] {1, 2});
    QueryVector user = QueryVector.user(id -> Optional.ofNullable(users.get(id)));
    QueryVector intent = QueryVector.context("intent");
    QueryVector sum = QueryVector.sum(user.times(2), intent.times(-1));
    RecommendationRequest nobody = ask();
    RecommendationRequest ann =
        RecommendationRequest.of(UserHistory.empty().forUser("ann")).build();
    RecommendationRequest both =
        ann.toBuilder().context("intent", Feature.Tensor.vector(0.5f, 0)).build();
    assertTrue(sum.vector(nobody).isEmpty());
    assertArrayEquals(new float[] {2, 4}, sum.vector(ann).orElseThrow());
    assertArrayEquals(new float[] {1.5f, 4}, sum.vector(both).orElseThrow());
    assertArrayEquals(
        new float[] {-0.5f, 0},
        sum.vector(nobody.toBuilder().context("intent", Feature.Tensor.vector(0.5f, 0)).build())
            .orElseThrow());
    assertTrue(user.times(0).vector(ann).isEmpty());
    assertTrue(
        intent.vector(ann.toBuilder().context("intent", new Feature.Scalar(1)).build()).isEmpty());
    assertArrayEquals(new float[] {1, 2}, intent.or(user).vector(ann).orElseThrow());
    assertArrayEquals(new float[] {0.5f, 0}, intent.or(user).vector(both).orElseThrow());
    assertArrayEquals(
        new float[] {5, 0},
        user.mapped(LinearMap.of(new float[][] {{1, 2}, {0, 0}}, new float[2])::apply)
            .vector(ann)
            .orElseThrow());
  }

  @Test
  void saysWhatIsWrong() {
    QueryVector two = request -> Optional.of(new float[2]);
    QueryVector three = request -> Optional.of(new float[3]);
    assertEquals(
        "vector: expected length 2 as the first one has, found 3",
        assertThrows(
                IllegalArgumentException.class, () -> QueryVector.sum(two, three).vector(ask()))
            .getMessage());
    assertEquals(
        "decay: expected above 0 and at most 1, found 0.0",
        assertThrows(
                IllegalArgumentException.class,
                () -> QueryVector.historyMean(id -> Optional.empty(), 0))
            .getMessage());
    assertEquals(
        "weight: expected a finite number, found NaN",
        assertThrows(IllegalArgumentException.class, () -> two.times(Double.NaN)).getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> VectorRecommender.of("two", two, index(Similarity.DOT)).recommend(ask()));
  }
}
