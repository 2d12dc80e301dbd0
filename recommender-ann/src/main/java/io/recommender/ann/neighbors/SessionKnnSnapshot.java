package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.UserKey;
import io.recommender.ann.neighbors.SessionIndex.Posting;
import io.recommender.ann.neighbors.SessionKnnOptions.MatchWeight;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.objects.Reference2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sessions in a file.
 *
 * <p>Sections: {@code parameters}, with the options, the newest time, the number of changes, that
 * of all sessions so far, and those of the items and of the sessions that are kept; {@code items},
 * the ids of the items; {@code sessions}, for each its key, if it has one, its time, its order
 * number and the items of its events; {@code postings}, for each item the number of its events and
 * its sessions, the most recent first.
 */
final class SessionKnnSnapshot {
  static final String KIND = "session-knn";
  static final int FORMAT = 1;

  private static final String PARAMETERS = "parameters";
  private static final String SESSIONS = "sessions";
  private static final String POSTINGS = "postings";
  private static final int LEAST_SESSION_BYTES = 1 + 2 * Long.BYTES + Integer.BYTES;

  private SessionKnnSnapshot() {}

  /** What a file holds. */
  record Saved(SessionKnnOptions options, SessionIndex index, SessionStore.Clock clock) {}

  static void write(SnapshotWriter out, Saved saved, Catalog catalog) {
    SessionIndex index = saved.index();
    SavedItems items =
        SavedItems.of(
            catalog,
            ordinal ->
                index.posting(ordinal).events() > 0
                    || index.posting(ordinal).sessions().length > 0);
    Reference2IntOpenHashMap<RecentSession> numbers = new Reference2IntOpenHashMap<>();
    List<RecentSession> sessions = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      for (RecentSession session : index.posting(items.ordinal(i)).sessions()) {
        if (!numbers.containsKey(session)) {
          numbers.put(session, sessions.size());
          sessions.add(session);
        }
      }
    }
    SessionKnnOptions options = saved.options();
    out.section(PARAMETERS)
        .putInt(options.sessions())
        .putInt(options.neighbors())
        .putInt(options.historyLength())
        .putInt(options.sessionLength())
        .putDouble(options.positionPower())
        .putString(options.matchWeight().name())
        .putDouble(options.idfOffset())
        .putDouble(options.idfFactor())
        .putLong(options.sessionBytes())
        .putLong(saved.clock().newest())
        .putLong(saved.clock().changes())
        .putLong(index.sessions())
        .putInt(items.size())
        .putInt(sessions.size());
    items.write(out, catalog);
    SectionWriter section = out.section(SESSIONS);
    for (RecentSession session : sessions) {
      UserKey id = session.id();
      section.putByte((byte) (id == null ? 0 : 1));
      if (id != null) {
        section.putLong(id.high()).putLong(id.low());
      }
      section.putLong(session.time()).putLong(session.order()).putInt(session.size());
      session.forEachEvent(ordinal -> section.putInt(items.number(ordinal)));
    }
    SectionWriter postings = out.section(POSTINGS);
    for (int i = 0; i < items.size(); i++) {
      Posting posting = index.posting(items.ordinal(i));
      postings.putLong(posting.events()).putInt(posting.sessions().length);
      for (RecentSession session : posting.sessions()) {
        postings.putInt(numbers.getInt(session));
      }
    }
  }

  static Saved read(SnapshotReader in, Catalog catalog) {
    SectionReader section = in.section(PARAMETERS);
    SessionKnnOptions options = readOptions(in, section);
    SessionStore.Clock clock = new SessionStore.Clock(section.getLong(), section.getLong());
    long all = section.getLong();
    int itemCount = section.getInt();
    int kept = section.getInt();
    section.finish();
    in.check(PARAMETERS, clock.changes() >= 0, "a number of changes, found " + clock.changes());
    in.check(PARAMETERS, kept >= 0 && all >= kept, kept + " sessions or more, found " + all);
    int[] ordinals = SavedItems.read(in, itemCount, catalog);
    Sessions sessions = new Sessions(in, kept, ordinals, clock, options.sessionLength());
    Posting[] postings = new Posting[catalog.size()];
    section = in.section(POSTINGS);
    for (int i = 0; i < itemCount; i++) {
      Posting posting = sessions.posting(section, ordinals[i], options.sessions());
      if (ordinals[i] != Catalog.UNKNOWN) {
        postings[ordinals[i]] = posting;
      }
    }
    section.finish();
    return new Saved(options, SessionIndex.of(postings, all), clock);
  }

  private static SessionKnnOptions readOptions(SnapshotReader in, SectionReader section) {
    int sessions = section.getInt();
    int neighbors = section.getInt();
    int historyLength = section.getInt();
    int sessionLength = section.getInt();
    double positionPower = section.getDouble();
    String weight = section.getString();
    in.check(
        PARAMETERS,
        Arrays.stream(MatchWeight.values()).anyMatch(each -> each.name().equals(weight)),
        "a match weight, found " + weight);
    double offset = section.getDouble();
    double factor = section.getDouble();
    long sessionBytes = section.getLong();
    try {
      return SessionKnnOptions.of(sessions, neighbors)
          .historyLength(historyLength)
          .sessionLength(sessionLength)
          .positionPower(positionPower)
          .matchWeight(MatchWeight.valueOf(weight))
          .idf(offset, factor)
          .sessionBytes(sessionBytes);
    } catch (IllegalArgumentException e) {
      throw in.invalid(PARAMETERS, "options that can be had: " + e.getMessage());
    }
  }

  /** The sessions of a file by number; null = none of its items is in the catalogue. */
  private static final class Sessions {
    private final SnapshotReader in;
    private final @Nullable RecentSession[] byNumber;

    Sessions(
        SnapshotReader in, int count, int[] ordinals, SessionStore.Clock clock, int sessionLength) {
      this.in = in;
      SectionReader section = in.section(SESSIONS);
      in.check(
          SESSIONS,
          count <= section.length() / LEAST_SESSION_BYTES,
          "%d sessions, found room for fewer".formatted(count));
      byNumber = new RecentSession[count];
      Set<UserKey> ids = new HashSet<>();
      for (int i = 0; i < count; i++) {
        byte hasId = section.getByte();
        in.check(SESSIONS, hasId == 0 || hasId == 1, "0 or 1, found " + hasId);
        @Nullable UserKey id =
            hasId == 0 ? null : new UserKey(section.getLong(), section.getLong());
        in.check(SESSIONS, id == null || ids.add(id), "each id once");
        long time = section.getLong();
        long order = section.getLong();
        in.check(
            SESSIONS, order >= 0 && order < clock.changes(), "an order number, found " + order);
        int events = section.getCount(Integer.BYTES);
        in.check(
            SESSIONS,
            events >= 1 && events <= sessionLength,
            "1 to %d events, found %d".formatted(sessionLength, events));
        int[] known = known(section, events, ordinals);
        if (known.length > 0) {
          byNumber[i] = RecentSession.empty(id).plus(known, time, order, sessionLength);
        }
      }
      section.finish();
    }

    private int[] known(SectionReader section, int events, int[] ordinals) {
      IntArrayList known = new IntArrayList(events);
      for (int i = 0; i < events; i++) {
        int item = section.getInt();
        if (item < 0 || item >= ordinals.length) {
          throw in.invalid(SESSIONS, "an item, found " + item);
        }
        if (ordinals[item] != Catalog.UNKNOWN) {
          known.add(ordinals[item]);
        }
      }
      return known.toIntArray();
    }

    Posting posting(SectionReader section, int ordinal, int mostSessions) {
      long events = section.getLong();
      in.check(POSTINGS, events >= 0, "a number of events, found " + events);
      int count = section.getCount(Integer.BYTES);
      in.check(
          POSTINGS,
          count <= mostSessions,
          "at most %d sessions of an item, found %d".formatted(mostSessions, count));
      RecentSession[] sessions = new RecentSession[ordinal == Catalog.UNKNOWN ? 0 : count];
      for (int i = 0; i < count; i++) {
        int number = section.getInt();
        if (number < 0 || number >= byNumber.length) {
          throw in.invalid(POSTINGS, "a session, found " + number);
        }
        if (ordinal != Catalog.UNKNOWN) {
          RecentSession session = byNumber[number];
          if (session == null
              || !session.has(ordinal)
              || (i > 0 && !sessions[i - 1].isNewerThan(session))) {
            throw in.invalid(POSTINGS, "sessions with the item, newest first, found " + number);
          }
          sessions[i] = session;
        }
      }
      return new Posting(sessions, events);
    }
  }
}
