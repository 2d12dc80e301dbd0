package io.recommender.ann;

import io.recommender.ItemFilter;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How one search of an approximate index is done. Each method returns changed options, so they can
 * be written as a chain and kept for many searches.
 *
 * <pre>{@code
 * SearchOptions options = SearchOptions.defaults().targetRecall(0.98).filter(inStock);
 * }</pre>
 *
 * <p><b>Errors.</b> What is out of range is refused by the method that is given it, with an {@link
 * IllegalArgumentException} that says what was expected and what was found, null with a {@link
 * NullPointerException} that names the argument.
 *
 * <p><b>Immutable</b>.
 */
public final class SearchOptions {
  private static final SearchOptions DEFAULTS =
      new SearchOptions(0, Double.NaN, ItemFilter.all(), null, Long.MAX_VALUE);

  /** 0 if it was not set. */
  final int ef;

  /** NaN if it was not set. */
  final double targetRecall;

  private final ItemFilter filter;
  private final @Nullable Duration timeout;
  private final long timeoutNanos;

  private SearchOptions(
      int ef,
      double targetRecall,
      ItemFilter filter,
      @Nullable Duration timeout,
      long timeoutNanos) {
    this.ef = ef;
    this.targetRecall = targetRecall;
    this.filter = filter;
    this.timeout = timeout;
    this.timeoutNanos = timeoutNanos;
  }

  /** {@return the breadth of the index, no filter and no time limit} */
  public static SearchOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets how many items the walk keeps: more finds more of the true best ones and takes longer. At
   * least as many are kept as are asked for. A walk ends before all of these were looked at if the
   * best of them have not changed for a while. Takes the place of {@link #targetRecall}.
   *
   * @param ef from 1 to {@value HnswIndexBuilder#MAX_EF}
   * @return changed options
   */
  public SearchOptions ef(int ef) {
    if (ef < 1 || ef > HnswIndexBuilder.MAX_EF) {
      throw new IllegalArgumentException(
          "ef: expected 1 to %d, found %d".formatted(HnswIndexBuilder.MAX_EF, ef));
    }
    return new SearchOptions(ef, Double.NaN, filter, timeout, timeoutNanos);
  }

  /**
   * Sets which part of the true best items shall be found on average. The index knows from searches
   * for a sample of its own items how broad a walk that needs for 1, 10, 30, 100 and 300 of them;
   * for other numbers it concludes from those. Under a filter that is asked about what a walk
   * meets, the walk is as broad as it would be for as many items more as the filter refuses. Where
   * a walk would not find enough, all items are compared. Queries that are not like the items need
   * {@link HnswIndex#calibrate}. Takes the place of {@link #ef}.
   *
   * <p>A file that an earlier version saved knows about ten items only, and takes the breadth for
   * more in proportion to their number, until the index is measured again.
   *
   * @param recall above 0 and at most 1; for 1 everything is compared
   * @return changed options
   */
  public SearchOptions targetRecall(double recall) {
    if (!(recall > 0 && recall <= 1)) {
      throw new IllegalArgumentException(
          "targetRecall: expected above 0 and at most 1, found " + recall);
    }
    return new SearchOptions(0, recall, filter, timeout, timeoutNanos);
  }

  /**
   * Sets which items may be returned. A filter that always answers the same is remembered when it
   * comes again, alone or as a part of a conjunction; see {@link HnswIndex}.
   *
   * @param filter the filter
   * @return changed options
   */
  public SearchOptions filter(ItemFilter filter) {
    return new SearchOptions(
        ef, targetRecall, Objects.requireNonNull(filter, "filter"), timeout, timeoutNanos);
  }

  /**
   * Sets when a search stops and returns the best items it has met; {@link SearchHits#isComplete}
   * tells. The clock is read every few dozen comparisons, or few thousand where those are cheapest,
   * and while filters are asked. A filter that always answers the same is remembered only by a
   * search that has the time to ask it about every item.
   *
   * @param timeout from the beginning of each search, not negative
   * @return changed options
   */
  public SearchOptions timeout(Duration timeout) {
    if (Objects.requireNonNull(timeout, "timeout").isNegative()) {
      throw new IllegalArgumentException("timeout: expected zero or more, found " + timeout);
    }
    long nanos;
    try {
      nanos = timeout.toNanos();
    } catch (ArithmeticException e) {
      nanos = Long.MAX_VALUE;
    }
    return new SearchOptions(ef, targetRecall, filter, timeout, nanos);
  }

  /** {@return the breadth, if it was set} */
  public OptionalInt ef() {
    return ef == 0 ? OptionalInt.empty() : OptionalInt.of(ef);
  }

  /** {@return the recall, if it was set} */
  public OptionalDouble targetRecall() {
    return Double.isNaN(targetRecall) ? OptionalDouble.empty() : OptionalDouble.of(targetRecall);
  }

  /** {@return which items may be returned} */
  public ItemFilter filter() {
    return filter;
  }

  /** {@return when a search stops, if it was set} */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(timeout);
  }

  long timeoutNanos() {
    return timeoutNanos;
  }

  @Override
  public String toString() {
    return "SearchOptions[ef=%s, targetRecall=%s, filter=%s, timeout=%s]"
        .formatted(
            ef == 0 ? "unset" : ef,
            Double.isNaN(targetRecall) ? "unset" : targetRecall,
            filter,
            timeout == null ? "unset" : timeout);
  }
}
