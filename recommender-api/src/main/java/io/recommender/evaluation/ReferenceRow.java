package io.recommender.evaluation;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Published values to show next to measured ones, marked as such. Nothing is computed from them.
 *
 * <pre>{@code
 * ReferenceRow.of("SASRec (published)").with(Metric.HIT_RATE, 10, 0.0605).with(Metric.NDCG, 10, 0.0318);
 * }</pre>
 *
 * <p><b>Immutable</b>; {@link #with} returns a changed copy.
 */
public final class ReferenceRow {
  private final String name;
  private final Map<Metric, Map<Integer, Double>> values;

  private ReferenceRow(String name, Map<Metric, Map<Integer, Double>> values) {
    this.name = name;
    this.values = values;
  }

  /**
   * Returns a row without a value.
   *
   * @param name what a report calls the row, with where the values are from
   * @return the row
   */
  public static ReferenceRow of(String name) {
    return new ReferenceRow(Objects.requireNonNull(name, "name"), Map.of());
  }

  /**
   * Adds a value.
   *
   * @param metric the metric
   * @param cutoff the cutoff, at least 1
   * @param value the value
   * @return a copy
   */
  public ReferenceRow with(Metric metric, int cutoff, double value) {
    if (cutoff < 1 || !Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "reference '%s': expected a cutoff from 1 and a finite value, found %d and %s"
              .formatted(name, cutoff, value));
    }
    Map<Metric, Map<Integer, Double>> copy = new EnumMap<>(Metric.class);
    values.forEach((each, byCutoff) -> copy.put(each, new TreeMap<>(byCutoff)));
    copy.computeIfAbsent(metric, each -> new TreeMap<>()).put(cutoff, value);
    return new ReferenceRow(name, copy);
  }

  /** {@return what a report calls the row} */
  public String name() {
    return name;
  }

  /**
   * Returns a value.
   *
   * @param metric the metric
   * @param cutoff the cutoff
   * @return the value, if it was given
   */
  public OptionalDouble value(Metric metric, int cutoff) {
    Double value = values.getOrDefault(metric, Map.of()).get(cutoff);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** The values by metric, in order, and cutoff, ascending. */
  Map<Metric, Map<Integer, Double>> values() {
    return Collections.unmodifiableMap(values);
  }
}
