package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;

/**
 * Which part of the true best k items walks of some breadths find, for one k.
 *
 * <p><b>Immutable</b>.
 *
 * @param k how many items are asked for
 * @param breadths ascending
 * @param recalls the recall of each breadth, not descending
 */
record RecallCurve(int k, int[] breadths, double[] recalls) {
  private static final int MAX_BREADTH = 1 << 20;

  /** Returns the least breadth that reaches a recall, or 0 if no breadth that was tried does. */
  int breadth(double recall) {
    for (int i = 0; i < breadths.length; i++) {
      if (recalls[i] >= recall) {
        return i == 0
            ? breadths[0]
            : between(breadths[i - 1], recalls[i - 1], breadths[i], recalls[i], recall);
      }
    }
    return 0;
  }

  /** Returns the breadth for a recall between those of two breadths. */
  static int between(int narrow, double less, int broad, double more, double recall) {
    // Misses fall about in proportion to a power of the breadth.
    double missed = Math.log(Math.max(1 - less, 1e-6));
    double further = Math.log(Math.max(1 - more, 1e-6));
    double wanted = Math.log(Math.max(1 - recall, 1e-6));
    double part = missed == further ? 1 : (missed - wanted) / (missed - further);
    double from = Math.log(narrow);
    return (int) Math.ceil(Math.exp(from + part * (Math.log(broad) - from)));
  }

  /** Returns the recall of the broadest walk that was tried and is at most so broad, or 0. */
  double recallAt(int breadth) {
    double recall = 0;
    for (int i = 0; i < breadths.length && breadths[i] <= breadth; i++) {
      recall = recalls[i];
    }
    return recall;
  }

  /** Returns whether this is what a measurement may result in. */
  boolean isConsistent() {
    boolean holds = k >= 1 && k <= MAX_BREADTH;
    for (int i = 0; i < breadths.length; i++) {
      holds &= breadths[i] > (i == 0 ? 0 : breadths[i - 1]) && breadths[i] <= MAX_BREADTH;
      holds &= recalls[i] >= (i == 0 ? 0 : recalls[i - 1]) && recalls[i] <= 1;
    }
    return holds;
  }

  void write(SectionWriter section) {
    section.putInt(breadths.length);
    for (int i = 0; i < breadths.length; i++) {
      section.putInt(breadths[i]).putDouble(recalls[i]);
    }
  }

  static RecallCurve read(int k, SectionReader section) {
    int length = section.getCount(Integer.BYTES + Double.BYTES);
    int[] breadths = new int[length];
    double[] recalls = new double[length];
    for (int i = 0; i < length; i++) {
      breadths[i] = section.getInt();
      recalls[i] = section.getDouble();
    }
    return new RecallCurve(k, breadths, recalls);
  }
}
