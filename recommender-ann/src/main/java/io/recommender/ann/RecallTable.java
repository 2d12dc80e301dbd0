package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * How broad walks of one index must be to find a part of the true best items: measured for some k
 * and some breadths by {@link RecallTrial}, and interpolated between.
 *
 * <p><b>Immutable</b>.
 *
 * @param curves one for each k that was measured, by ascending k
 * @param items how many items there were when it was measured; 0 if it never was
 */
record RecallTable(List<RecallCurve> curves, int items) {
  /** The k of the one curve that files of the first version have. */
  private static final int FIRST_VERSION_K = 10;

  /** Which part of the misses that are allowed a walk may have for the queries that measured it. */
  static final double MARGIN = 0.75;

  static final RecallTable NONE = new RecallTable(List.of(), 0);

  /**
   * Returns the breadth of a walk for k items.
   *
   * <p>The recall of a breadth is taken to change evenly with the logarithm of k: between two k
   * that were measured, and on beyond the greatest, where the breadth grows in proportion to k too.
   * Below the least k it is that of the least.
   *
   * @param target which part of them shall be found
   * @return the breadth, or {@link Integer#MAX_VALUE} if no breadth that was tried finds enough, so
   *     that all items must be compared
   */
  int breadth(double target, int k) {
    double recall = 1 - MARGIN * (1 - target);
    int above = 0;
    while (above < curves.size() - 1 && curves.get(above).k() < k) {
      above++;
    }
    RecallCurve upper = curves.get(above);
    int breadth = k > upper.k() ? 0 : breadthOf(above, recall);
    if (above > 0 && k != upper.k()) {
      int between = breadthBetween(above, k, recall);
      breadth = breadth == 0 || between > 0 && between < breadth ? between : breadth;
    } else if (k > upper.k()) {
      breadth = upper.breadth(recall);
    }
    double factor = Math.max(1, k / (double) upper.k());
    return breadth == 0 ? Integer.MAX_VALUE : (int) Math.ceil(breadth * factor);
  }

  /** Returns the breadth by the recalls of a curve and the one before, or 0. */
  private int breadthBetween(int above, int k, double recall) {
    RecallCurve lower = curves.get(above - 1);
    RecallCurve upper = curves.get(above);
    double part = Math.log(k / (double) lower.k()) / Math.log(upper.k() / (double) lower.k());
    double before = 0;
    for (int i = 0; i < upper.breadths().length; i++) {
      int breadth = upper.breadths()[i];
      double fewer = Math.max(upper.recalls()[i], lower.recallAt(breadth));
      double found = fewer - part * (fewer - upper.recalls()[i]);
      if (found >= recall) {
        if (i > 0) {
          return RecallCurve.between(upper.breadths()[i - 1], before, breadth, found, recall);
        }
        // Less may suffice than the k of the curve above can be measured with.
        int narrow = Math.min(breadthOf(above - 1, recall), breadth);
        return (int) Math.ceil(narrow * Math.pow(breadth / (double) narrow, Math.min(1, part)));
      }
      before = found;
    }
    return 0;
  }

  /**
   * Returns the breadth for the k of a curve, or 0; what suffices for more items does for fewer.
   */
  private int breadthOf(int curve, double recall) {
    int least = 0;
    for (int i = curve; i < curves.size(); i++) {
      int breadth = curves.get(i).breadth(recall);
      if (breadth > 0 && (least == 0 || breadth < least)) {
        least = breadth;
      }
    }
    return least;
  }

  /** Returns whether this is what a measurement may result in. */
  boolean isConsistent() {
    boolean holds = items >= 0 && (items == 0 || !curves.isEmpty());
    int before = 0;
    for (RecallCurve curve : curves) {
      holds &= curve.isConsistent() && curve.k() > before;
      before = curve.k();
    }
    return holds;
  }

  void write(SectionWriter section) {
    section.putInt(items).putInt(curves.size());
    for (RecallCurve curve : curves) {
      section.putInt(curve.k());
      curve.write(section);
    }
  }

  /** Reads what a version of the format has: the first knows one k only. */
  static RecallTable read(SectionReader section, int format) {
    int items = section.getInt();
    if (format == 1) {
      return new RecallTable(List.of(RecallCurve.read(FIRST_VERSION_K, section)), items);
    }
    List<RecallCurve> curves = new ArrayList<>();
    for (int left = section.getCount(2 * Integer.BYTES); left > 0; left--) {
      curves.add(RecallCurve.read(section.getInt(), section));
    }
    return new RecallTable(List.copyOf(curves), items);
  }
}
