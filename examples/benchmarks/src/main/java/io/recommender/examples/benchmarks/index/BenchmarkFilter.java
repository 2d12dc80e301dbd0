package io.recommender.examples.benchmarks.index;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.FlatIndex;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A filter to search under.
 *
 * @param name its name in the report
 * @param versions the rows that may be answered, at least one and always as many: in the first
 *     {@value #SEARCHES_OF_A_VERSION} searches, in as many after those, and so on from the
 *     beginning again; of a filter that does not change there is one version
 * @param selectivity the share of the rows that may be answered
 */
record BenchmarkFilter(String name, List<BitSet> versions, double selectivity) {
  static final String CLUSTER = "cluster";
  static final double CLUSTER_SELECTIVITY = 0.01;
  static final String LIVE = "live";
  static final double LIVE_SELECTIVITY = 0.9;

  /** After so many searches a filter changes. */
  static final int SEARCHES_OF_A_VERSION = 100;

  /** How many versions a live filter goes through before it goes back. */
  private static final int LIVE_VERSIONS = 10;

  /** One of so many items comes and one goes with each change. */
  private static final int ITEMS_OF_A_CHANGE = 1000;

  /**
   * Makes a filter.
   *
   * @param text a share, for a random filter; {@code cluster} or {@code cluster:share}: the items
   *     nearest to a random one, by distance where the metric is L2 and else by angle; {@code live}
   *     or {@code live:share}: random items, some of which go while others come
   */
  static BenchmarkFilter of(String text, float[][] base, Metric metric, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double share = share(text);
    int count = (int) Math.max(1, Math.round(share * base.length));
    String kind = "random";
    List<BitSet> versions;
    if (text.startsWith(CLUSTER)) {
      kind = "cluster of";
      versions = List.of(nearest(base, metric, random.nextInt(base.length), count));
    } else if (text.startsWith(LIVE)) {
      kind = LIVE;
      versions = live(base.length, count, random);
    } else {
      versions = List.of(random(base.length, count, random));
    }
    return new BenchmarkFilter(
        "%s %s %%".formatted(kind, Texts.number(100 * share)),
        versions,
        count / (double) base.length);
  }

  /** Returns which version is searched under, of some. */
  static int version(int search, int versions) {
    return search / SEARCHES_OF_A_VERSION % versions;
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
    if (text.equals(LIVE)) {
      return LIVE_SELECTIVITY;
    }
    String number = text;
    for (String kind : new String[] {CLUSTER, LIVE}) {
      number = text.startsWith(kind + ":") ? text.substring(kind.length() + 1) : number;
    }
    double share;
    try {
      share = Double.parseDouble(number);
    } catch (NumberFormatException e) {
      share = Double.NaN;
    }
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "--filter: expected a share above 0 and at most 1, cluster, cluster:share, live or"
              + " live:share, found "
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

  /** Makes versions there and back again, so that each differs from the next by as little. */
  private static List<BitSet> live(int size, int count, SplittableRandom random) {
    int[] order = IntStream.range(0, size).toArray();
    for (int i = size - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int row = order[i];
      order[i] = order[other];
      order[other] = row;
    }
    int step = Math.max(1, size / ITEMS_OF_A_CHANGE);
    List<BitSet> versions = new ArrayList<>();
    for (int version = 0; version < LIVE_VERSIONS; version++) {
      BitSet allowed = new BitSet(size);
      for (int i = 0; i < count; i++) {
        allowed.set(order[(version * step + i) % size]);
      }
      versions.add(allowed);
    }
    for (int version = LIVE_VERSIONS - 2; version > 0; version--) {
      versions.add(versions.get(version));
    }
    return List.copyOf(versions);
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
