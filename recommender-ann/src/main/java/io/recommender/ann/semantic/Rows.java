package io.recommender.ann.semantic;

import java.util.Locale;

/** The arithmetic of vectors, in an order of additions that is the same on every machine. */
final class Rows {
  private Rows() {}

  /** Returns the squared length of a vector. */
  static double norm(float[] vector) {
    double sum = 0;
    for (float element : vector) {
      sum += (double) element * element;
    }
    return sum;
  }

  /** Returns the squared distance of two vectors. */
  static float distance(float[] one, float[] other) {
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    int i = 0;
    for (; i + 3 < one.length; i += 4) {
      float d0 = one[i] - other[i];
      float d1 = one[i + 1] - other[i + 1];
      float d2 = one[i + 2] - other[i + 2];
      float d3 = one[i + 3] - other[i + 3];
      sum0 += d0 * d0;
      sum1 += d1 * d1;
      sum2 += d2 * d2;
      sum3 += d3 * d3;
    }
    for (; i < one.length; i++) {
      sum0 += (one[i] - other[i]) * (one[i] - other[i]);
    }
    return sum0 + sum1 + (sum2 + sum3);
  }

  /**
   * Checks a vector.
   *
   * @param what names it in messages
   * @throws IllegalArgumentException if it has another length or is not finite
   */
  static void check(String what, float[] vector, int dimension) {
    if (vector.length != dimension) {
      throw new IllegalArgumentException(
          "%s: expected length %d, found %d".formatted(what, dimension, vector.length));
    }
    for (int i = 0; i < dimension; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "%s: element %d is %s, expected a finite number", what, i, vector[i]));
      }
    }
  }
}
