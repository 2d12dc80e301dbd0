package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/**
 * An index that two threads change while two others search it.
 *
 * <p>A mixture of two of the vectors has a score of its own. Some items change between two vectors,
 * come and go; some are replaced by the same vector and must always be found; some were removed for
 * good.
 */
final class ChangingItems {
  private static final int DIMENSION = 96;
  private static final int OF_EACH_KIND = 200;
  private static final int READERS = 2;
  private static final int WRITERS = 2;

  private final ItemIndex index;
  private final double recall;
  private final double tolerance;
  private final float[] query = new float[DIMENSION];
  private final Set<String> stable = new HashSet<>();
  private final Map<Integer, Double> scoreOf = new HashMap<>();
  private final AtomicBoolean running = new AtomicBoolean(true);

  /**
   * Fills an index.
   *
   * @param index an empty index of {@link #dimension} elements
   * @param recall the share of what must be found that has to be
   * @param tolerance how far a score may be from the true one
   */
  ChangingItems(ItemIndex index, double recall, double tolerance) {
    this.index = index;
    this.recall = recall;
    this.tolerance = tolerance;
    for (int i = 0; i < OF_EACH_KIND; i++) {
      index.add("moving-" + i, RandomItems.constant(DIMENSION, 1 + i % 2));
      index.add("gone-" + i, RandomItems.constant(DIMENSION, 1));
      index.add("stable-" + i, RandomItems.constant(DIMENSION, 3));
      stable.add("stable-" + i);
    }
    for (int i = 0; i < OF_EACH_KIND; i++) {
      index.remove("gone-" + i);
    }
    query[0] = 1;
    query[DIMENSION - 1] = 1;
    IndexModel oracle = new IndexModel(index.similarity());
    for (int value = 1; value <= 3; value++) {
      scoreOf.put(value, oracle.score(query, RandomItems.constant(DIMENSION, value)));
    }
  }

  static int dimension() {
    return DIMENSION;
  }

  /** Makes changes on each of two threads, and checks what is found meanwhile. */
  void assertFoundWhole(int changes) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(READERS + WRITERS);
    try {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        Callable<Integer> reading = this::read;
        readers.add(threads.submit(reading));
      }
      List<Future<?>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(number, changes)));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      running.set(false);
      for (Future<Integer> reader : readers) {
        assertTrue(reader.get() > 0);
      }
    } finally {
      running.set(false);
      threads.shutdownNow();
    }
  }

  private int read() {
    int searches = 0;
    while (running.get() || searches == 0) {
      assertWhole(index.search(query, 5 * OF_EACH_KIND));
      assertWhole(index.search(query, OF_EACH_KIND, ItemFilter.allow(stable)));
      searches++;
    }
    return searches;
  }

  /** Changes items that no other writer changes, and replaces some that others replace too. */
  private void write(int writer, int changes) {
    Random random = new Random(writer);
    for (int i = 0; i < changes; i++) {
      String itemId = "moving-" + (WRITERS * random.nextInt(OF_EACH_KIND / WRITERS) + writer);
      if (random.nextInt(3) == 0) {
        index.remove(itemId);
        assertEquals(List.of(), index.search(query, 1, ItemFilter.allow(Set.of(itemId))));
        assertFalse(index.contains(itemId));
      } else {
        index.add(itemId, RandomItems.constant(DIMENSION, 1 + random.nextInt(2)));
        assertTrue(index.contains(itemId));
      }
      String kept = "stable-" + random.nextInt(OF_EACH_KIND);
      index.add(kept, RandomItems.constant(DIMENSION, 3));
    }
  }

  private void assertWhole(List<ScoredItem> found) {
    Set<String> seen = new HashSet<>();
    int stableFound = 0;
    for (ScoredItem item : found) {
      assertTrue(seen.add(item.itemId()), () -> item.itemId() + " was found twice");
      assertFalse(item.itemId().startsWith("gone-"), item::itemId);
      boolean isStable = stable.contains(item.itemId());
      stableFound += isStable ? 1 : 0;
      IntStream values = isStable ? IntStream.of(3) : IntStream.of(1, 2);
      assertTrue(
          values.anyMatch(value -> isClose(scoreOf.get(value), item.score())),
          () -> item + " has a score of none of its vectors");
    }
    assertTrue(stableFound >= recall * stable.size(), "found only " + stableFound + " items");
  }

  private boolean isClose(double expected, double found) {
    return Math.abs(expected - found) <= tolerance * Math.max(1, Math.abs(expected));
  }
}
