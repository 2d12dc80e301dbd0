package io.recommender.ann.semantic;

import io.recommender.ann.internal.AcceptedRows;
import java.util.Arrays;

/** A few rows. <b>Immutable</b>. */
final class ListedRows implements AcceptedRows {
  private final int[] rows;

  /**
   * Makes a set.
   *
   * @param rows in any order, each once; kept
   */
  ListedRows(int[] rows) {
    this.rows = rows;
    Arrays.sort(rows);
  }

  @Override
  public int next(int from, int to) {
    if (from >= to) {
      return NONE;
    }
    int i = Arrays.binarySearch(rows, from);
    int at = i < 0 ? -1 - i : i;
    return at < rows.length && rows[at] < to ? rows[at] : NONE;
  }

  @Override
  public int most() {
    return rows.length;
  }
}
