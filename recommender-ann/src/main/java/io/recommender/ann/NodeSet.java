package io.recommender.ann;

import org.jspecify.annotations.Nullable;

/**
 * The nodes that a filter accepts, as bits.
 *
 * <p><b>Immutable</b>: the bits are not changed once a set is shared.
 *
 * @param bits a bit for each node; nodes beyond them are not in the set
 * @param count how many bits are set
 * @param epoch which log of changes the position belongs to
 * @param position how much of the log the bits reflect
 * @param packed the codes of the members one after the other, if the set is small
 */
record NodeSet(long[] bits, int count, long epoch, int position, @Nullable PackedNodes packed) {

  NodeSet with(@Nullable PackedNodes copies) {
    return new NodeSet(bits, count, epoch, position, copies);
  }

  boolean contains(int node) {
    int word = node >>> 6;
    return word < bits.length && (bits[word] >>> node & 1) != 0;
  }

  /**
   * Writes the nodes of the set from a place on.
   *
   * @param from the first node to look at
   * @param out receives the nodes, ascending, as many as fit
   * @param at where in {@code out} the first is written
   * @return how many were written
   */
  int list(int from, int[] out, int at) {
    int count = 0;
    int word = from >>> 6;
    if (word >= bits.length) {
      return 0;
    }
    long rest = bits[word] & -1L << from;
    while (true) {
      while (rest == 0) {
        if (++word == bits.length) {
          return count;
        }
        rest = bits[word];
      }
      if (at + count == out.length) {
        return count;
      }
      out[at + count++] = (word << 6) + Long.numberOfTrailingZeros(rest);
      rest &= rest - 1;
    }
  }

  /** Writes the first node of the set from a place on, and returns how many were written. */
  int first(int from, int[] out, int at) {
    for (int node = from, end = bits.length << 6; node < end; node = (node | 63) + 1) {
      long rest = bits[node >>> 6] & -1L << node;
      if (rest != 0) {
        out[at] = (node & ~63) + Long.numberOfTrailingZeros(rest);
        return 1;
      }
    }
    return 0;
  }
}
