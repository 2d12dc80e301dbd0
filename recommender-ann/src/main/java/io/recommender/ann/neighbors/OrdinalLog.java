package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Objects;

/**
 * The known items of many histories, one after the other: the items of user u are at {@code
 * start(u)} to {@code start(u + 1) - 1} of {@code ordinals}, oldest first.
 */
final class OrdinalLog {
  private final int[] ordinals;
  private final int[] starts;

  private OrdinalLog(int[] ordinals, int[] starts) {
    this.ordinals = ordinals;
    this.starts = starts;
  }

  /** Reads the histories once. Items outside the catalogue are left out. */
  static OrdinalLog of(Catalog catalog, Iterable<UserHistory> histories) {
    Objects.requireNonNull(catalog, "catalog");
    Objects.requireNonNull(histories, "histories");
    IntArrayList ordinals = new IntArrayList();
    IntArrayList starts = new IntArrayList();
    starts.add(0);
    for (UserHistory history : histories) {
      for (Interaction interaction : history.interactions()) {
        int ordinal = catalog.ordinal(interaction.itemId());
        if (ordinal != Catalog.UNKNOWN) {
          ordinals.add(ordinal);
        }
      }
      starts.add(ordinals.size());
    }
    return new OrdinalLog(ordinals.toIntArray(), starts.toIntArray());
  }

  int users() {
    return starts.length - 1;
  }

  int interactions() {
    return ordinals.length;
  }

  int start(int user) {
    return starts[user];
  }

  int ordinal(int position) {
    return ordinals[position];
  }

  /** Returns how often each item occurs. */
  int[] counts(int items) {
    int[] counts = new int[items];
    for (int ordinal : ordinals) {
      counts[ordinal]++;
    }
    return counts;
  }
}
