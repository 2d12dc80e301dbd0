package io.recommender.ann;

import io.recommender.ann.internal.Rotation;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;

/**
 * What vectors are before they become codes: relative to the mean of many, and rotated at random so
 * that their elements look like draws from one normal distribution (Gao and Long, RaBitQ:
 * quantizing high-dimensional vectors with a theoretical error bound for approximate nearest
 * neighbor search, SIGMOD 2024).
 *
 * <p><b>Immutable</b>.
 */
abstract sealed class RotatedSpace permits BitSpace, NibbleSpace {
  final int dimension;

  /** Elements of a rotated vector: the dimension, filled up with zeros. */
  final int length;

  private final float[] mean;
  private final long seed;
  private final Rotation rotation;
  private final float[] rotatedMean;

  RotatedSpace(float[] mean, long seed) {
    dimension = mean.length;
    this.mean = mean.clone();
    this.seed = seed;
    length = length(dimension);
    rotation = new Rotation(length, seed);
    rotatedMean = Arrays.copyOf(mean, length);
    rotation.apply(rotatedMean);
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

  /** Writes a vector, relative to the mean or not, in rotated form. */
  void rotate(float[] vector, int offset, boolean relative, float[] rotated) {
    for (int i = 0; i < dimension; i++) {
      rotated[i] = relative ? vector[offset + i] - mean[i] : vector[offset + i];
    }
    Arrays.fill(rotated, dimension, length, 0);
    rotation.apply(rotated);
  }

  /** Turns a rotated relative vector into a rotated one. */
  void addRotatedMean(float[] rotated) {
    for (int i = 0; i < length; i++) {
      rotated[i] += rotatedMean[i];
    }
  }

  /** Returns the inner product of a rotated vector and the mean. */
  float dotRotatedMean(float[] rotated) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (double) rotated[i] * rotatedMean[i];
    }
    return (float) sum;
  }

  /** Takes a rotated relative vector back; the rotated one is lost. */
  void restore(float[] rotated, float[] vector) {
    rotation.invert(rotated);
    for (int i = 0; i < dimension; i++) {
      vector[i] = rotated[i] + mean[i];
    }
  }

  /** Returns the inner product of a vector and the mean. */
  float dotMean(float[] vector, int offset) {
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
      sum += (double) vector[offset + i] * mean[i];
    }
    return (float) sum;
  }
}
