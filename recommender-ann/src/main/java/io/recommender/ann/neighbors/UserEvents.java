package io.recommender.ann.neighbors;

import io.recommender.ann.internal.UserKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The items of the events of each user, so that the next one can be counted beside them and all of
 * them taken back, within a number of bytes: the users whose last event is longest ago go first.
 *
 * <p>Users are kept as hashes of their ids. <b>Confined</b>: its owner lets one thread in at a
 * time.
 */
final class UserEvents {
  /** How many bytes of a user are counted besides those of the events. */
  static final int ENTRY_BYTES = 160;

  private static final int[] NONE = {};

  private final long maxBytes;
  // By last event, the oldest first.
  private final LinkedHashMap<UserKey, int[]> users = new LinkedHashMap<>();
  private long bytes;

  UserEvents(long maxBytes) {
    if (maxBytes < 0) {
      throw new IllegalArgumentException("userBytes: expected at least 0, found " + maxBytes);
    }
    this.maxBytes = maxBytes;
  }

  /** Returns the items of a user's events, oldest first, not to be changed. */
  int[] get(UserKey user) {
    return users.getOrDefault(user, NONE);
  }

  /** Keeps a user as the one of the last event; not at all, if there is no room even alone. */
  void put(UserKey user, int[] events) {
    remove(user);
    if (bytes(events) > maxBytes) {
      return;
    }
    users.put(user, events);
    bytes += bytes(events);
    Iterator<Map.Entry<UserKey, int[]>> oldest = users.entrySet().iterator();
    while (bytes > maxBytes) {
      bytes -= bytes(oldest.next().getValue());
      oldest.remove();
    }
  }

  /** Takes a user out and returns the items of the events. */
  int[] remove(UserKey user) {
    int[] events = users.remove(user);
    if (events == null) {
      return NONE;
    }
    bytes -= bytes(events);
    return events;
  }

  /** Returns the items of each user's events, by last event, the oldest first. */
  Map<UserKey, int[]> copy() {
    return new LinkedHashMap<>(users);
  }

  long maxBytes() {
    return maxBytes;
  }

  private static long bytes(int[] events) {
    return ENTRY_BYTES + (long) Integer.BYTES * events.length;
  }

  /** Returns the bytes of all users, at most the limit. */
  long bytes() {
    return bytes;
  }
}
