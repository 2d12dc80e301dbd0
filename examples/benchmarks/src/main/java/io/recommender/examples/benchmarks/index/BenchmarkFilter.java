package io.recommender.examples.benchmarks.index;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.FlatIndex;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A filter to search under.
 *
 * @param name its name in the report
 * @param allowed the rows that may be answered, at least one
 * @param selectivity the share of the rows that may be answered
 */
record BenchmarkFilter(String name, BitSet allowed, double selectivity) {
  static final String CLUSTER = "cluster";
  static final double CLUSTER_SELECTIVITY = 0.01;

  /**
   * Makes a filter.
   *
   * @param text a share, for a random filter, or {@code cluster} or {@code cluster:share}: the
   *     items nearest to a random one, by distance where the metric is L2 and else by angle
   */
  static BenchmarkFilter of(String text, float[][] base, Metric metric, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    boolean cluster = text.startsWith(CLUSTER);
    double share = share(text);
    int count = (int) Math.max(1, Math.round(share * base.length));
    BitSet allowed =
        cluster
            ? nearest(base, metric, random.nextInt(base.length), count)
            : random(base.length, count, random);
    String name =
        (cluster ? "cluster of %s %%" : "random %s %%").formatted(Texts.number(100 * share));
    return new BenchmarkFilter(name, allowed, allowed.cardinality() / (double) base.length);
  }

  /**
   * Reads the share of the items that a filter allows.
   *
   * @throws IllegalArgumentException if the text is no filter
   */
  static double share(String text) {
    if (text.equals(CLUSTER)) {
      return CLUSTER_SELECTIVITY;
    }
    String number = text.startsWith(CLUSTER + ":") ? text.substring(CLUSTER.length() + 1) : text;
    double share;
    try {
      share = Double.parseDouble(number);
    } catch (NumberFormatException e) {
      share = Double.NaN;
    }
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "--filter: expected a share above 0 and at most 1, cluster or cluster:share, found "
              + text);
    }
    return share;
  }

  private static BitSet random(int size, int count, SplittableRandom random) {
    BitSet allowed = new BitSet(size);
    int needed = count;
    for (int i = 0; i < size; i++) {
      if (random.nextInt(size - i) < needed) {
        allowed.set(i);
        needed--;
      }
    }
    return allowed;
  }

  private static BitSet nearest(float[][] base, Metric metric, int center, int count) {
    Similarity similarity = metric == Metric.L2 ? Similarity.L2 : Similarity.COSINE;
    FlatIndex index = new FlatIndex(base[0].length, similarity);
    List<String> itemIds = new ArrayList<>(base.length);
    for (int i = 0; i < base.length; i++) {
      itemIds.add(Integer.toString(i));
    }
    index.addAll(itemIds, base);
    BitSet allowed = new BitSet(base.length);
    for (ScoredItem item : index.search(base[center], count, ItemFilter.all())) {
      allowed.set(Integer.parseInt(item.itemId()));
    }
    return allowed;
  }
}
