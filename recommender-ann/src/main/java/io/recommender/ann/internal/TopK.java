package io.recommender.ann.internal;

/**
 * Keeps the best of many scored rows: a binary heap on primitive arrays with the worst kept row at
 * the root.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Order.</b> By descending score, equal scores by ascending order number. Order numbers are
 * distinct, so the outcome does not depend on the order of the offers.
 *
 * <p><b>Thread safety.</b> Confined.
 *
 * <p><b>Cost.</b> O(1) for a row that is not kept, O(log capacity) for one that is.
 */
public final class TopK {
  private double[] scores;
  private long[] orders;
  private int[] rows;
  private int capacity;
  private int size;

  /**
   * Makes an empty selection.
   *
   * @param capacity how many rows to keep, at least 0
   */
  public TopK(int capacity) {
    scores = new double[capacity];
    orders = new long[capacity];
    rows = new int[capacity];
    this.capacity = capacity;
  }

  /**
   * Empties the selection, which can then be used again.
   *
   * @param newCapacity how many rows to keep, at least 0
   */
  public void reset(int newCapacity) {
    if (newCapacity > scores.length) {
      scores = new double[newCapacity];
      orders = new long[newCapacity];
      rows = new int[newCapacity];
    }
    capacity = newCapacity;
    size = 0;
  }

  /** {@return the number of rows kept} */
  public int size() {
    return size;
  }

  /** {@return the number of rows to keep} */
  public int capacity() {
    return capacity;
  }

  /** {@return whether a further row can only enter by replacing one} */
  public boolean isFull() {
    return size == capacity;
  }

  /**
   * {@return the score below which no row is kept any more: negative infinity until full, positive
   * infinity if the capacity is 0}
   */
  public double threshold() {
    if (size < capacity) {
      return Double.NEGATIVE_INFINITY;
    }
    return size == 0 ? Double.POSITIVE_INFINITY : scores[0];
  }

  /**
   * Returns whether {@link #offer} would keep a row.
   *
   * @param score its score, not NaN
   * @param order its place among equal scores
   * @return whether it would
   */
  public boolean admits(double score, long order) {
    if (size < capacity) {
      return true;
    }
    return size > 0 && isBetter(score, order, 0);
  }

  /**
   * Keeps a row if it is among the best so far.
   *
   * @param score its score, not NaN
   * @param order its place among equal scores
   * @param row the row
   */
  public void offer(double score, long order, int row) {
    if (size < capacity) {
      siftUp(size++, score, order, row);
    } else if (size > 0 && isBetter(score, order, 0)) {
      siftDown(0, size, score, order, row);
    }
  }

  /** Puts the kept rows into order, best first. Nothing may be offered afterwards. */
  public void sort() {
    for (int end = size - 1; end > 0; end--) {
      double score = scores[end];
      long order = orders[end];
      int row = rows[end];
      move(0, end);
      siftDown(0, end, score, order, row);
    }
  }

  /**
   * Returns the score of a kept row.
   *
   * @param i its position, 0 for the best after {@link #sort}
   * @return its score
   */
  public double score(int i) {
    return scores[i];
  }

  /**
   * Returns a kept row.
   *
   * @param i its position, 0 for the best after {@link #sort}
   * @return the row
   */
  public int row(int i) {
    return rows[i];
  }

  private boolean isBetter(double score, long order, int i) {
    return score > scores[i] || (score == scores[i] && order < orders[i]);
  }

  private boolean isWorse(int i, int j) {
    return scores[i] < scores[j] || (scores[i] == scores[j] && orders[i] > orders[j]);
  }

  private void siftUp(int from, double score, long order, int row) {
    int i = from;
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (isBetter(score, order, parent)) {
        break;
      }
      move(parent, i);
      i = parent;
    }
    put(i, score, order, row);
  }

  private void siftDown(int from, int end, double score, long order, int row) {
    int i = from;
    while (2 * i + 1 < end) {
      int child = 2 * i + 1;
      if (child + 1 < end && isWorse(child + 1, child)) {
        child++;
      }
      if (!isBetter(score, order, child)) {
        break;
      }
      move(child, i);
      i = child;
    }
    put(i, score, order, row);
  }

  private void move(int from, int to) {
    put(to, scores[from], orders[from], rows[from]);
  }

  private void put(int i, double score, long order, int row) {
    scores[i] = score;
    orders[i] = order;
    rows[i] = row;
  }
}
