package io.recommender.ann.neighbors;

import io.recommender.ann.internal.UserKey;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One session as it was after its newest event; a further event makes another one.
 *
 * <p><b>Order.</b> The more recent of two sessions has the later time and, at equal times, the
 * higher order number, which is that of its last change. <b>Immutable</b>, but for the number of
 * references, which its store alone counts and reads.
 */
final class RecentSession {
  private static final int[] NO_EVENTS = {};

  private final @Nullable UserKey id;
  private final long time;
  private final long order;
  // The items of the events, oldest first; one that occurred before in the session as ~ordinal.
  private final int[] events;
  // In how many postings it is.
  private int references;

  private RecentSession(@Nullable UserKey id, long time, long order, int[] events) {
    this.id = id;
    this.time = time;
    this.order = order;
    this.events = events;
  }

  /** Returns a session without events, older than every other one. */
  static RecentSession empty(@Nullable UserKey id) {
    return new RecentSession(id, Long.MIN_VALUE, Long.MIN_VALUE, NO_EVENTS);
  }

  /** Returns this session after more events, of which the newest {@code limit} are kept. */
  RecentSession plus(int[] ordinals, long newTime, long newOrder, int limit) {
    int all = events.length + ordinals.length;
    int dropped = Math.max(0, all - limit);
    int[] extended = new int[all - dropped];
    IntOpenHashSet seen = new IntOpenHashSet(extended.length);
    for (int i = 0; i < extended.length; i++) {
      int from = i + dropped;
      int ordinal = from < events.length ? ordinal(events[from]) : ordinals[from - events.length];
      extended[i] = seen.add(ordinal) ? ordinal : ~ordinal;
    }
    return new RecentSession(id, Math.max(time, newTime), newOrder, extended);
  }

  @Nullable UserKey id() {
    return id;
  }

  boolean isNewerThan(RecentSession other) {
    return time > other.time || (time == other.time && order > other.order);
  }

  long time() {
    return time;
  }

  long order() {
    return order;
  }

  int size() {
    return events.length;
  }

  int references() {
    return references;
  }

  /** Counts one reference more, and returns how many there are. */
  int refer() {
    return ++references;
  }

  /** Counts one reference less, and returns how many are left. */
  int release() {
    return --references;
  }

  /** Tells each distinct item once. */
  void forEachItem(IntConsumer action) {
    for (int event : events) {
      if (event >= 0) {
        action.accept(event);
      }
    }
  }

  boolean has(int ordinal) {
    for (int event : events) {
      if (event == ordinal) {
        return true;
      }
    }
    return false;
  }

  /** Tells the item of each event, oldest first. */
  void forEachEvent(IntConsumer action) {
    for (int event : events) {
      action.accept(ordinal(event));
    }
  }

  private static int ordinal(int event) {
    return event >= 0 ? event : ~event;
  }
}
