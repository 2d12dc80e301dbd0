package io.recommender.ann.text;

import org.jspecify.annotations.Nullable;

/**
 * Walks the rows of one term upwards and unpacks no block that it can pass by.
 *
 * <p><b>Confined</b>.
 */
final class PostingCursor {
  private static final int NOTHING = -1;

  private final int[] rows = new int[Postings.BLOCK];
  private final float[] weights = new float[Postings.BLOCK];

  private final Postings postings;
  private final int term;
  private final int end;
  private int block;

  /** The block that is unpacked. */
  private int unpacked = NOTHING;

  private final long @Nullable [] bits;
  private boolean isEqual;
  private int size;
  private int at;

  PostingCursor(Postings postings, int term) {
    this.postings = postings;
    this.term = term;
    bits = postings.bits(term);
    block = postings.blocks[term];
    end = postings.blocks[term + 1];
  }

  /** Returns whether there is no further row. */
  boolean hasEnded() {
    return block == end;
  }

  /** Returns a row before which there is none left, unless the cursor has ended. */
  int next() {
    if (unpacked == block) {
      return rows[at];
    }
    return block == postings.blocks[term] ? 0 : postings.blockLast[block - 1] + 1;
  }

  /** Passes by the rows before one. Ends where there is none at or after it. */
  void skipTo(int row) {
    int[] last = postings.blockLast;
    if (block == end || last[block] >= row) {
      return;
    }
    int step = 1;
    int from = block;
    while (from + step < end && last[from + step] < row) {
      from += step;
      step <<= 1;
    }
    int to = Math.min(end, from + step);
    while (to - from > 1) {
      int middle = from + to >>> 1;
      if (last[middle] < row) {
        from = middle;
      } else {
        to = middle;
      }
    }
    block = to;
  }

  /** Unpacks the block and goes to its first row at or after one, which it has. */
  void unpack(int row) {
    if (unpacked != block) {
      postings.unpackRows(term, block, rows);
      isEqual = postings.areEqual(block);
      size = postings.size(term, block);
      unpacked = block;
      at = 0;
      if (rows[0] < row) {
        at = firstFrom(row);
      }
    }
    while (rows[at] < row) {
      at++;
    }
  }

  private int firstFrom(int row) {
    int low = 0;
    int high = size - 1;
    while (low < high) {
      int middle = low + high >>> 1;
      if (rows[middle] < row) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Returns false only if a row does not have the term. */
  boolean mayHave(int row) {
    return bits == null || (bits[row >>> 6] >>> row & 1) != 0;
  }

  /** Goes to a row. Returns whether the term is in it; {@link #weight()} is then its weight. */
  boolean goTo(int row) {
    skipTo(row);
    if (block == end) {
      return false;
    }
    unpack(row);
    return rows[at] == row;
  }

  /** The number of the block; there is none after the end. */
  int block() {
    return block;
  }

  /** The last row of the block. */
  int blockLast() {
    return postings.blockLast[block];
  }

  /** The greatest weight of the block. */
  float blockMost() {
    return postings.blockMost[block];
  }

  float weight() {
    return isEqual ? postings.blockMost[block] : postings.weight(term, block, at);
  }

  /** Returns the greatest weight of the term. */
  float most() {
    return postings.most[term];
  }

  /**
   * Returns a number that no weight in a range of rows exceeds, 0 if there is none for sure.
   *
   * @param from the first row of the range, not before the place of the cursor
   * @param to the row after its last
   */
  float most(int from, int to) {
    skipTo(from);
    float most = 0;
    for (int i = block; i < end; i++) {
      if (i > block && postings.blockLast[i - 1] + 1 >= to) {
        break;
      }
      most = Math.max(most, postings.blockMost[i]);
    }
    return block < end && next() >= to ? 0 : most;
  }

  // What is below is for loops over unpacked blocks.

  /** The rows of the unpacked block. */
  int[] rows() {
    return rows;
  }

  /** Unpacks the weights of the unpacked block, unless {@link #isEqual}. */
  float[] unpackWeights() {
    postings.unpackWeights(term, block, weights);
    return weights;
  }

  /** Whether all weights of the unpacked block are {@link #weight}. */
  boolean isEqual() {
    return isEqual;
  }

  int size() {
    return size;
  }

  int at() {
    return at;
  }

  /** Goes to a place of the unpacked block, or past its end. */
  void setAt(int place) {
    if (place == size) {
      block++;
    } else {
      at = place;
    }
  }
}
