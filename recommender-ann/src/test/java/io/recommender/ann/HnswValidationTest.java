package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What is out of range is refused, in words that help, and changes nothing. */
class HnswValidationTest {
  private static final int DIMENSION = 3;
  private static final float[] QUERY = {1, 2, 3};

  @TempDir private Path folder;

  private static void assertRefused(Executable action, String message) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  private static void assertNull(Executable action, String name) {
    assertEquals(name, assertThrows(NullPointerException.class, action).getMessage());
  }

  private static String parameters(HnswIndexBuilder builder) {
    return List.of(
            builder.dimension,
            builder.similarity,
            builder.m,
            builder.efConstruction,
            builder.ef,
            builder.seed,
            builder.threads,
            Optional.ofNullable(builder.executor),
            builder.expectedSize,
            builder.exactBelow,
            builder.quantization,
            builder.trainedFrom)
        .toString();
  }

  private static HnswIndexBuilder builder() {
    return HnswIndex.builder(DIMENSION, Similarity.DOT);
  }

  @Test
  void anIndexHasAtLeastOneDimensionAndASimilarity() {
    for (int dimension : new int[] {0, -1, Integer.MIN_VALUE, (1 << 20) + 1, Integer.MAX_VALUE}) {
      assertRefused(
          () -> HnswIndex.builder(dimension, Similarity.L2),
          "dimension: expected 1 to 1048576, found " + dimension);
    }
    assertNull(() -> HnswIndex.builder(1, null), "similarity");
    assertEquals(1, HnswIndex.builder(1, Similarity.L2).build().dimension());
    assertEquals(1 << 20, HnswIndex.builder(1 << 20, Similarity.L2).build().dimension());
  }

  /** Sets a parameter of a builder. */
  private interface Setter {
    void set(HnswIndexBuilder builder, int value);
  }

