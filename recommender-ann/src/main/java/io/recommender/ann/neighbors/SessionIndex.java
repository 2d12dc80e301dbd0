package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * For each item the most recent sessions that had it, and how many events it had in all.
 *
 * <p>The items are in chunks, so that a change copies a few of them and a table of chunks, and a
 * search that began before reads on in what it has. <b>Immutable</b>.
 */
final class SessionIndex {
  private static final int CHUNK_BITS = 8;
  private static final int CHUNK = 1 << CHUNK_BITS;
  private static final Posting EMPTY = new Posting(new RecentSession[0], 0);

  /**
   * What is known of an item.
   *
   * @param sessions the sessions, most recent first
   * @param events the events counted, also of sessions that are no longer kept
   */
  record Posting(RecentSession[] sessions, long events) {}

  private record Chunk(Posting[] postings, long mostEvents) {
    static Chunk of(Posting[] postings) {
      long most = 0;
      for (Posting posting : postings) {
        most = Math.max(most, posting.events);
      }
      return new Chunk(postings, most);
    }
  }

  private final Chunk[] chunks;
  private final int items;
  private final long sessions;

  private SessionIndex(Chunk[] chunks, int items, long sessions) {
    this.chunks = chunks;
    this.items = items;
    this.sessions = sessions;
  }

  /** Takes over postings, one for each item; those that are null are empty. */
  static SessionIndex of(Posting[] postings, long sessions) {
    Edit edit = empty(postings.length).edit();
    for (int ordinal = 0; ordinal < postings.length; ordinal++) {
      if (postings[ordinal] != null) {
        edit.set(ordinal, postings[ordinal]);
      }
    }
    edit.countSessions(sessions);
    return edit.build();
  }

  static SessionIndex empty(int items) {
    Chunk[] chunks = new Chunk[(items + CHUNK - 1) >>> CHUNK_BITS];
    for (int i = 0; i < chunks.length; i++) {
      Posting[] postings = new Posting[Math.min(CHUNK, items - (i << CHUNK_BITS))];
      Arrays.fill(postings, EMPTY);
      chunks[i] = Chunk.of(postings);
    }
    return new SessionIndex(chunks, items, 0);
  }

  Posting posting(int ordinal) {
    return chunks[ordinal >>> CHUNK_BITS].postings[ordinal & (CHUNK - 1)];
  }

  /** Returns the sessions counted, also those that are no longer kept. */
  long sessions() {
    return sessions;
  }

  long mostEvents() {
    long most = 0;
    for (Chunk chunk : chunks) {
      most = Math.max(most, chunk.mostEvents);
    }
    return most;
  }

  /** Offers the items with the most events that are accepted and not among {@code skipped}. */
  void offerPopular(TopK best, Catalog catalog, ItemFilter filter, IntSet skipped) {
    Optional<Set<String>> allowList = filter.allowList();
    if (allowList.isPresent() && allowList.get().size() < items) {
      for (String itemId : allowList.get()) {
        int ordinal = catalog.ordinal(itemId);
        if (ordinal != Catalog.UNKNOWN) {
          offer(ordinal, best, catalog, filter, skipped);
        }
      }
      return;
    }
    for (int i = 0; i < chunks.length; i++) {
      int first = i << CHUNK_BITS;
      for (int j = 0; j < chunks[i].postings.length; j++) {
        if (!best.admits(chunks[i].mostEvents, first + j)) {
          break;
        }
        offer(first + j, best, catalog, filter, skipped);
      }
    }
  }

  private void offer(int ordinal, TopK best, Catalog catalog, ItemFilter filter, IntSet skipped) {
    long events = posting(ordinal).events;
    if (best.admits(events, ordinal)
        && !skipped.contains(ordinal)
        && filter.accepts(catalog.id(ordinal))) {
      best.offer(events, ordinal, ordinal);
    }
  }

  Edit edit() {
    return new Edit(this);
  }

  /** A changed copy in the making. Confined. */
  static final class Edit {
    private final Posting[][] changed;
    private final SessionIndex index;
    private long sessions;

    private Edit(SessionIndex index) {
      this.index = index;
      changed = new Posting[index.chunks.length][];
      sessions = index.sessions;
    }

    void countSessions(long more) {
      sessions += more;
    }

    Posting posting(int ordinal) {
      Posting[] postings = changed[ordinal >>> CHUNK_BITS];
      return postings == null ? index.posting(ordinal) : postings[ordinal & (CHUNK - 1)];
    }

    void set(int ordinal, Posting posting) {
      int chunk = ordinal >>> CHUNK_BITS;
      if (changed[chunk] == null) {
        changed[chunk] = index.chunks[chunk].postings.clone();
      }
      changed[chunk][ordinal & (CHUNK - 1)] = posting;
    }

    void countEvents(int ordinal, long more) {
      Posting posting = posting(ordinal);
      set(ordinal, new Posting(posting.sessions, posting.events + more));
    }

    SessionIndex build() {
      Chunk[] chunks = index.chunks.clone();
      for (int i = 0; i < chunks.length; i++) {
        if (changed[i] != null) {
          chunks[i] = Chunk.of(changed[i]);
        }
      }
      return new SessionIndex(chunks, index.items, sessions);
    }
  }
}
