package io.recommender.ann;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;

/**
 * Codes of four bits, or of eight in two planes, in chunks, and factors in chunks of their own.
 *
 * @param space what the codes mean
 * @param euclidean whether biases are those of Euclidean distances
 * @param shift a chunk holds {@code 1 << shift} nodes
 * @param chunks codes
 * @param factors of each node, two
 */
record NibbleRows(
    NibbleSpace space, boolean euclidean, int shift, short[][] chunks, float[][] factors)
    implements NodeCodes {
  private static final VectorKernels KERNELS = VectorKernels.best();

  /** A scale and a bias for each node. */
  private static final int FACTORS = 2;

  /** Where the first row begins: with the header of an array it fills a cache line. */
  private static final int FIRST = 24;

  NibbleRows(NibbleSpace space, boolean euclidean, int shift) {
    this(space, euclidean, shift, new short[0][], new float[0][]);
  }

  int stride() {
    return space.planes * space.words;
  }

  int offset(int node) {
    return FIRST + (node & (1 << shift) - 1) * stride();
  }

  @Override
  public NibbleRows extended(int count) {
    short[][] moreChunks = Arrays.copyOf(chunks, count);
    float[][] moreFactors = Arrays.copyOf(factors, count);
    for (int i = chunks.length; i < count; i++) {
      moreChunks[i] = new short[FIRST + (1 << shift) * stride() + VectorKernels.NIBBLE_WORDS];
      moreFactors[i] = new float[FACTORS << shift];
    }
    return new NibbleRows(space, euclidean, shift, moreChunks, moreFactors);
  }

  @Override
  public void set(int node, float[] vector, float[] rotated) {
    double squares = space.rotate(vector, 1, rotated);
    int chunk = node >>> shift;
    int at = factorAt(node);
    factors[chunk][at] = space.encode(rotated, chunks[chunk], offset(node));
    factors[chunk][at + 1] = euclidean ? (float) (-squares / 2) : space.productWithMean(vector);
  }

  /** Writes the rotated relative vector that the codes of a node stand for. */
  void decode(int node, float[] rotated) {
    space.decode(chunks[node >>> shift], offset(node), scale(node), rotated);
  }

  @Override
  public float scale(int node) {
    return factors[node >>> shift][factorAt(node)];
  }

  @Override
  public float bias(int node) {
    return factors[node >>> shift][factorAt(node) + 1];
  }

  @Override
  public void setFactors(int node, float scale, float bias) {
    factors[node >>> shift][factorAt(node)] = scale;
    factors[node >>> shift][factorAt(node) + 1] = bias;
  }

  @Override
  public void write(int node, SectionWriter section) {
    section.putShorts(chunks[node >>> shift], offset(node), stride());
  }

  @Override
  public void read(int node, SectionReader section) {
    section.getShorts(chunks[node >>> shift], offset(node), stride());
  }

  private int factorAt(int node) {
    return FACTORS * (node & (1 << shift) - 1);
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
