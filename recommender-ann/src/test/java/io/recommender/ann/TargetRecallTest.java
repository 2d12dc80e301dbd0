package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who asks for a recall gets it, for queries that the index has never seen. */
class TargetRecallTest {
  private static final double[] TARGETS = {0.9, 0.95, 0.98, 0.99};
  private static final double TOLERANCE = 0.015;

  /** The higher the target, the less it may be missed by. */
  private static final double HIGH = 0.99;

  private static final double HIGH_TOLERANCE = 0.005;
  private static final int QUERIES = 300;

  @TempDir private Path folder;

  private static HnswIndex index(
      int count, int dimension, Quantization form, Similarity similarity, double lengths) {
    HnswIndex index =
        HnswIndex.builder(dimension, similarity).quantization(form).threads(2).build();
    index.addAll(HnswFixture.ids(0, count), HnswFixture.clustered(count, dimension, lengths, 1));
    return index;
  }

  private static Set<String> found(
      HnswIndex index, float[] query, int k, SearchOptions options, SearchHits hits) {
    index.search(query, k, options, hits);
    Set<String> ids = new HashSet<>();
    for (int rank = 0; rank < hits.size(); rank++) {
      ids.add(hits.itemId(rank));
    }
    return ids;
  }

  /** Recall and mean number of items that were compared. */
  private record Outcome(double recall, double scored) {}

  private static Outcome outcome(HnswIndex index, float[][] queries, int k, double target) {
    return outcome(index, queries, k, target, ItemFilter.all());
  }

  private static Outcome outcome(
      HnswIndex index, float[][] queries, int k, double target, ItemFilter filter) {
    SearchOptions options = SearchOptions.defaults().filter(filter);
    SearchHits hits = new SearchHits();
    int found = 0;
    long scored = 0;
    for (float[] query : queries) {
      Set<String> best = found(index, query, k, options.targetRecall(1), hits);
      assertTrue(hits.isExact());
      assertEquals(k, best.size());
      best.retainAll(found(index, query, k, options.targetRecall(target), hits));
      found += best.size();
      scored += hits.scored();
    }
    return new Outcome(found / (double) (k * queries.length), scored / (double) queries.length);
  }

  private static void assertReached(String what, double target, double recall) {
    assertTrue(
        recall >= target - (target >= HIGH ? HIGH_TOLERANCE : TOLERANCE),
        () -> what + ": target " + target + ", recall " + recall);
  }

  @ParameterizedTest
  @CsvSource({
    "20000, 32, FLOAT, L2, 0",
    "20000, 32, FLOAT, DOT, 0.5",
    "12000, 64, INT1_FLOAT, COSINE, 0",
    "12000, 128, INT1_FLOAT, DOT, 0.5",
    "12000, 128, INT4_FLOAT, L2, 0",
    "12000, 128, INT4_FLOAT, DOT, 0.5"
  })
  void isReached(
      int count, int dimension, Quantization form, Similarity similarity, double lengths) {
    HnswIndex index = index(count, dimension, form, similarity, lengths);
    float[][] queries = HnswFixture.clustered(QUERIES, dimension, lengths, 2);
    double scored = 0;
    for (double target : TARGETS) {
      Outcome outcome = outcome(index, queries, 10, target);
      assertReached("k 10", target, outcome.recall);
      double before = scored;
      assertTrue(outcome.scored >= before, () -> before + " then " + outcome.scored);
      scored = outcome.scored;
    }
    double most = scored;
    Outcome least = outcome(index, queries, 10, TARGETS[0]);
    // Unless the least work there is finds all that was asked for.
    double highest = TARGETS[TARGETS.length - 1];
    assertTrue(most > least.scored || least.recall >= highest, () -> least + " to " + most);
    for (int k : new int[] {1, 100}) {
      for (double target : new double[] {0.9, 0.98}) {
        assertReached("k " + k, target, outcome(index, queries, k, target).recall);
      }
    }
  }

