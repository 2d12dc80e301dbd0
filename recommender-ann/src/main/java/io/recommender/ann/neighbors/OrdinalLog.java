package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import io.recommender.ann.internal.UserKey;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The known items of many users, one after the other: the items of user u are at {@code start(u)}
 * to {@code start(u + 1) - 1} of {@code ordinals}, oldest first. Histories with the same user id
 * are those of one user, who has the place of the last of them.
 */
final class OrdinalLog {
  private final int[] ordinals;
  private final int[] starts;
  private final List<@Nullable UserKey> users;

  private OrdinalLog(int[] ordinals, int[] starts, List<@Nullable UserKey> users) {
    this.ordinals = ordinals;
    this.starts = starts;
    this.users = users;
  }

  /** Reads the histories once. Items outside the catalogue are left out. */
  static OrdinalLog of(Catalog catalog, Iterable<UserHistory> histories) {
    Objects.requireNonNull(catalog, "catalog");
    Objects.requireNonNull(histories, "histories");
    IntArrayList ordinals = new IntArrayList();
    IntArrayList starts = new IntArrayList();
    List<@Nullable UserKey> users = new ArrayList<>();
    Map<UserKey, Integer> last = new HashMap<>();
    boolean isRepeated = false;
    starts.add(0);
    for (UserHistory history : histories) {
      for (Interaction interaction : history.interactions()) {
        int ordinal = catalog.ordinal(interaction.itemId());
        if (ordinal != Catalog.UNKNOWN) {
          ordinals.add(ordinal);
        }
      }
      starts.add(ordinals.size());
      @Nullable UserKey user = history.userId().map(UserKey::of).orElse(null);
      if (user != null) {
        isRepeated |= last.put(user, users.size()) != null;
      }
      users.add(user);
    }
    OrdinalLog log = new OrdinalLog(ordinals.toIntArray(), starts.toIntArray(), users);
    return isRepeated ? log.joined(last) : log;
  }

  /** Brings what is of one user together. */
  private OrdinalLog joined(Map<UserKey, Integer> last) {
    int[] places = new int[users()];
    int[] order = new int[users()];
    for (int i = 0; i < order.length; i++) {
      UserKey user = users.get(i);
      places[i] = user == null ? i : last.getOrDefault(user, i);
      order[i] = i;
    }
    IntArrays.mergeSort(order, (i, j) -> Integer.compare(places[i], places[j]));
    IntArrayList newOrdinals = new IntArrayList(ordinals.length);
    IntArrayList newStarts = new IntArrayList();
    List<@Nullable UserKey> newUsers = new ArrayList<>();
    newStarts.add(0);
    for (int i : order) {
      newOrdinals.addElements(newOrdinals.size(), ordinals, starts[i], starts[i + 1] - starts[i]);
      if (places[i] == i) {
        newStarts.add(newOrdinals.size());
        newUsers.add(users.get(i));
      }
    }
    return new OrdinalLog(newOrdinals.toIntArray(), newStarts.toIntArray(), newUsers);
  }

  int users() {
    return starts.length - 1;
  }

  /** Returns who a user is, null = nobody known. */
  @Nullable UserKey user(int user) {
    return users.get(user);
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

  /** Returns the items of a user. */
  int[] ordinals(int user) {
    return Arrays.copyOfRange(ordinals, starts[user], starts[user + 1]);
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
