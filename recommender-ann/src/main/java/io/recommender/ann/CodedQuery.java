package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;

/**
 * A query in codes, and what decides from codes alone that a row cannot be among the best.
 *
 * <p>Let q be the query and x a row, t g and s c what their codes stand for, and T the inner
 * product of g and c, which is exact. Then
 *
 * <pre>
 * q x = t s T + (q - t g) (s c) + q (x - s c) &lt;= t s T + |q - t g| |s c| + |q| |x - s c|
 * </pre>
 *
 * <p>by the inequality of Cauchy and Schwarz, and, by that of the triangle, {@code |q - x| <= D}
 * only if {@code |t g - s c| <= D + |q - t g| + |x - s c|}. Squared and halved, with E for {@code D
 * + |q - t g|} and r for {@code |x - s c|}, that is
 *
 * <pre>
 * t s T + r (E + r / 2) - |s c|^2 / 2 >= (|t g|^2 - E^2) / 2
 * </pre>
 *
 * <p>Both have the form that {@link VectorKernels#boundTile} computes. It rounds each of its few
 * operations by at most 2^-24 of its result. The inner product is at most {@code |t g| |s c|}, and
 * less than half the sum of their squares. So the factors of positive terms are increased by 2^-20
 * of themselves, and further terms of 2^-20 of the products of norms make up for the rounding of
 * the rest. Products below the normal range of a float lose at most 2^-150 each; the limit is
 * lowered by 2^-140. Where a term could leave the range of a float, codes are not used.
 *
 * <p><b>Thread safety.</b> Confined.
 */
final class CodedQuery {
  private static final double SLACK = 0x1p-20;
  private static final double UNDERFLOW = 0x1p-140;
  private static final float MIN_SCALE = 0x1p-100f;

  private final int[] codes;
  private final Similarity similarity;
  private final double residual;
  private final double squaredNorm;
  private final boolean isUsable;
  private final float[] factors = new float[5];

  private float limit = Float.NEGATIVE_INFINITY;

  /**
   * Encodes a query.
   *
   * @param query the query
   * @param queryNorm its norm
   * @param maxNorm the largest norm of a row
   * @param similarity how rows are compared
   */
  CodedQuery(float[] query, double queryNorm, double maxNorm, Similarity similarity) {
    this.similarity = similarity;
    codes = new int[Codes.length(query.length)];
    float scale = Codes.scale(query, 0, query.length);
    double inverse = Codes.inverse(scale);
    double squaredResidual = 0;
    long squares = 0;
    for (int i = 0; i < query.length; i++) {
      int code = Codes.code(query[i], inverse);
      codes[i] = code << 16 | (code & 0xffff);
      double difference = query[i] - (double) scale * code;
      squaredResidual += difference * difference;
      squares += code * code;
    }
    residual = Math.sqrt(squaredResidual);
    squaredNorm = (double) scale * scale * squares;
    double sum = queryNorm + maxNorm;
    double largest = Math.max(queryNorm * maxNorm, sum * sum);
    isUsable = scale >= MIN_SCALE && largest < Float.MAX_VALUE / 64;
    factors[0] = scale;
    if (similarity == Similarity.L2) {
      factors[2] = (float) (0.5 + SLACK);
      factors[4] = (float) (SLACK - 0.5);
    } else {
      factors[1] = Codes.roundUp(queryNorm * (1 + SLACK));
      factors[3] = Codes.roundUp(residual * (1 + SLACK) + 2 * SLACK * Math.sqrt(squaredNorm));
    }
  }

  /** Returns whether the codes of this query say anything. */
  boolean isUsable() {
    return isUsable;
  }

  /**
   * Sets what a row has to reach.
   *
   * @param score the score in double precision, less what it may be wrong
   */
  void setScore(double score) {
    double lowest = score;
    if (similarity == Similarity.L2) {
      double reach = Math.sqrt(-score) + residual;
      factors[1] = Codes.roundUp(reach * (1 + SLACK));
      lowest = (squaredNorm - reach * reach * (1 + 0x1p-40)) / 2 - SLACK * squaredNorm;
    }
    limit = Math.nextDown((float) (lowest - UNDERFLOW));
  }

  /** Returns what the bound of a row is compared with. */
  float limit() {
    return limit;
  }

  /** Bounds a tile of rows; returns whether one may reach the limit. */
  boolean bound(VectorKernels kernels, Codes rows, int first, float least, float[] out) {
    return kernels.boundTile(
        codes,
        rows.codes,
        first * rows.length,
        rows.length,
        rows.scales,
        rows.residuals,
        rows.norms,
        first,
        factors,
        least,
        out);
  }
}