  private static void assertRange(String name, int least, int most, Setter setter) {
    HnswIndexBuilder builder = builder().m(5).efConstruction(50).ef(20).threads(2).expectedSize(9);
    String before = parameters(builder);
    for (long wrong : new long[] {least - 1L, most + 1L, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      if (wrong == (int) wrong && (wrong < least || wrong > most)) {
        assertRefused(
            () -> setter.set(builder, (int) wrong),
            "%s: expected %d to %d, found %d".formatted(name, least, most, wrong));
        assertEquals(before, parameters(builder));
      }
    }
    for (int right : new int[] {least, most}) {
      setter.set(builder, right);
      builder.build().add("one", QUERY);
    }
  }

  @Test
  void aBuilderTakesWhatItSays() {
    assertRange("m", 2, 256, HnswIndexBuilder::m);
    assertRange("efConstruction", 1, 1 << 20, HnswIndexBuilder::efConstruction);
    assertRange("ef", 1, 1 << 20, HnswIndexBuilder::ef);
    assertRange("threads", 1, 1024, HnswIndexBuilder::threads);
    assertRange("expectedSize", 0, Integer.MAX_VALUE, HnswIndexBuilder::expectedSize);
  }

  @Test
  void aBuilderTakesNoNull() {
    HnswIndexBuilder builder =
        builder().quantization(Quantization.INT8).executor(Runnable::run).seed(Long.MIN_VALUE);
    String before = parameters(builder);
    assertNull(() -> builder.quantization(null), "quantization");
    assertNull(() -> builder.executor(null), "executor");
    assertEquals(before, parameters(builder));
    assertEquals(before, parameters(builder.copy()));
    assertTrue(before.contains("Optional["), before);
  }

  @Test
  void anEstimateIsOfANumberOfItems() {
    HnswIndexBuilder builder = builder().quantization(Quantization.FLOAT);
    for (long size : new long[] {-1, Long.MIN_VALUE, 1L << 31, Long.MAX_VALUE}) {
      assertRefused(
          () -> builder.estimatedBytes(size), "size: expected 0 to 2147483647, found " + size);
    }
    assertEquals(0, builder.estimatedBytes(0));
    long one = builder.estimatedBytes(1);
    assertEquals((1L << 24) * one, builder.estimatedBytes(1L << 24));
    // More nodes than three bytes tell apart take a fourth for each of 32 links.
    assertEquals(Integer.MAX_VALUE * (one + 32), builder.estimatedBytes(Integer.MAX_VALUE));
    // Of one item of 32 there are copies of codes.
    builder.quantization(Quantization.INT8);
    double copied = builder.estimatedBytes(1_000_000) / 1e6 - builder.estimatedBytes(1);
    double codes = Quantization.INT8.codeBytes(builder.dimension);
    assertTrue(copied > codes / 32 && copied < codes / 24, () -> "copied " + copied);
  }

  @Test
  void anIndexKeepsTheParametersThatItWasBuiltWith() {
    HnswIndexBuilder builder = builder().ef(7);
    HnswIndex index = builder.build();
    index.add("one", QUERY);
    builder.ef(9).m(3).quantization(Quantization.INT8);
    index.save(folder.resolve("a"));
    HnswIndex same = builder().ef(7).build();
    same.add("one", QUERY);
    same.save(folder.resolve("b"));
    HnswFixture.assertSameSections(folder.resolve("b"), folder.resolve("a"));
  }

  @Test
  void optionsTakeWhatTheySay() {
    SearchOptions options =
        SearchOptions.defaults()
            .ef(9)
            .filter(ItemFilter.deny(List.of("a")))
            .timeout(Duration.ofMillis(5));
    String before = options.toString();
    for (int ef : new int[] {0, -1, Integer.MIN_VALUE, (1 << 20) + 1, Integer.MAX_VALUE}) {
      assertRefused(() -> options.ef(ef), "ef: expected 1 to 1048576, found " + ef);
    }
    for (double recall :
        new double[] {0, -0.0, -1, Math.nextUp(1), Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused(
          () -> options.targetRecall(recall),
          "targetRecall: expected above 0 and at most 1, found " + recall);
    }
    for (Duration timeout : List.of(Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
      assertRefused(
          () -> options.timeout(timeout), "timeout: expected zero or more, found " + timeout);
    }
    assertNull(() -> options.timeout(null), "timeout");
    assertNull(() -> options.filter(null), "filter");
    assertEquals(before, options.toString());
    assertEquals(OptionalInt.of(9), options.ef());
    assertEquals(OptionalDouble.empty(), options.targetRecall());
    assertEquals(OptionalInt.empty(), SearchOptions.defaults().ef());
    assertEquals(
        "SearchOptions[ef=unset, targetRecall=0.5, filter=%s, timeout=unset]"
            .formatted(ItemFilter.all()),
        SearchOptions.defaults().ef(3).targetRecall(0.5).toString());
  }

  @Test
  void theLeastAndTheMostOfEachOptionWork() {
    HnswIndex index = filled();
    List<SearchOptions> all =
        List.of(
            SearchOptions.defaults().ef(1),
            SearchOptions.defaults().ef(1 << 20),
            SearchOptions.defaults().targetRecall(Double.MIN_VALUE),
            SearchOptions.defaults().targetRecall(1),
            SearchOptions.defaults().timeout(Duration.ofSeconds(Long.MAX_VALUE)),
            SearchOptions.defaults().timeout(Duration.ofNanos(Long.MAX_VALUE - 1)));
    for (SearchOptions options : all) {
      assertEquals(1, index.search(QUERY, 1, options).size(), options::toString);
      assertEquals(40, index.search(QUERY, Integer.MAX_VALUE, options).size(), options::toString);
    }
    SearchHits hits = new SearchHits();
    index.search(QUERY, 5, SearchOptions.defaults().timeout(Duration.ZERO), hits);
    assertFalse(hits.isComplete());
    assertTrue(hits.size() <= 5);
  }

  private static HnswIndex filled() {
    HnswIndex index = HnswFixture.small(DIMENSION, Similarity.DOT, Quantization.FLOAT).build();
    index.addAll(HnswFixture.ids(0, 40), HnswFixture.clustered(40, DIMENSION, 0.3, 1));
    return index;
  }

  @Test
  void hitsHaveTheRanksThatTheySay() {
    SearchHits hits = new SearchHits();
    for (int rank : new int[] {0, -1, 1}) {
      assertNoRank(hits, rank, "rank: expected none, as there are no hits, found " + rank);
    }
    filled().search(QUERY, 3, SearchOptions.defaults(), hits);
    String before = hits.toString();
    for (int rank : new int[] {-1, 3, 15, 16, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertNoRank(hits, rank, "rank: expected 0 to 2, found " + rank);
    }
    assertEquals(before, hits.toString());
    assertEquals(3, hits.size());
  }

  private static void assertNoRank(SearchHits hits, int rank, String message) {
    for (Executable read :
        List.<Executable>of(
            () -> hits.itemId(rank), () -> hits.ordinal(rank), () -> hits.score(rank))) {
      assertEquals(message, assertThrows(IndexOutOfBoundsException.class, read).getMessage());
    }
  }

  private static final String TOO_LONG = ": expected a norm of at most 1.0E15, found norm ";

  private static final String FINITE = ", expected a finite number";

  /** Vectors that no index takes, and what is said of them after their name. */
  private static void forEachWrong(WrongVector action) {
    action.take(new float[0], ": length 0, index dimension 3");
    action.take(new float[4], ": length 4, index dimension 3");
    action.take(new float[] {1, Float.NaN, 1}, ": element 1 is NaN" + FINITE);
    action.take(new float[] {1, 1, Float.POSITIVE_INFINITY}, ": element 2 is Infinity" + FINITE);
    action.take(new float[] {Float.NEGATIVE_INFINITY, 0, 0}, ": element 0 is -Infinity" + FINITE);
    float[] large = {1e16f, 0, 0};
    action.take(large, TOO_LONG + (double) large[0]);
  }

  private interface WrongVector {
    void take(float[] vector, String message);
  }

  @Test
  void aSearchThatIsRefusedLeavesHitsAsTheyWere() {
    HnswIndex index = filled();
    SearchOptions options = SearchOptions.defaults();
    SearchHits hits = new SearchHits();
    index.search(QUERY, 3, options, hits);
    String before = hits.toString();
    forEachWrong(
        (vector, message) -> {
          assertRefused(() -> index.search(vector, 3, options, hits), "query" + message);
          assertRefused(() -> index.search(vector, 3), "query" + message);
          assertRefused(() -> index.searchRange(vector, 0, 3, options), "query" + message);
          float[][] queries = {QUERY, vector};
          assertRefused(() -> index.searchAll(queries, 3, ItemFilter.all()), "query 1" + message);
          assertRefused(() -> index.calibrate(queries), "query 1" + message);
        });
    for (int k : new int[] {0, -1, Integer.MIN_VALUE}) {
      String message = "k: expected at least 1, found " + k;
      assertRefused(() -> index.search(QUERY, k, options, hits), message);
      assertRefused(() -> index.search(QUERY, k), message);
      assertRefused(() -> index.searchAll(new float[][] {QUERY}, k, ItemFilter.all()), message);
      assertRefused(() -> index.searchAll(new float[0][], k, ItemFilter.all()), message);
      assertRefused(
          () -> index.searchRange(QUERY, 0, k, options), "limit: expected at least 1, found " + k);
    }
    assertRefused(
        () -> index.searchRange(QUERY, Double.NaN, 3, options),
        "minScore: expected a number, found NaN");
    assertRefused(
        () -> index.calibrate(new float[0][]), "queries: expected at least 1, found none");
    assertNull(() -> index.search(null, 3, options, hits), "query");
    assertNull(() -> index.search(QUERY, 3, null, hits), "options");
    assertNull(() -> index.search(QUERY, 3, options, null), "hits");
    assertNull(() -> index.search(QUERY, 3, (ItemFilter) null), "filter");
    assertNull(() -> index.searchAll(null, 3, ItemFilter.all()), "queries");
    assertNull(() -> index.searchAll(new float[][] {null}, 3, ItemFilter.all()), "query 0");
    assertNull(() -> index.searchAll(new float[][] {QUERY}, 3, (ItemFilter) null), "filter");
    assertNull(() -> index.searchAll(new float[][] {QUERY}, 3, (SearchOptions) null), "options");
    assertNull(() -> index.searchRange(QUERY, 0, 3, null), "options");
    assertNull(() -> index.calibrate(null), "queries");
    assertNull(() -> index.calibrate(new float[][] {null}), "query 0");
    assertEquals(before, hits.toString());
  }

  @Test
  void hitsAreEmptyAfterAFilterHasThrown() {
    HnswIndex index = filled();
    SearchHits hits = new SearchHits();
    index.search(QUERY, 3, SearchOptions.defaults(), hits);
    String before = hits.toString();
    IllegalStateException failure = new IllegalStateException("no stock");
    int[] asked = {0};
    ItemFilter failing =
        itemId -> {
          if (asked[0]++ == 2) {
            throw failure;
          }
          return true;
        };
    SearchOptions options = SearchOptions.defaults().filter(failing);
    assertSame(
        failure,
        assertThrows(IllegalStateException.class, () -> index.search(QUERY, 3, options, hits)));
    assertEquals(0, hits.size());
    assertEquals("SearchHits[]", hits.toString());
    assertFalse(hits.isExact());
    index.search(QUERY, 3, SearchOptions.defaults(), hits);
    assertEquals(before, hits.toString());
  }

  private void assertUnchanged(Consumer<HnswIndex> actions) {
    HnswIndex index = filled();
    index.save(folder.resolve("before"));
    actions.accept(index);
    index.replace(folder.resolve("after"));
    HnswFixture.assertSameSections(folder.resolve("before"), folder.resolve("after"));
  }

  @Test
  void aChangeThatIsRefusedChangesNothing() {
    assertUnchanged(
        index -> {
          forEachWrong(
              (vector, message) -> {
                assertRefused(() -> index.add("a", vector), "vector of item 'a'" + message);
                assertRefused(
                    () -> index.addAll(List.of("a", "b"), new float[][] {QUERY, vector}),
                    "vector of item 'b'" + message);
              });
          assertRefused(
              () -> index.addAll(List.of("a", "b"), new float[][] {QUERY}),
              "vectors: expected 2, one for each item, found 1");
          assertRefused(
              () -> index.addAll(List.of("a"), new float[][] {QUERY, QUERY}),
              "vectors: expected 1, one for each item, found 2");
          String empty = "item id: expected a non-empty string";
          assertRefused(() -> index.add("", QUERY), empty);
          assertRefused(() -> index.addAll(List.of("a", ""), new float[][] {QUERY, QUERY}), empty);
          assertNull(() -> index.add(null, QUERY), "itemId");
          assertNull(() -> index.add("a", null), "vector of item 'a'");
          assertNull(() -> index.addAll(null, new float[][] {QUERY}), "itemIds");
          assertNull(() -> index.addAll(List.of("a"), null), "vectors");
          assertNull(
              () -> index.addAll(Arrays.asList("a", null), new float[][] {QUERY, QUERY}),
              "item id");
          assertNull(
              () -> index.addAll(List.of("a", "b"), new float[][] {QUERY, null}),
              "vector of item 'b'");
          assertNull(() -> index.remove(null), "itemId");
          assertNull(() -> index.contains(null), "itemId");
          assertNull(() -> index.vector(null), "itemId");
          assertFalse(index.remove(""));
          assertFalse(index.contains(""));
        });
  }

  @Test
  void filesAndTheirOpeningAreGiven() {
    Path file = folder.resolve("a");
    HnswIndex index = filled();
    assertNull(() -> index.save(null), "file");
    assertNull(() -> index.replace(null), "file");
    assertFalse(Files.exists(file));
    index.save(file);
    assertNull(() -> HnswIndex.open(null), "file");
    assertNull(() -> HnswIndex.open(file, null), "opening");
    assertNull(() -> HnswIndex.open(file, Opening.READ, null), "executor");
    assertEquals(40, HnswIndex.open(file, Opening.MAP, Runnable::run).size());
  }
}
