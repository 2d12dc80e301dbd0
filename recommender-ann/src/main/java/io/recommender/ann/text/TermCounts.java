package io.recommender.ann.text;

import java.util.Arrays;

/**
 * A number for each term of a segment.
 *
 * <p><b>Immutable</b>. A changed copy shares what is equal.
 */
final class TermCounts {
  private static final int CHUNK_BITS = 8;
  private static final int CHUNK = 1 << CHUNK_BITS;

  /** Shared by all chunks of zeros. */
  private static final int[] ZEROS = new int[CHUNK];

  private final int[][] chunks;

  private TermCounts(int[][] chunks) {
    this.chunks = chunks;
  }

  static TermCounts zeros(int terms) {
    int[][] chunks = new int[terms + CHUNK - 1 >>> CHUNK_BITS][];
    Arrays.fill(chunks, ZEROS);
    return new TermCounts(chunks);
  }

  int get(int term) {
    return chunks[term >>> CHUNK_BITS][term & CHUNK - 1];
  }

  /** Returns counts in which those of some terms, in any order, are greater by 1. */
  TermCounts plus(int[]... terms) {
    int[][] changed = chunks.clone();
    for (int[] each : terms) {
      for (int term : each) {
        int chunk = term >>> CHUNK_BITS;
        if (changed[chunk] == chunks[chunk]) {
          changed[chunk] = chunks[chunk].clone();
        }
        changed[chunk][term & CHUNK - 1]++;
      }
    }
    return new TermCounts(changed);
  }

  /** Returns the bytes of all arrays. */
  long bytes() {
    long bytes = 4L * chunks.length;
    for (int[] chunk : chunks) {
      bytes += chunk == ZEROS ? 0 : 4L * CHUNK;
    }
    return bytes;
  }
}
