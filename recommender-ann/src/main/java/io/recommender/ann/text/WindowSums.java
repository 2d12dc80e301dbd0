package io.recommender.ann.text;

/**
 * Sums for the rows of a window, all zero between windows.
 *
 * <p><b>Confined</b>.
 */
final class WindowSums {
  private final double[] sums;

  /** A bit for each row that something was added to. */
  final long[] touched;

  /**
   * Makes sums.
   *
   * @param rows how many rows, a multiple of 64
   */
  WindowSums(int rows) {
    sums = new double[rows];
    touched = new long[rows >>> 6];
  }

  void add(int place, double score) {
    sums[place] += score;
    touched[place >>> 6] |= 1L << place;
  }

  /** Returns the sum of a row and makes it zero; its bit is the caller's to clear. */
  double take(int place) {
    double sum = sums[place];
    sums[place] = 0;
    return sum;
  }
}
