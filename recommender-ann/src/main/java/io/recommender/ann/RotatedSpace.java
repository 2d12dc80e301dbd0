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
  /** A query that is so much longer than the mean has none of it, as floats would overflow. */
  private static final double MOST_PART = 1e30;

  final int dimension;

  /** Elements of a rotated vector: the dimension, filled up with zeros, or the number of axes. */
  final int length;

  private final float[] mean;
  private final long seed;
  private final @Nullable Rotation rotation;
  private final @Nullable PrincipalAxes axes;
  private final float[] rotatedMean;
  private final double squaredMean;

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
    squaredMean = VectorKernels.exactDot(mean, mean, 0, dimension);
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
    squaredMean = VectorKernels.exactDot(mean, mean, 0, dimension);
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
   * Writes a vector less a part of the mean in rotated form.
   *
   * @param part 1 for vectors that become codes
   * @return the squared length of that difference, with what is left out of its rotated form
   */
  double rotate(float[] vector, double part, float[] rotated) {
    float factor = (float) part;
    double squares = 0;
    if (axes != null) {
      axes.project(vector, rotated);
      for (int i = 0; i < length; i++) {
        rotated[i] -= factor * rotatedMean[i];
      }
      for (int i = 0; i < dimension; i++) {
        double difference = vector[i] - factor * mean[i];
        squares += difference * difference;
      }
      return squares;
    }
    for (int i = 0; i < dimension; i++) {
      rotated[i] = vector[i] - factor * mean[i];
    }
    Arrays.fill(rotated, dimension, length, 0);
    Objects.requireNonNull(rotation, "rotation").apply(rotated);
    return VectorKernels.exactDot(rotated, rotated, 0, length);
  }

  /** Returns which part of the mean is nearest to a vector with such an inner product with it. */
  double partOfMean(double product) {
    double part = squaredMean > 0 ? product / squaredMean : 0;
    return Math.abs(part) < MOST_PART ? part : 0;
  }

  /** Returns the inner product of the mean and a vector relative to it. */
  float productWithMean(float[] vector) {
    return (float) (dotMean(vector) - squaredMean);
  }

  double squaredMean() {
    return squaredMean;
  }

  /** Adds a multiple of the mean to a rotated vector. */
  void addRotatedMean(float[] rotated, double factor) {
    for (int i = 0; i < length; i++) {
      rotated[i] += (float) factor * rotatedMean[i];
    }
  }

  /** Returns the inner product of a rotated vector and the mean. */
  double dotRotatedMean(float[] rotated) {
    return VectorKernels.exactDot(rotated, rotatedMean, 0, length);
  }

  /** Takes a rotated relative vector back; the rotated one is lost. */
  void restore(float[] rotated, float[] vector) {
    Objects.requireNonNull(rotation, "rotation").invert(rotated);
    for (int i = 0; i < dimension; i++) {
      vector[i] = rotated[i] + mean[i];
    }
  }

  /** Returns the inner product of a vector and the mean. */
  double dotMean(float[] vector) {
    return VectorKernels.exactDot(vector, mean, 0, dimension);
  }
}
