package io.recommender.ann;

import org.jspecify.annotations.Nullable;

/**
 * In which form an index keeps vectors: what a walk reads, and what ranks the items it found.
 *
 * <p>Codes are relative to the mean of the items and randomly rotated, so that their error does not
 * depend on the data; see Gao and Long, RaBitQ, SIGMOD 2024. Bytes are for each item and beside its
 * links, with f the dimension rounded up to a multiple of 16, and c rounded up to a multiple of
 * 128, or to 64 up to there: of 130 dimensions, f is 144 and c is 256. Codes of four and eight bits
 * of one item of 32 are copied besides, for walks to begin with.
 */
public enum Quantization {
  /**
   * {@link #FLOAT} until the floats fill 8 MiB, then {@link #INT4_FLOAT} if there are at least 33
   * dimensions. Measured: below that size walks by floats are up to a quarter faster, because they
   * are in the cache; above it walks by codes, by up to twice. Recall differs by less than one part
   * in a hundred.
   */
  AUTO,
  /** Walks and ranks by floats: 4 f bytes, the least memory that keeps vectors as they are. */
  FLOAT,
  /**
   * Walks by codes of one bit and ranks by floats: 4 f + c / 8 + 8 bytes. Such a walk sees little,
   * so all that it meets and that may be among the best is ranked, not only what it keeps.
   *
   * <p>For memory, where the vectors stay in a file ({@link HnswIndex.Opening#MAP}): then c / 8 + 8
   * bytes of one are held, where {@link #INT4_FLOAT} holds c / 2 + 8. Measured against that form at
   * 40,000 to 60,000 items: builds took 0.8 to 0.95 times the processor time; searches of equal
   * recall, 0.95 and 0.99, were 0.3 to 0.5 times as fast at 128 dimensions, 0.6 at 256, and 0.7 to
   * 1.1 at 768 and 784. Serves any number of dimensions; the fewer, the less a code says.
   */
  INT1_FLOAT,
  /**
   * Walks by codes of four bits and ranks by floats: 4 f + c / 2 + 8 bytes.
   *
   * <p>Vectors of 129 to 4,096 dimensions that differ mostly in few directions, as those of images
   * and texts do, are projected on 128 or 256 principal axes before they become codes, and c is
   * that number. Whether that serves is tried on a sample whenever the codes are made anew, from
   * 8,192 items on and each time their number has grown fourfold; it takes up to a tenth of the
   * processor time of a build. A query that lies too far from the axes is compared with floats.
   * Measured: with 128 axes for 784 dimensions of images, searches of recall 0.95 to 0.99 take 0.6
   * of the time and builds 0.8.
   */
  INT4_FLOAT,
  /**
   * Walks by codes of eight bits and ranks by floats: 4 f + c + 8 bytes. For items so close
   * together, compared with their spread, that four bits cannot tell them apart.
   */
  INT8_FLOAT,
  /**
   * Keeps codes of eight bits only, walks by their upper halves and ranks by the whole: c + 8
   * bytes. With {@link HnswIndexBuilder#m} 8, which halves the links, this is the smallest memory:
   * 218 bytes an item of 128 dimensions, where the floats alone take 512.
   *
   * <p>A vector that is given back is off by about 0.009 of its distance from the mean of the items
   * and at most 0.02, as measured at 16 to 300 dimensions; one of the first 1,024, unless added in
   * one call with them all, by as much of its distance from the first besides. Scores are those of
   * such vectors: an inner product is off by at most as much as the vector times the length of the
   * query, a cosine by less than 0.01, a squared distance by at most as much as the vector times
   * twice the distance, and the square of that. That is a few parts in a hundred for most pairs,
   * but may be more than the whole score where an inner product is near zero or an item nearly
   * equals the query. The order of such near ties is not that of the vectors: of the ten best of
   * 16,384 clustered items of 128 dimensions, with m 8 and ef 120, more than 98 of 100 are found by
   * inner product, 97 by cosine and 95 by L2.
   */
  INT8;

  /** Returns what AUTO means. */
  Quantization resolved(int dimension) {
    if (this != AUTO) {
      return this;
    }
    return dimension < NibbleSpace.MIN_DIMENSION ? FLOAT : INT4_FLOAT;
  }

  boolean isCoded() {
    return bits() > 0;
  }

  /** Returns how many bits an element has in its code, or zero if there are no codes. */
  int bits() {
    return switch (this) {
      case AUTO, FLOAT -> 0;
      case INT1_FLOAT -> 1;
      case INT4_FLOAT -> 4;
      case INT8_FLOAT, INT8 -> 8;
    };
  }

  /** Returns how many planes of four bits there are; codes of one bit have none. */
  int planes() {
    return bits() / 4;
  }

  /** Returns the bytes of the codes and factors of a vector. */
  long codeBytes(int dimension) {
    if (this == INT1_FLOAT) {
      return BitRows.bytes(dimension);
    }
    return isCoded() ? RotatedSpace.length(dimension) / 8L * bits() + 2 * Float.BYTES : 0;
  }

  /** Returns whether walks see so little that much of what they meet has to be ranked. */
  boolean walksRoughly() {
    return this == INT1_FLOAT;
  }

  boolean keepsFloats() {
    return this != INT8;
  }

  /** Returns whether codes may be those of projections: where vectors are kept beside them. */
  boolean mayProject() {
    return this == INT4_FLOAT;
  }

  /**
   * Returns what codes mean that are relative to a mean.
   *
   * @param axes what vectors are projected on before, or null
   */
  RotatedSpace space(float[] mean, long seed, @Nullable PrincipalAxes axes) {
    if (this == INT1_FLOAT) {
      return new BitSpace(mean, seed);
    }
    return axes == null
        ? new NibbleSpace(mean, planes(), seed)
        : new NibbleSpace(mean, planes(), seed, axes);
  }

  /** Returns a scorer for walks where there are codes. */
  NodeScorer walker(HnswGraph graph, HnswGraph.Ranking ranking) {
    return this == INT1_FLOAT
        ? new BitScorer(graph, ranking)
        : new NibbleScorer(graph, ranking, this == INT8_FLOAT);
  }
}
