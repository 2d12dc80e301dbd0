package io.recommender.ann.semantic;

import io.recommender.ann.internal.RowSet;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What an index holds at one moment: nearly everything in a base that is sorted once, and what came
 * since in a small delta.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * @param base the items when the index was last merged
 * @param present which of them have neither been removed nor replaced since
 * @param shown which of those are available
 * @param delta the items added since, all present
 * @param deltaShown which of those are available
 */
record CodeVersion(
    CodeSegment base, RowSet present, RowSet shown, CodeSegment delta, RowSet deltaShown) {

  static CodeVersion empty(CodeShape shape) {
    CodeSegment nothing = new CodeSegment(SortedCodes.empty(shape));
    RowSet none = RowSet.all(0);
    return new CodeVersion(nothing, none, none, nothing, none);
  }

  int size() {
    return present.size() + delta.size();
  }

  /** Returns the row of an item in the base, or -1. */
  int findInBase(String itemId) {
    int row = base.find(itemId);
    return row >= 0 && present.contains(row) ? row : -1;
  }

  /** Returns a copy of the code of an item, or null. */
  int @Nullable [] code(String itemId) {
    int row = delta.find(itemId);
    if (row >= 0) {
      return delta.rows.copy(row);
    }
    int baseRow = findInBase(itemId);
    return baseRow < 0 ? null : base.rows.copy(baseRow);
  }

  boolean contains(String itemId) {
    return delta.find(itemId) >= 0 || findInBase(itemId) >= 0;
  }

  /**
   * Passes on the accepted rows of two ranges of equal codes by order number.
   *
   * @param accepted which rows
   * @param limit how many at most
   * @param each is given a segment and a row of it
   */
  void forEachInOrder(
      Accepted accepted,
      int from,
      int to,
      int deltaFrom,
      int deltaTo,
      int limit,
      ObjIntConsumer<CodeSegment> each) {
    int row = accepted.base().next(from, to);
    int deltaRow = accepted.delta().next(deltaFrom, deltaTo);
    for (int i = 0; i < limit && (row >= 0 || deltaRow >= 0); i++) {
      if (deltaRow < 0 || (row >= 0 && base.orders[row] < delta.orders[deltaRow])) {
        each.accept(base, row);
        row = accepted.base().next(row + 1, to);
      } else {
        each.accept(delta, deltaRow);
        deltaRow = accepted.delta().next(deltaRow + 1, deltaTo);
      }
    }
  }

  /** Returns the codes that continue a prefix to accepted items, ascending. */
  IntArrayList next(int[] prefix, Accepted accepted) {
    IntArrayList next = new IntArrayList();
    int depth = prefix.length;
    CodeRows rows = base.rows;
    CodeRows deltaRows = delta.rows;
    if (depth == rows.levels) {
      return next;
    }
    int to = rows.upperBound(prefix);
    int deltaTo = deltaRows.upperBound(prefix);
    int row = rows.skipEnded(rows.lowerBound(prefix), to, depth);
    int deltaRow = deltaRows.skipEnded(deltaRows.lowerBound(prefix), deltaTo, depth);
    while (row < to || deltaRow < deltaTo) {
      int code = row < to ? rows.code(row, depth) : Integer.MAX_VALUE;
      int deltaCode = deltaRow < deltaTo ? deltaRows.code(deltaRow, depth) : Integer.MAX_VALUE;
      boolean isAccepted = false;
      if (code <= deltaCode) {
        int end = rows.runEnd(row, to, depth);
        isAccepted = accepted.base().next(row, end) >= 0;
        row = end;
      }
      if (deltaCode <= code) {
        int end = deltaRows.runEnd(deltaRow, deltaTo, depth);
        isAccepted = isAccepted || accepted.delta().next(deltaRow, end) >= 0;
        deltaRow = end;
      }
      if (isAccepted) {
        next.add(Math.min(code, deltaCode));
      }
    }
    return next;
  }

  /** {@return the codes of all items, each a copy} */
  int[][] codes() {
    int[][] codes = new int[size()][];
    int count = 0;
    for (int row = present.next(0, base.size());
        row >= 0;
        row = present.next(row + 1, base.size())) {
      codes[count++] = base.rows.copy(row);
    }
    for (int row = 0; row < delta.size(); row++) {
      codes[count++] = delta.rows.copy(row);
    }
    return codes;
  }

  int distinctCodes() {
    int count = 0;
    int row = present.next(0, base.size());
    int deltaRow = 0;
    while (row >= 0 || deltaRow < delta.size()) {
      int difference =
          row < 0
              ? 1
              : deltaRow == delta.size() ? -1 : base.rows.compare(row, delta.rows, deltaRow);
      int first = row;
      int deltaFirst = deltaRow;
      while (difference <= 0 && row >= 0 && base.rows.compare(row, base.rows, first) == 0) {
        row = present.next(row + 1, base.size());
      }
      while (difference >= 0
          && deltaRow < delta.size()
          && delta.rows.compare(deltaRow, delta.rows, deltaFirst) == 0) {
        deltaRow++;
      }
      count++;
    }
    return count;
  }
}
