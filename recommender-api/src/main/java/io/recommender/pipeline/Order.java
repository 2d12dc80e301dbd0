package io.recommender.pipeline;

import java.util.Arrays;

/** Sorts indexes by score. */
final class Order {
  private Order() {}

  /**
   * Returns the indexes by descending score, equal scores by index.
   *
   * <p>The scores are sorted as longs, whose low bits hold the index; where scores differ only in
   * those bits, a pass of insertions puts them right. That is several times faster than to sort
   * objects with a comparator.
   *
   * @param scores the scores; those from {@code size} on are not read
   * @param size how many
   */
  static int[] descending(double[] scores, int size) {
    int bits = 32 - Integer.numberOfLeadingZeros(size);
    long mask = (1L << bits) - 1;
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      long raw = Double.doubleToRawLongBits(scores[i]);
      long ascending = raw ^ ((raw >> 63) & Long.MAX_VALUE);
      keys[i] = (~ascending & ~mask) | i;
    }
    Arrays.sort(keys);
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int index = (int) (keys[i] & mask);
      double score = scores[index];
      int at = i;
      while (at > 0 && isBefore(score, index, scores[order[at - 1]], order[at - 1])) {
        order[at] = order[at - 1];
        at--;
      }
      order[at] = index;
    }
    return order;
  }

  private static boolean isBefore(double score, int index, double other, int otherIndex) {
    return score > other || (score == other && index < otherIndex);
  }
}
