package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import io.recommender.ann.internal.UserKey;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Counts of items and of pairs of items that follow the events of users.
 *
 * <p><b>Thread-safe</b>: {@link #now} is what was counted between two changes, and waits for
 * nothing; changes wait for each other.
 */
final class EventCounts {
  /** How many bytes the events of users may take unless told. */
  static final long DEFAULT_USER_BYTES = 64L << 20;

  /** What has been counted at some moment. */
  record Counts(PopularityRanking popularity, PairCounts pairs) {}

  /**
   * All there is at some moment.
   *
   * @param userBytes how many bytes the users may take
   * @param counts what has been counted
   * @param users the items of each user's events, by last event, the oldest first
   */
  record Contents(long userBytes, Counts counts, Map<UserKey, int[]> users) {}

  private final Catalog catalog;
  private final Pairing pairing;
  private final UserEvents users; // guarded by this
  private volatile Counts counts; // set under this

  private EventCounts(Catalog catalog, Pairing pairing, UserEvents users, Counts counts) {
    this.catalog = catalog;
    this.pairing = pairing;
    this.users = users;
    this.counts = counts;
  }

  static EventCounts of(
      Catalog catalog, Iterable<UserHistory> histories, Pairing pairing, long userBytes) {
    UserEvents users = new UserEvents(userBytes);
    OrdinalLog log = OrdinalLog.of(catalog, histories);
    for (int i = 0; i < log.users(); i++) {
      UserKey user = log.user(i);
      if (user != null && log.start(i) < log.start(i + 1)) {
        users.put(user, log.ordinals(i));
      }
    }
    Counts counts =
        new Counts(
            new PopularityRanking(catalog, log.counts(catalog.size())),
            pairing.count(log, catalog.size()));
    return new EventCounts(catalog, pairing, users, counts);
  }

  /** Makes counts that go on from others. */
  static EventCounts of(Catalog catalog, Pairing pairing, Contents contents) {
    UserEvents users = new UserEvents(contents.userBytes());
    contents.users().forEach(users::put);
    return new EventCounts(catalog, pairing, users, contents.counts());
  }

  synchronized Contents contents() {
    return new Contents(users.maxBytes(), counts, users.copy());
  }

  Counts now() {
    return counts;
  }

  void observe(String userId, List<Interaction> events) {
    Objects.requireNonNull(userId, "userId");
    int[] ordinals = ordinals(events);
    if (ordinals.length > 0) {
      add(UserKey.of(userId), ordinals);
    }
  }

  private int[] ordinals(List<Interaction> events) {
    IntArrayList ordinals = new IntArrayList(events.size());
    for (Interaction event : events) {
      int ordinal = catalog.ordinal(event.itemId());
      if (ordinal != Catalog.UNKNOWN) {
        ordinals.add(ordinal);
      }
    }
    return ordinals.toIntArray();
  }

  void observe(Feedback feedback) {
    if (feedback.hasConsent() && feedback.isPositive() && feedback.userId().isPresent()) {
      observe(feedback.userId().get(), List.of(Interaction.of(feedback.itemId())));
    }
  }

  private synchronized void add(UserKey user, int[] ordinals) {
    int[] before = users.get(user);
    int[] events = Arrays.copyOf(before, before.length + ordinals.length);
    System.arraycopy(ordinals, 0, events, before.length, ordinals.length);
    users.put(user, events);
    PairCounts.Edit edit = counts.pairs().edit();
    pairing.count(edit, events, before.length, 1);
    counts = new Counts(counts.popularity().plus(ordinals, 1), edit.build());
  }

  /** Takes back the events of a user; returns whether there were any. */
  synchronized boolean forget(String userId) {
    Objects.requireNonNull(userId, "userId");
    int[] events = users.remove(UserKey.of(userId));
    if (events.length == 0) {
      return false;
    }
    PairCounts.Edit edit = counts.pairs().edit();
    pairing.count(edit, events, 0, -1);
    counts = new Counts(counts.popularity().plus(events, -1), edit.build());
    return true;
  }

  synchronized long userBytes() {
    return users.bytes();
  }
}
