package io.recommender.ann.neighbors;

import io.recommender.ann.neighbors.PairCounts.Row;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntLinkedOpenHashSet;
import java.util.Arrays;

/** Which pairs of items the events of a user are. */
enum Pairing {
  /** Of each two events in succession the second item counts for the first one. */
  SUCCESSION {
    @Override
    void count(PairCounts.Edit edit, int[] events, int from, int each) {
      for (int i = Math.max(1, from); i < events.length; i++) {
        edit.count(events[i - 1], events[i], each);
      }
    }

    @Override
    PairCounts count(OrdinalLog log, int items) {
      long[] pairs = new long[log.interactions()];
      int size = 0;
      for (int user = 0; user < log.users(); user++) {
        for (int i = log.start(user) + 1; i < log.start(user + 1); i++) {
          pairs[size++] = (long) log.ordinal(i - 1) << 32 | log.ordinal(i);
        }
      }
      Arrays.sort(pairs, 0, size);
      Row[] rows = new Row[items];
      IntArrayList others = new IntArrayList();
      IntArrayList counts = new IntArrayList();
      for (int i = 0; i < size; i++) {
        if (i > 0 && pairs[i] == pairs[i - 1]) {
          counts.set(counts.size() - 1, counts.getInt(counts.size() - 1) + 1);
        } else {
          others.add((int) pairs[i]);
          counts.add(1);
        }
        int item = (int) (pairs[i] >>> 32);
        if (i + 1 == size || (int) (pairs[i + 1] >>> 32) != item) {
          rows[item] = new Row(0, others.toIntArray(), counts.toIntArray());
          others.clear();
          counts.clear();
        }
      }
      return PairCounts.of(rows);
    }
  },

  /**
   * Each two different items of a user count once for each other; an item's own count is that of
   * its users.
   */
  TOGETHER {
    @Override
    void count(PairCounts.Edit edit, int[] events, int from, int each) {
      IntLinkedOpenHashSet had = new IntLinkedOpenHashSet(events, 0, from);
      for (int i = from; i < events.length; i++) {
        int item = events[i];
        if (!had.contains(item)) {
          edit.count(item, each);
          had.forEach(
              (int other) -> {
                edit.count(item, other, each);
                edit.count(other, item, each);
              });
          had.add(item);
        }
      }
    }

    @Override
    PairCounts count(OrdinalLog log, int items) {
      UserItemMatrix matrix = new UserItemMatrix(log, items);
      Row[] rows = new Row[items];
      int[] together = new int[items];
      IntArrayList touched = new IntArrayList();
      for (int item = 0; item < items; item++) {
        if (matrix.users(item) > 0) {
          matrix.countTogether(item, together, touched);
          int[] others = touched.toIntArray();
          Arrays.sort(others);
          int[] counts = new int[others.length];
          for (int i = 0; i < others.length; i++) {
            counts[i] = together[others[i]];
            together[others[i]] = 0;
          }
          rows[item] = new Row(matrix.users(item), others, counts);
        }
      }
      return PairCounts.of(rows);
    }
  };

  /**
   * Counts events of a user.
   *
   * @param edit where to
   * @param events all events of the user, oldest first
   * @param from the first one that is to be counted; those before it are counted already
   * @param each 1 to count them, -1 to take them back
   */
  abstract void count(PairCounts.Edit edit, int[] events, int from, int each);

  /** Counts a log. */
  abstract PairCounts count(OrdinalLog log, int items);
}
