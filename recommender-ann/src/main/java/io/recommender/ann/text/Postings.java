package io.recommender.ann.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * For each term of a segment the rows that have it, ascending, and how much it weighs in each.
 *
 * <p>Rows are in blocks of {@value #BLOCK}, the last of a term may be shorter. A block keeps its
 * last row and its greatest weight outside, so that it can be skipped without being unpacked; the
 * distances between its rows, less 1, in as few bits as the greatest of them needs; and its
 * weights, if they differ, in up to 8 bits each if they are small whole numbers, else as floats.
 *
 * <p>A term that a good part of the rows has also keeps a bit for each row, so that rows without it
 * are told at once.
 *
 * <p>The idea of the greatest weights: Ding and Suel, "Faster Top-k Document Retrieval Using
 * Block-Max Indexes", SIGIR 2011.
 *
 * <p><b>Immutable</b>.
 */
final class Postings {
  static final int BLOCK = 128;

  /** Weights up to this are packed, less 1, if they are whole. */
  private static final int MOST_PACKED = 256;

  /** Of so many rows one has a term that keeps a bit for each. */
  private static final int FREQUENT = 16;

  /** Fewer rows are looked up as fast without bits. */
  private static final int LEAST_FOR_BITS = 1 << 14;

  private static final int ROW_BITS_MASK = 63;
  private static final int WEIGHT_SHIFT = 6;

  final int[] counts;
  final float[] most;

  /** The first block of each term, and the number of blocks. */
  final int[] blocks;

  final int[] blockLast;
  final float[] blockMost;

  /** Where in the data a block begins, and how it is packed. */
  private final int[] blockAt;

  private final short[] blockForm;
  private final long[] data;

  /** The terms with bits, ascending, and the bits of each. */
  private final int[] frequent;

  private final long[][] bits;

  private Postings(Builder builder) {
    counts = builder.counts;
    most = builder.most;
    blocks = builder.blocks;
    blockLast = builder.blockLast;
    blockMost = builder.blockMost;
    blockAt = builder.blockAt;
    blockForm = builder.blockForm;
    data = Arrays.copyOf(builder.data, builder.words);
    frequent = builder.frequent.stream().mapToInt(Integer::intValue).toArray();
    bits = builder.bits.toArray(long[][]::new);
  }

  /** Returns the rows that have a term as bits, null if the term does not keep them. */
  long @Nullable [] bits(int term) {
    int at = Arrays.binarySearch(frequent, term);
    return at < 0 ? null : bits[at];
  }

  /** Returns how many rows a block has. */
  int size(int term, int block) {
    int last = blocks[term + 1] - 1;
    return block < last ? BLOCK : counts[term] - (last - blocks[term]) * BLOCK;
  }

  /** Returns whether the weights of a block are equal, namely the greatest. */
  boolean areEqual(int block) {
    return blockForm[block] >>> WEIGHT_SHIFT == 0;
  }

  /** Unpacks the rows of a block. */
  void unpackRows(int term, int block, int[] rows) {
    int size = size(term, block);
    int form = blockForm[block];
    int bits = form & ROW_BITS_MASK;
    int at = blockAt[block];
    int row = block == blocks[term] ? -1 : blockLast[block - 1];
    if (bits == 0) {
      for (int i = 0; i < size - 1; i++) {
        rows[i] = ++row;
      }
    } else {
      int each = perWord(bits);
      long mask = (1L << bits) - 1;
      for (int i = 0, word = at; i < size - 1; word++) {
        long packed = data[word];
        for (int end = Math.min(size - 1, i + each); i < end; i++) {
          row += (int) (packed & mask) + 1;
          rows[i] = row;
          packed >>>= bits;
        }
      }
    }
    rows[size - 1] = blockLast[block];
  }

  /** Unpacks the weights of a block that are not equal. */
  void unpackWeights(int term, int block, float[] weights) {
    int size = size(term, block);
    int bits = blockForm[block] >>> WEIGHT_SHIFT;
    int each = perWord(bits);
    int word = weightsAt(block, size);
    for (int i = 0; i < size; word++) {
      long packed = data[word];
      for (int end = Math.min(size, i + each); i < end; i++) {
        weights[i] = unpackWeight(packed, bits);
        packed >>>= bits;
      }
    }
  }

  /** Returns one weight of a block whose weights are not equal. */
  float weight(int term, int block, int i) {
    int bits = blockForm[block] >>> WEIGHT_SHIFT;
    int each = perWord(bits);
    long packed = data[weightsAt(block, size(term, block)) + i / each];
    return unpackWeight(packed >>> i % each * bits, bits);
  }

  private static float unpackWeight(long packed, int bits) {
    return bits == Float.SIZE
        ? Float.intBitsToFloat((int) packed)
        : 1 + (int) (packed & (1L << bits) - 1);
  }

  private int weightsAt(int block, int size) {
    return blockAt[block] + words(size - 1, blockForm[block] & ROW_BITS_MASK);
  }

  /** Returns how many words hold values, as many whole ones in each as fit. */
  private static int words(int count, int bits) {
    int each = perWord(bits);
    return bits == 0 ? 0 : (count + each - 1) / each;
  }

  /**
   * Returns how many values of a width fit into a word; of no width, as of one.
   *
   * <p>The divisor is never 0, not even where the result is not used: the second compiler of
   * OpenJDK 17 moves a division out of a loop and above the check that guards it, and the process
   * ends with SIGFPE.
   */
  private static int perWord(int bits) {
    return Long.SIZE / Math.max(1, bits);
  }

  /** Returns the bytes of all arrays. */
  long bytes() {
    return 8L * counts.length
        + 4L * blocks.length
        + (4L + 4 + 4 + 2) * blockLast.length
        + 8L * data.length
        + Arrays.stream(bits).mapToLong(each -> 16 + 4 + 4 + 8L * each.length).sum();
  }

  /** Takes the terms in order. <b>Confined</b>. */
  static final class Builder {
    private final int[] counts;
    private final float[] most;
    private final int[] blocks;
    private final int[] blockLast;
    private final float[] blockMost;
    private final int[] blockAt;
    private final short[] blockForm;
    private final int rowCount;
    private final List<Integer> frequent = new ArrayList<>();
    private final List<long[]> bits = new ArrayList<>();
    private long[] data = new long[16];
    private int words;
    private int term;

    /**
     * Makes a builder.
     *
     * @param counts how many rows each term has, at least 1; kept
     * @param rowCount how many rows there are
     */
    Builder(int[] counts, int rowCount) {
      this.counts = counts;
      this.rowCount = rowCount;
      most = new float[counts.length];
      blocks = new int[counts.length + 1];
      for (int i = 0; i < counts.length; i++) {
        blocks[i + 1] = blocks[i] + (counts[i] + BLOCK - 1) / BLOCK;
      }
      int count = blocks[counts.length];
      blockLast = new int[count];
      blockMost = new float[count];
      blockAt = new int[count];
      blockForm = new short[count];
    }

    /** Adds the rows of the next term: as many as it has, ascending. */
    void add(int[] rows, float[] weights, int from) {
      int end = from + counts[term];
      int before = -1;
      for (int at = from, block = blocks[term]; at < end; at += BLOCK, block++) {
        int size = Math.min(BLOCK, end - at);
        pack(block, rows, weights, at, size, before);
        before = rows[at + size - 1];
        most[term] = Math.max(most[term], blockMost[block]);
      }
      if (rowCount >= LEAST_FOR_BITS && (long) counts[term] * FREQUENT >= rowCount) {
        long[] set = new long[(rowCount + 63) / 64];
        for (int at = from; at < end; at++) {
          set[rows[at] >>> 6] |= 1L << rows[at];
        }
        frequent.add(term);
        bits.add(set);
      }
      term++;
    }

    private void pack(int block, int[] rows, float[] weights, int from, int size, int before) {
      int widest = 0;
      int row = before;
      for (int i = from; i < from + size - 1; i++) {
        widest |= rows[i] - row - 1;
        row = rows[i];
      }
      float heaviest = weights[from];
      boolean areEqual = true;
      boolean areSmall = true;
      for (int i = from; i < from + size; i++) {
        float weight = weights[i];
        areEqual &= weight == weights[from];
        areSmall &= weight >= 1 && weight <= MOST_PACKED && weight == (int) weight;
        heaviest = Math.max(heaviest, weight);
      }
      int bits = Integer.SIZE - Integer.numberOfLeadingZeros(widest);
      int weightBits =
          areEqual
              ? 0
              : areSmall
                  ? Integer.SIZE - Integer.numberOfLeadingZeros((int) heaviest - 1)
                  : Float.SIZE;
      blockLast[block] = rows[from + size - 1];
      blockMost[block] = heaviest;
      blockAt[block] = words;
      blockForm[block] = (short) (bits | weightBits << WEIGHT_SHIFT);
      int weightsAt = words + words(size - 1, bits);
      int end = weightsAt + words(size, weightBits);
      if (end > data.length) {
        data = Arrays.copyOf(data, Math.max(end, data.length + (data.length >> 1)));
      }
      row = before;
      for (int i = 0; i < size - 1; i++) {
        put(words, i, rows[from + i] - row - 1, bits);
        row = rows[from + i];
      }
      for (int i = 0; i < size && weightBits > 0; i++) {
        float weight = weights[from + i];
        int value = weightBits == Float.SIZE ? Float.floatToIntBits(weight) : (int) weight - 1;
        put(weightsAt, i, value & 0xffffffffL, weightBits);
      }
      words = end;
    }

    private void put(int at, int i, long value, int bits) {
      if (bits > 0) {
        int each = perWord(bits);
        data[at + i / each] |= value << i % each * bits;
      }
    }

    /** Returns the postings, after all terms. */
    Postings build() {
      return new Postings(this);
    }
  }
}
