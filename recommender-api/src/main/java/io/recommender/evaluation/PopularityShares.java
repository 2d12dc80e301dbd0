package io.recommender.evaluation;

/** How something spreads over ten groups of items of equal size, the most popular group first. */
final class PopularityShares {
  static final int GROUPS = 10;

  private PopularityShares() {}

  static double[] ofRecommendations(RankedLists lists, int k) {
    return shares(lists.training(), DistributionMetrics.counts(lists, k));
  }

  static double[] ofTraining(TrainingStatistics training) {
    long[] counts = new long[training.size()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = training.interactions(i);
    }
    return shares(training, counts);
  }

  private static double[] shares(TrainingStatistics training, long[] counts) {
    int[] order = training.byPopularity();
    long[] sums = new long[GROUPS];
    long total = 0;
    for (int i = 0; i < order.length; i++) {
      sums[(int) ((long) i * GROUPS / order.length)] += counts[order[i]];
      total += counts[order[i]];
    }
    double[] shares = new double[GROUPS];
    for (int g = 0; g < GROUPS; g++) {
      shares[g] = total == 0 ? 0 : (double) sums[g] / total;
    }
    return shares;
  }
}
