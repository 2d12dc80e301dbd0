package io.recommender.evaluation;

import java.util.Arrays;

/**
 * The metrics of one list for one user. Every metric is in [0, 1] and higher is better.
 *
 * <p>{@code hits[j]} tells whether the item at rank j + 1 is relevant; {@code relevant} is the
 * number of relevant items, in the list or not; {@code k} is the cutoff. A list shorter than k has
 * misses at the missing ranks, an empty list scores 0. Without a relevant item a metric is
 * undefined: {@code NaN}, which means leave out, and {@link Metric} counts.
 *
 * <p><b>Cost.</b> O(k). <b>Thread-safe.</b> Logarithms are {@link StrictMath}'s, so that every JVM
 * gives the same bits.
 */
public final class RankingMetrics {
  private static final double LN2 = StrictMath.log(2);
  private static final double[] DISCOUNTS = discounts(1024);

  private RankingMetrics() {}

  /**
   * Hit rate: 1 if a relevant item is among the first k, else 0. RecBole Hit, Elliot HR.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double hitRate(boolean[] hits, int relevant, int k) {
    return undefined(hits, relevant, k) ? Double.NaN : count(hits, k) > 0 ? 1 : 0;
  }

  /**
   * Recall: relevant items among the first k ÷ relevant items. RecBole, Elliot.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double recall(boolean[] hits, int relevant, int k) {
    return undefined(hits, relevant, k) ? Double.NaN : (double) count(hits, k) / relevant;
  }

  /**
   * Precision: relevant items among the first k ÷ k, however short the list. RecBole, Elliot.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double precision(boolean[] hits, int relevant, int k) {
    return undefined(hits, relevant, k) ? Double.NaN : (double) count(hits, k) / k;
  }

  /**
   * F1: 2 · precision · recall ÷ (precision + recall), 0 without a hit. Elliot.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double f1(boolean[] hits, int relevant, int k) {
    double precision = precision(hits, relevant, k);
    double recall = recall(hits, relevant, k);
    return precision == 0 ? 0 : 2 * precision * recall / (precision + recall);
  }

  /**
   * Reciprocal rank: 1 ÷ rank of the first relevant item among the first k, else 0. Its mean over
   * users is MRR. RecBole, Elliot.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double reciprocalRank(boolean[] hits, int relevant, int k) {
    if (undefined(hits, relevant, k)) {
      return Double.NaN;
    }
    for (int rank = 0; rank < Math.min(k, hits.length); rank++) {
      if (hits[rank]) {
        return 1.0 / (rank + 1);
      }
    }
    return 0;
  }

  /**
   * Average precision: Σ over ranks j of relevant items of precision at j, ÷ min(relevant, k). Its
   * mean over users is MAP. RecBole and the textbook.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double averagePrecision(boolean[] hits, int relevant, int k) {
    if (undefined(hits, relevant, k)) {
      return Double.NaN;
    }
    double sum = 0;
    int found = 0;
    for (int rank = 0; rank < Math.min(k, hits.length); rank++) {
      if (hits[rank]) {
        found++;
        sum += (double) found / (rank + 1);
      }
    }
    return sum / Math.min(relevant, k);
  }

  /**
   * Mean precision: the mean over j = 1..k of precision at j, at every rank and not only at those
   * of relevant items. Elliot calls its mean over users MAP.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double meanPrecision(boolean[] hits, int relevant, int k) {
    if (undefined(hits, relevant, k)) {
      return Double.NaN;
    }
    double sum = 0;
    int found = 0;
    for (int rank = 0; rank < k; rank++) {
      if (rank < hits.length && hits[rank]) {
        found++;
      }
      sum += (double) found / (rank + 1);
    }
    return sum / k;
  }

  /**
   * NDCG with binary gain: Σ over ranks j of relevant items of 1 ÷ log₂(j + 1), ÷ the same sum for
   * the first min(relevant, k) ranks. RecBole NDCG, Elliot nDCGRendle2020.
   *
   * @param hits which ranks hold a relevant item
   * @param relevant the number of relevant items
   * @param k the cutoff
   * @return the value
   */
  public static double ndcg(boolean[] hits, int relevant, int k) {
    if (undefined(hits, relevant, k)) {
      return Double.NaN;
    }
    double dcg = 0;
    for (int rank = 0; rank < Math.min(k, hits.length); rank++) {
      if (hits[rank]) {
        dcg += discount(rank);
      }
    }
    double ideal = 0;
    for (int rank = 0; rank < Math.min(k, relevant); rank++) {
      ideal += discount(rank);
    }
    return dcg / ideal;
  }

  /**
   * NDCG with graded gain: Σ over ranks j of gain ÷ log₂(j + 1), ÷ the same sum for the relevant
   * items in order of descending gain. With gain 2<sup>rating − threshold + 1</sup> − 1, Elliot
   * nDCG.
   *
   * @param gains the gain at each rank, 0 for an item that is not relevant
   * @param relevantGains the gains of all relevant items, in any order; not changed
   * @param k the cutoff
   * @return the value; NaN without a relevant item
   */
  public static double gradedNdcg(double[] gains, double[] relevantGains, int k) {
    requirePositive(k);
    if (relevantGains.length == 0) {
      return Double.NaN;
    }
    double dcg = 0;
    for (int rank = 0; rank < Math.min(k, gains.length); rank++) {
      dcg += gains[rank] * discount(rank);
    }
    double[] sorted = relevantGains.clone();
    Arrays.sort(sorted);
    double ideal = 0;
    for (int rank = 0; rank < Math.min(k, sorted.length); rank++) {
      ideal += sorted[sorted.length - 1 - rank] * discount(rank);
    }
    return dcg > 0 ? dcg / ideal : 0;
  }

  /** 1 ÷ log₂(rank + 2) for a rank from 0. */
  static double discount(int rank) {
    return rank < DISCOUNTS.length ? DISCOUNTS[rank] : LN2 / StrictMath.log(rank + 2);
  }

  static double log2(double value) {
    return StrictMath.log(value) / LN2;
  }

  private static double[] discounts(int count) {
    double[] discounts = new double[count];
    for (int rank = 0; rank < count; rank++) {
      discounts[rank] = LN2 / StrictMath.log(rank + 2);
    }
    return discounts;
  }

  private static boolean undefined(boolean[] hits, int relevant, int k) {
    requirePositive(k);
    if (relevant < 0) {
      throw new IllegalArgumentException("relevant: expected at least 0, found " + relevant);
    }
    int found = count(hits, hits.length);
    if (found > relevant) {
      throw new IllegalArgumentException(
          "relevant: expected at least the %d hits of the list, found %d"
              .formatted(found, relevant));
    }
    return relevant == 0;
  }

  private static void requirePositive(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
  }

  private static int count(boolean[] hits, int k) {
    int count = 0;
    for (int rank = 0; rank < Math.min(k, hits.length); rank++) {
      if (hits[rank]) {
        count++;
      }
    }
    return count;
  }
}
