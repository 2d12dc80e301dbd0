package io.recommender.ann;

import io.recommender.ann.internal.BitKernels;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import java.util.Arrays;

/**
 * Codes of one bit, in chunks. A row is its codes and one word more with its factors, the scale in
 * the lower half, so that both are in one cache line or two that are next to each other.
 *
 * @param space what the codes mean
 * @param euclidean whether there are biases
 * @param shift a chunk holds {@code 1 << shift} nodes
 * @param chunks codes and factors
 */
record BitRows(BitSpace space, boolean euclidean, int shift, long[][] chunks) implements NodeCodes {
  /** Where the first row begins: with the header of an array it fills a cache line. */
  private static final int FIRST = 6;

  BitRows(BitSpace space, boolean euclidean, int shift) {
    this(space, euclidean, shift, new long[0][]);
  }

  /** Returns the bytes of a row. */
  static int bytes(int dimension) {
    return (BitSpace.words(dimension) + 1) * Long.BYTES;
  }

  private int stride() {
    return space.words + 1;
  }

  int offset(int node) {
    return FIRST + (node & (1 << shift) - 1) * stride();
  }

  @Override
  public BitRows extended(int count) {
    long[][] more = Arrays.copyOf(chunks, count);
    for (int i = chunks.length; i < count; i++) {
      more[i] = new long[FIRST + (1 << shift) * stride()];
    }
    return new BitRows(space, euclidean, shift, more);
  }

  @Override
  public void set(int node, float[] vector, float[] rotated) {
    double squares = space.rotate(vector, 1, rotated);
    float scale = space.encode(rotated, chunks[node >>> shift], offset(node));
    float bias = euclidean ? (float) (-squares / 2) : space.productWithMean(vector);
    setFactors(node, scale, bias);
  }

  @Override
  public float scale(int node) {
    return scale(factors(node));
  }

  @Override
  public float bias(int node) {
    return bias(factors(node));
  }

  /** Returns both factors of a node, for {@link #scale(long)} and {@link #bias(long)}. */
  long factors(int node) {
    return chunks[node >>> shift][offset(node) + space.words];
  }

  static float scale(long factors) {
    return Float.intBitsToFloat((int) factors);
  }

  static float bias(long factors) {
    return Float.intBitsToFloat((int) (factors >>> 32));
  }

  @Override
  public void setFactors(int node, float scale, float bias) {
    long high = Integer.toUnsignedLong(Float.floatToRawIntBits(bias));
    long low = Integer.toUnsignedLong(Float.floatToRawIntBits(scale));
    chunks[node >>> shift][offset(node) + space.words] = high << 32 | low;
  }

  @Override
  public void write(int node, SectionWriter section) {
    section.putLongs(chunks[node >>> shift], offset(node), space.words);
  }

  @Override
  public void read(int node, SectionReader section) {
    section.getLongs(chunks[node >>> shift], offset(node), space.words);
  }

  /** Multiplies the codes of nodes with a query. */
  void multiply(long[] query, int[] nodes, int from, int count, int[] out) {
    BitKernels.dotBits(query, space.words, chunks, FIRST, shift, stride(), nodes, from, count, out);
  }

  /** Begins to read the rows of nodes. */
  int touch(int[] nodes, int from, int count) {
    return (int) BitKernels.touch(stride(), chunks, FIRST, shift, stride(), nodes, from, count);
  }
}
