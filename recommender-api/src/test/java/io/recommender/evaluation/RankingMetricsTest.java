package io.recommender.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class RankingMetricsTest {
  private static final boolean[] SECOND_AND_FOURTH = {false, true, false, true};

  private interface OneUser {
    double value(boolean[] hits, int relevant, int k);
  }

  private static final List<OneUser> ALL =
      List.of(
          RankingMetrics::hitRate,
          RankingMetrics::recall,
          RankingMetrics::precision,
          RankingMetrics::f1,
          RankingMetrics::reciprocalRank,
          RankingMetrics::averagePrecision,
          RankingMetrics::meanPrecision,
          RankingMetrics::ndcg);

  @Test
  void twoHitsOfThreeRelevantItems() {
    boolean[] hits = SECOND_AND_FOURTH;
    assertEquals(1, RankingMetrics.hitRate(hits, 3, 4));
    assertEquals(2.0 / 3, RankingMetrics.recall(hits, 3, 4), 1e-12);
    assertEquals(2.0 / 4, RankingMetrics.precision(hits, 3, 4), 1e-12);
    assertEquals(4.0 / 7, RankingMetrics.f1(hits, 3, 4), 1e-12);
    assertEquals(1.0 / 2, RankingMetrics.reciprocalRank(hits, 3, 4), 1e-12);
    assertEquals((1.0 / 2 + 2.0 / 4) / 3, RankingMetrics.averagePrecision(hits, 3, 4), 1e-12);
    double meanPrecision = (0 + 1.0 / 2 + 1.0 / 3 + 2.0 / 4) / 4;
    assertEquals(meanPrecision, RankingMetrics.meanPrecision(hits, 3, 4), 1e-12);
    double dcg = 1 / (Math.log(3) / Math.log(2)) + 1 / (Math.log(5) / Math.log(2));
    double ideal = 1 + 1 / (Math.log(3) / Math.log(2)) + 0.5;
    assertEquals(dcg / ideal, RankingMetrics.ndcg(hits, 3, 4), 1e-12);
  }

  @Test
  void cutoffHidesLaterHits() {
    assertEquals(0, RankingMetrics.hitRate(SECOND_AND_FOURTH, 2, 1));
    assertEquals(0, RankingMetrics.reciprocalRank(SECOND_AND_FOURTH, 2, 1));
    assertEquals(1.0 / 2, RankingMetrics.recall(SECOND_AND_FOURTH, 2, 3), 1e-12);
  }

  @Test
  void gradedNdcgRanksGainsAgainstTheIdealOrder() {
    // Gains 1 and 3 in the wrong order: (1 + 3 / log2 3) / (3 + 1 / log2 3).
    double log3 = Math.log(3) / Math.log(2);
    double expected = (1 + 3 / log3) / (3 + 1 / log3);
    double[] relevant = {3, 1};
    assertEquals(expected, RankingMetrics.gradedNdcg(new double[] {1, 3}, relevant, 2), 1e-12);
    assertEquals(1, RankingMetrics.gradedNdcg(new double[] {3, 1}, relevant, 2), 1e-12);
    assertEquals(0, RankingMetrics.gradedNdcg(new double[0], relevant, 2));
    assertTrue(Double.isNaN(RankingMetrics.gradedNdcg(new double[] {0}, new double[0], 2)));
  }

  @Test
  void listsShorterThanTheCutoffMissAtTheEnd() {
    boolean[] hit = {true};
    assertEquals(1.0 / 10, RankingMetrics.precision(hit, 1, 10), 1e-12);
    assertEquals(1, RankingMetrics.ndcg(hit, 1, 10), 1e-12);
    assertEquals(1, RankingMetrics.averagePrecision(hit, 1, 10), 1e-12);
  }

  @Test
  void emptyListsScoreZero() {
    for (OneUser metric : ALL) {
      assertEquals(0, metric.value(new boolean[0], 2, 5));
    }
  }

  @Test
  void withoutARelevantItemEveryMetricIsUndefined() {
    for (OneUser metric : ALL) {
      assertTrue(Double.isNaN(metric.value(new boolean[3], 0, 5)));
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    for (OneUser metric : ALL) {
      assertEquals(
          "k: expected at least 1, found 0",
          assertThrows(IllegalArgumentException.class, () -> metric.value(new boolean[1], 1, 0))
              .getMessage());
      assertEquals(
          "relevant: expected at least the 2 hits of the list, found 1",
          assertThrows(IllegalArgumentException.class, () -> metric.value(SECOND_AND_FOURTH, 1, 1))
              .getMessage());
    }
  }

  @Property(seed = "2")
  void valuesLieBetweenZeroAndOneAndAPerfectListScoresOne(
      @ForAll @Size(max = 30) boolean[] hits,
      @ForAll @IntRange(max = 10) int missed,
      @ForAll @IntRange(min = 1, max = 40) int k) {
    int found = 0;
    for (boolean hit : hits) {
      found += hit ? 1 : 0;
    }
    int relevant = found + missed;
    for (OneUser metric : ALL) {
      double value = metric.value(hits, relevant, k);
      assertTrue(relevant == 0 ? Double.isNaN(value) : value >= 0 && value <= 1 + 1e-12);
    }
    boolean[] perfect = new boolean[relevant + 1];
    Arrays.fill(perfect, 0, relevant, true);
    if (relevant > 0) {
      assertEquals(1, RankingMetrics.ndcg(perfect, relevant, k), 1e-12);
      assertEquals(1, RankingMetrics.averagePrecision(perfect, relevant, k), 1e-12);
      assertEquals(1, RankingMetrics.reciprocalRank(perfect, relevant, k), 1e-12);
    }
  }

  @Property(seed = "3")
  void discountsBeyondTheTableAreTheSameFormula(@ForAll @IntRange(max = 5000) int rank) {
    double expected = Math.log(2) / Math.log(rank + 2);
    assertEquals(expected, RankingMetrics.discount(rank), 1e-15);
  }
}
