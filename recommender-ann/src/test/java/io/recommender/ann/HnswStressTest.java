package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many readers while one writer adds, replaces and removes. */
class HnswStressTest {
  private static final int READERS = 4;
  private static final int DIMENSION = 40;
  private static final int VERSIONS = 7;

  /** Returns one of the few vectors an item ever has. */
  private static float[] vector(int item, int version) {
    return TestVectors.gaussian(DIMENSION, new Random(31L * item + version));
  }

  private static HnswIndexBuilder builder(Quantization quantization, Similarity similarity) {
    return HnswIndex.builder(DIMENSION, similarity)
        .m(8)
        .efConstruction(30)
        .ef(20)
        .quantization(quantization)
        .exactBelow(0)
        .trainedFrom(16);
  }

  private static void run(AtomicBoolean running, Runnable writer, List<Callable<Integer>> readers)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(readers.size());
    try {
      List<Future<Integer>> results = new ArrayList<>();
      for (Callable<Integer> reader : readers) {
        results.add(threads.submit(reader));
      }
      try {
        writer.run();
      } finally {
        running.set(false);
      }
      for (Future<Integer> result : results) {
        assertTrue(result.get() > 0);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** An index that grows all the time: new nodes appear where a search walks. */
  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8"})
  void searchesGoOnWhileTheIndexGrows(Quantization quantization) throws Exception {
    for (int round = 0; round < 2; round++) {
      HnswIndex index = builder(quantization, Similarity.L2).build();
      for (int i = 0; i < 100; i++) {
        index.add(TestVectors.id(i), vector(i, 0));
      }
      AtomicBoolean running = new AtomicBoolean(true);
      List<Callable<Integer>> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        int seed = reader;
        readers.add(
            () -> {
              Random random = new Random(seed);
              SearchHits hits = new SearchHits();
              int searches = 0;
              while (running.get() || searches == 0) {
                int before = index.size();
                float[] query = vector(random.nextInt(before), 0);
                index.search(query, 10, SearchOptions.defaults(), hits);
                assertEquals(10, hits.size());
                for (int rank = 0; rank < hits.size(); rank++) {
                  int item = Integer.parseInt(hits.itemId(rank).substring(5));
                  double exact = TestVectors.score(Similarity.L2, query, vector(item, 0));
                  assertScore(quantization, exact, hits.score(rank));
                }
                searches++;
              }
              return searches;
            });
      }
      Runnable writer =
          () -> {
            for (int i = 100; i < 900; i++) {
              index.add(TestVectors.id(i), vector(i, 0));
            }
          };
      run(running, writer, readers);
      assertEquals(900, index.size());
    }
  }

  private static void assertScore(Quantization quantization, double exact, double found) {
    double error = quantization == Quantization.INT8 ? 0.02 * 2 * DIMENSION : 1e-6;
    assertEquals(exact, found, error * Math.max(1, Math.abs(exact) / DIMENSION));
  }
}
