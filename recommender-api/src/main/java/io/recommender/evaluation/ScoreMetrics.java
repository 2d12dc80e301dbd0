package io.recommender.evaluation;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Metrics of scores against labels, for rankers and click models rather than lists.
 *
 * <p><b>Thread-safe</b>; {@link GroupAuc} is <b>confined</b>.
 */
public final class ScoreMetrics {
  private static final double SMALLEST_PROBABILITY = 1e-15;

  private ScoreMetrics() {}

  /**
   * AUC: the probability that a positive scores above a negative, a tie counting one half. The
   * Mann-Whitney statistic with average ranks. O(n log n).
   *
   * @param scores the scores, none NaN; higher is better
   * @param positives which of them are positive
   * @return a value in [0, 1]; NaN without a positive or without a negative
   * @throws IllegalArgumentException if the lengths differ or a score is NaN
   */
  public static double auc(double[] scores, boolean[] positives) {
    double[] ranks = descendingRanks(scores, positives.length);
    double rankSum = 0;
    long positive = 0;
    for (int i = 0; i < ranks.length; i++) {
      if (positives[i]) {
        rankSum += ranks[i];
        positive++;
      }
    }
    long negative = ranks.length - positive;
    return auc(rankSum, positive, negative);
  }

  /**
   * Log loss: the mean of −ln of the probability given to what happened. Probabilities are kept
   * 10<sup>-15</sup> away from 0 and 1. The textbook and RecBole LogLoss. Lower is better.
   *
   * @param probabilities the probability of a positive, each in [0, 1]
   * @param positives what happened
   * @return nats, at least 0; NaN of nothing
   * @throws IllegalArgumentException if the lengths differ or a probability is outside [0, 1]
   */
  public static double logLoss(double[] probabilities, boolean[] positives) {
    requireSameLength(probabilities.length, positives.length);
    Mean mean = new Mean();
    for (int i = 0; i < probabilities.length; i++) {
      double p = probabilities[i];
      if (!(p >= 0 && p <= 1)) {
        throw new IllegalArgumentException(
            "probability %d: expected a number in [0, 1], found %s".formatted(i, p));
      }
      double clipped =
          Math.min(
              1 - SMALLEST_PROBABILITY, Math.max(SMALLEST_PROBABILITY, positives[i] ? p : 1 - p));
      mean.add(-StrictMath.log(clipped));
    }
    return mean.value();
  }

  /**
   * GAUC: the AUC of each user, weighted by the user's number of positives. RecBole GAUC: an item
   * that scores −∞ is no candidate, and in a row without any −∞ neither are the items that share
   * the lowest score.
   *
   * <pre>{@code
   * ScoreMetrics.GroupAuc gauc = new ScoreMetrics.GroupAuc();
   * for (User user : users) {
   *   gauc.add(user.scores(), user.positives());
   * }
   * double value = gauc.value();
   * }</pre>
   *
   * <p><b>Confined.</b>
   */
  public static final class GroupAuc {
    private double weighted;
    private long positives;
    private int users;
    private int undefinedUsers;

    /** Starts with no user. */
    public GroupAuc() {}

    /**
     * Adds a user. O(n log n).
     *
     * @param scores the score of each item, −∞ for one that cannot be recommended, none NaN
     * @param positives which items are positive
     * @throws IllegalArgumentException if the lengths differ or a score is NaN
     */
    public void add(double[] scores, boolean[] positives) {
      double[] ranks = descendingRanks(scores, positives.length);
      double lowest = Arrays.stream(scores).min().orElse(0);
      long candidates = Arrays.stream(scores).filter(score -> score > lowest).count();
      double rankSum = 0;
      long positive = 0;
      for (int i = 0; i < ranks.length; i++) {
        if (positives[i]) {
          rankSum += ranks[i];
          positive++;
        }
      }
      double auc = auc(rankSum, positive, candidates - positive);
      if (Double.isNaN(auc)) {
        undefinedUsers++;
        return;
      }
      users++;
      this.positives += positive;
      weighted += auc * positive;
    }

    /** {@return the weighted mean, NaN of no user} */
    public double value() {
      return users == 0 ? Double.NaN : weighted / positives;
    }

    /** {@return how many users had no positive or no negative and were left out} */
    public int undefinedUsers() {
      return undefinedUsers;
    }
  }

  private static double auc(double rankSum, long positive, long negative) {
    if (positive == 0 || negative == 0) {
      return Double.NaN;
    }
    double all = positive + negative;
    double pairs = positive * (all + 1) - positive * (positive + 1) / 2.0 - rankSum;
    return pairs / ((double) positive * negative);
  }

  /**
   * The rank of each score from 1 for the highest, equal scores sharing the mean of their ranks.
   */
  private static double[] descendingRanks(double[] scores, int labels) {
    requireSameLength(scores.length, labels);
    for (int i = 0; i < scores.length; i++) {
      if (Double.isNaN(scores[i])) {
        throw new IllegalArgumentException("score %d: expected a number, found NaN".formatted(i));
      }
    }
    int[] order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[scores.length];
    for (int from = 0; from < order.length; ) {
      int to = from + 1;
      while (to < order.length && scores[order[to]] == scores[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + 1 + to) / 2.0;
      }
      from = to;
    }
    return ranks;
  }

  private static void requireSameLength(int scores, int labels) {
    if (scores != labels) {
      throw new IllegalArgumentException(
          "positives: expected one for each of %d scores, found %d".formatted(scores, labels));
    }
  }
}
