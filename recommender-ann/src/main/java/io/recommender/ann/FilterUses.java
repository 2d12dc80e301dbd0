package io.recommender.ann;

import io.recommender.ItemFilter;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Counts how often filters come: of those that came of late, at least {@value #WAYS} and at most
 * {@value #SLOTS}. A filter is itself only; it is not kept from being collected.
 *
 * <p><b>Thread safety.</b> Thread-safe. Where threads count at once, some counts are lost.
 */
final class FilterUses {
  private static final int SLOTS = 256;

  /** A filter may be in one of so many slots, and takes that of the one that came longest ago. */
  private static final int WAYS = 16;

  /** No count is larger, so that what was popular once is forgotten soon. */
  static final int MOST = 64;

  private final AtomicReferenceArray<@Nullable Use> slots = new AtomicReferenceArray<>(SLOTS);

  private static final class Use extends WeakReference<ItemFilter> {
    private int count = 1;
    private int last;

    Use(ItemFilter filter, int now) {
      super(filter);
      last = now;
    }
  }

  /**
   * Counts a filter.
   *
   * @param now a number that grows with each call, and may wrap
   * @return how often it has come, this time included
   */
  int count(ItemFilter filter, int now) {
    int first = System.identityHashCode(filter) * WAYS & SLOTS - 1;
    int oldest = first;
    int longest = -1;
    for (int i = first; i < first + WAYS; i++) {
      Use use = slots.get(i);
      if (use != null && use.refersTo(filter)) {
        use.last = now;
        use.count = Math.min(MOST, use.count + 1);
        return use.count;
      }
      int since = use == null || use.refersTo(null) ? Integer.MAX_VALUE : now - use.last;
      if (since > longest) {
        longest = since;
        oldest = i;
      }
    }
    slots.set(oldest, new Use(filter, now));
    return 1;
  }

  /** Halves all counts, so that what comes now counts more than what came before. */
  void age() {
    for (int i = 0; i < SLOTS; i++) {
      Use use = slots.get(i);
      if (use != null) {
        use.count = Math.max(1, use.count / 2);
      }
    }
  }
}
