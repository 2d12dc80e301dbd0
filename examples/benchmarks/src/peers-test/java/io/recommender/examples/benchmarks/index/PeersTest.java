package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The adapters that only a build with a newer JDK has. */
final class PeersTest {
  private static final int K = 10;

  @TempDir Path scratch;

  @ParameterizedTest
  @CsvSource({
    "JVECTOR, IP, 1", "JVECTOR, L2, 2", "JVECTOR, COSINE, 1",
    "LUCENE, IP, 1", "LUCENE, L2, 2", "LUCENE, COSINE, 1"
  })
  void answersAreThoseOfTheExactIndex(Engine engine, Metric metric, int threads)
      throws IOException {
    assertTrue(engine.isBuilt());
    BenchmarkData data = SyntheticVectors.generate(1200, 16, 50, 8, SyntheticVectors.Norms.UNIT);
    var parameters = new IndexAdapter.Parameters(metric, 16, 100, 1, scratch);
    try (IndexAdapter adapter = engine.adapter(parameters)) {
      assertFalse(adapter.description().contains("unknown"), adapter.description());
      adapter.build(data.base(), threads);
      assertEquals(engine == Engine.LUCENE, adapter.offHeapBytes() > 4L * 1200 * 16);
      BitSet everything = new BitSet();
      everything.set(0, 1200);
      check(data, metric, adapter, everything);

      BitSet fewer = BenchmarkFilter.of("0.1", data.base(), metric, 2).versions().get(0);
      adapter.filter(fewer);
      check(data, metric, adapter, fewer);

      for (BitSet version : BenchmarkFilter.of("live:0.2", data.base(), metric, 2).versions()) {
        adapter.follow(version);
        check(data, metric, adapter, version);
      }

      adapter.clearFilter();
      check(data, metric, adapter, everything);
    }
  }

  private static void check(BenchmarkData data, Metric metric, IndexAdapter adapter, BitSet allowed)
      throws IOException {
    int[][] answers = new int[data.queries().length][];
    int[] rows = new int[K];
    for (int q = 0; q < answers.length; q++) {
      int found = adapter.search(data.queries()[q], K, 200, rows);
      answers[q] = Arrays.copyOf(rows, found);
    }
    ExactAnswers.Verdict verdict =
        ExactAnswers.of(data, metric, K, List.of(allowed)).judge(answers);
    assertEquals(0, verdict.forbidden());
    assertEquals(0, verdict.shortAnswers());
    assertTrue(verdict.recall() > 0.95, verdict.toString());
  }
}
