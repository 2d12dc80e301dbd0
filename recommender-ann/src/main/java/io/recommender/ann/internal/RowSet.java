package io.recommender.ann.internal;

import java.util.Arrays;

/**
 * A set of rows in which the next member after any row is found in a few steps: bits, with one bit
 * for each word of them that is not zero, and one for each word of those.
 *
 * <p>A subtree of sorted codes is a range of rows, so that {@link #next} says whether anything in
 * it is left.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread safety.</b> Immutable. A changed copy shares what is equal: a change copies about 6
 * KiB in a million rows.
 */
public final class RowSet implements AcceptedRows {
  private static final int CHUNK_BITS = 9;
  private static final int CHUNK_WORDS = 1 << CHUNK_BITS;

  private final int rows;
  private final int size;

  /** The bits, in chunks that copies share. */
  private final long[][] chunks;

  /** A bit for each word that is not zero. */
  private final long[] summary;

  /** A bit for each word of the summary that is not zero. */
  private final long[] top;

  private RowSet(int rows, int size, long[][] chunks, long[] summary, long[] top) {
    this.rows = rows;
    this.size = size;
    this.chunks = chunks;
    this.summary = summary;
    this.top = top;
  }

  /**
   * Returns the set of all rows below a number.
   *
   * @param rows the number
   * @return the set
   */
  public static RowSet all(int rows) {
    long[] words = new long[words(rows)];
    Arrays.fill(words, -1L);
    if ((rows & 63) != 0) {
      words[words.length - 1] = -1L >>> -rows;
    }
    return of(rows, words);
  }

  /**
   * Returns a set.
   *
   * @param rows the number of rows that there are
   * @param words a bit for each; none at or above the number of rows
   * @return the set
   */
  public static RowSet of(int rows, long[] words) {
    long[][] chunks = new long[words.length + CHUNK_WORDS - 1 >>> CHUNK_BITS][];
    long[] summary = new long[words(words.length)];
    long[] top = new long[words(summary.length)];
    int size = 0;
    for (int i = 0; i < chunks.length; i++) {
      int from = i << CHUNK_BITS;
      chunks[i] = Arrays.copyOfRange(words, from, Math.min(words.length, from + CHUNK_WORDS));
    }
    for (int i = 0; i < words.length; i++) {
      if (words[i] != 0) {
        summary[i >>> 6] |= 1L << i;
        size += Long.bitCount(words[i]);
      }
    }
    for (int i = 0; i < summary.length; i++) {
      if (summary[i] != 0) {
        top[i >>> 6] |= 1L << i;
      }
    }
    return new RowSet(rows, size, chunks, summary, top);
  }

  /**
   * Returns how many words hold a number of bits.
   *
   * @param bits the number
   * @return how many
   */
  public static int words(int bits) {
    return bits + 63 >>> 6;
  }

  /** {@return the number of members} */
  public int size() {
    return size;
  }

  /** {@return the number of rows that there are} */
  public int rows() {
    return rows;
  }

  /**
   * Returns whether a row is a member.
   *
   * @param row the row
   * @return whether it is
   */
  public boolean contains(int row) {
    return (word(row >>> 6) >>> row & 1) != 0;
  }

  /**
   * Returns 64 bits.
   *
   * @param i which of the words
   * @return the bits, the lowest for the first row
   */
  public long word(int i) {
    return chunks[i >>> CHUNK_BITS][i & CHUNK_WORDS - 1];
  }

  @Override
  public int next(int from, int to) {
    if (from >= to) {
      return NONE;
    }
    int i = from >>> 6;
    long word = word(i) & -1L << from;
    if (word == 0) {
      i = nextWord(i + 1);
      if (i < 0 || i << 6 >= to) {
        return NONE;
      }
      word = word(i);
    }
    int row = (i << 6) + Long.numberOfTrailingZeros(word);
    return row < to ? row : NONE;
  }

  @Override
  public int most() {
    return size;
  }

  /** Returns the first word from one on that is not zero, or a negative number. */
  private int nextWord(int from) {
    int i = from >>> 6;
    if (i >= summary.length) {
      return NONE;
    }
    long word = summary[i] & -1L << from;
    if (word == 0) {
      i = nextSummary(i + 1);
      if (i < 0) {
        return NONE;
      }
      word = summary[i];
    }
    return (i << 6) + Long.numberOfTrailingZeros(word);
  }

  private int nextSummary(int from) {
    int i = from >>> 6;
    if (i >= top.length) {
      return NONE;
    }
    long word = top[i] & -1L << from;
    while (word == 0) {
      if (++i == top.length) {
        return NONE;
      }
      word = top[i];
    }
    return (i << 6) + Long.numberOfTrailingZeros(word);
  }

  /**
   * Returns a set with or without a row.
   *
   * @param row the row
   * @param member whether the set is to have it
   * @return the set; this one if it is so already
   */
  public RowSet with(int row, boolean member) {
    if (contains(row) == member) {
      return this;
    }
    return with(new int[] {row}, 1, member);
  }

  /**
   * Returns a set with or without rows.
   *
   * @param changed the rows
   * @param count how many of them, from the first on
   * @param member whether the set is to have them
   * @return the set
   */
  public RowSet with(int[] changed, int count, boolean member) {
    if (count == 0) {
      return this;
    }
    long[][] newChunks = chunks.clone();
    long[] newSummary = summary.clone();
    long[] newTop = top.clone();
    int newSize = size;
    for (int j = 0; j < count; j++) {
      int row = changed[j];
      int i = row >>> 6;
      int chunk = i >>> CHUNK_BITS;
      long before = newChunks[chunk][i & CHUNK_WORDS - 1];
      long after = member ? before | 1L << row : before & ~(1L << row);
      if (before == after) {
        continue;
      }
      newSize += member ? 1 : -1;
      if (newChunks[chunk] == chunks[chunk]) {
        newChunks[chunk] = chunks[chunk].clone();
      }
      newChunks[chunk][i & CHUNK_WORDS - 1] = after;
      mark(newSummary, i, after != 0);
      mark(newTop, i >>> 6, newSummary[i >>> 6] != 0);
    }
    return new RowSet(rows, newSize, newChunks, newSummary, newTop);
  }

  private static void mark(long[] bits, int i, boolean value) {
    if (value) {
      bits[i >>> 6] |= 1L << i;
    } else {
      bits[i >>> 6] &= ~(1L << i);
    }
  }

  /**
   * Returns the rows that are in both sets.
   *
   * @param other a set of equally many rows
   * @return the rows in both
   */
  public RowSet and(RowSet other) {
    long[] words = new long[words(rows)];
    for (int i = 0; i < words.length; i++) {
      words[i] = word(i) & other.word(i);
    }
    return of(rows, words);
  }
}
