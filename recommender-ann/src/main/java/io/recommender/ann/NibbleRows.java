package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;

/**
 * The codes of the nodes of a graph, in chunks, with factors: the scale of the codes, and for
 * {@link io.recommender.Similarity#L2} also minus half the squared length of the relative vector.
 *
 * <p><b>Thread safety.</b> As that of the rows of {@link HnswGraph}: a node's codes are written
 * before any link leads to it.
 *
 * @param space what the codes mean
 * @param euclidean whether there are those lengths
 * @param shift a chunk holds {@code 1 << shift} nodes
 * @param chunks codes
 * @param factors of each node, one or two
 */
record NibbleRows(
    NibbleSpace space, boolean euclidean, int shift, short[][] chunks, float[][] factors) {
  private static final VectorKernels KERNELS = VectorKernels.best();

  /** Where the first row begins: with the header of an array it fills a cache line. */
  private static final int FIRST = 24;

  /**
   * More than any scale: the relative vector of two vectors is at most twice as long as the longest
   * one, and the codes of its largest element are at least half of one.
   */
  static final float MAX_SCALE = (float) (8 * HnswIndex.MAX_NORM);

  NibbleRows(NibbleSpace space, boolean euclidean, int shift) {
    this(space, euclidean, shift, new short[0][], new float[0][]);
  }

  /** How many factors a node has. */
  int factorCount() {
    return euclidean ? 2 : 1;
  }

  int stride() {
    return space.planes * space.words;
  }

  int offset(int node) {
    return FIRST + (node & (1 << shift) - 1) * stride();
  }

  /** Returns the same rows with room for further ones. */
  NibbleRows extended(int count) {
    short[][] moreChunks = Arrays.copyOf(chunks, count);
    float[][] moreFactors = Arrays.copyOf(factors, count);
    for (int i = chunks.length; i < count; i++) {
      moreChunks[i] = new short[FIRST + (1 << shift) * stride() + VectorKernels.NIBBLE_WORDS];
      moreFactors[i] = new float[factorCount() << shift];
    }
    return new NibbleRows(space, euclidean, shift, moreChunks, moreFactors);
  }

  /** Writes the codes of a node; {@code rotated} is working memory. */
  void set(int node, float[] vector, int offset, float[] rotated) {
    space.rotate(vector, offset, true, rotated);
    int chunk = node >>> shift;
    int at = factorAt(node);
    factors[chunk][at] = space.encode(rotated, chunks[chunk], offset(node));
    if (euclidean) {
      double squares = 0;
      for (float value : rotated) {
        squares += (double) value * value;
      }
      factors[chunk][at + 1] = (float) (-squares / 2);
    }
  }

  /** Writes the rotated relative vector that the codes of a node stand for. */
  void decode(int node, float[] rotated) {
    space.decode(chunks[node >>> shift], offset(node), scale(node), rotated);
  }

  float scale(int node) {
    return factors[node >>> shift][factorAt(node)];
  }

  float bias(int node) {
    return euclidean ? factors[node >>> shift][factorAt(node) + 1] : 0;
  }

  void setFactors(int node, float scale, float bias) {
    factors[node >>> shift][factorAt(node)] = scale;
    if (euclidean) {
      factors[node >>> shift][factorAt(node) + 1] = bias;
    }
  }

  /** Returns whether a node may have such factors; no bias counts as zero. */
  static boolean mayBeFactors(float scale, float bias, boolean euclidean) {
    return scale >= 0 && scale <= MAX_SCALE && bias >= leastBias(euclidean) && bias <= 0;
  }

  /** Returns less than any bias, or zero if there are none. */
  static float leastBias(boolean euclidean) {
    return euclidean ? (float) (-4 * HnswIndex.MAX_NORM * HnswIndex.MAX_NORM) : 0;
  }

  private int factorAt(int node) {
    return factorCount() * (node & (1 << shift) - 1);
  }

  /** Multiplies the codes of nodes with a query, those of one plane. */
  void multiply(short[] query, int plane, int[] nodes, int from, int count, int[] out) {
    KERNELS.dotNibbles(
        query,
        space.words,
        chunks,
        FIRST + plane * space.words,
        shift,
        stride(),
        nodes,
        from,
        count,
        out);
  }

  /** Begins to read the codes of nodes, of one plane or of all. */
  int touch(boolean all, int[] nodes, int from, int count) {
    int length = all ? stride() : space.words;
    return VectorKernels.touch(length, chunks, FIRST, shift, stride(), nodes, from, count);
  }
}
