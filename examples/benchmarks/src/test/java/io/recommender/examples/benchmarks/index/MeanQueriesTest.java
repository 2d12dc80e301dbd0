package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class MeanQueriesTest {
  @Test
  void aQueryIsTheMeanOfItems() {
    // The places of a decimal number tell which items were drawn how often.
    float[][] base = {{1}, {10}, {100}, {1000}};
    for (float[] query : MeanQueries.of(base, 200, 4, 3)) {
      long sum = Math.round(4.0 * query[0]);
      long drawn = 0;
      for (long left = sum; left > 0; left /= 10) {
        drawn += left % 10;
      }
      assertEquals(4, drawn, () -> "sum " + sum);
    }
  }

  @Test
  void theSeedDecidesWhich() {
    float[][] base = SyntheticVectors.generate(300, 6, 1, 1, SyntheticVectors.Norms.UNIT).base();
    float[][] queries = MeanQueries.of(base, 50, 3, 7);
    assertArrayEquals(queries, MeanQueries.of(base, 50, 3, 7));
    assertFalse(Arrays.deepEquals(queries, MeanQueries.of(base, 50, 3, 8)));
  }
}
