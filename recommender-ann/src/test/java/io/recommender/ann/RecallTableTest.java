package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which breadth follows from which measurements. */
class RecallTableTest {
  private static RecallCurve curve(int k, int[] breadths, double... recalls) {
    return new RecallCurve(k, breadths, recalls);
  }

  private static RecallTable table(RecallCurve... curves) {
    return new RecallTable(List.of(curves), 100_000);
  }

  /** What a table must have been measured to for a target. */
  private static double measured(double target) {
    return 1 - RecallTable.MARGIN * (1 - target);
  }

  @Test
  void aBreadthThatWasMeasuredIsTaken() {
    double some = measured(0.9);
    double more = measured(0.98);
    RecallTable table = table(curve(10, new int[] {12, 64, 256}, 0.3, some, more));
    assertEquals(64, table.breadth(0.9, 10));
    assertEquals(256, table.breadth(0.98, 10));
    int between = table.breadth(0.95, 10);
    assertTrue(between > 64 && between < 256, () -> "breadth " + between);
    assertEquals(12, table.breadth(0.01, 10));
    assertEquals(Integer.MAX_VALUE, table.breadth(0.99, 10));
  }

  @Test
  void oneCurveIsScaledInProportionToMoreItems() {
    RecallTable table = table(curve(10, new int[] {12, 64}, 0.2, measured(0.9)));
    assertEquals(64, table.breadth(0.9, 1));
    assertEquals(64, table.breadth(0.9, 9));
    assertEquals(71, table.breadth(0.9, 11));
    assertEquals(640, table.breadth(0.9, 100));
    assertEquals(Integer.MAX_VALUE, table.breadth(0.9, Integer.MAX_VALUE));
    assertEquals(Integer.MAX_VALUE, table.breadth(0.95, 100));
  }

  @Test
  void recallsAreInterpolatedBetweenTwoK() {
    double wanted = measured(0.9);
    int[] breadths = {128, 256, 512};
    RecallTable table =
        table(
            curve(10, breadths, 0.9, 0.99, 0.995),
            curve(1_000, breadths, 0.8, 2 * wanted - 0.99, wanted));
    // A hundred is half way from ten to a thousand.
    assertEquals(256, table.breadth(0.9, 100));
    assertEquals(512, table.breadth(0.9, 1_000));
    for (int k = 11; k < 1_000; k++) {
      int breadth = table.breadth(0.9, k);
      int next = table.breadth(0.9, k + 1);
      assertTrue(breadth <= next && next <= 512, breadth + " then " + next + " at k " + k);
    }
  }

  @Test
  void aRecallThatFallsWithKFallsOnBeyondTheGreatest() {
    int[] breadths = {128, 256, 512};
    RecallTable table =
        table(curve(10, breadths, 0.97, 0.98, 0.999), curve(100, breadths, 0.95, 0.97, 0.99));
    // At a thousand: 0.93, 0.96 and 0.981, for breadths that are ten times as large.
    double target = 1 - (1 - 0.96) / RecallTable.MARGIN;
    assertEquals(2_560, table.breadth(target - 1e-9, 1_000), 10);
    assertEquals(Integer.MAX_VALUE, table.breadth(0.98, 1_000));
    assertTrue(table.breadth(0.98, 100) < 512);
  }

  @Test
  void whatSufficesForMoreItemsSufficesForFewer() {
    int[] breadths = {16, 32, 104};
    RecallTable table =
        table(
            curve(1, breadths, 0.5, 0.6, 0.7),
            curve(10, breadths, 0.4, 0.5, 0.6),
            curve(100, new int[] {104}, 0.99));
    for (int k : new int[] {1, 3, 10, 50, 100}) {
      assertEquals(104, table.breadth(0.98, k), () -> "k " + k);
    }
  }

  @Test
  void fewerItemsNeedLessThanTheLeastBreadthOfMore() {
    RecallTable table =
        table(curve(10, new int[] {16}, 0.999), curve(100, new int[] {104, 128}, 0.999, 1));
    assertEquals(16, table.breadth(0.98, 10));
    assertEquals(104, table.breadth(0.98, 100));
    int between = table.breadth(0.98, 30);
    assertTrue(between > 30 && between < 60, () -> "breadth " + between);
  }

  @Test
  void onlyWhatAMeasurementMayResultInIsConsistent() {
    int[] breadths = {12, 16};
    assertTrue(RecallTable.NONE.isConsistent());
    assertTrue(table(curve(1, breadths, 0.5, 0.5), curve(2, breadths, 0.4, 1)).isConsistent());
    assertFalse(table().isConsistent());
    assertFalse(new RecallTable(List.of(curve(1, breadths, 0, 1)), -1).isConsistent());
    assertFalse(table(curve(0, breadths, 0.5, 0.5)).isConsistent());
    assertFalse(table(curve(1, breadths, 0.5, 0.4)).isConsistent());
    assertFalse(table(curve(1, breadths, 0.5, 1.1)).isConsistent());
    assertFalse(table(curve(1, breadths, Double.NaN, 1)).isConsistent());
    assertFalse(table(curve(1, new int[] {12, 12}, 0.5, 0.6)).isConsistent());
    assertFalse(table(curve(1, breadths, 0, 1), curve(1, breadths, 0, 1)).isConsistent());
  }
}
