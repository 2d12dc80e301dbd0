package io.recommender.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class ScoreMetricsTest {
  private static final double LOWEST = Double.NEGATIVE_INFINITY;

  @Test
  void aucCountsATieAsOneHalf() {
    // Pairs: 3>2, 3>1, 2=2, 2>1, so 3.5 of 4.
    double auc =
        ScoreMetrics.auc(new double[] {3, 2, 2, 1}, new boolean[] {true, false, true, false});
    assertEquals(3.5 / 4, auc, 1e-12);
  }

  @Test
  void aucWithoutBothClassesIsUndefined() {
    assertTrue(Double.isNaN(ScoreMetrics.auc(new double[] {1}, new boolean[] {true})));
    assertTrue(Double.isNaN(ScoreMetrics.auc(new double[] {1}, new boolean[] {false})));
    assertTrue(Double.isNaN(ScoreMetrics.auc(new double[0], new boolean[0])));
  }

  @Property(seed = "1")
  void aucIsTheShareOfOrderedPairs(
      @ForAll @Size(min = 2, max = 40) int[] raw, @ForAll @IntRange(min = 1, max = 39) int split) {
    double[] scores = new double[raw.length];
    boolean[] positives = new boolean[raw.length];
    int positive = Math.min(split, raw.length - 1);
    for (int i = 0; i < raw.length; i++) {
      scores[i] = Math.floorMod(raw[i], 5);
      positives[i] = i < positive;
    }
    double wins = 0;
    for (int p = 0; p < positive; p++) {
      for (int n = positive; n < raw.length; n++) {
        wins += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
      }
    }
    double expected = wins / ((double) positive * (raw.length - positive));
    assertEquals(expected, ScoreMetrics.auc(scores, positives), 1e-12);
  }

  @Test
  void groupAucWeighsUsersByTheirPositivesAndSkipsImpossibleItems() {
    ScoreMetrics.GroupAuc gauc = new ScoreMetrics.GroupAuc();
    // Candidates 5, 4, 3; the positives are 5 and 3: one of two pairs. Weight 2.
    gauc.add(new double[] {5, 4, LOWEST, 3}, new boolean[] {true, false, false, true});
    // Candidates 2, 1; the positive is 2: all pairs. Weight 1.
    gauc.add(new double[] {LOWEST, 1, 2, LOWEST}, new boolean[] {false, false, true, false});
    // No positive.
    gauc.add(new double[] {LOWEST, 1}, new boolean[] {false, false});
    assertEquals((2 * 0.5 + 1 * 1.0) / 3, gauc.value(), 1e-12);
    assertEquals(1, gauc.undefinedUsers());
  }

  @Test
  void groupAucOfARowWithoutImpossibleItemsLeavesOutTheLowest() {
    ScoreMetrics.GroupAuc gauc = new ScoreMetrics.GroupAuc();
    // The lowest score, 1, is no candidate: 3 against 4 and 2 remains, one of two pairs.
    gauc.add(new double[] {4, 3, 2, 1}, new boolean[] {false, true, false, false});
    assertEquals(0.5, gauc.value(), 1e-12);
  }

  @Test
  void groupAucOfNobodyIsUndefined() {
    assertTrue(Double.isNaN(new ScoreMetrics.GroupAuc().value()));
  }

  @Test
  void logLossIsTheMeanSurprise() {
    double loss =
        ScoreMetrics.logLoss(new double[] {0.5, 0.25, 0.75}, new boolean[] {true, false, true});
    assertEquals((Math.log(2) + 2 * Math.log(4.0 / 3)) / 3, loss, 1e-12);
    assertEquals(
        15 * Math.log(10), ScoreMetrics.logLoss(new double[] {0}, new boolean[] {true}), 1e-9);
  }

  @Test
  void wrongArgumentsAreRefused() {
    assertEquals(
        "positives: expected one for each of 2 scores, found 1",
        assertThrows(
                IllegalArgumentException.class,
                () -> ScoreMetrics.auc(new double[2], new boolean[1]))
            .getMessage());
    assertEquals(
        "score 0: expected a number, found NaN",
        assertThrows(
                IllegalArgumentException.class,
                () -> ScoreMetrics.auc(new double[] {Double.NaN}, new boolean[1]))
            .getMessage());
    assertEquals(
        "probability 0: expected a number in [0, 1], found 1.5",
        assertThrows(
                IllegalArgumentException.class,
                () -> ScoreMetrics.logLoss(new double[] {1.5}, new boolean[1]))
            .getMessage());
  }
}
