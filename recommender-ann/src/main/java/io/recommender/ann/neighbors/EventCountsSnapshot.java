package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.UserKey;
import io.recommender.ann.neighbors.EventCounts.Contents;
import io.recommender.ann.neighbors.EventCounts.Counts;
import io.recommender.ann.neighbors.PairCounts.Row;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Counts of items and pairs in a file.
 *
 * <p>Sections: {@code items}, the ids of the items that occurred; {@code counts}, the number of
 * bytes that users may take, the number of items, and for each the number of its events and its own
 * count; {@code pairs}, for each item the others it has a count with, ascending, and these; {@code
 * users}, for each user who is kept, the one with the oldest last event first, the key and the
 * items of the events.
 */
final class EventCountsSnapshot {
  private static final String COUNTS = "counts";
  private static final String PAIRS = "pairs";
  private static final String USERS = "users";

  private EventCountsSnapshot() {}

  static void write(SnapshotWriter out, Contents contents, Catalog catalog) {
    PopularityRanking popularity = contents.counts().popularity();
    PairCounts pairs = contents.counts().pairs();
    SavedItems items = SavedItems.of(catalog, ordinal -> popularity.count(ordinal) > 0);
    SectionWriter section = out.section(COUNTS);
    section.putLong(contents.userBytes()).putInt(items.size());
    for (int i = 0; i < items.size(); i++) {
      int ordinal = items.ordinal(i);
      section.putInt(popularity.count(ordinal)).putInt(pairs.row(ordinal).own());
    }
    items.write(out, catalog);
    section = out.section(PAIRS);
    for (int i = 0; i < items.size(); i++) {
      Row row = pairs.row(items.ordinal(i));
      int[] others = row.others().clone();
      for (int j = 0; j < others.length; j++) {
        others[j] = items.number(others[j]);
      }
      section.putInt(others.length).putInts(others, 0, others.length);
      section.putInts(row.counts(), 0, others.length);
    }
    SectionWriter users = out.section(USERS);
    users.putInt(contents.users().size());
    contents
        .users()
        .forEach(
            (user, events) -> {
              users.putLong(user.high()).putLong(user.low()).putInt(events.length);
              for (int ordinal : events) {
                users.putInt(items.number(ordinal));
              }
            });
  }

  /** Reads counts; of users whose events are of items that are gone, as if these had not been. */
  static EventCounts read(SnapshotReader in, Catalog catalog, Pairing pairing) {
    SectionReader section = in.section(COUNTS);
    long userBytes = section.getLong();
    in.check(COUNTS, userBytes >= 0, "a number of bytes, found " + userBytes);
    int count = section.getCount(2 * Integer.BYTES);
    int[] events = new int[count];
    int[] own = new int[count];
    for (int i = 0; i < count; i++) {
      events[i] = section.getInt();
      own[i] = section.getInt();
      if (events[i] < 1 || own[i] < 0) {
        throw in.invalid(COUNTS, "counts, found %d and %d".formatted(events[i], own[i]));
      }
    }
    section.finish();
    int[] ordinals = SavedItems.read(in, count, catalog);
    PairCounts pairs = readPairs(in, own);
    Map<UserKey, int[]> users = readUsers(in, count);
    PairCounts.Edit edit = pairs.edit();
    users.replaceAll(
        (user, all) -> {
          int[] left =
              Arrays.stream(all).filter(item -> ordinals[item] != Catalog.UNKNOWN).toArray();
          if (left.length < all.length) {
            pairing.count(edit, all, 0, -1);
            pairing.count(edit, left, 0, 1);
          }
          return left;
        });
    users.values().removeIf(all -> all.length == 0);
    users.replaceAll((user, all) -> Arrays.stream(all).map(item -> ordinals[item]).toArray());
    Counts counts =
        new Counts(
            popularity(catalog, ordinals, events), renumbered(edit.build(), ordinals, catalog));
    return EventCounts.of(catalog, pairing, new Contents(userBytes, counts, users));
  }

  private static PairCounts readPairs(SnapshotReader in, int[] own) {
    SectionReader section = in.section(PAIRS);
    Row[] rows = new Row[own.length];
    for (int i = 0; i < rows.length; i++) {
      int size = section.getCount(2 * Integer.BYTES);
      int[] others = new int[size];
      int[] counts = new int[size];
      section.getInts(others, 0, size);
      section.getInts(counts, 0, size);
      for (int j = 0; j < size; j++) {
        if (others[j] < (j == 0 ? 0 : others[j - 1] + 1) || others[j] >= rows.length) {
          throw in.invalid(PAIRS, "items in ascending order, found " + others[j]);
        }
        if (counts[j] < 1) {
          throw in.invalid(PAIRS, "counts of at least 1, found " + counts[j]);
        }
      }
      rows[i] = new Row(own[i], others, counts);
    }
    section.finish();
    return PairCounts.of(rows);
  }

  private static Map<UserKey, int[]> readUsers(SnapshotReader in, int items) {
    SectionReader section = in.section(USERS);
    int count = section.getCount(2 * Long.BYTES + Integer.BYTES);
    Map<UserKey, int[]> users = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      UserKey user = new UserKey(section.getLong(), section.getLong());
      int[] events = new int[section.getCount(Integer.BYTES)];
      section.getInts(events, 0, events.length);
      for (int item : events) {
        if (item < 0 || item >= items) {
          throw in.invalid(USERS, "an item, found " + item);
        }
      }
      in.check(USERS, users.put(user, events) == null, "each user once");
    }
    section.finish();
    return users;
  }

  private static PopularityRanking popularity(Catalog catalog, int[] ordinals, int[] events) {
    int[] counts = new int[catalog.size()];
    for (int i = 0; i < ordinals.length; i++) {
      if (ordinals[i] != Catalog.UNKNOWN) {
        counts[ordinals[i]] = events[i];
      }
    }
    return new PopularityRanking(catalog, counts);
  }

  private static PairCounts renumbered(PairCounts pairs, int[] ordinals, Catalog catalog) {
    Row[] rows = new Row[catalog.size()];
    for (int i = 0; i < ordinals.length; i++) {
      if (ordinals[i] != Catalog.UNKNOWN) {
        rows[ordinals[i]] = renumbered(pairs.row(i), ordinals);
      }
    }
    return PairCounts.of(rows);
  }

  private static Row renumbered(Row row, int[] ordinals) {
    long[] pairs = new long[row.others().length];
    int size = 0;
    for (int i = 0; i < pairs.length; i++) {
      int other = ordinals[row.others()[i]];
      if (other != Catalog.UNKNOWN) {
        pairs[size++] = (long) other << 32 | (row.counts()[i] & 0xffffffffL);
      }
    }
    Arrays.sort(pairs, 0, size);
    int[] others = new int[size];
    int[] counts = new int[size];
    for (int i = 0; i < size; i++) {
      others[i] = (int) (pairs[i] >>> 32);
      counts[i] = (int) pairs[i];
    }
    return new Row(row.own(), others, counts);
  }
}
