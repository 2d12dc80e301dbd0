package io.recommender.ann.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The terms of a segment, sorted by their bytes in UTF-8; a term's place is its number.
 *
 * <p><b>Immutable</b>.
 */
final class TermTable {
  private final byte[] bytes;
  private final int[] starts;

  /** Terms by hash, open addressing; 0 is empty, others are the number + 1. */
  private final int[] table;

  private TermTable(byte[] bytes, int[] starts) {
    this.bytes = bytes;
    this.starts = starts;
    int size = size();
    table = new int[Integer.highestOneBit(Math.max(2, size + size / 3)) << 1];
    for (int term = 0; term < size; term++) {
      int i = slot(bytes, starts[term], starts[term + 1]);
      while (table[i] != 0) {
        i = i + 1 & table.length - 1;
      }
      table[i] = term + 1;
    }
  }

  /**
   * Makes a table.
   *
   * @param terms in UTF-8, ascending, each once
   */
  static TermTable of(byte[][] terms) {
    Builder builder = new Builder();
    for (byte[] term : terms) {
      builder.add(term, 0, term.length);
    }
    return builder.build();
  }

  /** Returns a term in UTF-8, or null if it has half of a surrogate pair. */
  static byte @Nullable [] encode(String term) {
    byte[] encoded = term.getBytes(StandardCharsets.UTF_8);
    return new String(encoded, StandardCharsets.UTF_8).equals(term) ? encoded : null;
  }

  int size() {
    return starts.length - 1;
  }

  /** Returns the number of a term, or -1. */
  int find(byte[] term) {
    int i = slot(term, 0, term.length);
    while (table[i] != 0) {
      int found = table[i] - 1;
      if (Arrays.equals(bytes, starts[found], starts[found + 1], term, 0, term.length)) {
        return found;
      }
      i = i + 1 & table.length - 1;
    }
    return -1;
  }

  private int slot(byte[] values, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + values[i];
    }
    return (hash * 0x9E3779B1) >>> Integer.numberOfLeadingZeros(table.length - 1);
  }

  String term(int number) {
    int from = starts[number];
    return new String(bytes, from, starts[number + 1] - from, StandardCharsets.UTF_8);
  }

  int compare(int number, TermTable other, int otherNumber) {
    return Arrays.compareUnsigned(
        bytes,
        starts[number],
        starts[number + 1],
        other.bytes,
        other.starts[otherNumber],
        other.starts[otherNumber + 1]);
  }

  /** Returns the bytes of all arrays. */
  long memory() {
    return bytes.length + 4L * starts.length + 4L * table.length;
  }

  /** Takes terms in order. <b>Confined</b>. */
  static final class Builder {
    private byte[] bytes = new byte[64];
    private int[] starts = new int[16];
    private int size;

    void add(byte[] from, int start, int end) {
      int at = starts[size];
      int next = Math.addExact(at, end - start);
      if (next > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(next, bytes.length + (bytes.length >> 1)));
      }
      System.arraycopy(from, start, bytes, at, end - start);
      size++;
      if (size == starts.length) {
        starts = Arrays.copyOf(starts, size + (size >> 1));
      }
      starts[size] = next;
    }

    void add(TermTable table, int number) {
      add(table.bytes, table.starts[number], table.starts[number + 1]);
    }

    TermTable build() {
      return new TermTable(Arrays.copyOf(bytes, starts[size]), Arrays.copyOf(starts, size + 1));
    }
  }
}
