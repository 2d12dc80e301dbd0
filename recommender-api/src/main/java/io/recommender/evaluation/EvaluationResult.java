package io.recommender.evaluation;

import io.recommender.Notice;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What an evaluation found about one recommender.
 *
 * <p><b>Immutable</b>.
 */
public final class EvaluationResult {
  private final String name;
  private final int[] cutoffs;
  private final Map<Metric, double[]> values;
  private final Map<Metric, ConfidenceInterval> intervals;
  private final double[] popularityShares;
  private final int answers;
  private final boolean measured;
  private final Measurement.Tally tally;
  private final double[] sortedMicros;
  private final int threads;

  /** Computes every metric at every cutoff. */
  EvaluationResult(
      String name,
      RankedLists lists,
      int[] cutoffs,
      int mainCutoff,
      MetricOptions options,
      Map<Metric, ConfidenceInterval> intervals,
      Optional<Measurement> measurement,
      int threads) {
    this.name = name;
    this.cutoffs = cutoffs;
    this.intervals = new EnumMap<>(intervals);
    measured = measurement.isPresent();
    tally = measurement.map(Measurement::tally).orElseGet(Measurement.Tally::new);
    sortedMicros = measurement.map(Measurement::sortedMicros).orElse(new double[0]);
    this.threads = threads;
    answers = lists.size();
    values = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      double[] byCutoff = new double[cutoffs.length];
      for (int i = 0; i < cutoffs.length; i++) {
        byCutoff[i] = metric.compute(lists, cutoffs[i], options);
      }
      values.put(metric, byCutoff);
    }
    popularityShares = PopularityShares.ofRecommendations(lists, mainCutoff);
  }

  /** {@return the name under which the recommender was given} */
  public String name() {
    return name;
  }

  /**
   * Returns a value.
   *
   * @param metric the metric
   * @param cutoff one of the cutoffs of the evaluation
   * @return the value, NaN where it is undefined
   * @throws IllegalArgumentException if it was not computed at this cutoff
   */
  public double value(Metric metric, int cutoff) {
    Objects.requireNonNull(metric, "metric");
    for (int i = 0; i < cutoffs.length; i++) {
      if (cutoffs[i] == cutoff) {
        return values.get(metric)[i];
      }
    }
    throw new IllegalArgumentException(
        "cutoff: expected one of %s, found %d".formatted(Arrays.toString(cutoffs), cutoff));
  }

  /**
   * Returns the confidence interval of a metric at the main cutoff.
   *
   * @param metric the metric
   * @return the interval; only hit rate and NDCG have one, and only if a user has a relevant item
   */
  public Optional<ConfidenceInterval> interval(Metric metric) {
    return Optional.ofNullable(intervals.get(metric));
  }

  /** {@return the number of lists} */
  public int answers() {
    return answers;
  }

  /** {@return the model versions that the answers named, sorted; empty for given lists} */
  public List<String> modelVersions() {
    return List.copyOf(tally.modelVersions);
  }

  /** {@return how many answers carried each kind of notice; empty for given lists} */
  public Map<Notice.Code, Integer> notices() {
    return Collections.unmodifiableMap(tally.notices);
  }

  /** {@return how many answers came from the fallback; 0 for given lists} */
  public int fallbackAnswers() {
    return notices().getOrDefault(Notice.Code.FALLBACK_USED, 0);
  }

  /** {@return how many answers had fewer items than asked for; 0 for given lists} */
  public int shortAnswers() {
    return tally.shortAnswers;
  }

  /**
   * Returns how many answers held two items of equal score, whose order the recommender chose. If
   * there are many, the values depend on that choice.
   *
   * @return a count; 0 for given lists
   */
  public int tiedAnswers() {
    return tally.tiedAnswers;
  }

  /** {@return the mean number of model runs per request; 0 for given lists} */
  public double modelRunsPerRequest() {
    return (double) tally.modelRuns / answers;
  }

  /** {@return how long requests took; empty for given lists} */
  public Optional<LatencySummary> latency() {
    return measured ? Optional.of(LatencySummary.of(sortedMicros, threads)) : Optional.empty();
  }

  /**
   * Returns which share of the recommendations at the main cutoff falls to each tenth of the
   * catalogue, the most popular tenth first.
   *
   * @return ten shares that sum to 1, or zeros if nothing was recommended; a new array
   */
  public double[] popularityShares() {
    return popularityShares.clone();
  }

  /** The latencies in microseconds, ascending; none for given lists. Shared, not to be changed. */
  double[] sortedMicros() {
    return sortedMicros;
  }

  /** The notices in one line, as in {@code SHORTFALL 3, FALLBACK_USED 1}. */
  String noticeText() {
    return notices().isEmpty()
        ? "none"
        : notices().entrySet().stream()
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .collect(Collectors.joining(", "));
  }

  boolean isMeasured() {
    return measured;
  }
}
