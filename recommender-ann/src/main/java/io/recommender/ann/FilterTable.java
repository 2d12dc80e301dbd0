package io.recommender.ann;

import io.recommender.ItemFilter;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The sets of the filters that come most often, at most {@value #MOST}: an open hash table by
 * identity. A new one takes the place of the least used, and only if it comes more than twice as
 * often, so that many filters that come in turns do not drive out each other.
 *
 * <p><b>Thread safety.</b> Thread-safe, without locks: the table is replaced as a whole, which
 * happens when a filter is taken in. Where threads count at once, some uses are lost.
 */
final class FilterTable {
  static final int MOST = 64;

  private static final int SLOTS = 4 * MOST;

  private final AtomicReference<@Nullable Entry[]> table = new AtomicReference<>(new Entry[SLOTS]);

  /**
   * The nodes of a filter.
   *
   * @param isPart whether the set lacks nodes that the version shows for which it was made
   */
  record Known(NodeSet set, boolean isPart) {}

  /** A filter and what is known of it. */
  static final class Entry extends WeakReference<ItemFilter> {
    private final int hash;
    private volatile Known known;
    private int uses;

    private Entry(ItemFilter filter, Known known, int uses) {
      super(filter);
      hash = System.identityHashCode(filter);
      this.known = known;
      this.uses = uses;
    }

    Known known() {
      return known;
    }

    void setKnown(NodeSet set, boolean isPart) {
      known = new Known(set, isPart);
    }

    /** Counts a use; one that is used a lot is not written to, as its memory is shared. */
    void use() {
      if (uses < FilterUses.MOST) {
        uses++;
      }
    }
  }

  /** Returns what is known of a filter. */
  @Nullable Entry get(ItemFilter filter) {
    @Nullable Entry[] slots = table.get();
    for (int i = slot(System.identityHashCode(filter)); ; i = i + 1 & SLOTS - 1) {
      Entry entry = slots[i];
      if (entry == null || entry.refersTo(filter)) {
        return entry;
      }
    }
  }

  private static int slot(int hash) {
    return (hash ^ hash >>> 8) & SLOTS - 1;
  }

  /** Returns whether a filter that has come so often would be taken in. */
  boolean admits(int uses) {
    int count = 0;
    int least = Integer.MAX_VALUE;
    for (Entry entry : table.get()) {
      if (entry != null && !entry.refersTo(null)) {
        count++;
        least = Math.min(least, entry.uses);
      }
    }
    return count < MOST || uses > 2 * least + 1;
  }

  /** Takes in a filter, in place of the least used one if there is no other room. */
  void put(ItemFilter filter, NodeSet set, boolean isPart, int uses) {
    while (true) {
      @Nullable Entry[] before = table.get();
      Entry least = null;
      int count = 0;
      for (Entry entry : before) {
        if (entry == null || entry.refersTo(null)) {
          continue;
        }
        if (entry.refersTo(filter)) {
          // Another thread was faster.
          entry.setKnown(set, isPart);
          return;
        }
        count++;
        least = least == null || entry.uses < least.uses ? entry : least;
      }
      @Nullable Entry[] after = new Entry[SLOTS];
      for (Entry entry : before) {
        if (entry != null && !entry.refersTo(null) && (count < MOST || entry != least)) {
          place(entry, after);
        }
      }
      place(new Entry(filter, new Known(set, isPart), uses), after);
      if (table.compareAndSet(before, after)) {
        return;
      }
    }
  }

  private static void place(Entry entry, @Nullable Entry[] slots) {
    int i = slot(entry.hash);
    while (slots[i] != null) {
      i = i + 1 & SLOTS - 1;
    }
    slots[i] = entry;
  }

  /** Halves all counts, so that what comes now counts more than what came before. */
  void age() {
    for (Entry entry : table.get()) {
      if (entry != null) {
        entry.uses /= 2;
      }
    }
  }

  /** How many nodes have their codes copied, for all filters together. */
  long packedNodes() {
    long sum = 0;
    for (Entry entry : table.get()) {
      if (entry == null) {
        continue;
      }
      NodeSet set = entry.known.set();
      if (set.packed() == null) {
        continue;
      }
      if (entry.refersTo(null)) {
        entry.setKnown(set.with(null), entry.known.isPart());
      } else {
        sum += set.packed().nodes().length;
      }
    }
    return sum;
  }

  /** {@return how many filters are remembered that somebody still has} */
  int size() {
    int count = 0;
    for (Entry entry : table.get()) {
      count += entry != null && !entry.refersTo(null) ? 1 : 0;
    }
    return count;
  }
}
