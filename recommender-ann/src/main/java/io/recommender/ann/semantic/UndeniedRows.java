package io.recommender.ann.semantic;

import io.recommender.ann.internal.AcceptedRows;
import io.recommender.ann.internal.RowSet;
import java.util.Arrays;

/** All rows of a set but a few. <b>Immutable</b>. */
final class UndeniedRows implements AcceptedRows {
  private final RowSet rows;
  private final int[] denied;

  /**
   * Makes a set.
   *
   * @param denied in any order; kept
   */
  UndeniedRows(RowSet rows, int[] denied) {
    this.rows = rows;
    this.denied = denied;
    Arrays.sort(denied);
  }

  @Override
  public int next(int from, int to) {
    int row = rows.next(from, to);
    while (row >= 0 && Arrays.binarySearch(denied, row) >= 0) {
      row = rows.next(row + 1, to);
    }
    return row;
  }

  @Override
  public int most() {
    return rows.most();
  }
}
