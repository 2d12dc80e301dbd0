package io.recommender.ann;

/**
 * In which form an index keeps vectors: what a walk reads, and what ranks the items it found.
 *
 * <p>Codes are relative to the mean of the items and randomly rotated, so that their error does not
 * depend on the data; see Gao and Long, RaBitQ, SIGMOD 2024. Bytes are for each item and beside its
 * links, with d the dimension rounded up to a multiple of 128, or to 64 below that.
 */
public enum Quantization {
  /**
   * {@link #FLOAT} until the floats fill 8 MiB, then {@link #INT4_FLOAT} if there are at least 33
   * dimensions. Measured: below that size walks by floats are up to a quarter faster, because they
   * are in the cache; above it walks by codes, by up to twice. Recall differs by less than one part
   * in a hundred.
   */
  AUTO,
  /** Walks and ranks by floats: 4 d bytes, the least memory that keeps vectors as they are. */
  FLOAT,
  /** Walks by codes of four bits and ranks by floats: 4.5 d bytes. */
  INT4_FLOAT,
  /**
   * Walks by codes of eight bits and ranks by floats: 5 d bytes. For items so close together,
   * compared with their spread, that four bits cannot tell them apart.
   */
  INT8_FLOAT,
  /**
   * Keeps codes of eight bits only, walks by their upper halves and ranks by the whole: d bytes.
   * Scores, and the vectors that are given back, are off by less than one part in a hundred.
   */
  INT8;

  /** Returns what AUTO means. */
  Quantization resolved(int dimension) {
    if (this != AUTO) {
      return this;
    }
    return dimension < NibbleSpace.MIN_DIMENSION ? FLOAT : INT4_FLOAT;
  }

  /** Returns how many planes of four bits there are. */
  int planes() {
    return switch (this) {
      case AUTO, FLOAT -> 0;
      case INT4_FLOAT -> 1;
      case INT8_FLOAT, INT8 -> 2;
    };
  }

  boolean keepsFloats() {
    return this != INT8;
  }

  /** Returns whether a walk reads all planes. */
  boolean walksFine() {
    return this == INT8_FLOAT;
  }
}
