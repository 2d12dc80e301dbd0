package io.recommender.onnx;

import java.util.Arrays;

/**
 * Turns what a task of a ranker says into the frequency it stands for.
 *
 * <p><b>Immutable</b>.
 */
interface Calibration {

  /** Returns the calibrated probability of a logit. */
  double probability(double logit);

  /**
   * A logistic function of the logit. Platt, "Probabilistic Outputs for Support Vector Machines",
   * 1999.
   */
  record Platt(double slope, double intercept) implements Calibration {
    @Override
    public double probability(double logit) {
      return sigmoid(slope * logit + intercept);
    }
  }

  /** Straight lines between points of (probability, frequency), level beyond the ends. */
  final class Isotonic implements Calibration {
    private final double[] from;
    private final double[] to;

    /**
     * Keeps the points.
     *
     * @param from ascending
     * @param to not descending, in [0, 1]
     */
    Isotonic(double[] from, double[] to) {
      this.from = from.clone();
      this.to = to.clone();
    }

    @Override
    public double probability(double logit) {
      double probability = sigmoid(logit);
      int place = Arrays.binarySearch(from, probability);
      if (place >= 0) {
        return to[place];
      }
      int above = -place - 1;
      if (above == 0) {
        return to[0];
      }
      if (above == from.length) {
        return to[above - 1];
      }
      double share = (probability - from[above - 1]) / (from[above] - from[above - 1]);
      return to[above - 1] + share * (to[above] - to[above - 1]);
    }
  }

  /** The probability of a logit, without overflow at either end. */
  static double sigmoid(double logit) {
    if (logit >= 0) {
      return 1 / (1 + Math.exp(-logit));
    }
    double odds = Math.exp(logit);
    return odds / (1 + odds);
  }

  /** The logit of a probability; infinite at 0 and 1. */
  static double logit(double probability) {
    return Math.log(probability) - Math.log1p(-probability);
  }
}
