package io.recommender.evaluation;

import java.util.Arrays;

/**
 * Percentile bootstrap over users. Every series is drawn with the same users, which makes
 * differences between series paired.
 *
 * <p>The generator is SplitMix64 (Steele, Lea, Flood 2014), written out so that every JVM draws the
 * same users.
 */
final class Bootstrap {
  private static final double LOW = 0.025;
  private static final double HIGH = 0.975;

  private final double[][] series;
  private final double[][] means;

  /**
   * Draws the users.
   *
   * @param series values by series and user; no NaN, all of one length
   */
  Bootstrap(double[][] series, int resamples, long seed) {
    this.series = series;
    means = new double[series.length][resamples];
    int users = series.length == 0 ? 0 : series[0].length;
    int[] drawn = new int[users];
    long state = seed;
    for (int b = 0; b < resamples; b++) {
      for (int i = 0; i < users; i++) {
        state += 0x9E3779B97F4A7C15L;
        drawn[i] = (int) ((mix(state) >>> 32) * users >>> 32);
      }
      for (int s = 0; s < series.length; s++) {
        double sum = 0;
        for (int user : drawn) {
          sum += series[s][user];
        }
        means[s][b] = sum / users;
      }
    }
  }

  ConfidenceInterval interval(int index) {
    return interval(mean(series[index]), means[index]);
  }

  ConfidenceInterval difference(int first, int second) {
    double[] differences = new double[means[first].length];
    for (int b = 0; b < differences.length; b++) {
      differences[b] = means[first][b] - means[second][b];
    }
    return interval(mean(series[first]) - mean(series[second]), differences);
  }

  private static ConfidenceInterval interval(double estimate, double[] draws) {
    double[] sorted = draws.clone();
    Arrays.sort(sorted);
    return new ConfidenceInterval(
        estimate, Percentiles.nearestRank(sorted, LOW), Percentiles.nearestRank(sorted, HIGH));
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static long mix(long state) {
    long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
