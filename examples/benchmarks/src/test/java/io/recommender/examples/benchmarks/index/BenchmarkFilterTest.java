package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import java.util.List;
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
    assertEquals(5, filter.versions().get(0).cardinality());
    assertEquals(0.1, filter.selectivity());
    assertEquals(
        filter.versions().get(0), BenchmarkFilter.of("0.1", LINE, Metric.L2, 4).versions().get(0));
    assertNotEquals(
        filter.versions().get(0), BenchmarkFilter.of("0.1", LINE, Metric.L2, 5).versions().get(0));
    assertEquals(
        1, BenchmarkFilter.of("0.0001", LINE, Metric.L2, 4).versions().get(0).cardinality());
    assertEquals(50, BenchmarkFilter.of("1", LINE, Metric.L2, 4).versions().get(0).cardinality());
  }

  @Test
  void aClusterLiesTogether() {
    BitSet allowed = BenchmarkFilter.of("cluster:0.2", LINE, Metric.L2, 4).versions().get(0);
    assertEquals(10, allowed.cardinality());
    assertEquals(9, allowed.length() - 1 - allowed.nextSetBit(0));
    assertEquals("cluster of 1 %", BenchmarkFilter.of("cluster", LINE, Metric.L2, 4).name());
  }

  @Test
  void aLiveFilterChangesALittleAtATime() {
    float[][] base = new float[4000][1];
    BenchmarkFilter filter = BenchmarkFilter.of("live:0.25", base, Metric.L2, 4);
    assertEquals("live 25 %", filter.name());
    assertEquals(0.25, filter.selectivity());
    List<BitSet> versions = filter.versions();
    for (int i = 0; i < versions.size(); i++) {
      assertEquals(1000, versions.get(i).cardinality());
      BitSet changed = (BitSet) versions.get(i).clone();
      changed.xor(versions.get((i + 1) % versions.size()));
      assertEquals(8, changed.cardinality(), "four of 4,000 come and four go");
    }
    assertEquals(versions, BenchmarkFilter.of("live:0.25", base, Metric.L2, 4).versions());
    assertEquals("live 90 %", BenchmarkFilter.of("live", LINE, Metric.L2, 4).name());
  }

  @Test
  void versionsComeInTurns() {
    assertEquals(0, BenchmarkFilter.version(99, 3));
    assertEquals(1, BenchmarkFilter.version(100, 3));
    assertEquals(2, BenchmarkFilter.version(299, 3));
    assertEquals(0, BenchmarkFilter.version(300, 3));
    assertEquals(0, BenchmarkFilter.version(12_345, 1));
  }

  @Test
  void whatIsNoFilterIsRefused() {
    for (String text :
        new String[] {
          "0", "1.5", "-1", "half", "cluster:", "clusters", "live:2", "lively", "NaN"
        }) {
      assertEquals(
          "--filter: expected a share above 0 and at most 1, cluster, cluster:share, live or"
              + " live:share, found "
              + text,
          assertThrows(IllegalArgumentException.class, () -> BenchmarkFilter.share(text))
              .getMessage());
    }
  }
}
