package io.recommender.ann.internal;

/**
 * Which rows of a segment may be returned.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Confined, unless an implementation says more.
 */
public interface AcceptedRows {
  /** What {@link #next} returns if there is no row. */
  int NONE = -1;

  /**
   * Returns the first accepted row of a range.
   *
   * @param from the first row of the range
   * @param to the row after the last one
   * @return the row, or {@link #NONE}
   */
  int next(int from, int to);

  /** {@return a number that the number of accepted rows does not exceed} */
  int most();
}
