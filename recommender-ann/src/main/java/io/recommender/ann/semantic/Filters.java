package io.recommender.ann.semantic;

import io.recommender.ItemFilter;
import io.recommender.ann.internal.AcceptedRows;
import io.recommender.ann.internal.RowSet;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Turns filters into sets of rows, in the way that costs least for each kind, and remembers what
 * filters that always answer the same have said of the base.
 *
 * <p><b>Thread safety.</b> Thread-safe. Two threads may make the same set at once.
 */
final class Filters {
  private static final int SLOTS = 32;

  /** Lists up to this length are looked up anew in each search. */
  private static final int SHORT_LIST = 512;

  private final AtomicReferenceArray<Entry> entries = new AtomicReferenceArray<>(SLOTS);

  /**
   * A filter that was seen.
   *
   * @param base what its answers are about
   * @param answers which rows of the base it accepts, present or not; null until it was seen twice
   * @param shown the available rows that these are left of
   * @param rows those of the answers that are shown
   */
  private record Entry(
      WeakReference<ItemFilter> filter,
      CodeSegment base,
      @Nullable RowSet answers,
      @Nullable RowSet shown,
      @Nullable RowSet rows) {}

  Accepted of(CodeVersion version, ItemFilter filter) {
    Optional<Set<String>> denied = filter.denyList();
    if (denied.isPresent() && denied.get().isEmpty()) {
      return new Accepted(version.shown(), version.deltaShown(), false);
    }
    if (denied.isPresent() && denied.get().size() <= SHORT_LIST) {
      return new Accepted(
          without(version.base(), version.shown(), denied.get()),
          without(version.delta(), version.deltaShown(), denied.get()),
          false);
    }
    Optional<Set<String>> allowed = filter.allowList();
    if (allowed.isPresent() && allowed.get().size() <= SHORT_LIST) {
      return new Accepted(
          only(version.base(), version.shown(), allowed.get(), filter),
          only(version.delta(), version.deltaShown(), allowed.get(), filter),
          false);
    }
    AcceptedRows delta = new AskedRows(version.deltaShown(), version.delta().ids, filter);
    RowSet remembered = filter.isConstant() ? remembered(version, filter) : null;
    if (remembered != null) {
      return new Accepted(remembered, delta, false);
    }
    return new Accepted(new AskedRows(version.shown(), version.base().ids, filter), delta, true);
  }

  private static AcceptedRows without(CodeSegment segment, RowSet shown, Set<String> denied) {
    int[] rows = find(segment, shown, denied, ItemFilter.all());
    return rows.length == 0 ? shown : new UndeniedRows(shown, rows);
  }

  private static AcceptedRows only(
      CodeSegment segment, RowSet shown, Set<String> allowed, ItemFilter filter) {
    return new ListedRows(find(segment, shown, allowed, filter));
  }

  private static int[] find(
      CodeSegment segment, RowSet shown, Set<String> listed, ItemFilter filter) {
    IntArrayList rows = new IntArrayList();
    for (String itemId : listed) {
      int row = segment.find(itemId);
      if (row >= 0 && shown.contains(row) && filter.accepts(itemId)) {
        rows.add(row);
      }
    }
    return rows.toIntArray();
  }

  private @Nullable RowSet remembered(CodeVersion version, ItemFilter filter) {
    int slot = System.identityHashCode(filter) & SLOTS - 1;
    Entry entry = entries.get(slot);
    CodeSegment base = version.base();
    if (entry == null || entry.filter.get() != filter) {
      entries.set(slot, new Entry(new WeakReference<>(filter), base, null, null, null));
      return null;
    }
    RowSet answers = entry.answers;
    if (answers == null || entry.base != base) {
      answers = ask(base, filter);
    } else if (entry.shown == version.shown()) {
      return entry.rows;
    }
    RowSet rows = answers.and(version.shown());
    entries.set(slot, new Entry(entry.filter, base, answers, version.shown(), rows));
    return rows;
  }

  private static RowSet ask(CodeSegment base, ItemFilter filter) {
    long[] words = new long[RowSet.words(base.size())];
    Optional<Set<String>> allowed = filter.allowList();
    if (allowed.isPresent()) {
      for (String itemId : allowed.get()) {
        int row = base.find(itemId);
        if (row >= 0 && filter.accepts(itemId)) {
          words[row >>> 6] |= 1L << row;
        }
      }
    } else {
      for (int row = 0; row < base.size(); row++) {
        if (filter.accepts(base.ids[row])) {
          words[row >>> 6] |= 1L << row;
        }
      }
    }
    return RowSet.of(base.size(), words);
  }
}
