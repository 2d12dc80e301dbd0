package io.recommender.evaluation;

import io.recommender.Catalog;
import java.util.Arrays;
import java.util.BitSet;

/**
 * How popular, and so how little new, the recommended items are.
 *
 * <p>The popularity of an item is the number of training users who have it, except where a metric
 * says interactions. The short head are the most popular items that together make up a share of the
 * training, the item that crosses the share included and equal popularity ordered by the catalogue;
 * the long tail is the rest of the catalogue, items without training included (Elliot).
 *
 * <p>Every metric averages over users. One that reads relevance leaves out users without a relevant
 * item. Without training, popularity is undefined and every metric is {@code NaN}. An empty list
 * counts as 0 where nothing else is said; k may exceed the length of a list.
 *
 * <p><b>Cost.</b> O(users · k + items · log items). <b>Thread-safe.</b>
 */
public final class PopularityMetrics {
  private PopularityMetrics() {}

  /**
   * ARP, average recommendation popularity: mean over users of the mean popularity of the first k
   * items. Users with an empty list are left out. Lower is less biased. Elliot ARP.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return popularity in users, at least 0; NaN if every list is empty
   */
  public static double arp(RankedLists lists, int k) {
    TrainingStatistics training = lists.training();
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      int[] list = lists.list(u, k);
      double sum = 0;
      for (int ordinal : list) {
        sum += training.users(ordinal);
      }
      mean.add(sum / list.length);
    }
    return mean.value();
  }

  /**
   * Average popularity: mean over users of Σ training interactions of the first k items ÷ k. Equals
   * {@link #arp} if no user has an item twice and all lists are full. Lower is less biased. RecBole
   * AveragePopularity.
   *
   * @param lists the lists
   * @param k the cutoff
   * @return popularity in interactions, at least 0
   */
  public static double averagePopularity(RankedLists lists, int k) {
    TrainingStatistics training = lists.training();
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      double sum = 0;
      for (int ordinal : lists.list(u, k)) {
        sum += training.interactions(ordinal);
      }
      mean.add(sum / k);
    }
    return mean.value();
  }

  /**
   * ACLT, average count of long-tail items: mean over users of the number of long-tail items among
   * the first k. Elliot ACLT.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the share of the short head
   * @return a count in [0, k]
   */
  public static double aclt(RankedLists lists, int k, MetricOptions options) {
    BitSet head = lists.training().shortHead(options.shortHeadShare());
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      mean.add(countOutside(lists.list(u, k), head));
    }
    return mean.value();
  }

  /**
   * APLT, average percentage of long-tail items: mean over users of long-tail items among the first
   * k ÷ length of the list up to k, 0 for an empty list. Elliot APLT.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the share of the short head
   * @return a share in [0, 1]
   */
  public static double aplt(RankedLists lists, int k, MetricOptions options) {
    BitSet head = lists.training().shortHead(options.shortHeadShare());
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      int[] list = lists.list(u, k);
      mean.add(list.length == 0 ? 0 : (double) countOutside(list, head) / list.length);
    }
    return mean.value();
  }

  /**
   * Tail percentage: mean over users of Σ tail items among the first k ÷ k. The tail is RecBole's:
   * {@link MetricOptions#tailRatio()} of the items that occur in the training, rarest first.
   * RecBole TailPercentage.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the ratio of the tail
   * @return a share in [0, 1]
   */
  public static double tailPercentage(RankedLists lists, int k, MetricOptions options) {
    BitSet tail = lists.training().rarest(options.tailRatio());
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      double count = 0;
      for (int ordinal : lists.list(u, k)) {
        count += tail.get(ordinal) ? 1 : 0;
      }
      mean.add(count / k);
    }
    return mean.value();
  }

  /**
   * EPC, expected popularity complement: mean over users of Σ over ranks j of relevant items of (1
   * − popularity ÷ training users) ÷ log₂(j + 1), ÷ Σ over the ranks of the list up to k of 1 ÷
   * log₂(j + 1). Higher is more novel. Elliot EPC.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the relevance threshold
   * @return a value in [0, 1]
   */
  public static double epc(RankedLists lists, int k, MetricOptions options) {
    TrainingStatistics training = lists.training();
    double[] novelty = new double[training.size()];
    for (int i = 0; i < novelty.length; i++) {
      novelty[i] = 1 - (double) training.users(i) / training.userCount();
    }
    return novelty(lists, k, options, novelty);
  }

  /**
   * EFD, expected free discovery: as {@link #epc} with the novelty −log₂(popularity ÷ Σ
   * popularity); an item without training has the novelty of the rarest item that has some. Higher
   * is more novel. Elliot EFD.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the relevance threshold
   * @return bits, at least 0
   */
  public static double efd(RankedLists lists, int k, MetricOptions options) {
    TrainingStatistics training = lists.training();
    int rarest = Integer.MAX_VALUE;
    for (int i = 0; i < training.size(); i++) {
      if (training.users(i) > 0) {
        rarest = Math.min(rarest, training.users(i));
      }
    }
    double[] novelty = new double[training.size()];
    for (int i = 0; i < novelty.length; i++) {
      double users = training.users(i) == 0 ? rarest : training.users(i);
      novelty[i] = -RankingMetrics.log2(users / training.distinctPairs());
    }
    return novelty(lists, k, options, novelty);
  }

  /**
   * PopREO, popularity-based ranking-based equal opportunity: population standard deviation ÷ mean
   * of two rates, one for the short head and one for the long tail: relevant items recommended ÷
   * relevant items that the user has not in the training, both summed over users. 0 is unbiased, 1
   * the most. Elliot PopREO.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the relevance threshold and the share of the short head
   * @return a value in [0, 1]; NaN if a group has no relevant item or there is no hit at all
   */
  public static double popReo(RankedLists lists, int k, MetricOptions options) {
    BitSet head = lists.training().shortHead(options.shortHeadShare());
    double threshold = options.relevanceThreshold();
    long[] found = new long[2];
    long[] possible = new long[2];
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      if (lists.relevant(u, threshold) == 0) {
        continue;
      }
      for (int ordinal : lists.list(u, k)) {
        if (lists.isRelevant(u, ordinal, threshold)) {
          found[head.get(ordinal) ? 0 : 1]++;
        }
      }
      int[] trained = trained(lists, u);
      for (int ordinal : lists.relevantItems(u, threshold)) {
        if (Arrays.binarySearch(trained, ordinal) < 0) {
          possible[head.get(ordinal) ? 0 : 1]++;
        }
      }
    }
    return unevenness(found, possible);
  }

  /**
   * PopRSP, popularity-based ranking-based statistical parity: as {@link #popReo} with the rates
   * items recommended ÷ items that the user has not in the training. Elliot PopRSP.
   *
   * @param lists the lists
   * @param k the cutoff
   * @param options the share of the short head
   * @return a value in [0, 1]; NaN if a group is empty or nothing is recommended
   */
  public static double popRsp(RankedLists lists, int k, MetricOptions options) {
    BitSet head = lists.training().shortHead(options.shortHeadShare());
    int headSize = head.cardinality();
    int tailSize = lists.catalog().size() - headSize;
    long[] found = new long[2];
    long[] possible = new long[2];
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      for (int ordinal : lists.list(u, k)) {
        found[head.get(ordinal) ? 0 : 1]++;
      }
      int[] trained = trained(lists, u);
      int inTail = countOutside(trained, head);
      possible[0] += headSize - (trained.length - inTail);
      possible[1] += tailSize - inTail;
    }
    return unevenness(found, possible);
  }

  private static boolean isDefined(RankedLists lists, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k: expected at least 1, found " + k);
    }
    return lists.training().distinctPairs() > 0;
  }

  private static double novelty(
      RankedLists lists, int k, MetricOptions options, double[] noveltyOfItem) {
    double threshold = options.relevanceThreshold();
    Mean mean = new Mean();
    for (int u = 0; u < lists.size() && isDefined(lists, k); u++) {
      if (lists.relevant(u, threshold) == 0) {
        continue;
      }
      int[] list = lists.list(u, k);
      double sum = 0;
      double norm = 0;
      for (int rank = 0; rank < list.length; rank++) {
        double discount = RankingMetrics.discount(rank);
        norm += discount;
        if (lists.isRelevant(u, list[rank], threshold)) {
          sum += discount * noveltyOfItem[list[rank]];
        }
      }
      mean.add(norm > 0 ? sum / norm : 0);
    }
    return mean.value();
  }

  private static int countOutside(int[] list, BitSet head) {
    int count = 0;
    for (int ordinal : list) {
      count += head.get(ordinal) ? 0 : 1;
    }
    return count;
  }

  /** The items of a user's training that are in the catalogue, ascending, each once. */
  private static int[] trained(RankedLists lists, int user) {
    return lists.split().cases().get(user).training().interactions().stream()
        .mapToInt(interaction -> lists.catalog().ordinal(interaction.itemId()))
        .filter(ordinal -> ordinal != Catalog.UNKNOWN)
        .sorted()
        .distinct()
        .toArray();
  }

  /** Population standard deviation ÷ mean of two rates, which is |a - b| ÷ (a + b). */
  private static double unevenness(long[] found, long[] possible) {
    double head = (double) found[0] / possible[0];
    double tail = (double) found[1] / possible[1];
    return possible[0] == 0 || possible[1] == 0
        ? Double.NaN
        : Math.abs(head - tail) / (head + tail);
  }
}
