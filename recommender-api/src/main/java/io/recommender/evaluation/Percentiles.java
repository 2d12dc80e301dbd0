package io.recommender.evaluation;

/** Percentiles of sorted values by the nearest rank, so that each is a value that occurred. */
final class Percentiles {
  private Percentiles() {}

  static double nearestRank(double[] sorted, double share) {
    return sorted.length == 0 ? Double.NaN : sorted[index(sorted.length, share)];
  }

  private static int index(int length, double share) {
    return Math.max(0, (int) Math.ceil(share * length) - 1);
  }
}
