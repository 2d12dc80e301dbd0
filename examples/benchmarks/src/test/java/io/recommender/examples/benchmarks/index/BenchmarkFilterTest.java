package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

final class BenchmarkFilterTest {
  private static final float[][] LINE = new float[50][1];

  static {
    for (int i = 0; i < LINE.length; i++) {
      LINE[i][0] = i;
    }
  }

  @Test
  void aShareIsDrawnBySeed() {
    BenchmarkFilter filter = BenchmarkFilter.of("0.1", LINE, Metric.L2, 4);
    assertEquals("random 10 %", filter.name());
    assertEquals(5, filter.allowed().cardinality());
    assertEquals(0.1, filter.selectivity());
    assertEquals(filter.allowed(), BenchmarkFilter.of("0.1", LINE, Metric.L2, 4).allowed());
    assertNotEquals(filter.allowed(), BenchmarkFilter.of("0.1", LINE, Metric.L2, 5).allowed());
    assertEquals(1, BenchmarkFilter.of("0.0001", LINE, Metric.L2, 4).allowed().cardinality());
    assertEquals(50, BenchmarkFilter.of("1", LINE, Metric.L2, 4).allowed().cardinality());
  }

  @Test
  void aClusterLiesTogether() {
    BitSet allowed = BenchmarkFilter.of("cluster:0.2", LINE, Metric.L2, 4).allowed();
    assertEquals(10, allowed.cardinality());
    assertEquals(9, allowed.length() - 1 - allowed.nextSetBit(0));
    assertEquals("cluster of 1 %", BenchmarkFilter.of("cluster", LINE, Metric.L2, 4).name());
  }

  @Test
  void whatIsNoFilterIsRefused() {
    for (String text : new String[] {"0", "1.5", "-1", "half", "cluster:", "clusters", "NaN"}) {
      assertEquals(
          "--filter: expected a share above 0 and at most 1, cluster or cluster:share, found "
              + text,
          assertThrows(IllegalArgumentException.class, () -> BenchmarkFilter.share(text))
              .getMessage());
    }
  }
}
