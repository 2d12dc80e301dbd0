package io.recommender.ann.vectors;

import java.util.Locale;

/** Checks of what comes from outside. */
final class Checks {
  private Checks() {}

  /**
   * Checks a vector.
   *
   * @param what names it in messages
   * @throws IllegalArgumentException if it has another length or is not finite
   */
  static void vector(String what, float[] vector, int dimension) {
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

  /**
   * Checks that there is at least one vector, that all have one length and are finite.
   *
   * @return the length
   */
  static int vectors(String what, float[][] vectors) {
    if (vectors.length == 0 || vectors[0].length == 0) {
      throw new IllegalArgumentException(
          what + ": expected at least one vector of at least one element, found none");
    }
    for (int i = 0; i < vectors.length; i++) {
      vector(what + " vector " + i, vectors[i], vectors[0].length);
    }
    return vectors[0].length;
  }
}
