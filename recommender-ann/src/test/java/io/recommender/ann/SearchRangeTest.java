package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranges, many queries at once, and searches whose time is up. */
class SearchRangeTest {
  private static final int COUNT = 6_000;
  private static final int DIMENSION = 16;
  private static final float[][] VECTORS = HnswFixture.clustered(COUNT, DIMENSION, 0, 1);
  private static final float[][] QUERIES = HnswFixture.clustered(60, DIMENSION, 0, 2);
  private static final SearchOptions DEFAULTS = SearchOptions.defaults();
  private static final HnswIndex INDEX =
      HnswIndex.builder(DIMENSION, Similarity.L2).threads(2).build();
  private static final FlatIndex EXACT = new FlatIndex(DIMENSION, Similarity.L2);

  @TempDir private Path folder;

  @BeforeAll
  static void fill() {
    INDEX.addAll(HnswFixture.ids(0, COUNT), VECTORS);
    EXACT.addAll(HnswFixture.ids(0, COUNT), VECTORS);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 64, 65, 300, 2_000})
  void aRangeHasNearlyAllThatIsInIt(int size) {
    int found = 0;
    for (float[] query : QUERIES) {
      List<ScoredItem> truth = EXACT.search(query, size);
      double least = truth.get(size - 1).score();
      List<ScoredItem> range = INDEX.searchRange(query, least, COUNT, DEFAULTS);
      assertTrue(range.size() <= size);
      for (int i = 0; i < range.size(); i++) {
        assertTrue(range.get(i).score() >= least);
        assertTrue(i == 0 || range.get(i - 1).score() >= range.get(i).score());
      }
      assertTrue(truth.containsAll(range));
      found += range.size();
      assertEquals(
          truth, INDEX.searchRange(query, least, COUNT, DEFAULTS.targetRecall(1)), "exact");
      for (int limit : new int[] {1, 63, 64, 65, 257}) {
        List<ScoredItem> limited = INDEX.searchRange(query, least, limit, DEFAULTS.targetRecall(1));
        assertEquals(truth.subList(0, Math.min(limit, size)), limited);
      }
    }
    int wanted = size * QUERIES.length;
    int total = found;
    assertTrue(total >= 0.95 * wanted, () -> total + " of " + wanted);
  }

  private static List<ScoredItem> items(SearchHits hits) {
    List<ScoredItem> items = new ArrayList<>();
    for (int rank = 0; rank < hits.size(); rank++) {
      items.add(new ScoredItem(hits.itemId(rank), hits.score(rank)));
    }
    return items;
  }

  @Test
  void hitsTellWhatARangeTook() {
    SearchHits hits = new SearchHits();
    for (float[] query : QUERIES) {
      int before = 0;
      for (int size : new int[] {5, 64, 300, 2_000}) {
        double least = EXACT.search(query, size).get(size - 1).score();
        INDEX.searchRange(query, least, COUNT, DEFAULTS, hits);
        assertEquals(INDEX.searchRange(query, least, COUNT, DEFAULTS), items(hits));
        assertTrue(hits.isComplete());
        int scored = hits.scored();
        assertTrue(scored >= before && scored >= hits.size(), hits::toString);
        before = scored;
      }
      INDEX.searchRange(query, -1e9, 1_000, DEFAULTS.targetRecall(1), hits);
      assertTrue(hits.isExact());
      // Searches for 64, 256 and 1,000 compare all items each.
      assertEquals(3 * COUNT, hits.scored());
      INDEX.searchRange(query, -1e9, 1_000, DEFAULTS.timeout(Duration.ZERO), hits);
      assertFalse(hits.isComplete());
      assertTrue(hits.size() < 1_000);
    }
  }

  @Test
  void manyQueriesTakeOptionsAndTellWhatEachTook() {
    SearchOptions options = DEFAULTS.ef(20).filter(id -> id.endsWith("7"));
    List<SearchHits> all = INDEX.searchAll(QUERIES, 10, options);
    SearchHits alone = new SearchHits();
    assertEquals(QUERIES.length, all.size());
    for (int i = 0; i < QUERIES.length; i++) {
      INDEX.search(QUERIES[i], 10, options, alone);
      assertEquals(items(alone), items(all.get(i)));
      assertEquals(alone.visited(), all.get(i).visited());
      assertTrue(all.get(i).isComplete());
    }
    INDEX
        .searchAll(QUERIES, 10, options.targetRecall(1))
        .forEach(hits -> assertTrue(hits.isExact()));
    INDEX
        .searchAll(QUERIES, 10, options.timeout(Duration.ZERO))
        .forEach(hits -> assertFalse(hits.isComplete()));
    assertEquals(List.of(), INDEX.searchAll(new float[0][], 10, options));
    assertThrows(
        IllegalArgumentException.class,
        () -> INDEX.searchAll(QUERIES, 0, SearchOptions.defaults()));
  }

  @Test
  void rangesWithoutAnyOrWithAllItems() {
    float[] query = QUERIES[0];
    assertEquals(List.of(), INDEX.searchRange(query, 0.5, 10, DEFAULTS));
    assertEquals(List.of(), INDEX.searchRange(query, Double.POSITIVE_INFINITY, 10, DEFAULTS));
    assertEquals(
        List.of("item-9"),
        INDEX.searchRange(VECTORS[9], 0, 10, DEFAULTS).stream().map(ScoredItem::itemId).toList());
    double all = Double.NEGATIVE_INFINITY;
    for (int limit : new int[] {1, 64, 100}) {
      assertEquals(INDEX.search(query, limit), INDEX.searchRange(query, all, limit, DEFAULTS));
    }
    assertEquals(EXACT.search(query, COUNT), INDEX.searchRange(query, all, COUNT, DEFAULTS));
    assertEquals(COUNT, INDEX.searchRange(query, all, Integer.MAX_VALUE, DEFAULTS).size());
    HnswIndex empty = HnswIndex.builder(DIMENSION, Similarity.L2).build();
    assertEquals(List.of(), empty.searchRange(query, all, 10, DEFAULTS));
  }

  @Test
  void aRangeIsFiltered() {
    ItemFilter filter = id -> id.endsWith("7");
    for (float[] query : QUERIES) {
      List<ScoredItem> truth = EXACT.search(query, 100, filter);
      double least = truth.get(99).score();
      SearchOptions options = DEFAULTS.filter(filter).targetRecall(1);
      assertEquals(truth, INDEX.searchRange(query, least, COUNT, options));
    }
  }

  @Test
  void aTimeLimitIsOneForTheWholeCall() {
    Duration limit = Duration.ofMillis(20);
    long[] asked = {0};
    // Takes as long as there is time, when it is asked for the first time.
    ItemFilter slow =
        itemId -> {
          long start = System.nanoTime();
          while (asked[0] == 0 && System.nanoTime() - start < limit.toNanos()) {
            Thread.onSpinWait();
          }
          asked[0]++;
          return true;
        };
    SearchOptions options = DEFAULTS.filter(slow);
    int all = INDEX.searchRange(QUERIES[0], -1e9, 1_000, options).size();
    assertEquals(1_000, all);
    asked[0] = 0;
    int found = INDEX.searchRange(QUERIES[0], -1e9, 1_000, options.timeout(limit)).size();
    assertTrue(found <= 64, () -> found + " items");
  }

  @Test
  void wrongRangesAreRefused() {
    float[] query = QUERIES[0];
    assertEquals(
        "minScore: expected a number, found NaN",
        assertThrows(
                IllegalArgumentException.class,
                () -> INDEX.searchRange(query, Double.NaN, 1, DEFAULTS))
            .getMessage());
    assertEquals(
        "limit: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> INDEX.searchRange(query, 0, 0, DEFAULTS))
            .getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> INDEX.searchRange(new float[3], 0, 1, DEFAULTS));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void manyQueriesAreAnsweredAsEachAlone(int threads) {
    HnswIndex index = HnswIndex.builder(DIMENSION, Similarity.L2).threads(threads).build();
    index.addAll(HnswFixture.ids(0, COUNT), VECTORS);
    for (ItemFilter filter : List.of(ItemFilter.all(), (ItemFilter) id -> id.endsWith("7"))) {
      for (int count : new int[] {0, 1, 31, 32, 60}) {
        float[][] queries = Arrays.copyOf(QUERIES, count);
        List<List<ScoredItem>> alone = new ArrayList<>();
        for (float[] query : queries) {
          alone.add(index.search(query, 10, filter));
        }
        assertEquals(alone, index.searchAll(queries, 10, filter));
      }
    }
  }

  @Test
  void aQueryThatIsWrongIsRefusedBeforeAnyIsAnswered() {
    float[][] queries = QUERIES.clone();
    queries[59] = new float[] {1};
    List<String> asked = new ArrayList<>();
    ItemFilter filter =
        id -> {
          asked.add(id);
          return true;
        };
    assertEquals(
        "query 59: length 1, index dimension 16",
        assertThrows(IllegalArgumentException.class, () -> INDEX.searchAll(queries, 10, filter))
            .getMessage());
    assertEquals(List.of(), asked);
    assertEquals(
        "k: expected at least 1, found 0",
        assertThrows(
                IllegalArgumentException.class, () -> INDEX.searchAll(QUERIES, 0, ItemFilter.all()))
            .getMessage());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** On whichever thread it happens. */
  @Test
  void whatAFilterThrowsComesOut() {
    ItemFilter filter =
        id -> {
          throw new UnsupportedOperationException("no " + id);
        };
    assertThrows(UnsupportedOperationException.class, () -> INDEX.searchAll(QUERIES, 10, filter));
    Thread caller = Thread.currentThread();
    CountDownLatch asked = new CountDownLatch(1);
    ItemFilter elsewhere =
        id -> {
          if (Thread.currentThread() != caller) {
            asked.countDown();
            throw new UnsupportedOperationException("no " + id);
          }
          awaitQuietly(asked);
          return true;
        };
    assertThrows(
        UnsupportedOperationException.class, () -> INDEX.searchAll(QUERIES, 10, elsewhere));
    assertEquals(10, INDEX.search(QUERIES[0], 10).size());
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void aSearchWithoutTimeIsMarked(Quantization form) {
    HnswIndex index =
        HnswIndex.builder(40, Similarity.DOT).quantization(form).trainedFrom(500).build();
    index.addAll(HnswFixture.ids(0, 3_000), HnswFixture.clustered(3_000, 40, 0.3, 1));
    Path file = folder.resolve("a");
    index.save(file);
    float[] query = HnswFixture.clustered(1, 40, 0.3, 2)[0];
    SearchHits hits = new SearchHits();
    for (HnswIndex each : List.of(index, HnswIndex.open(file), HnswIndex.open(file, Opening.MAP))) {
      for (SearchOptions options :
          List.of(
              DEFAULTS,
              DEFAULTS.targetRecall(1),
              DEFAULTS.ef(500),
              DEFAULTS.filter(id -> id.endsWith("3")))) {
        each.search(query, 10, options.timeout(Duration.ZERO), hits);
        assertFalse(hits.isComplete(), options::toString);
        assertTrue(hits.size() <= 10);
        for (int rank = 0; rank < hits.size(); rank++) {
          assertTrue(each.contains(hits.itemId(rank)));
        }
        each.search(query, 10, options.timeout(Duration.ofDays(1)), hits);
        assertTrue(hits.isComplete(), options::toString);
        assertEquals(10, hits.size());
      }
      SearchOptions late = DEFAULTS.timeout(Duration.ZERO);
      assertTrue(each.searchRange(query, Double.NEGATIVE_INFINITY, 3_000, late).size() < 3_000);
    }
  }
}
