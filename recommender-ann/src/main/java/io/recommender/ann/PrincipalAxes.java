package io.recommender.ann;

import io.recommender.ann.internal.Rotation;
import java.util.Arrays;

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

  /** The elements of all axes at the first dimension, then at the next. */
  private final float[] columns;

  /**
   * Takes axes.
   *
   * @param rows the axes, one after the other, of length 1 and orthogonal to each other
   */
  PrincipalAxes(int count, float[] rows, float widening, float mostOutside) {
    this(count, rows.length / count, transposed(rows, count), widening, mostOutside);
  }

  private PrincipalAxes(
      int count, int dimension, float[] columns, float widening, float mostOutside) {
    this.count = count;
    this.dimension = dimension;
    this.columns = columns;
    this.widening = widening;
    this.mostOutside = mostOutside;
  }

  private static float[] transposed(float[] rows, int count) {
    int length = rows.length / count;
    float[] columns = new float[rows.length];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < length; i++) {
        columns[i * count + row] = rows[row * length + i];
      }
    }
    return columns;
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
    return new PrincipalAxes(count, dimension, columns, widening, mostOutside);
  }

  /** Returns the axes, one after the other. */
  float[] rows() {
    return transposed(columns, dimension);
  }

  /**
   * Writes the inner product of a vector and each axis. The result is the same on every JVM: codes
   * are made of it, and graphs of codes, which a seed alone decides. So each sum is taken in the
   * order of the dimensions, several sums beside each other.
   */
  void project(float[] vector, float[] projection) {
    Arrays.fill(projection, 0, count, 0);
    int i = 0;
    for (; i + 3 < dimension; i += 4) {
      addFour(vector, i, projection);
    }
    for (; i < dimension; i++) {
      float value = vector[i];
      for (int axis = 0, at = i * count; axis < count; axis++) {
        projection[axis] += value * columns[at + axis];
      }
    }
  }

  private void addFour(float[] vector, int first, float[] projection) {
    float[] columns = this.columns;
    int count = this.count;
    float value0 = vector[first];
    float value1 = vector[first + 1];
    float value2 = vector[first + 2];
    float value3 = vector[first + 3];
    int at0 = first * count;
    int at1 = at0 + count;
    int at2 = at1 + count;
    int at3 = at2 + count;
    for (int axis = 0; axis < count; axis++) {
      float sum = projection[axis] + value0 * columns[at0 + axis];
      sum += value1 * columns[at1 + axis];
      sum += value2 * columns[at2 + axis];
      projection[axis] = sum + value3 * columns[at3 + axis];
    }
  }

  /** Returns whether so much of a vector lies outside that its projection says too little. */
  boolean misses(double squaredLength, double squaredProjection) {
    return squaredProjection < (1 - mostOutside) * squaredLength;
  }
}
