package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/** How often each item of the catalogue occurs in the training. Immutable. */
final class TrainingStatistics {
  private final int[] interactions;
  private final int[] users;
  private final int userCount;
  private final long distinctPairs;
  private final int[] byPopularity;

  private TrainingStatistics(int[] interactions, int[] users, int userCount) {
    this.interactions = interactions;
    this.users = users;
    this.userCount = userCount;
    distinctPairs = Arrays.stream(users).asLongStream().sum();
    byPopularity = sorted(IntStream.range(0, users.length), ordinal -> -users[ordinal]);
  }

  static TrainingStatistics of(Catalog catalog, List<UserHistory> training) {
    int[] interactions = new int[catalog.size()];
    int[] users = new int[catalog.size()];
    int[] lastUser = new int[catalog.size()];
    int userCount = 0;
    for (UserHistory user : training) {
      userCount++;
      for (Interaction interaction : user.interactions()) {
        int ordinal = catalog.ordinal(interaction.itemId());
        if (ordinal == Catalog.UNKNOWN) {
          continue;
        }
        interactions[ordinal]++;
        if (lastUser[ordinal] != userCount) {
          lastUser[ordinal] = userCount;
          users[ordinal]++;
        }
      }
    }
    return new TrainingStatistics(interactions, users, userCount);
  }

  int size() {
    return interactions.length;
  }

  /** How many training interactions an item has. */
  int interactions(int ordinal) {
    return interactions[ordinal];
  }

  /** How many training users have an item. */
  int users(int ordinal) {
    return users[ordinal];
  }

  int userCount() {
    return userCount;
  }

  /** The number of different pairs of a user and an item in the training. */
  long distinctPairs() {
    return distinctPairs;
  }

  /** All ordinals by descending number of users, equal ones ascending; not to be changed. */
  int[] byPopularity() {
    return byPopularity;
  }

  /**
   * Elliot's short head: the most popular items that together make up a share of the distinct
   * training pairs, the item that crosses the share included.
   */
  BitSet shortHead(double share) {
    BitSet head = new BitSet(users.length);
    double rest = distinctPairs * share;
    for (int ordinal : byPopularity) {
      head.set(ordinal);
      rest -= users[ordinal];
      if (rest <= 0) {
        break;
      }
    }
    return head;
  }

  /**
   * RecBole's tail: up to a ratio of 1, that share of the items that occur in the training, the
   * rarest first and equal ones by ordinal, at least one; above 1, those that occur at most so
   * often.
   */
  BitSet rarest(double ratio) {
    BitSet tail = new BitSet(interactions.length);
    int[] seen =
        sorted(
            IntStream.range(0, interactions.length).filter(ordinal -> interactions[ordinal] > 0),
            ordinal -> interactions[ordinal]);
    if (ratio > 1) {
      Arrays.stream(seen).filter(ordinal -> interactions[ordinal] <= ratio).forEach(tail::set);
    } else {
      int count = Math.min(seen.length, Math.max((int) (seen.length * ratio), 1));
      Arrays.stream(seen, 0, count).forEach(tail::set);
    }
    return tail;
  }

  private static int[] sorted(IntStream ordinals, ToIntFunction<Integer> key) {
    return ordinals
        .boxed()
        .sorted(Comparator.comparingInt(key).thenComparing(Comparator.naturalOrder()))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
