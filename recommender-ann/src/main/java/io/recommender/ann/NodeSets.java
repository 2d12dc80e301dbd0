package io.recommender.ann;

import io.recommender.ItemFilter;
import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which nodes a filter accepts, for filters that always answer the same.
 *
 * <p>Asking a filter about every item takes longer than a search, so a set is made when a filter
 * comes for the second time. Later changes of the index are applied to a copy of the set from the
 * log of changed nodes.
 *
 * <p><b>Thread safety.</b> Thread-safe. Two threads may make the same set at once.
 */
final class NodeSets {
  private static final int SLOTS = 32;

  /** Codes are copied for sets that have at most this part of the items together. */
  private static final int PACKED_PART = 2;

  /** The clock is read once for so many items that a filter is asked about. */
  private static final int CLOCK_EVERY = 256;

  private final NodeIds ids;
  private final NodeLife life;
  private final AtomicReferenceArray<Entry> entries = new AtomicReferenceArray<>(SLOTS);

  /**
   * A filter that was seen, and its nodes if it was seen again.
   *
   * @param isPart whether the set lacks nodes that the version shows for which it was made
   */
  private record Entry(WeakReference<ItemFilter> filter, @Nullable NodeSet set, boolean isPart) {}

  NodeSets(NodeIds ids, NodeLife life) {
    this.ids = ids;
    this.life = life;
  }

  /**
   * Returns the nodes that a filter accepts, or null if that is not known and there is no time to
   * find out.
   *
   * @param deadline until when, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   */
  @Nullable NodeSet find(
      ItemFilter filter, HnswNodes.State now, HnswGraph.View view, long deadline) {
    int nodes = view.size();
    if (!filter.isConstant()) {
      return null;
    }
    int slot = System.identityHashCode(filter) & SLOTS - 1;
    Entry entry = entries.get(slot);
    if (entry == null || entry.filter.get() != filter) {
      entries.set(slot, new Entry(new WeakReference<>(filter), null, false));
      return null;
    }
    NodeSet set = entry.set;
    boolean isCurrent =
        set != null && set.epoch() == now.log().epoch() && set.position() == now.logged();
    NodeSet fresh = set;
    if (!isCurrent) {
      boolean isFollowed =
          set != null && set.epoch() == now.log().epoch() && set.position() <= now.logged();
      if (!isFollowed) {
        return make(filter, now, nodes, slot, entry, deadline);
      }
      fresh = updated(set, filter, now, nodes, deadline);
      if (fresh == null) {
        return null;
      }
    } else if (entry.isPart) {
      return null;
    } else if (set.packed() == null
        && view.codes() instanceof NibbleRows codes
        && (packedNodes() + set.count()) * PACKED_PART <= now.size()) {
      // Asked for twice without a change in between: worth a copy.
      fresh = set.with(PackedNodes.of(set, codes));
    } else if (set.packed() != null && set.packed().space() != view.codes().space()) {
      fresh = set.with(null);
    } else {
      return set;
    }
    entries.set(slot, new Entry(entry.filter, fresh, false));
    return fresh;
  }

  /** How many nodes have their codes copied, for all filters together. */
  private long packedNodes() {
    long sum = 0;
    for (int i = 0; i < SLOTS; i++) {
      Entry entry = entries.get(i);
      if (entry != null && entry.filter.get() == null) {
        entries.compareAndSet(i, entry, null);
      } else if (entry != null && entry.set != null && entry.set.packed() != null) {
        sum += entry.set.packed().nodes().length;
      }
    }
    return sum;
  }

  /**
   * Makes and remembers a set.
   *
   * @return the set, or null if it does not have everything that the version shows
   */
  private @Nullable NodeSet make(
      ItemFilter filter, HnswNodes.State now, int nodes, int slot, Entry entry, long deadline) {
    long[] bits = new long[(nodes + 63) >>> 6];
    int count = 0;
    boolean isWhole = true;
    Optional<Set<String>> allowed = filter.allowList();
    if (allowed.isPresent()) {
      int asked = 0;
      for (String itemId : allowed.get()) {
        if (readsClock(asked++) && isLate(deadline)) {
          return null;
        }
        int node = ids.find(itemId);
        if (node == HnswGraph.NONE || !filter.accepts(itemId)) {
          continue;
        }
        if (node < nodes && life.isShown(node, now.version())) {
          bits[node >>> 6] |= 1L << node;
          count++;
        } else {
          // Added or replaced since: later versions log this node, nothing leads to one before it.
          isWhole = false;
        }
      }
    } else {
      for (int node = 0; node < nodes; node++) {
        if (readsClock(node) && isLate(deadline)) {
          return null;
        }
        if (life.isShown(node, now.version()) && filter.accepts(ids.id(node))) {
          bits[node >>> 6] |= 1L << node;
          count++;
        }
      }
    }
    NodeSet set = new NodeSet(bits, count, now.log().epoch(), now.logged(), null);
    entries.set(slot, new Entry(entry.filter, set, !isWhole));
    return isWhole ? set : null;
  }

  private static boolean readsClock(int asked) {
    return asked % CLOCK_EVERY == CLOCK_EVERY - 1;
  }

  private static boolean isLate(long deadline) {
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
  }

  private @Nullable NodeSet updated(
      NodeSet old, ItemFilter filter, HnswNodes.State now, int nodes, long deadline) {
    long[] bits = new long[(nodes + 63) >>> 6];
    System.arraycopy(old.bits(), 0, bits, 0, Math.min(bits.length, old.bits().length));
    int count = old.count();
    for (int i = old.position(); i < now.logged(); i++) {
      if (readsClock(i - old.position()) && isLate(deadline)) {
        return null;
      }
      int node = now.log().nodes()[i];
      if (node >= nodes) {
        continue;
      }
      long bit = 1L << node;
      boolean before = (bits[node >>> 6] & bit) != 0;
      boolean after = life.isShown(node, now.version()) && filter.accepts(ids.id(node));
      if (before != after) {
        bits[node >>> 6] ^= bit;
        count += after ? 1 : -1;
      }
    }
    return new NodeSet(bits, count, now.log().epoch(), now.logged(), null);
  }
}
