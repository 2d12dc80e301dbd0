package io.recommender.ann;

import io.recommender.ann.internal.Rotation;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What vectors are before they become codes: relative to the mean of many, and rotated at random so
 * that their elements look like draws from one normal distribution (Gao and Long, RaBitQ:
 * quantizing high-dimensional vectors with a theoretical error bound for approximate nearest
 * neighbor search, SIGMOD 2024). Or else projected on {@link PrincipalAxes}, which are so rotated.
 *
 * <p><b>Immutable</b>.
 */
abstract sealed class RotatedSpace permits BitSpace, NibbleSpace {
  final int dimension;

  /** Elements of a rotated vector: the dimension, filled up with zeros, or the number of axes. */
  final int length;

  private final float[] mean;
  private final long seed;
  private final @Nullable Rotation rotation;
  private final @Nullable PrincipalAxes axes;
  private final float[] rotatedMean;

  /** The squared length of what is left out of the mean. */
  private final double meanOutside;

  /** Takes whole vectors, rotated. */
  RotatedSpace(float[] mean, long seed) {
    dimension = mean.length;
    this.mean = mean.clone();
    this.seed = seed;
    length = length(dimension);
    axes = null;
    rotation = new Rotation(length, seed);
    rotatedMean = Arrays.copyOf(mean, length);
    rotation.apply(rotatedMean);
    meanOutside = 0;
  }

  /** Takes projections of vectors, which are not taken back. */
  RotatedSpace(float[] mean, long seed, PrincipalAxes axes) {
    dimension = mean.length;
    this.mean = mean.clone();
    this.seed = seed;
    length = axes.count;
    this.axes = axes;
    rotation = null;
    rotatedMean = new float[length];
    axes.project(mean, rotatedMean);
    double inside = VectorKernels.exactDot(rotatedMean, rotatedMean, 0, length);
    meanOutside = Math.max(0, VectorKernels.exactDot(mean, mean, 0, dimension) - inside);
  }

  /** Returns the length of the rotated form of a vector. */
  static int length(int dimension) {
    int unit = dimension <= 64 ? 4 * VectorKernels.NIBBLE_WORDS : 128;
    return (dimension + unit - 1) / unit * unit;
  }

  /** Returns room for codes of no node yet. */
  abstract NodeCodes rows(boolean euclidean, int shift);

  float[] mean() {
    return mean.clone();
  }

  long seed() {
    return seed;
  }

  /** Returns the axes that vectors are projected on, or null if they are not. */
  @Nullable PrincipalAxes axes() {
    return axes;
  }

  /**
   * Writes a vector, relative to the mean or not, in rotated form.
   *
   * @return its squared length, with what is left out of that form; but without what is left out in
   *     the direction of the mean, which is known
   */
  double rotate(float[] vector, boolean relative, float[] rotated) {
    if (rotation == null) {
      return project(Objects.requireNonNull(axes, "axes"), vector, relative, rotated);
    }
    for (int i = 0; i < dimension; i++) {
      rotated[i] = relative ? vector[i] - mean[i] : vector[i];
    }
    Arrays.fill(rotated, dimension, length, 0);
    rotation.apply(rotated);
    return VectorKernels.exactDot(rotated, rotated, 0, length);
  }

  private double project(PrincipalAxes axes, float[] vector, boolean relative, float[] projection) {
    axes.project(vector, projection);
    if (!relative) {
      double squares = VectorKernels.exactDot(vector, vector, 0, dimension);
      double along = dotMean(vector) - dotRotatedMean(projection);
      return meanOutside > 0 ? Math.max(0, squares - along * along / meanOutside) : squares;
    }
    for (int i = 0; i < length; i++) {
      projection[i] -= rotatedMean[i];
    }
    return VectorKernels.exactSquaredL2(vector, mean, 0, dimension);
  }

  /** Turns a rotated relative vector into a rotated one. */
  void addRotatedMean(float[] rotated) {
    for (int i = 0; i < length; i++) {
      rotated[i] += rotatedMean[i];
    }
  }

  /** Returns the inner product of a rotated vector and the mean. */
  float dotRotatedMean(float[] rotated) {
    return (float) VectorKernels.exactDot(rotated, rotatedMean, 0, length);
  }

  /** Takes a rotated relative vector back; the rotated one is lost. */
  void restore(float[] rotated, float[] vector) {
    Objects.requireNonNull(rotation, "rotation").invert(rotated);
    for (int i = 0; i < dimension; i++) {
      vector[i] = rotated[i] + mean[i];
    }
  }

  /** Returns the inner product of a vector and the mean. */
  float dotMean(float[] vector) {
    return (float) VectorKernels.exactDot(vector, mean, 0, dimension);
  }
}
