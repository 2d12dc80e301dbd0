package io.recommender.ann;

import io.recommender.ItemFilter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A filter as one search has it: the nodes that remembered parts accept, and the parts that are
 * asked.
 *
 * <p><b>Confined</b>.
 */
final class KnownFilter {
  private final NodeIds ids;
  private final NodeSets sets;
  private @Nullable NodeSet smallest;
  private NodeSet[] others = new NodeSet[4];
  private int otherCount;
  private ItemFilter[] asked = new ItemFilter[4];
  private int askedCount;

  KnownFilter(NodeIds ids, NodeSets sets) {
    this.ids = ids;
    this.sets = sets;
  }

  /** Accepts everything, and keeps nothing of the filter before. */
  void clear() {
    smallest = null;
    Arrays.fill(others, 0, otherCount, null);
    otherCount = 0;
    Arrays.fill(asked, 0, askedCount, null);
    askedCount = 0;
  }

  /**
   * Takes a filter.
   *
   * @param mostScanned how many nodes a set has at most that is worth to have its codes copied
   * @param deadline until when, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   */
  void take(
      ItemFilter filter, HnswNodes.State now, HnswGraph.View view, int mostScanned, long deadline) {
    clear();
    smallest = sets.find(filter, now, view, mostScanned, deadline);
    if (smallest != null) {
      return;
    }
    List<ItemFilter> parts = filter.parts();
    if (parts.isEmpty()) {
      ask(filter);
    }
    for (int i = 0; i < parts.size(); i++) {
      ItemFilter part = parts.get(i);
      NodeSet set = sets.find(part, now, view, mostScanned, deadline);
      if (set == null) {
        ask(part);
      } else if (smallest == null || set.count() < smallest.count()) {
        check(smallest);
        smallest = set;
      } else {
        check(set);
      }
    }
  }

  private void ask(ItemFilter part) {
    if (askedCount == asked.length) {
      asked = Arrays.copyOf(asked, 2 * askedCount);
    }
    asked[askedCount++] = part;
  }

  private void check(@Nullable NodeSet set) {
    if (set == null) {
      return;
    }
    if (otherCount == others.length) {
      others = Arrays.copyOf(others, 2 * otherCount);
    }
    others[otherCount++] = set;
  }

  /** {@return nodes outside of which nothing is accepted, if they are known} */
  @Nullable NodeSet set() {
    return smallest;
  }

  /** {@return whether nodes of the set may not be accepted} */
  boolean isOpen() {
    return askedCount + otherCount > 0;
  }

  /** Returns whether a node is accepted that is in the set, if there is one. */
  boolean accepts(int node) {
    for (int i = 0; i < otherCount; i++) {
      if (!others[i].contains(node)) {
        return false;
      }
    }
    if (askedCount > 0) {
      String itemId = ids.id(node);
      for (int i = 0; i < askedCount; i++) {
        if (!asked[i].accepts(itemId)) {
          return false;
        }
      }
    }
    return true;
  }

  /** {@return the smallest allow list of a part that is asked, if there is one} */
  @Nullable Set<String> allowed() {
    Set<String> least = null;
    for (int i = 0; i < askedCount; i++) {
      Set<String> one = asked[i].allowList().orElse(null);
      if (one != null && (least == null || one.size() < least.size())) {
        least = one;
      }
    }
    return least;
  }

  /** {@return how many items are on deny lists of parts that are asked} */
  long denied() {
    long count = 0;
    for (int i = 0; i < askedCount; i++) {
      Set<String> one = asked[i].denyList().orElse(null);
      count += one == null ? 0 : one.size();
    }
    return count;
  }
}
