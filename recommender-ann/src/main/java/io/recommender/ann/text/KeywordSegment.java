package io.recommender.ann.text;

import java.util.Arrays;

/**
 * Items that are found by their terms, and by their ids.
 *
 * <p><b>Immutable</b>.
 */
final class KeywordSegment {
  private final String[] ids;
  private final int[] orders;
  private final float[] lengths;
  private final TermTable terms;
  private final Postings postings;

  /** Rows by the hash of the id, open addressing; 0 is empty, others are row + 1. */
  private final int[] table;

  /** The terms of each row: the distances between their numbers, seven bits a byte. */
  private final byte[] forward;

  private final int[] forwardStarts;

  KeywordSegment(Documents documents) {
    ids = documents.ids();
    orders = documents.orders();
    lengths = documents.lengths();
    terms = documents.table();
    postings = invert(documents);
    table = new int[Integer.highestOneBit(Math.max(2, ids.length + ids.length / 3)) << 1];
    for (int row = 0; row < ids.length; row++) {
      int i = slot(ids[row]);
      while (table[i] != 0) {
        i = i + 1 & table.length - 1;
      }
      table[i] = row + 1;
    }
    forwardStarts = new int[ids.length + 1];
    forward = forward(documents, forwardStarts);
  }

  private static Postings invert(Documents documents) {
    int[] starts = documents.starts();
    int end = starts[documents.size()];
    int[] counts = new int[documents.table().size()];
    for (int i = 0; i < end; i++) {
      counts[documents.terms()[i]]++;
    }
    int[] next = new int[counts.length];
    for (int term = 1; term < counts.length; term++) {
      next[term] = next[term - 1] + counts[term - 1];
    }
    int[] rows = new int[end];
    float[] weights = new float[end];
    for (int row = 0; row < documents.size(); row++) {
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        int at = next[documents.terms()[i]]++;
        rows[at] = row;
        weights[at] = documents.weights()[i];
      }
    }
    Postings.Builder builder = new Postings.Builder(counts, documents.size());
    for (int term = 0; term < counts.length; term++) {
      builder.add(rows, weights, next[term] - counts[term]);
    }
    return builder.build();
  }

  private static byte[] forward(Documents documents, int[] forwardStarts) {
    byte[] bytes = new byte[64];
    int at = 0;
    for (int row = 0; row < documents.size(); row++) {
      int before = 0;
      for (int i = documents.starts()[row]; i < documents.starts()[row + 1]; i++) {
        if (at + 5 > bytes.length) {
          bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8L, bytes.length * 2L));
        }
        int distance = documents.terms()[i] - before;
        before = documents.terms()[i];
        while (distance > 0x7f) {
          bytes[at++] = (byte) (distance | 0x80);
          distance >>>= 7;
        }
        bytes[at++] = (byte) distance;
      }
      forwardStarts[row + 1] = at;
    }
    return Arrays.copyOf(bytes, at);
  }

  int size() {
    return ids.length;
  }

  String id(int row) {
    return ids[row];
  }

  int order(int row) {
    return orders[row];
  }

  float length(int row) {
    return lengths[row];
  }

  TermTable terms() {
    return terms;
  }

  Postings postings() {
    return postings;
  }

  /** Returns the row of an item, or -1. */
  int find(String itemId) {
    int i = slot(itemId);
    while (table[i] != 0) {
      int row = table[i] - 1;
      if (ids[row].equals(itemId)) {
        return row;
      }
      i = i + 1 & table.length - 1;
    }
    return -1;
  }

  private int slot(String itemId) {
    int hash = itemId.hashCode() * 0x9E3779B1;
    return hash >>> Integer.numberOfLeadingZeros(table.length - 1);
  }

  /** Returns the terms of a row, ascending. */
  int[] termsOf(int row) {
    int[] found = new int[forwardStarts[row + 1] - forwardStarts[row]];
    int count = 0;
    int term = 0;
    for (int at = forwardStarts[row]; at < forwardStarts[row + 1]; ) {
      int distance = 0;
      for (int shift = 0; ; shift += 7) {
        byte next = forward[at++];
        distance |= (next & 0x7f) << shift;
        if (next >= 0) {
          break;
        }
      }
      term += distance;
      found[count++] = term;
    }
    return Arrays.copyOf(found, count);
  }

  /** Returns what this was made of. */
  Documents documents() {
    int[] starts = new int[ids.length + 1];
    int[][] found = new int[ids.length][];
    for (int row = 0; row < ids.length; row++) {
      found[row] = termsOf(row);
      starts[row + 1] = starts[row] + found[row].length;
    }
    int[] all = new int[starts[ids.length]];
    for (int row = 0; row < ids.length; row++) {
      System.arraycopy(found[row], 0, all, starts[row], found[row].length);
    }
    float[] weights = new float[all.length];
    int[] next = Arrays.copyOf(starts, ids.length);
    int[] rows = new int[Postings.BLOCK];
    float[] unpacked = new float[Postings.BLOCK];
    for (int term = 0; term < terms.size(); term++) {
      for (int block = postings.blocks[term]; block < postings.blocks[term + 1]; block++) {
        postings.unpackRows(term, block, rows);
        boolean isEqual = postings.areEqual(block);
        if (!isEqual) {
          postings.unpackWeights(term, block, unpacked);
        }
        int size = postings.size(term, block);
        for (int i = 0; i < size; i++) {
          weights[next[rows[i]]++] = isEqual ? postings.blockMost[block] : unpacked[i];
        }
      }
    }
    return new Documents(ids, orders, lengths, starts, all, weights, terms);
  }

  /** Returns the bytes of all arrays but the ids themselves. */
  long bytes() {
    return terms.memory()
        + postings.bytes()
        + 4L * (ids.length + orders.length + lengths.length + table.length)
        + forward.length
        + 4L * forwardStarts.length;
  }
}
