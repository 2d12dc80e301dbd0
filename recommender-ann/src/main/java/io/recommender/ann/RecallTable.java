package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How broad walks of one index must be to find a part of the true best items: measured for some
 * breadths with a sample of its items as queries, and interpolated between.
 *
 * <p><b>Immutable</b>.
 *
 * @param breadths ascending
 * @param recalls the recall at ten of each breadth
 * @param items how many items there were when it was measured; 0 if it never was
 */
record RecallTable(int[] breadths, double[] recalls, int items) {
  static final int RANKS = 10;
  private static final double ENOUGH = 0.9995;
  private static final int[] BREADTHS = {
    12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024
  };

  private static final int MAX_BREADTH = 1 << 20;

  static final RecallTable NONE = new RecallTable(new int[0], new double[0], 0);

  /** Returns the breadth for a recall, or 0 if no breadth that was tried reaches it. */
  int breadth(double target) {
    // With half the misses that are allowed, because other queries are farther from items.
    double recall = 1 - (1 - target) / 2;
    for (int i = 0; i < breadths.length; i++) {
      if (recalls[i] >= recall) {
        if (i == 0) {
          return breadths[0];
        }
        // Misses fall about in proportion to a power of the breadth.
        double missed = Math.log(Math.max(1 - recalls[i - 1], 1e-6));
        double further = Math.log(Math.max(1 - recalls[i], 1e-6));
        double wanted = Math.log(Math.max(1 - recall, 1e-6));
        double part = missed == further ? 1 : (missed - wanted) / (missed - further);
        double from = Math.log(breadths[i - 1]);
        return (int) Math.ceil(Math.exp(from + part * (Math.log(breadths[i]) - from)));
      }
    }
    return 0;
  }

  /** Answers a query with a breadth. */
  @FunctionalInterface
  interface Search {
    /** Finds k items; compares everything if the breadth is {@link Integer#MAX_VALUE}. */
    void run(float[] query, int k, int breadth, SearchHits hits);
  }

  /**
   * Measures breadths until nearly everything is found.
   *
   * @param queries what to search for
   * @param items how many items there are
   */
  static RecallTable measure(float[][] queries, int items, Search search) {
    List<Set<String>> truths = new ArrayList<>();
    SearchHits hits = new SearchHits();
    for (int q = 0; q < queries.length; q++) {
      search.run(queries[q], RANKS, Integer.MAX_VALUE, hits);
      truths.add(top(hits));
    }
    int[] breadths = new int[BREADTHS.length];
    double[] recalls = new double[BREADTHS.length];
    int count = 0;
    while (count < BREADTHS.length && (count == 0 || recalls[count - 1] < ENOUGH)) {
      int found = 0;
      int wanted = 0;
      for (int q = 0; q < queries.length; q++) {
        search.run(queries[q], RANKS, BREADTHS[count], hits);
        Set<String> top = top(hits);
        top.retainAll(truths.get(q));
        found += top.size();
        wanted += truths.get(q).size();
      }
      breadths[count] = BREADTHS[count];
      // Nothing is wanted if all items were removed meanwhile.
      double recall = wanted == 0 ? 1 : found / (double) wanted;
      // A broader walk that finds less by chance counts as no worse.
      recalls[count] = Math.max(recall, count == 0 ? 0 : recalls[count - 1]);
      count++;
    }
    return new RecallTable(Arrays.copyOf(breadths, count), Arrays.copyOf(recalls, count), items);
  }

  private static Set<String> top(SearchHits hits) {
    Set<String> top = new HashSet<>();
    for (int rank = 0; rank < hits.size(); rank++) {
      top.add(hits.itemId(rank));
    }
    return top;
  }

  /** Returns whether this is what a measurement may result in. */
  boolean isConsistent() {
    boolean holds = items >= 0;
    for (int i = 0; i < breadths.length; i++) {
      holds &= breadths[i] > (i == 0 ? 0 : breadths[i - 1]) && breadths[i] <= MAX_BREADTH;
      holds &= recalls[i] >= (i == 0 ? 0 : recalls[i - 1]) && recalls[i] <= 1;
    }
    return holds;
  }

  void write(SectionWriter section) {
    section.putInt(items).putInt(breadths.length);
    for (int i = 0; i < breadths.length; i++) {
      section.putInt(breadths[i]).putDouble(recalls[i]);
    }
  }

  static RecallTable read(SectionReader section) {
    int items = section.getInt();
    int length = section.getCount(Integer.BYTES + Double.BYTES);
    int[] breadths = new int[length];
    double[] recalls = new double[length];
    for (int i = 0; i < length; i++) {
      breadths[i] = section.getInt();
      recalls[i] = section.getDouble();
    }
    return new RecallTable(breadths, recalls, items);
  }
}
