package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A search that is given hits made before allocates nothing, whichever way it goes. */
class HnswAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final int DIMENSION = 40;
  private static final int COUNT = 8_000;
  private static final int K = 10;
  private static final int CALLS = 250;

  /** Compilers need some rounds: what they have not compiled may allocate. */
  private static final int ROUNDS = 1_200;

  private static final float[][] VECTORS =
      TestVectors.unequal(TestVectors.clustered(COUNT, DIMENSION, 30, 0.7, 1), 0.3, 2);
  private static final float[][] QUERIES = TestVectors.clustered(16, DIMENSION, 30, 0.7, 3);
  private static final SearchOptions DEFAULTS = SearchOptions.defaults();

  private static HnswIndex index(int count, Similarity similarity, Quantization form) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, similarity)
            .m(8)
            .efConstruction(30)
            .ef(30)
            .threads(2)
            .cachedBytes(0)
            .quantization(form)
            .build();
    index.addAll(TestVectors.ids(count), Arrays.copyOf(VECTORS, count));
    return index;
  }

  /** Returns what the calls of the round with the least allocated together. */
  private static long allocated(HnswIndex index, SearchOptions options, SearchHits hits) {
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS && least >= CALLS; round++) {
      long before = THREADS.getThreadAllocatedBytes(thread);
      for (int i = 0; i < CALLS; i++) {
        index.search(QUERIES[i % QUERIES.length], K, options, hits);
      }
      least = Math.min(least, THREADS.getThreadAllocatedBytes(thread) - before);
      assertEquals(K, hits.size());
    }
    return least;
  }

  private static void assertNothing(String what, HnswIndex index, SearchOptions options) {
    long bytes = allocated(index, options, new SearchHits());
    assertTrue(
        bytes < CALLS, () -> "%s: %d calls allocated %d bytes".formatted(what, CALLS, bytes));
  }

  private static ItemFilter endingWith(String end, boolean isConstant) {
    return new ItemFilter() {
      @Override
      public boolean accepts(String itemId) {
        return itemId.endsWith(end);
      }

      @Override
      public boolean isConstant() {
        return isConstant;
      }
    };
  }

  /** Accepts the half of the clusters that no query comes from. */
  private static ItemFilter farFromQueries() {
    return ItemFilter.allow(
        IntStream.range(0, COUNT)
            .filter(item -> item % 30 >= QUERIES.length)
            .mapToObj(TestVectors::id)
            .toList());
  }

  /** What is measured is there: the same search with hits of its own. */
  @Test
  void newHitsAreMeasured() {
    HnswIndex index = index(3_000, Similarity.L2, Quantization.FLOAT);
    long thread = Thread.currentThread().getId();
    long before = THREADS.getThreadAllocatedBytes(thread);
    for (int i = 0; i < CALLS; i++) {
      assertEquals(K, index.search(QUERIES[i % QUERIES.length], K).size());
    }
    long bytes = THREADS.getThreadAllocatedBytes(thread) - before;
    assertTrue(bytes > 100L * CALLS, () -> bytes + " bytes");
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void walksAllocateNothing(Quantization form) {
    for (Similarity similarity : Similarity.values()) {
      HnswIndex index = index(4_000, similarity, form);
      assertNothing(similarity + " default", index, DEFAULTS);
      assertNothing(similarity + " ef", index, DEFAULTS.ef(50));
      assertNothing(similarity + " recall", index, DEFAULTS.targetRecall(0.95));
    }
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void comparisonsWithAllAllocateNothing(Quantization form) {
    SearchHits hits = new SearchHits();
    for (Similarity similarity : Similarity.values()) {
      HnswIndex index = index(300, similarity, form);
      index.search(QUERIES[0], K, DEFAULTS, hits);
      assertTrue(hits.isExact());
      assertNothing(similarity + " small", index, DEFAULTS);
      assertNothing(similarity + " exact", index, DEFAULTS.targetRecall(1));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8"})
  void filtersThatComeAgainAllocateNothing(Quantization form) {
    HnswIndex index = index(COUNT, Similarity.DOT, form);
    List<String> ids = TestVectors.ids(COUNT);
    List<ItemFilter> filters =
        List.of(
            ItemFilter.allow(ids.subList(0, 15)),
            ItemFilter.allow(ids.subList(0, 2_000)),
            ItemFilter.allow(ids.subList(0, 7_000)),
            ItemFilter.deny(Set.of("item-1", "item-2")),
            ItemFilter.deny(ids.subList(0, 6_000)),
            endingWith("0", true),
            endingWith("00", true),
            farFromQueries(),
            // Asked anew each time, about what a walk meets or about everything.
            endingWith("5", false),
            endingWith("55", false),
            // A part that is remembered, with others: members of a scan or a walk are asked about.
            endingWith("6", true).and(endingWith("66", false)),
            ItemFilter.allow(ids.subList(0, 7_000)).and(endingWith("7", false)),
            endingWith("8", true).and(ItemFilter.deny(Set.of("item-8", "item-18"))),
            ItemFilter.allow(ids.subList(0, 5_000))
                .and(endingWith("9", true))
                .and(itemId -> itemId.length() > 6));
    for (int i = 0; i < filters.size(); i++) {
      assertNothing("filter " + i, index, DEFAULTS.filter(filters.get(i)));
      assertNothing("filter " + i + " narrow", index, DEFAULTS.filter(filters.get(i)).ef(K));
    }
  }

  /** After changes a set of nodes is brought up to date once, and then nothing is allocated. */
  @Test
  void aFilterThatComesAgainAfterAChangeAllocatesNothing() {
    HnswIndex index = index(4_000, Similarity.L2, Quantization.INT4_FLOAT);
    SearchOptions options = DEFAULTS.filter(endingWith("7", true));
    for (int round = 0; round < 3; round++) {
      assertNothing("round " + round, index, options);
      index.add("new-" + round + "7", QUERIES[round]);
      assertTrue(index.remove("item-" + (10 * round + 7)));
      assertFalse(index.contains("item-" + (10 * round + 7)));
    }
  }
}
