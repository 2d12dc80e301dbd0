package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Finds the directions of most variance by iterating a random subspace (Halko, Martinsson and
 * Tropp: finding structure with randomness, SIAM Review 2011).
 *
 * <p><b>Confined</b>.
 */
final class AxesSearch {
  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final int TILE_ROWS = VectorKernels.TILE_ROWS;
  private static final int TILE_QUERIES = VectorKernels.TILE_QUERIES;
  private static final int ROUNDS = 4;

  /** What is left of a row is not more than rounding errors below this part of its length. */
  private static final double ROUNDED = 1e-5;

  private final int dimension;

  /** Dimensions, filled up to whole tiles. */
  private final int height;

  private final float[] covariance;
  private final double variance;
  private double share;

  /**
   * Takes a sample.
   *
   * @param sample vectors relative to their mean, of lengths about 1
   */
  AxesSearch(float[][] sample) {
    dimension = sample[0].length;
    height = (dimension + TILE_QUERIES - 1) / TILE_QUERIES * TILE_QUERIES;
    float[] columns = new float[height * sample.length];
    for (int i = 0; i < sample.length; i++) {
      for (int j = 0; j < dimension; j++) {
        columns[j * sample.length + i] = sample[i][j];
      }
    }
    covariance = covariance(columns, sample.length);
    double sum = 0;
    for (int j = 0; j < dimension; j++) {
      sum += covariance[j * dimension + j];
    }
    variance = sum;
  }

  /** Multiplies each column with each other one. */
  private float[] covariance(float[] columns, int length) {
    float[] products = new float[height * dimension];
    multiply(columns, height, columns, dimension, length, true, products);
    for (int j = 0; j < dimension; j++) {
      for (int i = j + 1; i < dimension; i++) {
        products[i * dimension + j] = products[j * dimension + i];
      }
    }
    return products;
  }

  /**
   * Returns axes, one after the other, of length 1 and orthogonal to each other; zeros where the
   * sample has no further direction.
   */
  float[] axes(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] axes = new float[count * dimension];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = (float) (2 * random.nextDouble() - 1);
    }
    for (int round = 0; round < ROUNDS; round++) {
      orthogonalize(axes, count, 1);
      float[] images = new float[axes.length];
      multiply(axes, count, covariance, dimension, dimension, false, images);
      double sum = 0;
      for (int i = 0; i < axes.length; i++) {
        sum += (double) axes[i] * images[i];
      }
      share = variance > 0 ? sum / variance : 0;
      axes = images;
    }
    // Twice, because once leaves rounding errors.
    orthogonalize(axes, count, 2);
    return axes;
  }

  /** Returns the part of the variance that the last axes were seen to have, or somewhat less. */
  double share() {
    return share;
  }

  /** Makes rows orthogonal to those before them, and of length 1. */
  private void orthogonalize(float[] rows, int count, int passes) {
    // In arrays of their own, because only then are they subtracted with SIMD instructions.
    float[][] done = new float[count][];
    for (int axis = 0; axis < count; axis++) {
      float[] row = Arrays.copyOfRange(rows, axis * dimension, (axis + 1) * dimension);
      for (int pass = 0; pass < passes; pass++) {
        double length = length(row);
        for (int other = 0; other < axis; other++) {
          // In double precision, whose order is given: axes are to be the same each time.
          double product = VectorKernels.exactDot(row, done[other], 0, dimension);
          subtract(row, (float) product, done[other]);
        }
        double left = length(row);
        float factor = left > ROUNDED * length ? (float) (1 / left) : 0;
        for (int i = 0; i < dimension; i++) {
          row[i] *= factor;
        }
      }
      done[axis] = row;
      System.arraycopy(row, 0, rows, axis * dimension, dimension);
    }
  }

  private static void subtract(float[] row, float factor, float[] other) {
    for (int i = 0; i < row.length; i++) {
      row[i] -= factor * other[i];
    }
  }

  private double length(float[] row) {
    return Math.sqrt(VectorKernels.exactDot(row, row, 0, dimension));
  }

  /**
   * Multiplies each row of one matrix with each of another one.
   *
   * @param height the rows of the first, a multiple of {@link VectorKernels#TILE_QUERIES}
   * @param width the rows of the second
   * @param length the length of all rows
   * @param upper whether to leave out what is left of the diagonal, or some of it
   * @param products receives those of a row of the first matrix one after the other
   */
  private static void multiply(
      float[] first,
      int height,
      float[] second,
      int width,
      int length,
      boolean upper,
      float[] products) {
    float[] packed = new float[TILE_ROWS * length];
    float[] tile = new float[TILE_QUERIES * TILE_ROWS];
    for (int column = 0; column < width; column += TILE_ROWS) {
      int held = Math.min(TILE_ROWS, width - column);
      for (int r = 0; r < held; r++) {
        for (int i = 0; i < length; i++) {
          packed[i * TILE_ROWS + r] = second[(column + r) * length + i];
        }
      }
      int end = upper ? Math.min(height, column + TILE_ROWS) : height;
      for (int row = 0; row < end; row += TILE_QUERIES) {
        KERNELS.dotTile(first, row * length, packed, length, tile);
        for (int q = 0; q < TILE_QUERIES; q++) {
          System.arraycopy(tile, q * TILE_ROWS, products, (row + q) * width + column, held);
        }
      }
    }
  }
}
