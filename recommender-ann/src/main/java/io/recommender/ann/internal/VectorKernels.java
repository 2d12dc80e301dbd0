package io.recommender.ann.internal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The arithmetic of vectors, once per instruction set.
 *
 * <p>A row is {@code length} consecutive floats of a flat array. Every operation computes in float
 * and in an order of its own choice, so its result differs from the true sum by at most {@link
 * #relativeError} times the sum of the magnitudes of its terms, and by {@link #absoluteError} more
 * where terms are too small for a float. Sums beyond the range of a float become infinite or NaN.
 * {@link ScalarVectorKernels} is the specification; the others are tested against it.
 *
 * <p>Internal. May change in any release.
 *
 * <p>Kernels validate nothing: offsets and lengths are the caller's duty.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
public abstract class VectorKernels {
  /** The number of rows that {@link #dotTile} and {@link #squaredL2Tile} take at once. */
  public static final int TILE_ROWS = 32;

  /** The number of queries that {@link #dotTile} and {@link #squaredL2Tile} take at once. */
  public static final int TILE_QUERIES = 4;

  /** The number of rows that {@link #boundTile} takes at once. */
  public static final int CODE_ROWS = 64;

  /** Codes are integers from minus this number to this number. */
  public static final int CODE_MAX = 63;

  /** The number of codes of a row is a multiple of this number; the last ones may be zero. */
  public static final int CODE_GROUP = 8;

  /** The magnitude of the integers that {@link #dotNibbles} multiplies codes with. */
  public static final int NIBBLE_QUERY_MAX = 127;

  /** The number of words of a row of four-bit codes is this number or a multiple of its double. */
  public static final int NIBBLE_WORDS = 16;

  /** A query has room for at least so many words, and an array of rows as many behind the last. */
  private static final int NIBBLE_LINE = 2 * NIBBLE_WORDS;

  /** Rows of a block of four-bit codes that lies word by word. */
  public static final int NIBBLE_ROWS = 32;

  private static final int LINE_BYTES = 64;

  static final float LOG2_E = 1.442695040888963f;

  // The natural logarithm of two in two parts, the first of few digits so that its multiples are
  // exact.
  static final float LN_2_HIGH = 0.693359375f;
  static final float LN_2_LOW = -2.1219444e-4f;

  // Added to a small number, this leaves its nearest integer plus 127, the exponent of one, in the
  // lowest bits of the sum.
  static final float TO_EXPONENT = 0x1.8p23f + 127;

  /** The exponent of the smallest power of e that is a normal float. */
  static final float LEAST_EXPONENT = -87.3f;

  /** Sums of floats are added up as doubles after so many terms. */
  static final int SUM_BLOCK = 2048;

  // Half the range of 16 bits, which the sum of a group of products does not exceed.
  static final int CODE_BIAS = 1 << 15;

  private static final Logger LOG = LoggerFactory.getLogger(VectorKernels.class);
  private static final String PANAMA = "io.recommender.ann.internal.PanamaVectorKernels";
  private static final String PROPERTY = "recommender.kernels";

  VectorKernels() {}

  /** Returns the kernels of this JVM, chosen at the first call. */
  public static VectorKernels best() {
    return Holder.BEST;
  }

  /** Returns the inner product of a query and a row. */
  public abstract float dot(
      float[] query, int queryOffset, float[] rows, int rowOffset, int length);

  /** Returns the squared Euclidean distance of a query and a row. */
  public abstract float squaredL2(
      float[] query, int queryOffset, float[] rows, int rowOffset, int length);

  /** Writes the inner products of a query and four rows to four places of {@code out}. */
  public abstract void dot4(
      float[] query,
      int queryOffset,
      float[] rows,
      int row0,
      int row1,
      int row2,
      int row3,
      int length,
      float[] out,
      int outOffset);

  /**
   * Writes the inner products of a query and any number of rows that lie in chunks.
   *
   * @param query the query
   * @param length how many elements count
   * @param chunks row r begins at {@code first + (r & (1 << shift) - 1) * stride} of chunk {@code r
   *     >>> shift}
   * @param first where the first row of a chunk begins
   * @param rows numbers of rows
   * @param from the first used place of {@code rows}
   * @param count how many rows, at least 0
   * @param out receives the results from place 0; has room for {@code count} rounded up to a
   *     multiple of four
   */
  public abstract void dotRows(
      float[] query,
      int length,
      float[][] chunks,
      int first,
      int shift,
      int stride,
      int[] rows,
      int from,
      int count,
      float[] out);

  /** Writes the squared Euclidean distances of a query and four rows. */
  public abstract void squaredL2Of4(
      float[] query,
      int queryOffset,
      float[] rows,
      int row0,
      int row1,
      int row2,
      int row3,
      int length,
      float[] out,
      int outOffset);

  /**
   * Writes the inner products of {@value #TILE_QUERIES} consecutive queries and {@value #TILE_ROWS}
   * packed rows.
   *
   * @param queries the queries, one after the other
   * @param queryOffset where the first begins
   * @param packed the rows, transposed: element i of row r is at i * TILE_ROWS + r
   * @param length the length of a row
   * @param out receives the result of query q and row r at q * TILE_ROWS + r
   */
  public abstract void dotTile(
      float[] queries, int queryOffset, float[] packed, int length, float[] out);

  /** As {@link #dotTile}, with squared Euclidean distances. */
  public abstract void squaredL2Tile(
      float[] queries, int queryOffset, float[] packed, int length, float[] out);

  /**
   * Writes a number for each of {@value #CODE_ROWS} coded rows. With T the inner product of the
   * codes of the query and of the row, it is
   *
   * <pre>
   * T * queryScale * scale + residual * (slope + residual * curve) + norm * (tilt + norm * bend)
   * </pre>
   *
   * <p>T is exact. The rest is computed in float, in the order in which it is written, each
   * operation rounded. So the numbers are the same with all kernels.
   *
   * @param query the codes of the query, each twice: in the high and in the low half of an integer
   * @param codes the codes of the rows, transposed: element i of row r is at i * CODE_ROWS + 2 * r
   *     of the tile, with r below CODE_ROWS / 2, and at the place that follows is that of row r +
   *     CODE_ROWS / 2
   * @param offset where the tile begins
   * @param length the number of codes of a row, a multiple of {@value #CODE_GROUP}
   * @param scales the scale of each row
   * @param residuals the residual of each row
   * @param norms the norm of each row
   * @param first where the scales, residuals and norms of the tile begin
   * @param factors queryScale, slope, curve, tilt, bend
   * @param limit what to compare with
   * @param out receives the numbers
   * @return whether there may be a number that is not below the limit
   */
  public abstract boolean boundTile(
      int[] query,
      byte[] codes,
      int offset,
      int length,
      float[] scales,
      float[] residuals,
      float[] norms,
      int first,
      float[] factors,
      float limit,
      float[] out);

  /**
   * Turns a query into factors of words of four-bit codes.
   *
   * <p>A word f holds the codes c0 to c3 from its lowest bits on. Because f shifted right by four
   * bits is c1 + 16 c2 + 256 c3, and so on, c0 q0 + c1 q1 + c2 q2 + c3 q3 is f q0 + (f &gt;&gt; 4)
   * (q1 - 16 q0) + (f &gt;&gt; 8) (q2 - 16 q1) + (f &gt;&gt; 12) (q3 - 16 q2), in arithmetic of 16
   * bits where the whole fits into them. That needs no mask.
   *
   * @param query four parts of {@link #nibbleFactors} integers of magnitude at most {@value
   *     #NIBBLE_QUERY_MAX}: those of the lowest four bits of each word of a row, then those of the
   *     next, up to the highest, each part filled up with zeros; receives the factors
   */
  public static void toNibbleFactors(short[] query) {
    int part = query.length / 4;
    for (int i = query.length - 1; i >= part; i--) {
      query[i] = (short) (query[i] - 16 * query[i - part]);
    }
  }

  /**
   * Returns the length of a part of the factors of a query: the number of words of a row, or more,
   * so that a short row is read together with what is behind it, which is multiplied by zero.
   */
  public static int nibbleFactors(int words) {
    return Math.max(words, NIBBLE_LINE);
  }

  /**
   * Writes the inner products of a query and any number of rows of four-bit codes that lie in
   * chunks. They are exact.
   *
   * @param query the query as {@link #toNibbleFactors} makes it
   * @param words the number of words of a row, {@value #NIBBLE_WORDS} or a multiple of its double
   * @param chunks row r begins at {@code first + (r & (1 << shift) - 1) * stride} of chunk {@code r
   *     >>> shift}; a word holds four codes from 0 to 15; {@value #NIBBLE_WORDS} further elements
   *     lie behind the last row
   * @param first where the first row of a chunk begins
   * @param rows numbers of rows
   * @param from the first used place of {@code rows}
   * @param count how many rows, at least 0
   * @param out receives the results from place 0; has room for {@code count} rounded up to a
   *     multiple of four
   */
  public abstract void dotNibbles(
      short[] query,
      int words,
      short[][] chunks,
      int first,
      int shift,
      int stride,
      int[] rows,
      int from,
      int count,
      int[] out);

  /**
   * Writes the inner products of a query and the {@value #NIBBLE_ROWS} rows of a block of four-bit
   * codes. They are exact. Rows that are read in order are several times cheaper so than one by
   * one, because no sum over the parts of a register is needed.
   *
   * @param query as for {@link #dotNibbles}
   * @param words the number of words of a row, a multiple of {@value #NIBBLE_WORDS}
   * @param codes word w of row r lies at {@code at + NIBBLE_ROWS * w + nibbleLane(r)}
   * @param out receives the results from place {@code outOffset}
   */
  public abstract void dotNibbleBlock(
      short[] query, int words, short[] codes, int at, int[] out, int outOffset);

  /**
   * Returns where in a word of a block that of a row lies: the rows of the first half in the lower
   * parts of pairs, those of the other half in the upper ones.
   */
  public static int nibbleLane(int row) {
    int half = NIBBLE_ROWS / 2;
    return row < half ? 2 * row : 2 * (row - half) + 1;
  }

  /**
   * Returns the natural logarithm of the sum of the exponentials of elements, which turns logits
   * into log-probabilities. It differs from the true one by at most 2e-6 and the rounding of the
   * result to a float.
   *
   * @param length how many elements count, at least 1
   * @return the logarithm; NaN if an element is NaN or positive infinity, negative infinity if all
   *     are
   */
  public abstract float logSumExp(float[] elements, int length);

  /**
   * Lists the elements of a range that are at least a limit.
   *
   * @param limit the limit; NaN is never reached, nor does NaN reach one
   * @param places is given their places, ascending; at least as long as the range
   * @return how many there are
   */
  public abstract int atLeast(float[] elements, int from, int to, float limit, int[] places);

  /**
   * Replaces elements by their Hadamard transform, which is not scaled. The result is the same with
   * all kernels.
   *
   * @param length a power of two, at least 8
   */
  public void hadamard(float[] vector, int from, int length) {
    hadamardOf8(vector, from, length);
    for (int half = 8; half < length; half *= 2) {
      for (int i = from; i < from + length; i += 2 * half) {
        for (int j = i; j < i + half; j++) {
          float a = vector[j];
          float b = vector[j + half];
          vector[j] = a + b;
          vector[j + half] = a - b;
        }
      }
    }
  }

  /** Transforms each eight elements. */
  static void hadamardOf8(float[] vector, int from, int length) {
    for (int i = from; i < from + length; i += 8) {
      float a0 = vector[i] + vector[i + 1];
      float a1 = vector[i] - vector[i + 1];
      float a2 = vector[i + 2] + vector[i + 3];
      float a3 = vector[i + 2] - vector[i + 3];
      float a4 = vector[i + 4] + vector[i + 5];
      float a5 = vector[i + 4] - vector[i + 5];
      float a6 = vector[i + 6] + vector[i + 7];
      float a7 = vector[i + 6] - vector[i + 7];
      float b0 = a0 + a2;
      float b1 = a1 + a3;
      float b2 = a0 - a2;
      float b3 = a1 - a3;
      float b4 = a4 + a6;
      float b5 = a5 + a7;
      float b6 = a4 - a6;
      float b7 = a5 - a7;
      vector[i] = b0 + b4;
      vector[i + 1] = b1 + b5;
      vector[i + 2] = b2 + b6;
      vector[i + 3] = b3 + b7;
      vector[i + 4] = b0 - b4;
      vector[i + 5] = b1 - b5;
      vector[i + 6] = b2 - b6;
      vector[i + 7] = b3 - b7;
    }
  }

  /**
   * Reads an element of each cache line of rows, so that they are on their way from memory while
   * something else is computed.
   *
   * @param length the length of a row
   * @return something that the caller should keep, lest the reads be left out
   */
  public static int touch(
      int length,
      short[][] chunks,
      int first,
      int shift,
      int stride,
      int[] rows,
      int from,
      int count) {
    int mask = (1 << shift) - 1;
    int sum = 0;
    for (int r = 0; r < count; r++) {
      int row = rows[from + r];
      short[] chunk = chunks[row >>> shift];
      int at = first + (row & mask) * stride;
      // The last one too: where arrays do not begin at a line, rows straddle one more.
      sum += chunk[at] + chunk[at + length - 1];
    }
    for (int i = LINE_BYTES / Short.BYTES; i < length; i += LINE_BYTES / Short.BYTES) {
      for (int r = 0; r < count; r++) {
        int row = rows[from + r];
        sum += chunks[row >>> shift][first + (row & mask) * stride + i];
      }
    }
    return sum;
  }

  /** Returns whether a scan that begins with codes is faster than one of floats alone. */
  public abstract boolean prefersCodes();

  /** Returns a bound of the error of a sum of products, relative to the sum of their magnitudes. */
  public static double relativeError(int length) {
    return (length + 8) * 0x1p-23;
  }

  /** Returns a bound of the further error that terms below the normal range of a float cause. */
  public static double absoluteError(int length) {
    return length * 0x1p-147;
  }

  /** Returns the inner product in double precision, the same on every JVM. */
  public static double exactDot(float[] query, float[] rows, int rowOffset, int length) {
    // Eight sums, because one would wait for the addition before it.
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    double sum4 = 0;
    double sum5 = 0;
    double sum6 = 0;
    double sum7 = 0;
    int i = 0;
    for (; i + 7 < length; i += 8) {
      int at = rowOffset + i;
      sum0 += (double) query[i] * rows[at];
      sum1 += (double) query[i + 1] * rows[at + 1];
      sum2 += (double) query[i + 2] * rows[at + 2];
      sum3 += (double) query[i + 3] * rows[at + 3];
      sum4 += (double) query[i + 4] * rows[at + 4];
      sum5 += (double) query[i + 5] * rows[at + 5];
      sum6 += (double) query[i + 6] * rows[at + 6];
      sum7 += (double) query[i + 7] * rows[at + 7];
    }
    for (; i < length; i++) {
      sum0 += (double) query[i] * rows[rowOffset + i];
    }
    return ((sum0 + sum1) + (sum2 + sum3)) + ((sum4 + sum5) + (sum6 + sum7));
  }

  /** Returns the squared Euclidean distance in double precision, the same on every JVM. */
  public static double exactSquaredL2(float[] query, float[] rows, int rowOffset, int length) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    double sum4 = 0;
    double sum5 = 0;
    double sum6 = 0;
    double sum7 = 0;
    int i = 0;
    for (; i + 7 < length; i += 8) {
      int at = rowOffset + i;
      sum0 += squaredDifference(query[i], rows[at]);
      sum1 += squaredDifference(query[i + 1], rows[at + 1]);
      sum2 += squaredDifference(query[i + 2], rows[at + 2]);
      sum3 += squaredDifference(query[i + 3], rows[at + 3]);
      sum4 += squaredDifference(query[i + 4], rows[at + 4]);
      sum5 += squaredDifference(query[i + 5], rows[at + 5]);
      sum6 += squaredDifference(query[i + 6], rows[at + 6]);
      sum7 += squaredDifference(query[i + 7], rows[at + 7]);
    }
    for (; i < length; i++) {
      sum0 += squaredDifference(query[i], rows[rowOffset + i]);
    }
    return ((sum0 + sum1) + (sum2 + sum3)) + ((sum4 + sum5) + (sum6 + sum7));
  }

  private static double squaredDifference(float a, float b) {
    double difference = (double) a - b;
    return difference * difference;
  }

  /**
   * Chooses kernels, and tells in one line why there are no SIMD instructions, unless a property
   * asked for none. Apart from {@link #best} only tests call this.
   */
  static VectorKernels select() {
    VectorKernels scalar = new ScalarVectorKernels();
    if ("scalar".equals(System.getProperty(PROPERTY))) {
      return scalar;
    }
    var module = ModuleLayer.boot().findModule("jdk.incubator.vector");
    if (module.isEmpty()) {
      LOG.info(
          "Vectors are compared without SIMD instructions, which takes several times longer; start"
              + " the JVM with --add-modules jdk.incubator.vector to use them");
      return scalar;
    }
    // What -Xint and -XX:TieredStopAtLevel=1 say: the compiler that knows the instructions is off.
    String compiler = System.getProperty("java.vm.info", "");
    if (compiler.contains("interpreted") || compiler.contains("emulated-client")) {
      LOG.info("The optimizing compiler is off ({}); using scalar kernels", compiler);
      return scalar;
    }
    try {
      VectorKernels.class.getModule().addReads(module.get());
      VectorKernels panama =
          (VectorKernels) Class.forName(PANAMA).getDeclaredConstructor().newInstance();
      if (KernelTrial.isFaster(KernelTrial.Part.ROWS, panama, scalar)) {
        return panama;
      }
      LOG.warn("The Vector API is not compiled to SIMD instructions here; using scalar kernels");
    } catch (ReflectiveOperationException | LinkageError e) {
      LOG.warn("The Vector API is present but unusable; using scalar kernels", e);
    }
    return scalar;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }

  private static final class Holder {
    static final VectorKernels BEST = select();
  }
}
