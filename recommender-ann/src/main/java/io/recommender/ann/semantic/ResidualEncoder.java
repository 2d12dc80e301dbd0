package io.recommender.ann.semantic;

import java.util.Arrays;

/**
 * Finds the codes of vectors: at each level the codebook entry that is next to what the levels
 * before have left of the vector, with several beginnings kept in play.
 *
 * <p>The entries of a level lie dimension by dimension, so that the inner products with all of them
 * come out of loops that compilers turn into SIMD instructions, in an order of additions that is
 * the same everywhere.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
final class ResidualEncoder {
  private final int dimension;

  /** By level and dimension, the elements of all entries. */
  private final float[][] columns;

  /** The squared lengths of entries. */
  private final double[][] norms;

  /**
   * Prepares codebooks.
   *
   * @param codebooks the entries of each level; finite
   */
  ResidualEncoder(float[][][] codebooks, int dimension) {
    this.dimension = dimension;
    columns = new float[codebooks.length][];
    norms = new double[codebooks.length][];
    for (int level = 0; level < codebooks.length; level++) {
      columns[level] = columns(codebooks[level], dimension);
      norms[level] = Arrays.stream(codebooks[level]).mapToDouble(Rows::norm).toArray();
    }
  }

  /** Returns the elements of rows, dimension by dimension. */
  static float[] columns(float[][] rows, int dimension) {
    float[] columns = new float[dimension * rows.length];
    for (int row = 0; row < rows.length; row++) {
      for (int i = 0; i < dimension; i++) {
        columns[i * rows.length + row] = rows[row][i];
      }
    }
    return columns;
  }

  /** Writes the inner products of a vector and all rows. */
  static void products(float[] vector, int from, int dimension, float[] columns, float[] out) {
    int rows = out.length;
    Arrays.fill(out, 0);
    int i = 0;
    for (; i + 3 < dimension; i += 4) {
      float x0 = vector[from + i];
      float x1 = vector[from + i + 1];
      float x2 = vector[from + i + 2];
      float x3 = vector[from + i + 3];
      int at = i * rows;
      for (int row = 0; row < rows; row++) {
        out[row] +=
            x0 * columns[at + row]
                + x1 * columns[at + rows + row]
                + x2 * columns[at + 2 * rows + row]
                + x3 * columns[at + 3 * rows + row];
      }
    }
    for (; i < dimension; i++) {
      float x = vector[from + i];
      int at = i * rows;
      for (int row = 0; row < rows; row++) {
        out[row] += x * columns[at + row];
      }
    }
  }

  int levels() {
    return columns.length;
  }

  /** Returns the inner products of a vector and the entries of each level. */
  float[][] products(float[] vector) {
    float[][] products = new float[levels()][];
    for (int level = 0; level < products.length; level++) {
      products[level] = new float[norms[level].length];
      products(vector, 0, dimension, columns[level], products[level]);
    }
    return products;
  }

  /**
   * A few codes of one vector and what they leave of it, the best one first. <b>Confined</b>; used
   * again for other vectors.
   */
  final class Beam {
    private final int width;
    private float[] residuals;
    private float[] nextResiduals;
    private double[] errors;
    private double[] nextErrors;
    private int[][] codes;
    private int[][] nextCodes;
    private final int[] parents;
    private final float[][] products;

    /** How many codes there are. */
    int size;

    /** Which of them is that of the nearest entry at each level. */
    private int greedy;

    Beam(int width) {
      this.width = width;
      residuals = new float[width * dimension];
      nextResiduals = new float[width * dimension];
      errors = new double[width];
      nextErrors = new double[width];
      codes = new int[width][levels()];
      nextCodes = new int[width][levels()];
      parents = new int[width];
      products = new float[levels()][];
      for (int level = 0; level < levels(); level++) {
        products[level] = new float[norms[level].length];
      }
    }

    /** Encodes a vector. */
    void encode(float[] vector) {
      System.arraycopy(vector, 0, residuals, 0, dimension);
      errors[0] = Rows.norm(vector);
      size = 1;
      greedy = 0;
      for (int level = 0; level < levels(); level++) {
        extend(level);
      }
    }

    /** Returns a copy of a code. */
    int[] code(int i) {
      return codes[i].clone();
    }

    /** Returns the squared length of what a code leaves of the vector. */
    double error(int i) {
      return errors[i];
    }

    /** Returns a copy of what a code leaves of the vector. */
    float[] residual(int i) {
      return Arrays.copyOfRange(residuals, i * dimension, (i + 1) * dimension);
    }

    private void extend(int level) {
      int found = 0;
      double greedyError = Double.POSITIVE_INFINITY;
      int greedyCode = 0;
      float[] product = products[level];
      double[] norm = norms[level];
      for (int i = 0; i < size; i++) {
        products(residuals, i * dimension, dimension, columns[level], product);
        for (int code = 0; code < norm.length; code++) {
          double error = errors[i] - 2.0 * product[code] + norm[code];
          if (i == greedy && error < greedyError) {
            greedyError = error;
            greedyCode = code;
          }
          if (found < width || error < nextErrors[found - 1]) {
            found = insert(found, error, i, level, code);
          }
        }
      }
      keepGreedy(found, greedyError, level, greedyCode);
      for (int i = 0; i < found; i++) {
        subtract(i, level);
      }
      swap();
      size = found;
      bestFirst();
    }

    /** Puts a code where it belongs by its error and returns how many there are then. */
    private int insert(int found, double error, int parent, int level, int code) {
      int i = Math.min(found, width - 1);
      int[] free = nextCodes[i];
      while (i > 0 && nextErrors[i - 1] > error) {
        nextErrors[i] = nextErrors[i - 1];
        parents[i] = parents[i - 1];
        nextCodes[i] = nextCodes[i - 1];
        i--;
      }
      nextErrors[i] = error;
      parents[i] = parent;
      nextCodes[i] = free;
      System.arraycopy(codes[parent], 0, free, 0, level);
      free[level] = code;
      return Math.min(found + 1, width);
    }

    /**
     * Puts the nearest entry of what was the nearest so far in the last place, unless it has one:
     * so no width is worse than width 1.
     */
    private void keepGreedy(int found, double error, int level, int code) {
      for (int i = 0; i < found; i++) {
        if (parents[i] == greedy && nextCodes[i][level] == code) {
          greedy = i;
          return;
        }
      }
      int last = found - 1;
      System.arraycopy(codes[greedy], 0, nextCodes[last], 0, level);
      nextCodes[last][level] = code;
      nextErrors[last] = error;
      parents[last] = greedy;
      greedy = last;
    }

    private void subtract(int i, int level) {
      int code = nextCodes[i][level];
      int entries = norms[level].length;
      int from = parents[i] * dimension;
      int to = i * dimension;
      double sum = 0;
      for (int d = 0; d < dimension; d++) {
        float left = residuals[from + d] - columns[level][d * entries + code];
        nextResiduals[to + d] = left;
        sum += (double) left * left;
      }
      // Not what was estimated from the products, whose rounding would add up.
      nextErrors[i] = sum;
    }

    private void swap() {
      float[] oldResiduals = residuals;
      residuals = nextResiduals;
      nextResiduals = oldResiduals;
      double[] oldErrors = errors;
      errors = nextErrors;
      nextErrors = oldErrors;
      int[][] oldCodes = codes;
      codes = nextCodes;
      nextCodes = oldCodes;
    }

    /** Moves the code with the least error to the front; the order of others does not matter. */
    private void bestFirst() {
      int best = 0;
      for (int i = 1; i < size; i++) {
        if (errors[i] < errors[best]) {
          best = i;
        }
      }
      if (best == 0) {
        return;
      }
      double error = errors[best];
      errors[best] = errors[0];
      errors[0] = error;
      int[] code = codes[best];
      codes[best] = codes[0];
      codes[0] = code;
      for (int d = 0; d < dimension; d++) {
        float left = residuals[best * dimension + d];
        residuals[best * dimension + d] = residuals[d];
        residuals[d] = left;
      }
      greedy = greedy == best ? 0 : greedy == 0 ? best : greedy;
    }
  }
}
