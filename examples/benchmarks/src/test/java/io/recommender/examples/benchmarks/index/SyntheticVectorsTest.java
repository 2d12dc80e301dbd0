package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.examples.benchmarks.index.SyntheticVectors.Norms;
import org.junit.jupiter.api.Test;

final class SyntheticVectorsTest {
  @Test
  void theSeedDecidesEverythingOnEveryJvm() {
    BenchmarkData data = SyntheticVectors.generate(500, 17, 20, 5, Norms.LOGNORMAL);
    assertEquals("40113d09242dbeca6194fa66a3bec66e5dd285abfaef31133d2052f3fb4a0311", data.sha256());
    assertEquals(
        data.sha256(), SyntheticVectors.generate(500, 17, 20, 5, Norms.LOGNORMAL).sha256());
    assertNotEquals(
        data.sha256(), SyntheticVectors.generate(500, 17, 20, 6, Norms.LOGNORMAL).sha256());
  }

  @Test
  void lengthsAreAsAskedFor() {
    BenchmarkData unit = SyntheticVectors.generate(300, 16, 10, 1, Norms.UNIT);
    for (float[] row : unit.base()) {
      assertEquals(1, norm(row), 1e-6);
    }
    BenchmarkData lognormal = SyntheticVectors.generate(3000, 16, 10, 1, Norms.LOGNORMAL);
    double sum = 0;
    double squares = 0;
    for (float[] row : lognormal.base()) {
      double log = Math.log(norm(row));
      sum += log;
      squares += log * log;
    }
    double mean = sum / 3000;
    assertEquals(0, mean, 0.03);
    assertEquals(0.3, Math.sqrt(squares / 3000 - mean * mean), 0.02);
    for (float[] row : lognormal.queries()) {
      assertEquals(1, norm(row), 1e-6);
    }
  }

  @Test
  void noAxisHoldsTheVariance() {
    BenchmarkData data = SyntheticVectors.generate(5000, 32, 1, 3, Norms.UNIT);
    for (int j = 0; j < 32; j++) {
      double squares = 0;
      for (float[] row : data.base()) {
        squares += (double) row[j] * row[j];
      }
      assertTrue(squares / 5000 < 3.0 / 32, "axis " + j + ": " + squares / 5000);
    }
  }

  @Test
  void oneOfEverythingIsEnough() {
    BenchmarkData data = SyntheticVectors.generate(1, 1, 1, 9, Norms.UNIT);
    assertEquals(1, Math.abs(data.base()[0][0]), 1e-6);
  }

  private static double norm(float[] row) {
    double squares = 0;
    for (float element : row) {
      squares += (double) element * element;
    }
    return Math.sqrt(squares);
  }
}
