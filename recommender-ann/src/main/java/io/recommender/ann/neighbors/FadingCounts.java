package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.ann.internal.TopK;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * For each item the sum of {@code 2^t} over its events at times t, in half-lives, kept as its
 * binary logarithm: so that nothing has to be scaled as time goes on, nothing overflows, and the
 * order of the items does not depend on when it is asked for.
 *
 * <p><b>Thread-safe</b>: sums only grow, each by a compare-and-set, and after it the highest of its
 * chunk.
 */
final class FadingCounts {
  private static final int CHUNK_BITS = 8;
  private static final int FORGOTTEN = -1000;

  private final AtomicLongArray logs;
  private final AtomicLongArray highest;

  FadingCounts(int items) {
    logs = new AtomicLongArray(items);
    highest = new AtomicLongArray((items + (1 << CHUNK_BITS) - 1) >>> CHUNK_BITS);
    long none = Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY);
    for (int i = 0; i < items; i++) {
      logs.setPlain(i, none);
    }
    for (int i = 0; i < highest.length(); i++) {
      highest.setPlain(i, none);
    }
  }

  /** Adds {@code 2^time}. */
  void add(int ordinal, double time) {
    double sum = grow(logs, ordinal, time, true);
    grow(highest, ordinal >>> CHUNK_BITS, sum, false);
  }

  /** Returns the logarithm of the sum of an item, negative infinity without any event. */
  double log(int ordinal) {
    return Double.longBitsToDouble(logs.get(ordinal));
  }

  private static double grow(AtomicLongArray values, int i, double value, boolean add) {
    while (true) {
      long bits = values.get(i);
      double old = Double.longBitsToDouble(bits);
      double larger = Math.max(old, value);
      if (add && old != Double.NEGATIVE_INFINITY) {
        larger += Math.log1p(Math.pow(2, -Math.abs(old - value))) / Math.log(2);
      }
      if (larger == old || values.compareAndSet(i, bits, Double.doubleToRawLongBits(larger))) {
        return larger;
      }
    }
  }

  /** Adds the highest sums that are accepted, scored as seen at a time. */
  void addTo(Answer answer, Catalog catalog, double time) {
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), logs.length()));
    Optional<Set<String>> allowList = filter.allowList();
    if (allowList.isPresent() && allowList.get().size() < logs.length()) {
      for (String itemId : allowList.get()) {
        int ordinal = catalog.ordinal(itemId);
        if (ordinal != Catalog.UNKNOWN) {
          offer(ordinal, score(logs, ordinal, time), best, catalog, filter);
        }
      }
    } else {
      offerAll(best, catalog, filter, time);
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), TrendingRecommender.SOURCE);
    }
  }

  private void offerAll(TopK best, Catalog catalog, ItemFilter filter, double time) {
    for (int chunk = 0; chunk < highest.length(); chunk++) {
      int first = chunk << CHUNK_BITS;
      int end = Math.min(first + (1 << CHUNK_BITS), logs.length());
      double most = score(highest, chunk, time);
      for (int ordinal = first; ordinal < end && best.admits(most, ordinal); ordinal++) {
        offer(ordinal, score(logs, ordinal, time), best, catalog, filter);
      }
    }
  }

  private static void offer(
      int ordinal, double score, TopK best, Catalog catalog, ItemFilter filter) {
    if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
      best.offer(score, ordinal, ordinal);
    }
  }

  /** An event that comes meanwhile may be newer than the time by any number of half-lives. */
  private static double score(AtomicLongArray values, int i, double time) {
    double age = Double.longBitsToDouble(values.get(i)) - time;
    return age < FORGOTTEN ? 0 : Math.pow(2, Math.min(age, -FORGOTTEN));
  }
}
