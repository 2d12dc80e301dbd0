package io.recommender.ann;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import java.util.Arrays;

/**
 * For nodes of a graph, who of a batch has found them.
 *
 * <p>Who has found the same nodes is near to each other: that neighbours of neighbours are likely
 * to be neighbours is what NN-descent is made of (Dong, Moses and Li, Efficient k-nearest neighbor
 * graph construction for generic similarity measures, WWW 2011).
 *
 * <p><b>Thread safety.</b> Immutable.
 */
final class BatchLists {
  /** So many of the nodes that somebody has found can count. */
  static final int MOST_SHARED = 32;

  /** How many a batch has at most. */
  static final int MOST_PLACES = 1 << 18;

  /** Of those who have found a node, as many are told at most: those to whom it is nearest. */
  static final int LONGEST = 48;

  private static final int RANK_BITS = 5;
  private static final int PLACE_BITS = 27;

  private final int shared;

  /** By node, then by rank, then by place. */
  private final long[] entries;

  /** Where the entries of a node begin. */
  private final Int2IntOpenHashMap starts = new Int2IntOpenHashMap();

  /**
   * Makes the lists of a batch.
   *
   * @param found by place in the batch what was found there, best first
   * @param shared how many of the best count, at most {@link #MOST_SHARED}
   */
  BatchLists(int[][] found, int shared) {
    this.shared = shared;
    entries = entries(found, shared);
    Arrays.sort(entries);
    for (int i = entries.length - 1; i >= 0; i--) {
      starts.put(node(entries[i]), i);
    }
  }

  private static long[] entries(int[][] found, int shared) {
    int count = 0;
    for (int[] nodes : found) {
      count += Math.min(shared, nodes.length);
    }
    long[] entries = new long[count];
    int filled = 0;
    for (int place = 0; place < found.length; place++) {
      int[] nodes = found[place];
      int most = Math.min(shared, nodes.length);
      for (int rank = 0; rank < most; rank++) {
        entries[filled++] =
            (long) nodes[rank] << RANK_BITS + PLACE_BITS | (long) rank << PLACE_BITS | place;
      }
    }
    return entries;
  }

  private static int node(long entry) {
    return (int) (entry >>> RANK_BITS + PLACE_BITS);
  }

  private static int place(long entry) {
    return (int) entry & (1 << PLACE_BITS) - 1;
  }

  /** Returns at how many places less than a quarter of what counts is told to others. */
  int hidden(int[][] found) {
    int[] told = new int[found.length];
    int start = 0;
    for (int i = 0; i < entries.length; i++) {
      if (node(entries[i]) != node(entries[start])) {
        start = i;
      }
      if (i - start < LONGEST) {
        told[place(entries[i])]++;
      }
    }
    int hidden = 0;
    for (int place = 0; place < told.length; place++) {
      hidden += 4 * told[place] < Math.min(shared, found[place].length) ? 1 : 0;
    }
    return hidden;
  }

  /** Returns how many others {@link #others} writes at most. */
  int mostOthers() {
    return shared * LONGEST;
  }

  /**
   * Writes at which other places the same was found as at one.
   *
   * @param found what was found at that place
   * @param marks memory of a thread, without marks
   * @param others receives the places, each once
   * @return how many there are
   */
  int others(int place, int[] found, PlaceMarks marks, int[] others) {
    marks.mark(place);
    int count = 0;
    int most = Math.min(shared, found.length);
    for (int rank = 0; rank < most; rank++) {
      int start = starts.get(found[rank]);
      int end = Math.min(entries.length, start + LONGEST);
      for (int i = start; i < end && node(entries[i]) == found[rank]; i++) {
        if (marks.mark(place(entries[i]))) {
          others[count++] = place(entries[i]);
        }
      }
    }
    return count;
  }
}
