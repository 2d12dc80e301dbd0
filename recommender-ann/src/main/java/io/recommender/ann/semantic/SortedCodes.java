package io.recommender.ann.semantic;

import io.recommender.ann.internal.RowSet;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;

/**
 * Items sorted by code, equal codes by order number.
 *
 * <p><b>Thread safety.</b> Immutable once made.
 *
 * @param rows the codes
 * @param ids the item of each row
 * @param orders the order number of each item: in which order they were first added
 */
record SortedCodes(CodeRows rows, String[] ids, int[] orders) {

  static SortedCodes empty(CodeShape shape) {
    return new SortedCodes(CodeRows.allocate(shape, 0, 0), new String[0], new int[0]);
  }

  /** Returns the places of items in sorted order. */
  static int[] sort(int[][] codes, int[] orders) {
    int[] sorted = new int[codes.length];
    Arrays.setAll(sorted, i -> i);
    IntArrays.mergeSort(
        sorted,
        (one, other) -> {
          int difference = Arrays.compare(codes[one], codes[other]);
          return difference != 0 ? difference : Integer.compare(orders[one], orders[other]);
        });
    return sorted;
  }

  /** Returns items that come in any order. */
  static SortedCodes of(CodeShape shape, String[] ids, int[][] codes, int[] orders, int[] sorted) {
    CodeRows rows = CodeRows.allocate(shape, ids.length, CodeRows.sum(codes));
    String[] sortedIds = new String[ids.length];
    int[] sortedOrders = new int[ids.length];
    for (int row = 0; row < sorted.length; row++) {
      rows.fill(row, codes[sorted[row]]);
      sortedIds[row] = ids[sorted[row]];
      sortedOrders[row] = orders[sorted[row]];
    }
    return new SortedCodes(rows, sortedIds, sortedOrders);
  }

  /** Two lists in one, and where the rows of each have gone: -1 if a row was left out. */
  record Merged(SortedCodes items, int[] first, int[] second) {}

  /** Returns the members of two lists. */
  static Merged merge(
      CodeShape shape, SortedCodes first, RowSet ofFirst, SortedCodes second, RowSet ofSecond) {
    int count = ofFirst.size() + ofSecond.size();
    CodeRows rows =
        CodeRows.allocate(shape, count, codes(first, ofFirst) + codes(second, ofSecond));
    String[] ids = new String[count];
    int[] orders = new int[count];
    int[] fromFirst = new int[first.size()];
    int[] fromSecond = new int[second.size()];
    Arrays.fill(fromFirst, -1);
    Arrays.fill(fromSecond, -1);
    int i = ofFirst.next(0, first.size());
    int j = ofSecond.next(0, second.size());
    for (int row = 0; row < count; row++) {
      boolean isFirst = j < 0 || (i >= 0 && compare(first, i, second, j) < 0);
      SortedCodes source = isFirst ? first : second;
      int from = isFirst ? i : j;
      rows.fill(row, source.rows, from);
      ids[row] = source.ids[from];
      orders[row] = source.orders[from];
      if (isFirst) {
        fromFirst[i] = row;
        i = ofFirst.next(i + 1, first.size());
      } else {
        fromSecond[j] = row;
        j = ofSecond.next(j + 1, second.size());
      }
    }
    return new Merged(new SortedCodes(rows, ids, orders), fromFirst, fromSecond);
  }

  private static long codes(SortedCodes items, RowSet members) {
    if (members.size() == items.size()) {
      return items.rows.codes();
    }
    long sum = 0;
    for (int row = members.next(0, items.size());
        row >= 0;
        row = members.next(row + 1, items.size())) {
      sum += items.rows.length(row);
    }
    return sum;
  }

  private static int compare(SortedCodes one, int row, SortedCodes other, int otherRow) {
    int difference = one.rows.compare(row, other.rows, otherRow);
    return difference != 0 ? difference : Integer.compare(one.orders[row], other.orders[otherRow]);
  }

  int size() {
    return ids.length;
  }
}
