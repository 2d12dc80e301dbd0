package io.recommender.onnx;

import io.recommender.internal.JsonObject;
import java.util.Arrays;

/**
 * How the numbers of a feature are scaled before the graph reads them: minus a mean and divided by
 * a deviation, the same for all or one pair for each channel, the first axis of a tensor, as images
 * are normalized.
 *
 * <p><b>Immutable</b>.
 */
final class FeatureScaling {
  /** Leaves every number as it is. */
  static final FeatureScaling NONE = new FeatureScaling(new double[] {0}, new double[] {1});

  private final double[] means;
  private final double[] deviations;

  private FeatureScaling(double[] means, double[] deviations) {
    this.means = means;
    this.deviations = deviations;
  }

  /** Reads the normalization of an input; none if it has none. */
  static FeatureScaling read(JsonObject input) {
    if (!input.has("normalization")) {
      return NONE;
    }
    try (JsonObject read = input.object("normalization")) {
      double[] means = BundleJson.numbers(Manifest.FILE, read, "mean");
      double[] deviations = BundleJson.numbers(Manifest.FILE, read, "deviation");
      if (means.length == 0
          || means.length != deviations.length
          || Arrays.stream(deviations).anyMatch(deviation -> deviation <= 0)) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "%s: expected as many numbers in mean as in deviation, at least one, and deviations above 0, found %s and %s"
                .formatted(read.place(), Arrays.toString(means), Arrays.toString(deviations)));
      }
      return new FeatureScaling(means, deviations);
    }
  }

  /** Refuses an input of the graph that has another number of channels. */
  void check(String model, String input, int[] extents) {
    if (means.length > 1 && (extents.length == 0 || extents[0] != means.length)) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected %d channels as the normalization in %s, found extents %s"
              .formatted(input, means.length, Manifest.FILE, Arrays.toString(extents)));
    }
  }

  /** Whether every number stays as it is. */
  boolean isNone() {
    return this == NONE;
  }

  /**
   * Scales a number.
   *
   * @param place of the number within its feature
   * @param width how many numbers the feature has
   */
  double apply(double value, int place, int width) {
    int channel = means.length == 1 ? 0 : place / (width / means.length);
    return (value - means[channel]) / deviations[channel];
  }
}
