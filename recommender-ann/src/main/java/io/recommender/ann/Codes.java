package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;

/**
 * The vectors of a chunk in one byte per element, with what is needed to bound their scores.
 *
 * <p>A row x becomes {@code scale * c} with small integers c. Stored with them are the norm of the
 * residual {@code x - scale * c} and the norm of {@code scale * c}, both rounded up. Tiles of rows
 * are transposed, as {@link VectorKernels#boundTile} reads them.
 *
 * <p><b>Thread safety.</b> That of the vectors of a chunk: codes are written before their row is
 * shown, and what is read of a row that is not visible is ignored.
 */
final class Codes {
  // Below, the codes are hardly smaller than what is stored with them.
  private static final int MIN_DIMENSION = 16;

  // Above, a chunk has few tiles, and the last of them may be mostly empty.
  private static final int MAX_DIMENSION = 1 << 14;

  private static final int TILE_ROWS = VectorKernels.CODE_ROWS;
  private static final int GROUP = VectorKernels.CODE_GROUP;
  private static final int MAX = VectorKernels.CODE_MAX;

  /** The number of codes of a row. */
  final int length;

  final byte[] codes;
  final float[] scales;
  final float[] residuals;
  final float[] norms;

  private final int dimension;

  Codes(int capacity, int dimension) {
    this.dimension = dimension;
    length = length(dimension);
    int rows = (capacity + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    codes = new byte[rows * length];
    scales = new float[rows];
    residuals = new float[rows];
    norms = new float[rows];
  }

  /** Returns whether an index with codes is worth its memory. */
  static boolean pay(VectorKernels kernels, int dimension) {
    return kernels.prefersCodes() && dimension >= MIN_DIMENSION && dimension <= MAX_DIMENSION;
  }

  /** Returns the number of codes of a vector. */
  static int length(int dimension) {
    return (dimension + GROUP - 1) / GROUP * GROUP;
  }

  /** Returns the memory of the codes of a vector and of what is stored with them. */
  static int bytesPerRow(int dimension) {
    return length(dimension) + 3 * Float.BYTES;
  }

  /** Writes the codes of a row. */
  void encode(float[] vectors, int index) {
    int from = index * dimension;
    float scale = scale(vectors, from, dimension);
    double inverse = inverse(scale);
    int row = index % TILE_ROWS;
    int half = TILE_ROWS / 2;
    int to = (index - row) * length + (row < half ? 2 * row : 2 * (row - half) + 1);
    double residual = 0;
    long squares = 0;
    for (int i = 0; i < dimension; i++) {
      float value = vectors[from + i];
      int code = code(value, inverse);
      codes[to + i * TILE_ROWS] = (byte) code;
      double difference = value - (double) scale * code;
      residual += difference * difference;
      squares += code * code;
    }
    scales[index] = scale;
    residuals[index] = roundUp(Math.sqrt(residual));
    norms[index] = roundUp(scale * Math.sqrt(squares));
  }

  /** Returns the number that takes the codes of a vector to its elements. */
  static float scale(float[] vectors, int offset, int dimension) {
    float largest = 0;
    for (int i = 0; i < dimension; i++) {
      float magnitude = Math.abs(vectors[offset + i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    return largest / MAX;
  }

  /** Returns what to multiply an element with to get its code before it is rounded. */
  static double inverse(float scale) {
    // A scale that was rounded to zero leaves the whole vector to the residual.
    return scale == 0 ? 0 : 1.0 / scale;
  }

  /** Returns the code of an element. */
  static int code(float value, double inverse) {
    return Math.max(-MAX, Math.min(MAX, (int) Math.rint(value * inverse)));
  }

  /** Returns a float above a number that was computed in double precision, and above zero. */
  static float roundUp(double value) {
    return Math.nextUp((float) (value * (1 + 0x1p-30)));
  }
}
