package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;

/**
 * The codes of the nodes of a graph, with two factors of each: the scale of its codes, and for
 * {@link io.recommender.Similarity#L2} minus half the squared length of its relative vector.
 *
 * <p><b>Thread safety.</b> As that of the rows of {@link HnswGraph}: a node's codes are written
 * before any link leads to it.
 */
sealed interface NodeCodes permits BitRows, NibbleRows {
  /**
   * More than any scale: the relative vector of two vectors is at most twice as long as the longest
   * one, and the codes of its largest element are at least half of one.
   */
  float MAX_SCALE = (float) (8 * HnswIndex.MAX_NORM);

  /** What the codes mean. */
  RotatedSpace space();

  /** Returns whether there are those lengths. */
  boolean euclidean();

  /** Returns the same rows with room for further ones, in so many chunks. */
  NodeCodes extended(int count);

  /** Writes the codes of a node; {@code rotated} is working memory. */
  void set(int node, float[] vector, float[] rotated);

  /** Returns what to multiply the codes of a node with. */
  float scale(int node);

  /** Returns minus half the squared length of a node's relative vector, or zero. */
  float bias(int node);

  void setFactors(int node, float scale, float bias);

  /** Writes codes to a file, without factors. */
  void write(int node, SectionWriter section);

  /** Reads codes from a file, without factors. */
  void read(int node, SectionReader section);

  /** Returns whether a node may have such factors; no bias counts as zero. */
  static boolean mayBeFactors(float scale, float bias, boolean euclidean) {
    return scale >= 0 && scale <= MAX_SCALE && bias >= leastBias(euclidean) && bias <= 0;
  }

  /** Returns less than any bias, or zero if there are none. */
  static float leastBias(boolean euclidean) {
    return euclidean ? (float) (-4 * HnswIndex.MAX_NORM * HnswIndex.MAX_NORM) : 0;
  }
}
