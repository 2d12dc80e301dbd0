package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;

/**
 * Copies of the codes of some nodes, block after block of {@value VectorKernels#NIBBLE_ROWS}, so
 * that a scan reads memory in order and multiplies many rows at once.
 *
 * <p><b>Immutable</b>.
 */
final class PackedNodes {
  private static final VectorKernels KERNELS = VectorKernels.best();

  /** As many nodes are scored at once. */
  static final int BLOCK = VectorKernels.NIBBLE_ROWS;

  /** Where the first block of a chunk begins: with the header of an array it fills a cache line. */
  private static final int FIRST = 24;

  private static final int CHUNK_SHORTS = 1 << 22;

  private final NibbleSpace space;
  private final int[] nodes;
  private final float[] scales;
  private final float[] biases;
  private final short[][] chunks;
  private final int blocksOfChunk;

  private PackedNodes(NibbleSpace space, int[] nodes) {
    this.space = space;
    this.nodes = nodes;
    int blocks = (nodes.length + BLOCK - 1) / BLOCK;
    scales = new float[blocks * BLOCK];
    biases = new float[blocks * BLOCK];
    blocksOfChunk = Math.max(1, CHUNK_SHORTS / blockShorts());
    chunks = new short[(blocks + blocksOfChunk - 1) / blocksOfChunk][];
    for (int i = 0; i < chunks.length; i++) {
      int held = Math.min(blocksOfChunk, blocks - i * blocksOfChunk);
      chunks[i] = new short[FIRST + held * blockShorts()];
    }
  }

  /** Copies the codes of a set. */
  static PackedNodes of(NodeSet set, NibbleRows from) {
    int[] nodes = new int[set.count()];
    int count = set.list(0, nodes, 0);
    return of(Arrays.copyOf(nodes, count), from);
  }

  /**
   * Copies the codes of nodes.
   *
   * @param nodes kept; a place with a negative number has no node, and a score that says nothing
   */
  static PackedNodes of(int[] nodes, NibbleRows from) {
    PackedNodes packed = new PackedNodes(from.space(), nodes);
    for (int i = 0; i < nodes.length; i++) {
      if (nodes[i] >= 0) {
        packed.copy(i, from, nodes[i]);
      }
    }
    return packed;
  }

  private int blockShorts() {
    return space.planes * space.words * BLOCK;
  }

  private void copy(int row, NibbleRows from, int node) {
    int block = row / BLOCK;
    int at = start(block) + VectorKernels.nibbleLane(row % BLOCK);
    short[] source = from.chunks()[node >>> from.shift()];
    int offset = from.offset(node);
    for (int w = 0; w < from.stride(); w++) {
      chunks[block / blocksOfChunk][at + w * BLOCK] = source[offset + w];
    }
    scales[row] = from.scale(node);
    biases[row] = from.bias(node);
  }

  private int start(int block) {
    return FIRST + block % blocksOfChunk * blockShorts();
  }

  NibbleSpace space() {
    return space;
  }

  /** The nodes, in the order of their rows. */
  int[] nodes() {
    return nodes;
  }

  /** What to multiply the codes of each row with, in whole blocks. */
  float[] scales() {
    return scales;
  }

  /** What to add for each row, in whole blocks. */
  float[] biases() {
    return biases;
  }

  /** Multiplies the codes of blocks with a query, those of one plane. */
  void multiply(short[] query, int plane, int block, int blocks, int[] out) {
    for (int i = 0; i < blocks; i++) {
      int at = start(block + i) + plane * space.words * BLOCK;
      short[] codes = chunks[(block + i) / blocksOfChunk];
      KERNELS.dotNibbleBlock(query, space.words, codes, at, out, i * BLOCK);
    }
  }
}