  /** Remembered or asked, of any part, spread or all in one place. */
  @ParameterizedTest
  @CsvSource({"FLOAT, L2, 0", "FLOAT, DOT, 0.5", "INT4_FLOAT, COSINE, 0", "INT4_FLOAT, DOT, 0.5"})
  void isReachedUnderFilters(Quantization form, Similarity similarity, double lengths) {
    HnswIndex index = index(10_000, 40, form, similarity, lengths);
    float[][] vectors = HnswFixture.clustered(10_000, 40, lengths, 1);
    float[][] queries = HnswFixture.clustered(QUERIES / 2, 40, lengths, 2);
    Map<String, IntPredicate> parts = new LinkedHashMap<>();
    parts.put("half", item -> item * 7919L % 10_007 < 5_000);
    parts.put("tenth", item -> item * 7919L % 10_007 < 1_000);
    parts.put("hundredth", item -> item * 7919L % 10_007 < 100);
    parts.put("one side", item -> vectors[item][0] + vectors[item][1] > 0);
    parts.forEach(
        (name, items) -> {
          ItemFilter asked = itemId -> items.test(Integer.parseInt(itemId.substring(5)));
          ItemFilter kept =
              ItemFilter.allow(HnswFixture.ids(0, 10_000).stream().filter(asked::accepts).toList());
          for (double target : new double[] {0.9, 0.99}) {
            for (ItemFilter filter : List.of(asked, kept, kept.and(itemId -> true))) {
              double recall = outcome(index, queries, 10, target, filter).recall;
              assertTrue(
                  recall >= target - TOLERANCE,
                  () -> "%s: target %s, recall %s".formatted(name, target, recall));
            }
          }
        });
  }

  @Test
  void oneIsExact() {
    HnswIndex index = index(5_000, 16, Quantization.FLOAT, Similarity.L2, 0);
    FlatIndex exact = new FlatIndex(16, Similarity.L2);
    exact.addAll(HnswFixture.ids(0, 5_000), HnswFixture.clustered(5_000, 16, 0, 1));
    SearchOptions all = SearchOptions.defaults().targetRecall(1);
    for (float[] query : HnswFixture.clustered(50, 16, 0, 2)) {
      assertEquals(exact.search(query, 20), index.search(query, 20, all));
    }
  }

  /** Far from all items, where walks find less than near them. */
  private static float[][] far(int count, int dimension, long seed) {
    float[][] queries = HnswFixture.clustered(count, dimension, 0, seed);
    for (int i = 0; i < queries.length; i++) {
      float[] other = queries[(i + 7) % queries.length].clone();
      for (int j = 0; j < dimension; j++) {
        queries[i][j] = (j % 2 == 0 ? 4 : -4) * queries[i][j] + other[j];
      }
    }
    return queries;
  }

  @Test
  void isReachedForTheKindOfQueriesThatItWasCalibratedFor() {
    HnswIndex index = index(12_000, 32, Quantization.FLOAT, Similarity.L2, 0);
    // So many of both that chance does not decide: of some queries much is missed.
    float[][] queries = far(4 * QUERIES, 32, 3);
    double scored = outcome(index, queries, 10, 0.95).scored;
    index.calibrate(far(2 * QUERIES, 32, 4));
    for (double target : TARGETS) {
      assertReached("far", target, outcome(index, queries, 10, target).recall);
    }
    double calibrated = outcome(index, queries, 10, 0.95).scored;
    assertTrue(calibrated != scored, "calibration changes nothing");
  }

  @Test
  void calibrationIsSavedAndMayBeRepeated() {
    HnswIndex index = index(4_000, 16, Quantization.FLOAT, Similarity.L2, 0);
    float[][] queries = HnswFixture.clustered(50, 16, 0, 5);
    SearchOptions target = SearchOptions.defaults().targetRecall(0.95);
    index.calibrate(far(QUERIES, 16, 6));
    index.save(folder.resolve("a"));
    HnswIndex opened = HnswIndex.open(folder.resolve("a"));
    assertEquals(
        HnswFixture.answers(index, queries, 10, target),
        HnswFixture.answers(opened, queries, 10, target));
    opened.calibrate(HnswFixture.clustered(QUERIES, 16, 0, 7));
    opened.save(folder.resolve("a"));
    byte[] again = HnswFixture.sections(folder.resolve("a")).get("parameters");
    index.save(folder.resolve("b"));
    byte[] first = HnswFixture.sections(folder.resolve("b")).get("parameters");
    assertTrue(!Arrays.equals(first, again), "calibration changes nothing");
  }

