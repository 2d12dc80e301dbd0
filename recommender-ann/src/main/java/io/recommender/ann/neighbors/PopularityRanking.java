package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * The items of a catalogue by descending count, equal counts by ordinal.
 *
 * <p>Counts are in chunks and the order in blocks, so that a change copies a few of them and two
 * tables, and a reader that began before reads on in what it has. <b>Immutable</b>.
 */
final class PopularityRanking {
  private static final int CHUNK_BITS = 8;
  private static final int CHUNK = 1 << CHUNK_BITS;

  private final Catalog catalog;
  private final int[][] chunks;
  private final SortedKeys ranked;

  PopularityRanking(Catalog catalog, int[] counts) {
    this.catalog = catalog;
    chunks = new int[(counts.length + CHUNK - 1) >>> CHUNK_BITS][];
    for (int i = 0; i < chunks.length; i++) {
      int first = i << CHUNK_BITS;
      chunks[i] = Arrays.copyOfRange(counts, first, Math.min(counts.length, first + CHUNK));
    }
    long[] keys = new long[counts.length];
    for (int ordinal = 0; ordinal < keys.length; ordinal++) {
      keys[ordinal] = key(ordinal, counts[ordinal]);
    }
    ranked = SortedKeys.of(keys);
  }

  private PopularityRanking(Catalog catalog, int[][] chunks, SortedKeys ranked) {
    this.catalog = catalog;
    this.chunks = chunks;
    this.ranked = ranked;
  }

  private static long key(int ordinal, int count) {
    return (long) (Integer.MAX_VALUE - count) << 32 | ordinal;
  }

  /**
   * Returns the ranking after an event of each of these items.
   *
   * @param ordinals the items, an item that has several events as often
   * @param each 1 for an event more, -1 for one less
   */
  PopularityRanking plus(int[] ordinals, int each) {
    int[][] changed = chunks.clone();
    SortedKeys.Edit edit = ranked.edit();
    for (int ordinal : ordinals) {
      int chunk = ordinal >>> CHUNK_BITS;
      if (changed[chunk] == chunks[chunk]) {
        changed[chunk] = chunks[chunk].clone();
      }
      int before = changed[chunk][ordinal & (CHUNK - 1)];
      int after = (int) Math.min(Integer.MAX_VALUE, (long) before + each);
      if (after != before) {
        changed[chunk][ordinal & (CHUNK - 1)] = after;
        edit.replace(key(ordinal, before), key(ordinal, after));
      }
    }
    return new PopularityRanking(catalog, changed, edit.build());
  }

  int count(int ordinal) {
    return chunks[ordinal >>> CHUNK_BITS][ordinal & (CHUNK - 1)];
  }

  /** Returns the count as a number in [0, 1) that orders items as the count does. */
  double share(int ordinal) {
    return count(ordinal) / (mostEvents() + 1);
  }

  private double mostEvents() {
    return ranked.blocks() == 0 ? 0 : Integer.MAX_VALUE - (int) (ranked.block(0)[0] >>> 32);
  }

  /** Returns the ordinals of the best k items that are accepted and not among {@code skipped}. */
  IntArrayList top(int k, ItemFilter filter, IntSet skipped) {
    IntArrayList top = new IntArrayList(Math.min(k, catalog.size()));
    Optional<Set<String>> allowList = filter.allowList();
    if (allowList.isPresent() && allowList.get().size() < catalog.size()) {
      // Sorting a short allow list is cheaper than walking past what is not on it.
      add(top, k, keys(allowList.get()), filter, skipped);
      return top;
    }
    for (int i = 0; i < ranked.blocks() && top.size() < k; i++) {
      add(top, k, ranked.block(i), filter, skipped);
    }
    return top;
  }

  private void add(IntArrayList top, int k, long[] keys, ItemFilter filter, IntSet skipped) {
    for (int i = 0; i < keys.length && top.size() < k; i++) {
      int ordinal = (int) keys[i];
      if (!skipped.contains(ordinal) && filter.accepts(catalog.id(ordinal))) {
        top.add(ordinal);
      }
    }
  }

  private long[] keys(Set<String> itemIds) {
    long[] keys = new long[itemIds.size()];
    int known = 0;
    for (String itemId : itemIds) {
      int ordinal = catalog.ordinal(itemId);
      if (ordinal != Catalog.UNKNOWN) {
        keys[known++] = key(ordinal, count(ordinal));
      }
    }
    Arrays.sort(keys, 0, known);
    return Arrays.copyOf(keys, known);
  }
}
