package io.recommender.ann.neighbors;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;

/** Who had what, each pair once, by user and by item. Immutable. */
final class UserItemMatrix {
  private final int[] itemsStart;
  private final int[] items;
  private final int[] usersStart;
  private final int[] users;

  UserItemMatrix(OrdinalLog log, int itemCount) {
    itemsStart = new int[log.users() + 1];
    usersStart = new int[itemCount + 1];
    IntArrayList distinct = new IntArrayList(log.interactions());
    IntOpenHashSet seen = new IntOpenHashSet();
    for (int user = 0; user < log.users(); user++) {
      seen.clear();
      for (int i = log.start(user); i < log.start(user + 1); i++) {
        if (seen.add(log.ordinal(i))) {
          distinct.add(log.ordinal(i));
          usersStart[log.ordinal(i) + 1]++;
        }
      }
      itemsStart[user + 1] = distinct.size();
    }
    items = distinct.toIntArray();
    for (int item = 0; item < itemCount; item++) {
      usersStart[item + 1] += usersStart[item];
    }
    users = new int[items.length];
    int[] next = usersStart.clone();
    for (int user = 0; user < log.users(); user++) {
      for (int i = itemsStart[user]; i < itemsStart[user + 1]; i++) {
        users[next[items[i]]++] = user;
      }
    }
  }

  /** Returns how many users had an item. */
  int users(int item) {
    return usersStart[item + 1] - usersStart[item];
  }

  /**
   * Counts the users who had an item and another one.
   *
   * @param item the item
   * @param together zeros, one for each item; receives the counts
   * @param touched cleared, then receives the other items with a count above 0
   */
  void countTogether(int item, int[] together, IntArrayList touched) {
    touched.clear();
    for (int i = usersStart[item]; i < usersStart[item + 1]; i++) {
      for (int j = itemsStart[users[i]]; j < itemsStart[users[i] + 1]; j++) {
        int other = items[j];
        if (other != item && together[other]++ == 0) {
          touched.add(other);
        }
      }
    }
  }
}