  @Test
  void anIndexThatWasCalibratedWhileItComparedAllIsMeasuredWhenItWalks() {
    HnswIndex index = HnswIndex.builder(32, Similarity.L2).exactBelow(3_000).threads(2).build();
    float[][] vectors = HnswFixture.clustered(5_500, 32, 0, 1);
    index.addAll(HnswFixture.ids(0, 2_900), Arrays.copyOf(vectors, 2_900));
    float[][] queries = HnswFixture.clustered(QUERIES, 32, 0, 2);
    index.calibrate(queries);
    index.addAll(HnswFixture.ids(2_900, 5_500), Arrays.copyOfRange(vectors, 2_900, 5_500));
    for (double target : TARGETS) {
      assertReached("grown", target, outcome(index, queries, 10, target).recall);
    }
  }

  @Test
  void isMeasuredAnewWhenItemsHaveDoubled() {
    HnswIndex index = HnswIndex.builder(24, Similarity.L2).exactBelow(500).threads(2).build();
    float[][] vectors = HnswFixture.clustered(12_000, 24, 0, 1);
    float[][] queries = HnswFixture.clustered(QUERIES, 24, 0, 2);
    int count = 0;
    for (int next : new int[] {1_000, 2_500, 5_500, 12_000}) {
      index.addAll(HnswFixture.ids(count, next), Arrays.copyOfRange(vectors, count, next));
      count = next;
      assertReached(count + " items", 0.95, outcome(index, queries, 10, 0.95).recall);
    }
  }

  @Test
  void anIndexWithFewItemsOrNoneMayBeCalibrated() {
    HnswIndex index = HnswFixture.small(3, Similarity.DOT, Quantization.FLOAT).build();
    float[][] queries = HnswFixture.clustered(5, 3, 0, 1);
    SearchOptions target = SearchOptions.defaults().targetRecall(0.9);
    for (int count = 0; count < 15; count++) {
      index.calibrate(queries);
      assertEquals(Math.min(10, count), index.search(queries[0], 10, target).size());
      index.add("item-" + count, HnswFixture.clustered(1, 3, 0, 2 + count)[0]);
    }
    for (int count = 0; count < 15; count++) {
      index.remove("item-" + count);
      index.calibrate(queries);
    }
    assertEquals(0, index.size());
    index.save(folder.resolve("a"));
    assertEquals(0, HnswIndex.open(folder.resolve("a")).size());
  }

  private static String message(Runnable action) {
    return assertThrows(IllegalArgumentException.class, action::run).getMessage();
  }

  @Test
  void whatIsNoRecallOrNoQueryIsRefused() {
    HnswIndex index = HnswFixture.small(2, Similarity.DOT, Quantization.FLOAT).build();
    SearchOptions options = SearchOptions.defaults();
    for (double wrong : new double[] {0, -0.5, 1.01, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertEquals(
          "targetRecall: expected above 0 and at most 1, found " + wrong,
          message(() -> options.targetRecall(wrong)));
    }
    assertEquals(
        "queries: expected at least 1, found none", message(() -> index.calibrate(new float[0][])));
    assertEquals(
        "query 1: length 3, index dimension 2",
        message(() -> index.calibrate(new float[][] {{1, 2}, {1, 2, 3}})));
    String infinite = message(() -> index.calibrate(new float[][] {{1, Float.POSITIVE_INFINITY}}));
    assertEquals("query 0: element 1 is Infinity, expected a finite number", infinite);
    assertEquals(OptionalDouble.of(0.9), options.ef(7).targetRecall(0.9).targetRecall());
    assertEquals(OptionalInt.empty(), options.ef(7).targetRecall(0.9).ef());
    assertEquals(OptionalDouble.empty(), options.targetRecall(0.9).ef(7).targetRecall());
    assertTrue(
        index
            .search(new float[] {1, 2}, 3, options.targetRecall(0.5).filter(ItemFilter.all()))
            .isEmpty());
  }
}
