package io.recommender.serving;

import java.util.Arrays;

/** Which of those that wait run together. */
final class BatchChoice {
  private BatchChoice() {}

  /**
   * Chooses the run with the first that costs the least beside the places of the requests
   * themselves, for each request. That is the cost of the run, and the places that pad the shorter
   * ones to the longest. Of two that cost the same, the larger; of equal lengths, the older.
   *
   * <p>Whatever the longest is, those next to it pad the least. So for each that may be the
   * longest, they are added from there downwards until one more would cost more than the others do.
   *
   * @param lengths the lengths in the order of coming, at least one
   * @param most how many may be chosen, at least 1
   * @param cost the cost of a run in places
   * @return the places in {@code lengths} of those chosen, the first among them, in the order of
   *     coming
   */
  static int[] around(int[] lengths, int most, double cost) {
    long[] sorted = new long[lengths.length];
    for (int i = 0; i < lengths.length; i++) {
      // By descending index, so that downwards the older of equal ones come first.
      sorted[i] = ((long) lengths[i] << Integer.SIZE) | (lengths.length - 1 - i);
    }
    int first = lengths[0];
    long firstKey = sorted[0];
    Arrays.sort(sorted);
    int place = Arrays.binarySearch(sorted, firstKey);
    int bestFrom = place;
    int bestTo = place;
    int bestCount = 1;
    double least = cost;
    for (int to = place; to < sorted.length; to++) {
      int longest = length(sorted[to]);
      double sum = cost + longest - first;
      double before = sum;
      int count = 1;
      for (int from = to; from >= 0 && (from == place || count < most); from--) {
        if (from != place) {
          sum += longest - length(sorted[from]);
          count++;
        }
        double each = sum / count;
        if (each > before) {
          break;
        }
        before = each;
        if (each < least || (each == least && count > bestCount)) {
          least = each;
          bestFrom = from;
          bestTo = to;
          bestCount = count;
        }
      }
    }
    int[] chosen = new int[bestCount];
    int count = 0;
    for (int i = bestFrom; i <= bestTo; i++) {
      if (i != place) {
        chosen[count++] = lengths.length - 1 - (int) sorted[i];
      }
    }
    // The first is 0 already, wherever it is.
    Arrays.sort(chosen);
    return chosen;
  }

  private static int length(long key) {
    return (int) (key >>> Integer.SIZE);
  }
}
