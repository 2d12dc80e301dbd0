package io.recommender.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class BootstrapTest {
  @Test
  void intervalOfAMeanHasTheWidthOfItsStandardError() {
    Random random = new Random(3);
    double[] values = random.doubles(2000).toArray();
    ConfidenceInterval interval = new Bootstrap(new double[][] {values}, 2000, 9).interval(0);
    // The standard deviation of a uniform is 1/sqrt(12); 95 % is 1.96 standard errors each way.
    double halfWidth = 1.96 / Math.sqrt(12) / Math.sqrt(2000);
    assertEquals(2 * halfWidth, interval.high() - interval.low(), 0.1 * halfWidth);
  }

  @Test
  void intervalsCoverTheTruthAboutAsOftenAsTheyClaim() {
    Random random = new Random(5);
    int covered = 0;
    for (int trial = 0; trial < 400; trial++) {
      double[] values = random.doubles(80).toArray();
      ConfidenceInterval interval = new Bootstrap(new double[][] {values}, 200, trial).interval(0);
      covered += interval.low() <= 0.5 && 0.5 <= interval.high() ? 1 : 0;
    }
    assertTrue(covered >= 360 && covered <= 396, "covered " + covered + " of 400");
  }

  @Test
  void differencesArePaired() {
    Random random = new Random(4);
    double[] first = random.doubles(500).toArray();
    double[] second = new double[500];
    for (int i = 0; i < 500; i++) {
      second[i] = first[i] - 0.01;
    }
    ConfidenceInterval difference =
        new Bootstrap(new double[][] {first, second}, 200, 1).difference(0, 1);
    assertEquals(0.01, difference.low(), 1e-12);
    assertEquals(0.01, difference.high(), 1e-12);
    assertTrue(difference.excludesZero());
  }

  @Test
  void percentilesAreValuesThatOccurred() {
    double[] sorted = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assertEquals(5, Percentiles.nearestRank(sorted, 0.5));
    assertEquals(9, Percentiles.nearestRank(sorted, 0.9));
    assertEquals(10, Percentiles.nearestRank(sorted, 0.99));
    assertEquals(1, Percentiles.nearestRank(sorted, 0));
    assertTrue(Double.isNaN(Percentiles.nearestRank(new double[0], 0.5)));
  }

  @Test
  void latencySummaryIsInMicroseconds() {
    LatencySummary latency = LatencySummary.of(new double[] {100, 200, 300}, 2);
    assertEquals(new LatencySummary(3, 200, 300, 300, 300, 300, 200, 10_000), latency);
  }
}
