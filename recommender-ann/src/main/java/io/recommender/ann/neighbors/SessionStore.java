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
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Changes a {@link SessionIndex} as events come: knows the sessions that can still grow, by id, and
 * keeps all of them within a number of bytes: the least recent go.
 *
 * <p>Confined: its owner lets one thread in at a time.
 */
final class SessionStore {
  private final Catalog catalog;
  private final int mostSessions;
  private final int sessionLength;
  private final long maxBytes;
  private final Map<UserKey, RecentSession> held = new HashMap<>();
  // All sessions, the least recent first; none without a limit, which nobody would ask it for.
  private final TreeSet<RecentSession> byAge =
      new TreeSet<>((a, b) -> a == b ? 0 : a.isNewerThan(b) ? 1 : -1);
  private long bytes;
  private long newest;
  private long changes;

  SessionStore(Catalog catalog, SessionKnnOptions options) {
    this.catalog = catalog;
    mostSessions = options.sessions();
    sessionLength = options.sessionLength();
    maxBytes = options.sessionBytes();
  }

  int size() {
    return held.size();
  }

  /** Returns the bytes of the sessions and of the references to them, at most the limit. */
  long bytes() {
    return bytes;
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
        if (session.refer() == 1) {
          enter(session);
        }
        bytes += SessionKnnOptions.REFERENCE_BYTES;
      }
    }
  }

  private static long bytes(RecentSession session) {
    return SessionKnnOptions.SESSION_BYTES + (long) Integer.BYTES * session.size();
  }

  /** Takes note of a session that is in a posting. */
  private void enter(RecentSession session) {
    bytes += bytes(session);
    @Nullable UserKey id = session.id();
    if (id != null) {
      held.put(id, session);
    }
    if (maxBytes < Long.MAX_VALUE) {
      byAge.add(session);
    }
  }

  /** Takes note of a session that is in no posting any more. */
  private void leave(RecentSession session) {
    bytes -= bytes(session);
    @Nullable UserKey id = session.id();
    if (id != null) {
      held.remove(id);
    }
    byAge.remove(session);
  }

  private void shrink(Edit edit) {
    while (bytes > maxBytes) {
      takeOut(edit, byAge.first());
    }
  }

  private void takeOut(Edit edit, RecentSession session) {
    session.forEachItem(ordinal -> remove(edit, ordinal, session));
    leave(session);
  }

  /** Adds events to a session, or begins it. Returns the same index if no item is known. */
  SessionIndex observe(SessionIndex index, UserKey sessionId, List<Interaction> events) {
    int[] ordinals = ordinals(events);
    if (ordinals.length == 0) {
      return index;
    }
    Edit edit = index.edit();
    @Nullable RecentSession before = held.get(sessionId);
    if (before == null) {
      before = RecentSession.empty(sessionId);
      edit.countSessions(1);
    } else {
      takeOut(edit, before);
    }
    RecentSession after = before.plus(ordinals, time(events), changes++, sessionLength);
    for (int ordinal : ordinals) {
      edit.countEvents(ordinal, 1);
    }
    after.forEachItem(ordinal -> insert(edit, ordinal, after));
    if (after.references() > 0) {
      enter(after);
    }
    shrink(edit);
    return edit.build();
  }

  /** Takes a session out. Returns the same index if it is not held. */
  SessionIndex forget(SessionIndex index, UserKey sessionId) {
    RecentSession session = held.get(sessionId);
    if (session == null) {
      return index;
    }
    Edit edit = index.edit();
    edit.countSessions(-1);
    takeOut(edit, session);
    session.forEachEvent(ordinal -> edit.countEvents(ordinal, -1));
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
      session.forEachItem(
          ordinal -> {
            if (filled[ordinal] < sizes[ordinal]) {
              postings[ordinal][filled[ordinal]++] = session;
              session.refer();
              bytes += SessionKnnOptions.REFERENCE_BYTES;
            }
          });
      if (session.references() > 0) {
        enter(session);
      }
    }
    shrink(edit);
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

  private void insert(Edit edit, int ordinal, RecentSession session) {
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
    session.refer();
    bytes += SessionKnnOptions.REFERENCE_BYTES;
    if (more.length == sessions.length) {
      RecentSession evicted = sessions[sessions.length - 1];
      bytes -= SessionKnnOptions.REFERENCE_BYTES;
      if (evicted.release() == 0) {
        leave(evicted);
      }
    }
  }

  private void remove(Edit edit, int ordinal, RecentSession session) {
    Posting posting = edit.posting(ordinal);
    RecentSession[] sessions = posting.sessions();
    for (int i = 0; i < sessions.length; i++) {
      if (sessions[i] == session) {
        RecentSession[] fewer = new RecentSession[sessions.length - 1];
        System.arraycopy(sessions, 0, fewer, 0, i);
        System.arraycopy(sessions, i + 1, fewer, i, fewer.length - i);
        edit.set(ordinal, new Posting(fewer, posting.events()));
        session.release();
        bytes -= SessionKnnOptions.REFERENCE_BYTES;
        return;
      }
    }
  }
}
