package io.recommender.ann.vectors;

import java.util.Optional;

/** A sum of vectors in the making, in double precision. Confined. */
final class WeightedVectors {
  private double[] sum = {};
  private double weights;

  /**
   * Adds a vector.
   *
   * @throws IllegalArgumentException if it has another length than the first one
   */
  void add(float[] vector, double weight) {
    if (sum.length == 0) {
      sum = new double[vector.length];
    } else if (vector.length != sum.length) {
      throw new IllegalArgumentException(
          "vector: expected length %d as the first one has, found %d"
              .formatted(sum.length, vector.length));
    }
    for (int i = 0; i < vector.length; i++) {
      sum[i] += weight * vector[i];
    }
    weights += weight;
  }

  /** Returns the sum; empty if nothing was added. */
  Optional<float[]> sum() {
    return divided(1);
  }

  /** Returns the sum over that of the weights; empty if nothing was added. */
  Optional<float[]> mean() {
    return divided(weights);
  }

  private Optional<float[]> divided(double by) {
    if (sum.length == 0) {
      return Optional.empty();
    }
    float[] result = new float[sum.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) (sum[i] / by);
    }
    return Optional.of(result);
  }
}
