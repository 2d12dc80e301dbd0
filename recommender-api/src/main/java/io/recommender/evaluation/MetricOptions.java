package io.recommender.evaluation;

/**
 * The parameters of the metrics, apart from the cutoff.
 *
 * <p><b>Immutable</b>; each {@code with} method returns a changed copy.
 *
 * @param relevanceThreshold the rating from which a test item is relevant; 0 by default
 * @param shortHeadShare the share of the training that the short head makes up, in (0, 1]; 0.8 by
 *     default, as in Elliot
 * @param tailRatio the share of the items that RecBole calls the tail, in (0, 1], or above 1 the
 *     number of interactions up to which an item is in it; 0.1 by default, as in RecBole
 * @param countsPadding whether RecBole's item coverage and Gini index count one more item than the
 *     catalogue has, as RecBole itself does with its padding item; false by default
 */
public record MetricOptions(
    double relevanceThreshold, double shortHeadShare, double tailRatio, boolean countsPadding) {
  private static final MetricOptions DEFAULTS = new MetricOptions(0, 0.8, 0.1, false);

  /**
   * Checks the ranges.
   *
   * @param relevanceThreshold the rating from which a test item is relevant
   * @param shortHeadShare the share of the training that the short head makes up, in (0, 1]
   * @param tailRatio the share of the items that RecBole calls the tail, above 0
   * @param countsPadding whether RecBole's coverage and Gini index count a padding item
   */
  public MetricOptions {
    if (!Double.isFinite(relevanceThreshold)) {
      throw new IllegalArgumentException(
          "relevance threshold: expected a finite number, found " + relevanceThreshold);
    }
    if (!(shortHeadShare > 0 && shortHeadShare <= 1)) {
      throw new IllegalArgumentException(
          "short head share: expected a number in (0, 1], found " + shortHeadShare);
    }
    if (!(tailRatio > 0 && tailRatio < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "tail ratio: expected a finite number above 0, found " + tailRatio);
    }
  }

  /** {@return threshold 0, short head 0.8, tail 0.1, no padding item} */
  public static MetricOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Changes the relevance threshold.
   *
   * @param relevanceThreshold the rating from which a test item is relevant
   * @return a copy
   */
  public MetricOptions withRelevanceThreshold(double relevanceThreshold) {
    return new MetricOptions(relevanceThreshold, shortHeadShare, tailRatio, countsPadding);
  }

  /**
   * Changes the share of the short head.
   *
   * @param shortHeadShare the share, in (0, 1]
   * @return a copy
   */
  public MetricOptions withShortHeadShare(double shortHeadShare) {
    return new MetricOptions(relevanceThreshold, shortHeadShare, tailRatio, countsPadding);
  }

  /**
   * Changes the ratio of RecBole's tail.
   *
   * @param tailRatio the ratio, above 0
   * @return a copy
   */
  public MetricOptions withTailRatio(double tailRatio) {
    return new MetricOptions(relevanceThreshold, shortHeadShare, tailRatio, countsPadding);
  }

  /**
   * Changes whether a padding item counts.
   *
   * @param countsPadding whether it does
   * @return a copy
   */
  public MetricOptions withCountsPadding(boolean countsPadding) {
    return new MetricOptions(relevanceThreshold, shortHeadShare, tailRatio, countsPadding);
  }
}
