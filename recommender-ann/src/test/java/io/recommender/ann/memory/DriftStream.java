package io.recommender.ann.memory;

import java.util.Random;

/**
 * Impressions whose labels change. The model was right, a click in ten, until half of those in one
 * region of the features are clicked: on one side of a plane.
 */
final class DriftStream {
  static final int FEATURES = 6;
  static final int HIDDEN = 16;

  /** Where the plane is for half of the impressions to be in the region, and for a quarter. */
  static final double HALF = 0;

  static final double QUARTER = 0.6745;

  private final Random random;
  private final double plane;
  private final double[][] weights = new double[HIDDEN][FEATURES];
  private final double[] direction = new double[FEATURES];

  DriftStream(long seed, double plane) {
    random = new Random(seed);
    this.plane = plane;
    for (double[] row : weights) {
      for (int i = 0; i < FEATURES; i++) {
        row[i] = random.nextGaussian() / Math.sqrt(FEATURES);
      }
    }
    double norm = 0;
    for (int i = 0; i < FEATURES; i++) {
      direction[i] = random.nextGaussian();
      norm += direction[i] * direction[i];
    }
    for (int i = 0; i < FEATURES; i++) {
      direction[i] /= Math.sqrt(norm);
    }
  }

  /** An impression: its hidden vector, whether it is in the region, and what the model predicts. */
  record Impression(float[] hidden, boolean isInRegion, float prediction) {}

  Impression next() {
    double[] features = random.doubles(FEATURES).map(ignored -> random.nextGaussian()).toArray();
    double along = 0;
    for (int i = 0; i < FEATURES; i++) {
      along += direction[i] * features[i];
    }
    float[] hidden = new float[HIDDEN];
    for (int h = 0; h < HIDDEN; h++) {
      double sum = 0;
      for (int i = 0; i < FEATURES; i++) {
        sum += weights[h][i] * features[i];
      }
      hidden[h] = (float) Math.max(0, sum);
    }
    return new Impression(hidden, along > plane, 0.1f);
  }

  /** Draws what a user does. */
  float label(Impression impression, boolean isShifted) {
    double rate = isShifted && impression.isInRegion() ? 0.5 : 0.1;
    return random.nextDouble() < rate ? 1 : 0;
  }

  static double logLoss(float prediction, float label) {
    double p = Math.max(1e-7, Math.min(1 - 1e-7, prediction));
    return -(label * Math.log(p) + (1 - label) * Math.log(1 - p));
  }
}
