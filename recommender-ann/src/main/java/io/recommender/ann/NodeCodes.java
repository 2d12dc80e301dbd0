package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;

/**
 * The codes of the nodes of a graph, with two factors of each: the scale of its codes, and for
 * {@link io.recommender.Similarity#L2} minus half the squared length of its relative vector, or
 * else the inner product of that vector and the mean.
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

  /** More than half the squared length of any relative vector. */
  float MAX_BIAS = (float) (4 * HnswIndex.MAX_NORM * HnswIndex.MAX_NORM);

  /** What the codes mean. */
  RotatedSpace space();

  /** Returns whether biases are those of Euclidean distances. */
  boolean euclidean();

  /** Returns the same rows with room for further ones, in so many chunks. */
  NodeCodes extended(int count);

  /** Writes the codes of a node; {@code rotated} is working memory. */
  void set(int node, float[] vector, float[] rotated);

  /** Returns what to multiply the codes of a node with. */
  float scale(int node);

  /** Returns what is added to the estimate of a node. */
  float bias(int node);

  void setFactors(int node, float scale, float bias);

  /** Writes codes to a file, without factors. */
  void write(int node, SectionWriter section);

  /** Reads codes from a file, without factors. */
  void read(int node, SectionReader section);

  /** Returns whether a node may have such factors. */
  static boolean mayBeFactors(float scale, float bias, boolean euclidean) {
    return scale >= 0 && scale <= MAX_SCALE && bias >= -MAX_BIAS && bias <= mostBias(euclidean);
  }

  /** Returns the greatest bias there may be. */
  static float mostBias(boolean euclidean) {
    return euclidean ? 0 : MAX_BIAS;
  }
}
