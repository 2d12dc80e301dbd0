package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/** The items of a catalogue by descending count, equal counts by ordinal. Immutable. */
final class PopularityRanking {
  private final Catalog catalog;
  private final int[] counts;
  private final int[] ranked;
  private final int[] rankOf;
  private final double maxCount;

  PopularityRanking(Catalog catalog, int[] counts) {
    this.catalog = catalog;
    this.counts = counts;
    long[] keys = new long[counts.length];
    for (int ordinal = 0; ordinal < keys.length; ordinal++) {
      keys[ordinal] = (long) (Integer.MAX_VALUE - counts[ordinal]) << 32 | ordinal;
    }
    Arrays.sort(keys);
    ranked = new int[keys.length];
    rankOf = new int[keys.length];
    for (int rank = 0; rank < keys.length; rank++) {
      ranked[rank] = (int) keys[rank];
      rankOf[ranked[rank]] = rank;
    }
    maxCount = keys.length == 0 ? 0 : counts[ranked[0]];
  }

  int count(int ordinal) {
    return counts[ordinal];
  }

  /** Returns the count as a number in [0, 1) that orders items as the count does. */
  double share(int ordinal) {
    return counts[ordinal] / (maxCount + 1);
  }

  /** Returns the ordinals of the best k items that are accepted and not among {@code skipped}. */
  IntArrayList top(int k, ItemFilter filter, IntSet skipped) {
    int[] candidates = candidates(filter);
    IntArrayList top = new IntArrayList(Math.min(k, candidates.length));
    for (int i = 0; i < candidates.length && top.size() < k; i++) {
      int ordinal = candidates[i];
      if (!skipped.contains(ordinal) && filter.accepts(catalog.id(ordinal))) {
        top.add(ordinal);
      }
    }
    return top;
  }

  /** Sorting a short allow list is cheaper than walking past what is not on it. */
  private int[] candidates(ItemFilter filter) {
    Optional<Set<String>> allowList = filter.allowList();
    if (allowList.isEmpty() || allowList.get().size() >= ranked.length) {
      return ranked;
    }
    int[] ranks = new int[allowList.get().size()];
    int known = 0;
    for (String itemId : allowList.get()) {
      int ordinal = catalog.ordinal(itemId);
      if (ordinal != Catalog.UNKNOWN) {
        ranks[known++] = rankOf[ordinal];
      }
    }
    Arrays.sort(ranks, 0, known);
    int[] ordinals = new int[known];
    for (int i = 0; i < known; i++) {
      ordinals[i] = ranked[ranks[i]];
    }
    return ordinals;
  }
}
