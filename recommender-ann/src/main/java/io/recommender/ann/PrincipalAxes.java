package io.recommender.ann;

import io.recommender.ann.internal.Rotation;
import io.recommender.ann.internal.VectorKernels;

/**
 * Few directions in which vectors differ most, mixed at random.
 *
 * <p>Where most of the variance lies in them, as in images and in texts, codes of the projections
 * say nearly as much as codes of whole vectors, and are a fraction as long. The axes span the
 * principal subspace and are mixed by a {@link Rotation}, so that the elements of a projection look
 * like draws from one normal distribution, as codes want it.
 *
 * <p>What a projection leaves out is known of a query only by its length. A query of which more is
 * left out than of items is {@linkplain #misses not to be compared by codes}.
 *
 * <p><b>Immutable</b>.
 */
final class PrincipalAxes {
  private static final VectorKernels KERNELS = VectorKernels.best();

  /** Errors are not widened by more. */
  static final float MOST_WIDENING = 1000;

  /** The squared length of an axis, 1, with rounding errors. */
  static final double MOST_SQUARES = 1.001;

  /** The number of axes, a multiple of 128. */
  final int count;

  final int dimension;

  /** What the error of an estimate is to be multiplied with, at least 1. */
  final float widening;

  /** The greatest part of its squared length that a query may have outside, from 0 to 1. */
  final float mostOutside;

  private final float[] rows;

  /**
   * Takes axes.
   *
   * @param rows the axes, one after the other, of length 1 and orthogonal to each other; kept
   */
  PrincipalAxes(int count, float[] rows, float widening, float mostOutside) {
    this.count = count;
    this.rows = rows;
    this.widening = widening;
    this.mostOutside = mostOutside;
    dimension = rows.length / count;
  }

  /** Mixes orthogonal axes, one after the other, in place. */
  static void mix(int count, float[] rows, long seed) {
    Rotation rotation = new Rotation(count, seed);
    int dimension = rows.length / count;
    float[] column = new float[count];
    for (int i = 0; i < dimension; i++) {
      for (int axis = 0; axis < count; axis++) {
        column[axis] = rows[axis * dimension + i];
      }
      rotation.apply(column);
      for (int axis = 0; axis < count; axis++) {
        rows[axis * dimension + i] = column[axis];
      }
    }
  }

  /** Returns the same axes with what was measured of them. */
  PrincipalAxes with(float widening, float mostOutside) {
    return new PrincipalAxes(count, rows, widening, mostOutside);
  }

  /** Returns the axes, one after the other. */
  float[] rows() {
    return rows.clone();
  }

  /** Writes the inner product of a vector and each axis. */
  void project(float[] vector, float[] projection) {
    int length = dimension;
    for (int axis = 0, at = 0; axis < count; axis += 4, at += 4 * length) {
      KERNELS.dot4(
          vector,
          0,
          rows,
          at,
          at + length,
          at + 2 * length,
          at + 3 * length,
          length,
          projection,
          axis);
    }
  }

  /** Returns whether so much of a vector lies outside that its projection says too little. */
  boolean misses(double squaredLength, double squaredProjection) {
    return squaredProjection < (1 - mostOutside) * squaredLength;
  }
}
