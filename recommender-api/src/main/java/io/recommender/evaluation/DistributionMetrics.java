package io.recommender.evaluation;

import java.util.Arrays;

/**
 * How recommendations spread over the catalogue, whether they are good or not.
 *
 * <p>c<sub>i</sub> is how often item i is among the first k of a list, p<sub>i</sub> is
 * c<sub>i</sub> ÷ Σc, n the number of items. All lists count, those of users without a relevant
 * item included. k may exceed the length of a list. If every list is empty, coverage is 0 and the
 * rest is {@code NaN}.
 *
 * <p><b>Cost.</b> O(users · k + items · log items). <b>Thread-safe.</b>
 */
public final class DistributionMetrics {
  private DistributionMetrics() {}

  /**
   * Item coverage: the number of different items recommended. Higher is more diverse. Elliot
   * ItemCoverage.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return a count in [0, n]
   */
  public static double itemCoverage(RankedLists lists, int k) {
    return Arrays.stream(counts(lists, k)).filter(count -> count > 0).count();
  }

  /**
   * Item coverage ratio: the number of different items recommended ÷ n. Higher is more diverse.
   * RecBole ItemCoverage, whose n is one larger: {@link MetricOptions#countsPadding()}.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options whether n counts a padding item
   * @return a share in [0, 1]
   */
  public static double itemCoverageRatio(RankedLists lists, int k, MetricOptions options) {
    return itemCoverage(lists, k) / items(lists, options);
  }

  /**
   * Gini index of inequality: Σ over i = 1..n of (2i − n − 1) · c<sub>(i)</sub> ÷ (n · Σc), with
   * the counts ascending. 0 is equal; lower is more diverse. RecBole GiniIndex, whose n is one
   * larger: {@link MetricOptions#countsPadding()}.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options whether n counts a padding item
   * @return a value in [0, 1)
   */
  public static double giniIndex(RankedLists lists, int k, MetricOptions options) {
    int n = items(lists, options);
    return weightedCounts(lists, k, n) / n;
  }

  /**
   * Gini diversity: 1 − Σ over j = 1..n of (2j − n − 1) · p<sub>(j)</sub> ÷ (n − 1), with the
   * shares ascending. 1 is equal; higher is more diverse, opposite to {@link #giniIndex}. Elliot
   * GiniIndex.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return a value in [0, 1]; NaN for a catalogue of one item
   */
  public static double giniDiversity(RankedLists lists, int k) {
    int n = lists.catalog().size();
    return 1 - weightedCounts(lists, k, n) / (n - 1);
  }

  /**
   * Shannon entropy per item: −Σ p · ln p ÷ number of different items recommended. RecBole
   * ShannonEntropy; the division is RecBole's own and not part of an entropy.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return nats per item, at least 0
   */
  public static double entropyPerItem(RankedLists lists, int k) {
    long[] counts = counts(lists, k);
    double total = Arrays.stream(counts).sum();
    double entropy = 0;
    int items = 0;
    for (long count : counts) {
      if (count > 0) {
        entropy -= count / total * StrictMath.log(count / total);
        items++;
      }
    }
    return items == 0 ? Double.NaN : entropy / items;
  }

  /**
   * Shannon entropy: mean over users of the mean −log₂ p of the items of the list; the entropy of p
   * in bits if all lists have the same length. Higher is more diverse. Elliot SEntropy.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return bits, at least 0; an empty list counts as 0
   */
  public static double shannonEntropy(RankedLists lists, int k) {
    long[] counts = counts(lists, k);
    double total = Arrays.stream(counts).sum();
    if (total == 0) {
      return Double.NaN;
    }
    double[] surprise = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      surprise[i] = counts[i] == 0 ? 0 : -RankingMetrics.log2(counts[i] / total);
    }
    Mean mean = new Mean();
    for (int u = 0; u < lists.size(); u++) {
      int[] list = lists.list(u, k);
      double sum = 0;
      for (int ordinal : list) {
        sum += surprise[ordinal];
      }
      mean.add(list.length == 0 ? 0 : sum / list.length);
    }
    return mean.value();
  }

  static long[] counts(RankedLists lists, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    long[] counts = new long[lists.catalog().size()];
    for (int u = 0; u < lists.size(); u++) {
      for (int ordinal : lists.list(u, k)) {
        counts[ordinal]++;
      }
    }
    return counts;
  }

  private static int items(RankedLists lists, MetricOptions options) {
    return lists.catalog().size() + (options.countsPadding() ? 1 : 0);
  }

  /** Σ (2i - n - 1) · c(i) ÷ Σc; items beyond the catalogue were never recommended. */
  private static double weightedCounts(RankedLists lists, int k, int n) {
    long[] counts = counts(lists, k);
    Arrays.sort(counts);
    long total = Arrays.stream(counts).sum();
    int first = n - counts.length;
    double sum = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += (2.0 * (first + i + 1) - n - 1) * counts[i];
    }
    return sum / total;
  }
}
