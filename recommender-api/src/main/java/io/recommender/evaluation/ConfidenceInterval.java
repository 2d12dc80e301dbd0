package io.recommender.evaluation;

/**
 * Where a mean over users lies, by a percentile bootstrap: users are drawn with replacement, and
 * the interval holds the middle 95 % of the means of the draws. <b>Immutable</b>.
 *
 * @param estimate the mean over the users themselves
 * @param low the 2.5th percentile of the draws
 * @param high the 97.5th percentile of the draws
 */
public record ConfidenceInterval(double estimate, double low, double high) {
  /** {@return whether the interval excludes 0, so that a difference is unlikely to be chance} */
  public boolean excludesZero() {
    return low > 0 || high < 0;
  }
}
