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

  /** The elements of all axes at each dimension: in arrays of their own, for SIMD instructions. */
  private final float[][] columns;

  /**
   * Takes axes.
   *
   * @param rows the axes, one after the other, of length 1 and orthogonal to each other
   */
  PrincipalAxes(int count, float[] rows, float widening, float mostOutside) {
    this(count, columns(rows, count), widening, mostOutside);
  }

  private PrincipalAxes(int count, float[][] columns, float widening, float mostOutside) {
    this.count = count;
    this.columns = columns;
    this.widening = widening;
    this.mostOutside = mostOutside;
    dimension = columns.length;
  }

  private static float[][] columns(float[] rows, int count) {
    float[][] columns = new float[rows.length / count][count];
    for (int i = 0; i < columns.length; i++) {
      for (int axis = 0; axis < count; axis++) {
        columns[i][axis] = rows[axis * columns.length + i];
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
    return new PrincipalAxes(count, columns, widening, mostOutside);
  }

  /** Returns the axes, one after the other. */
  float[] rows() {
    float[] rows = new float[count * dimension];
    for (int axis = 0; axis < count; axis++) {
      for (int i = 0; i < dimension; i++) {
        rows[axis * dimension + i] = columns[i][axis];
      }
    }
    return rows;
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
      add(vector[i], columns[i], projection);
    }
  }

  private static void add(float value, float[] column, float[] sums) {
    for (int axis = 0; axis < column.length; axis++) {
      sums[axis] += value * column[axis];
    }
  }

  private void addFour(float[] vector, int first, float[] sums) {
    float value0 = vector[first];
    float value1 = vector[first + 1];
    float value2 = vector[first + 2];
    float value3 = vector[first + 3];
    float[] column0 = columns[first];
    float[] column1 = columns[first + 1];
    float[] column2 = columns[first + 2];
    float[] column3 = columns[first + 3];
    for (int axis = 0; axis < column0.length; axis++) {
      float sum = sums[axis] + value0 * column0[axis];
      sum += value1 * column1[axis];
      sum += value2 * column2[axis];
      sums[axis] = sum + value3 * column3[axis];
    }
  }

  /** Returns whether so much of a vector lies outside that its projection says too little. */
  boolean misses(double squaredLength, double squaredProjection) {
    return squaredProjection < (1 - mostOutside) * squaredLength;
  }
}
