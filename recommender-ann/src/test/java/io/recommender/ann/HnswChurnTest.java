package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many readers while one writer adds, replaces and removes, and while codes are made relative to
 * another mean again and again.
 */
class HnswChurnTest {
  private static final int READERS = 4;
  private static final int DIMENSION = 34;
  private static final int STABLE = 150;
  private static final int STEPS = 2_500;

  /** So many of the items that were added last are there. */
  private static final int PRESENT = 40;

  /** Vectors that items have: item n of a kind has number n, and moves on by one if replaced. */
  private static final float[][] VECTORS = TestVectors.clustered(64, DIMENSION, 8, 0.6, 1);

  private final AtomicBoolean running = new AtomicBoolean(true);
  private final AtomicInteger lastAdded = new AtomicInteger(-1);
  private final AtomicInteger leastPresent = new AtomicInteger(0);
  private final AtomicInteger lastRemoved = new AtomicInteger(-1);
  private final AtomicInteger checked = new AtomicInteger();

  private static float[] vector(int number) {
    return VECTORS[number % VECTORS.length];
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8"})
  void readersSeeEachItemAsItWasAtOneMoment(Quantization quantization) throws Exception {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.L2)
            .m(6)
            .efConstruction(20)
            .ef(16)
            .quantization(quantization)
            .exactBelow(0)
            .trainedFrom(16)
            .build();
    List<String> stable = new ArrayList<>();
    for (int i = 0; i < STABLE; i++) {
      stable.add("stable-" + i);
      index.add(stable.get(i), vector(i));
    }
    ExecutorService threads = Executors.newFixedThreadPool(READERS);
    try {
      List<Future<?>> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        int seed = reader;
        readers.add(
            threads.submit(
                () -> {
                  Random random = new Random(seed);
                  while (running.get()) {
                    read(index, quantization, stable, random);
                  }
                }));
      }
      try {
        write(index);
      } finally {
        running.set(false);
      }
      for (Future<?> reader : readers) {
        reader.get();
      }
      assertTrue(checked.get() > 0);
    } finally {
      threads.shutdownNow();
    }
  }

  private void write(HnswIndex index) {
    Random random = new Random(5);
    for (int n = 0; n < STEPS; n++) {
      String fresh = "new-" + n;
      index.add(fresh, vector(n));
      assertTrue(index.contains(fresh));
      lastAdded.set(n);
      int gone = n - PRESENT;
      if (gone >= 0) {
        leastPresent.set(gone + 1);
        assertTrue(index.remove("new-" + gone));
        assertFalse(index.contains("new-" + gone));
        lastRemoved.set(gone);
      }
      int stable = random.nextInt(STABLE);
      index.add("stable-" + stable, vector(stable + random.nextInt(3)));
      if (n % 100 == 0) {
        List<String> batch = new ArrayList<>();
        float[][] vectors = new float[60][];
        for (int i = 0; i < vectors.length; i++) {
          batch.add("kept-" + (n + i));
          vectors[i] = vector(n + i);
        }
        index.addAll(batch, vectors);
      }
    }
  }

  private void read(
      HnswIndex index, Quantization quantization, List<String> stable, Random random) {
    float[] query = vector(random.nextInt(VECTORS.length));
    int gone = lastRemoved.get();
    check(index.search(query, 10), query, gone, quantization);

    // A filter that comes for the first time and one that comes again.
    for (ItemFilter filter : List.of(ItemFilter.allow(stable), ItemFilter.deny(stable))) {
      for (int i = 0; i < 4; i++) {
        List<ScoredItem> found = index.search(query, STABLE, filter);
        check(found, query, gone, quantization);
        found.forEach(item -> assertTrue(filter.accepts(item.itemId()), item::itemId));
        if (filter.allowList().isPresent()) {
          assertEquals(STABLE, found.size());
        }
      }
    }

    int last = lastAdded.get();
    ItemFilter latest = ItemFilter.allow(Set.of("new-" + last, "new-" + (last - 1), "unknown"));
    for (int i = 0; i < 3; i++) {
      Set<String> found = TestVectors.itemIds(index.search(query, 5, latest));
      int least = leastPresent.get();
      for (int n = Math.max(last - 1, least); n <= last; n++) {
        assertTrue(found.contains("new-" + n), () -> "an item just added is not in " + found);
        checked.incrementAndGet();
      }
    }
    if (gone >= 0) {
      String removed = "new-" + (gone - random.nextInt(Math.min(gone + 1, PRESENT)));
      assertEquals(List.of(), index.search(query, 5, ItemFilter.allow(Set.of(removed))));
      assertTrue(index.vector(removed).isEmpty());
    }
    assertTrue(index.vector(stable.get(random.nextInt(STABLE))).isPresent());
  }

  /** Every item once, none that was removed before, and scores of vectors that they have had. */
  private static void check(
      List<ScoredItem> found, float[] query, int gone, Quantization quantization) {
    Set<String> seen = new HashSet<>();
    for (ScoredItem item : found) {
      assertTrue(seen.add(item.itemId()), () -> item.itemId() + " was found twice");
      int number = Integer.parseInt(item.itemId().substring(item.itemId().indexOf('-') + 1));
      assertFalse(item.itemId().startsWith("new-") && number <= gone, item::itemId);
      int versions = item.itemId().startsWith("stable-") ? 3 : 1;
      double off = Double.MAX_VALUE;
      for (int version = 0; version < versions; version++) {
        double exact = TestVectors.score(Similarity.L2, query, vector(number + version));
        off = Math.min(off, Math.abs(exact - item.score()));
      }
      double norms = TestVectors.magnitude(Similarity.L2, query, vector(number));
      double allowed = (quantization == Quantization.INT8 ? 1e-2 : 1e-9) * norms;
      double least = off;
      assertTrue(off <= allowed, () -> item + " is off by " + least);
    }
  }
}
