package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.UserHistory;
import io.recommender.ann.internal.UserKey;
import io.recommender.ann.neighbors.SessionIndex.Edit;
import io.recommender.ann.neighbors.SessionIndex.Posting;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes a {@link SessionIndex} as events come: knows the sessions that can still grow, by id.
 *
 * <p>Confined: its owner lets one thread in at a time.
 */
final class SessionStore {
  /** A session with an id, and in how many postings it is. */
  private static final class Held {
    private RecentSession session;
    private int postings;

    private Held(RecentSession session) {
      this.session = session;
    }
  }

  private final Catalog catalog;
  private final int mostSessions;
  private final int sessionLength;
  private final Map<UserKey, Held> held = new HashMap<>();
  private long newest;
  private long changes;

  SessionStore(Catalog catalog, SessionKnnOptions options) {
    this.catalog = catalog;
    mostSessions = options.sessions();
    sessionLength = options.sessionLength();
  }

  int size() {
    return held.size();
  }

  /** What the store knows besides an index: the newest time and how many changes there were. */
  record Clock(long newest, long changes) {}

  Clock clock() {
    return new Clock(newest, changes);
  }

  /** Takes over an index that was saved; nothing has been added yet. */
  void load(SessionIndex index, Clock clock) {
    newest = clock.newest();
    changes = clock.changes();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      for (RecentSession session : index.posting(ordinal).sessions()) {
        @Nullable UserKey id = session.id();
        if (id != null) {
          held.computeIfAbsent(id, key -> new Held(session)).postings++;
        }
      }
    }
  }

  /** Adds events to a session, or begins it. Returns the same index if no item is known. */
  SessionIndex observe(SessionIndex index, UserKey sessionId, List<Interaction> events) {
    int[] ordinals = ordinals(events);
    if (ordinals.length == 0) {
      return index;
    }
    Held entry = held.get(sessionId);
    RecentSession before = entry == null ? RecentSession.empty(sessionId) : entry.session;
    RecentSession after = before.plus(ordinals, time(events), changes++, sessionLength);
    Edit edit = index.edit();
    if (entry == null) {
      entry = new Held(after);
      held.put(sessionId, entry);
      edit.countSessions(1);
    }
    entry.session = after;
    for (int ordinal : ordinals) {
      edit.countEvents(ordinal, 1);
    }
    Held growing = entry;
    before.forEachItem(
        ordinal -> {
          if (remove(edit, ordinal, before)) {
            growing.postings--;
          }
        });
    after.forEachItem(ordinal -> insert(edit, ordinal, after, growing));
    if (growing.postings == 0) {
      held.remove(sessionId);
    }
    return edit.build();
  }

  /** Takes a session out. Returns the same index if it is not held. */
  SessionIndex forget(SessionIndex index, UserKey sessionId) {
    Held entry = held.remove(sessionId);
    if (entry == null) {
      return index;
    }
    Edit edit = index.edit();
    edit.countSessions(-1);
    entry.session.forEachItem(ordinal -> remove(edit, ordinal, entry.session));
    entry.session.forEachEvent(ordinal -> edit.countEvents(ordinal, -1));
    return edit.build();
  }

  /** Reads many sessions at once into an empty index. */
  SessionIndex load(SessionIndex empty, Iterable<UserHistory> histories) {
    Edit edit = empty.edit();
    List<RecentSession> sessions = sessions(histories, edit);
    edit.countSessions(sessions.size());
    int[] sizes = new int[catalog.size()];
    for (RecentSession session : sessions) {
      session.forEachItem(ordinal -> sizes[ordinal] = Math.min(sizes[ordinal] + 1, mostSessions));
    }
    sessions.sort((a, b) -> a.isNewerThan(b) ? -1 : a == b ? 0 : 1);
    RecentSession[][] postings = new RecentSession[sizes.length][];
    for (int ordinal = 0; ordinal < sizes.length; ordinal++) {
      if (sizes[ordinal] > 0) {
        postings[ordinal] = new RecentSession[sizes[ordinal]];
        edit.set(ordinal, new Posting(postings[ordinal], edit.posting(ordinal).events()));
      }
    }
    int[] filled = new int[sizes.length];
    for (RecentSession session : sessions) {
      Held entry = new Held(session);
      session.forEachItem(
          ordinal -> {
            if (filled[ordinal] < sizes[ordinal]) {
              postings[ordinal][filled[ordinal]++] = session;
              entry.postings++;
            }
          });
      if (session.id() != null && entry.postings > 0) {
        held.put(session.id(), entry);
      }
    }
    return edit.build();
  }

  private List<RecentSession> sessions(Iterable<UserHistory> histories, Edit edit) {
    List<RecentSession> sessions = new ArrayList<>();
    Map<UserKey, Integer> places = new HashMap<>();
    for (UserHistory history : histories) {
      int[] ordinals = ordinals(history.interactions());
      if (ordinals.length == 0) {
        continue;
      }
      @Nullable UserKey id = history.userId().map(UserKey::of).orElse(null);
      Integer place = id == null ? null : places.putIfAbsent(id, sessions.size());
      RecentSession before = place == null ? RecentSession.empty(id) : sessions.get(place);
      RecentSession after =
          before.plus(ordinals, time(history.interactions()), changes++, sessionLength);
      if (place == null) {
        sessions.add(after);
      } else {
        sessions.set(place, after);
      }
      for (int ordinal : ordinals) {
        edit.countEvents(ordinal, 1);
      }
    }
    return sessions;
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

  /** Returns the time of the newest known event; without one, that of the newest so far. */
  private long time(List<Interaction> events) {
    long time = Long.MIN_VALUE;
    for (Interaction event : events) {
      if (catalog.contains(event.itemId())) {
        time = Math.max(time, event.time().map(Times::milliseconds).orElse(newest));
        newest = Math.max(newest, time);
      }
    }
    return time;
  }

  private void insert(Edit edit, int ordinal, RecentSession session, Held entry) {
    Posting posting = edit.posting(ordinal);
    RecentSession[] sessions = posting.sessions();
    int place = 0;
    while (place < sessions.length && sessions[place].isNewerThan(session)) {
      place++;
    }
    if (place == mostSessions) {
      return;
    }
    RecentSession[] more = new RecentSession[Math.min(sessions.length + 1, mostSessions)];
    System.arraycopy(sessions, 0, more, 0, place);
    more[place] = session;
    System.arraycopy(sessions, place, more, place + 1, more.length - place - 1);
    edit.set(ordinal, new Posting(more, posting.events()));
    entry.postings++;
    if (more.length == sessions.length) {
      release(sessions[sessions.length - 1]);
    }
  }

  private void release(RecentSession evicted) {
    @Nullable UserKey id = evicted.id();
    Held entry = id == null ? null : held.get(id);
    if (entry != null && --entry.postings == 0) {
      held.remove(id);
    }
  }

  private static boolean remove(Edit edit, int ordinal, RecentSession session) {
    Posting posting = edit.posting(ordinal);
    RecentSession[] sessions = posting.sessions();
    for (int i = 0; i < sessions.length; i++) {
      if (sessions[i] == session) {
        RecentSession[] fewer = new RecentSession[sessions.length - 1];
        System.arraycopy(sessions, 0, fewer, 0, i);
        System.arraycopy(sessions, i + 1, fewer, i, fewer.length - i);
        edit.set(ordinal, new Posting(fewer, posting.events()));
        return true;
      }
    }
    return false;
  }
}
