package io.recommender.evaluation;

/** The mean of what was added, in the order in which it was added; NaN is left out. Confined. */
final class Mean {
  private double sum;
  private int count;

  void add(double value) {
    if (!Double.isNaN(value)) {
      sum += value;
      count++;
    }
  }

  /** The mean, NaN of nothing. */
  double value() {
    return count == 0 ? Double.NaN : sum / count;
  }
}
