package io.recommender.ann;

import io.recommender.ItemFilter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which nodes a filter accepts, for filters that always answer the same.
 *
 * <p>Asking a filter about every item takes longer than a search, so a set is made when a filter
 * comes for the second time. Later changes of the index are applied to a copy of the set from the
 * log of changed nodes.
 *
 * <p>What came once never takes the place of a set: filters are counted in other memory, those with
 * deny lists apart from the rest, as each request may have its own of what its user has seen. It
 * takes little to ask those, so their sets are made when they come for the {@value #DENY_USES}th
 * time.
 *
 * <p><b>Thread safety.</b> Thread-safe, without locks. Two threads may make the same set at once.
 */
final class NodeSets {
  private static final int USES = 2;
  private static final int DENY_USES = 8;

  /** Counts are halved once in so many times that a filter is not known. */
  private static final int AGE_EVERY = 4096;

  /** Codes are copied for sets that have at most this part of the items together. */
  private static final int PACKED_PART = 2;

  /** The clock is read once for so many items that a filter is asked about. */
  private static final int CLOCK_EVERY = 256;

  private final NodeIds ids;
  private final NodeLife life;
  private final FilterTable table = new FilterTable();
  private final FilterUses uses = new FilterUses();
  private final FilterUses denyUses = new FilterUses();
  private final AtomicInteger unknown = new AtomicInteger();

  NodeSets(NodeIds ids, NodeLife life) {
    this.ids = ids;
    this.life = life;
  }

  /**
   * Returns the nodes that a filter accepts, or null if that is not known and there is no time to
   * find out.
   *
   * @param mostScanned a set of more nodes is not scanned, so that copies of its codes would only
   *     take the room of others
   * @param deadline until when, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   */
  @Nullable NodeSet find(
      ItemFilter filter, HnswNodes.State now, HnswGraph.View view, int mostScanned, long deadline) {
    int nodes = view.size();
    if (!filter.isConstant()) {
      return null;
    }
    FilterTable.Entry entry = table.get(filter);
    if (entry == null) {
      boolean denies = denies(filter);
      int count = (denies ? denyUses : uses).count(filter, tick());
      if (count < (denies ? DENY_USES : USES) || !table.admits(count)) {
        return null;
      }
      FilterTable.Known known = make(filter, now, nodes, deadline);
      if (known == null) {
        return null;
      }
      table.put(filter, known.set(), known.isPart(), count);
      return known.isPart() ? null : known.set();
    }
    entry.use();
    FilterTable.Known before = entry.known();
    NodeSet set = before.set();
    boolean isFollowed = set.epoch() == now.log().epoch() && set.position() <= now.logged();
    NodeSet fresh = set;
    if (!isFollowed) {
      FilterTable.Known known = make(filter, now, nodes, deadline);
      if (known == null) {
        return null;
      }
      entry.setKnown(known.set(), known.isPart());
      return known.isPart() ? null : known.set();
    } else if (set.position() < now.logged()) {
      fresh = updated(set, filter, now, nodes, deadline);
      if (fresh == null) {
        return null;
      }
    } else if (before.isPart()) {
      return null;
    } else if (set.packed() == null
        && set.count() <= mostScanned
        && view.codes() instanceof NibbleRows codes
        && (table.packedNodes() + set.count()) * PACKED_PART <= now.size()) {
      // Asked for twice without a change in between: worth a copy.
      fresh = set.with(PackedNodes.of(set, codes));
    } else if (set.packed() != null && set.packed().space() != view.codes().space()) {
      fresh = set.with(null);
    } else {
      return set;
    }
    entry.setKnown(fresh, false);
    return fresh;
  }

  private int tick() {
    int now = unknown.incrementAndGet();
    if (now % AGE_EVERY == 0) {
      uses.age();
      denyUses.age();
      table.age();
    }
    return now;
  }

  private static boolean denies(ItemFilter filter) {
    if (filter.denyList().isPresent()) {
      return true;
    }
    List<ItemFilter> parts = filter.parts();
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).denyList().isPresent()) {
        return true;
      }
    }
    return false;
  }

  /** {@return how many filters have their nodes remembered} */
  int size() {
    return table.size();
  }

  /** Asks a filter about all items; null if there is no time. */
  private FilterTable.@Nullable Known make(
      ItemFilter filter, HnswNodes.State now, int nodes, long deadline) {
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
    return new FilterTable.Known(set, !isWhole);
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
