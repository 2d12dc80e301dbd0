package io.recommender.evaluation;

import io.recommender.Feature;
import io.recommender.Interaction;

/** How an interaction carries a rating, and what it is worth without one. */
final class Ratings {
  static final String FEATURE = "rating";

  /** The rating of an interaction that has none: it happened, so it is relevant. */
  static final double IMPLICIT = 1;

  private Ratings() {}

  static double of(Interaction interaction) {
    return interaction.context().get(FEATURE) instanceof Feature.Scalar scalar
        ? scalar.value()
        : IMPLICIT;
  }
}
