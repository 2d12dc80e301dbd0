package io.recommender.ann.text;

import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;
import java.util.List;

/**
 * Items with their weighted terms, one item after another: what a segment is made of and what a
 * file holds.
 *
 * <p>Rows are by ascending length, equal lengths by ascending order number. So the rows of a block
 * of postings differ little in length, and the best score that any of them may have is nearly the
 * score that some of them have.
 *
 * <p><b>Immutable</b>.
 *
 * @param ids the item of each row
 * @param orders in which order the items were first added
 * @param lengths the sum of the weights of each row
 * @param starts where the terms of each row begin, and their number
 * @param terms the terms of all rows, ascending in each row
 * @param weights the weight of each of them
 * @param table what the terms are; each is in some row
 */
record Documents(
    String[] ids,
    int[] orders,
    float[] lengths,
    int[] starts,
    int[] terms,
    float[] weights,
    TermTable table) {

  /** Returns the sum of the weights of a row. */
  static float length(float[] weights, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += weights[i];
    }
    return (float) sum;
  }

  int size() {
    return ids.length;
  }

  /** Returns the order in which rows have to be. */
  static int[] sort(float[] lengths, int[] orders, boolean byLength) {
    int[] sorted = new int[lengths.length];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = i;
    }
    IntArrays.mergeSort(
        sorted,
        (one, other) -> {
          int byLengths = byLength ? Float.compare(lengths[one], lengths[other]) : 0;
          return byLengths != 0 ? byLengths : Integer.compare(orders[one], orders[other]);
        });
    return sorted;
  }

  /** Returns rows in another order. */
  Documents picked(int[] rows) {
    int[] same = new int[table.size()];
    Arrays.setAll(same, term -> term);
    Rows picked = new Rows(rows.length);
    for (int row : rows) {
      picked.add(this, row, same);
    }
    return picked.build(table);
  }

  /** Returns whether rows are in order. */
  boolean isSorted(boolean byLength) {
    for (int row = 1; row < ids.length; row++) {
      int difference = byLength ? Float.compare(lengths[row - 1], lengths[row]) : 0;
      if (difference > 0 || (difference == 0 && orders[row - 1] >= orders[row])) {
        return false;
      }
    }
    return true;
  }

  /**
   * Merges the present rows of parts; terms that none of them has are left out.
   *
   * @param parts at least one
   * @param byLength whether rows are by length
   */
  static Documents merge(List<KeywordPart> parts, boolean byLength) {
    int count = parts.size();
    Documents[] sources = new Documents[count];
    int[][] mapped = new int[count][];
    int rows = 0;
    for (int i = 0; i < count; i++) {
      sources[i] = parts.get(i).segment().documents();
      mapped[i] = new int[sources[i].table.size()];
      rows += parts.get(i).present().size();
    }
    TermTable table = mergeTerms(parts, mapped);
    Rows merged = new Rows(rows);
    int[] next = new int[count];
    for (int i = 0; i < count; i++) {
      next[i] = parts.get(i).nextPresent(0);
    }
    while (merged.size < rows) {
      int first = -1;
      for (int i = 0; i < count; i++) {
        if (next[i] >= 0
            && (first < 0
                || isBefore(sources[i], next[i], sources[first], next[first], byLength))) {
          first = i;
        }
      }
      merged.add(sources[first], next[first], mapped[first]);
      next[first] = parts.get(first).nextPresent(next[first] + 1);
    }
    return merged.build(table);
  }

  private static boolean isBefore(
      Documents one, int row, Documents other, int otherRow, boolean byLength) {
    int difference = byLength ? Float.compare(one.lengths[row], other.lengths[otherRow]) : 0;
    return difference < 0 || (difference == 0 && one.orders[row] < other.orders[otherRow]);
  }

  /** Merges the terms of parts and tells the new number of each; none for those that are gone. */
  private static TermTable mergeTerms(List<KeywordPart> parts, int[][] mapped) {
    TermTable.Builder builder = new TermTable.Builder();
    int[] next = new int[mapped.length];
    for (int number = 0; ; ) {
      int first = -1;
      for (int i = 0; i < next.length; i++) {
        TermTable table = parts.get(i).segment().terms();
        if (next[i] < table.size()
            && (first < 0
                || table.compare(next[i], parts.get(first).segment().terms(), next[first]) < 0)) {
          first = i;
        }
      }
      if (first < 0) {
        return builder.build();
      }
      TermTable table = parts.get(first).segment().terms();
      int term = next[first];
      boolean isLeft = false;
      for (int i = 0; i < next.length; i++) {
        TermTable each = parts.get(i).segment().terms();
        if (next[i] < each.size() && each.compare(next[i], table, term) == 0) {
          isLeft |= parts.get(i).count(next[i]) > 0;
          mapped[i][next[i]++] = number;
        }
      }
      if (isLeft) {
        builder.add(table, term);
        number++;
      }
    }
  }

  /** Takes rows in order. <b>Confined</b>. */
  private static final class Rows {
    private final String[] ids;
    private final int[] orders;
    private final float[] lengths;
    private final int[] starts;
    private int[] terms = new int[64];
    private float[] weights = new float[64];
    private int size;

    Rows(int count) {
      ids = new String[count];
      orders = new int[count];
      lengths = new float[count];
      starts = new int[count + 1];
    }

    void add(Documents from, int row, int[] mapped) {
      ids[size] = from.ids[row];
      orders[size] = from.orders[row];
      lengths[size] = from.lengths[row];
      int at = starts[size];
      int start = from.starts[row];
      int end = from.starts[row + 1];
      int next = Math.addExact(at, end - start);
      if (next > terms.length) {
        int grown = (int) Math.min(Integer.MAX_VALUE - 8L, terms.length * 3L / 2);
        terms = Arrays.copyOf(terms, Math.max(next, grown));
        weights = Arrays.copyOf(weights, terms.length);
      }
      for (int i = start; i < end; i++) {
        terms[at] = mapped[from.terms[i]];
        weights[at++] = from.weights[i];
      }
      size++;
      starts[size] = next;
    }

    Documents build(TermTable table) {
      int count = starts[size];
      return new Documents(
          ids,
          orders,
          lengths,
          starts,
          Arrays.copyOf(terms, count),
          Arrays.copyOf(weights, count),
          table);
    }
  }
}
