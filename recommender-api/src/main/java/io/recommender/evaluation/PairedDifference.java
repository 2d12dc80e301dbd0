package io.recommender.evaluation;

import java.util.Objects;

/**
 * How much better one recommender is than another for the same users. The interval is that of the
 * mean of the differences of single users, so it is narrower than two intervals side by side
 * suggest. <b>Immutable</b>.
 *
 * @param first the name of the one
 * @param second the name of the other
 * @param metric the metric
 * @param cutoff the cutoff
 * @param difference the value of the first − the value of the second
 */
public record PairedDifference(
    String first, String second, Metric metric, int cutoff, ConfidenceInterval difference) {
  /**
   * Checks that nothing is null.
   *
   * @param first the name of the one
   * @param second the name of the other
   * @param metric the metric
   * @param cutoff the cutoff
   * @param difference the value of the first − the value of the second
   */
  public PairedDifference {
    Objects.requireNonNull(first, "first");
    Objects.requireNonNull(second, "second");
    Objects.requireNonNull(metric, "metric");
    Objects.requireNonNull(difference, "difference");
  }
}
