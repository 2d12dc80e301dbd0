package io.recommender;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * One thing that a model says an item, or the request it answers, has to do with.
 *
 * <p><b>Immutable</b>.
 *
 * @param kind what the weight means
 * @param name what it is, for people: a concept, a feature, an expert, a class, an entity
 * @param weight how much, finite, in the unit of the kind
 */
public record Reason(Kind kind, String name, double weight) {
  /** By how much the weights of a distribution may miss 1, as those of half precision do. */
  private static final double TOLERANCE = 1e-2;

  /** What a weight means. More kinds may come; handle unknown ones as information. */
  public enum Kind {
    /** How active a concept is in the model's state: at least 0, in the unit of the model. */
    CONCEPT(false),
    /** What a feature adds to a score, such as its Shapley value: in the unit of the score. */
    ATTRIBUTION(false),
    /** The share of an expert: at least 0, all shares add up to 1. */
    ROUTING(true),
    /** The probability of a class, all of which add up to 1. */
    CLASS(true),
    /** How often an entity is shared. */
    ENTITY(false);

    private final boolean distribution;

    Kind(boolean distribution) {
      this.distribution = distribution;
    }

    /** {@return whether the weights of an explanation add up to 1, none of them negative} */
    public boolean isDistribution() {
      return distribution;
    }
  }

  /**
   * Checks the parts.
   *
   * @param kind what the weight means
   * @param name what it is, for people
   * @param weight how much, finite
   */
  public Reason {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(name, "name");
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException(
          "weight of '%s': expected a finite number, found %s".formatted(name, weight));
    }
  }

  /**
   * Returns reasons of one kind, the strongest first: by absolute weight, equal ones in the order
   * given. The weights of a distribution are divided by their sum, so that rounding of a model does
   * not show.
   *
   * @param kind what the weights mean
   * @param names what they belong to
   * @param weights one for each name
   * @return as many reasons as names
   * @throws IllegalArgumentException if there are more or fewer weights than names, one is not
   *     finite, or those of a distribution are negative or add up to less than 0.99 or more than
   *     1.01
   */
  public static List<Reason> ranked(Kind kind, List<String> names, double[] weights) {
    if (names.size() != weights.length) {
      throw new IllegalArgumentException(
          "weights: expected %d, one for each of %s, found %d"
              .formatted(names.size(), names, weights.length));
    }
    double scale = kind.isDistribution() ? 1 / sumOf(kind, names, weights) : 1;
    List<Reason> reasons = new ArrayList<>(weights.length);
    for (int i = 0; i < weights.length; i++) {
      reasons.add(new Reason(kind, names.get(i), weights[i] * scale));
    }
    reasons.sort(Comparator.comparingDouble(reason -> -Math.abs(reason.weight())));
    return List.copyOf(reasons);
  }

  private static double sumOf(Kind kind, List<String> names, double[] weights) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      if (!(weights[i] >= 0)) {
        throw new IllegalArgumentException(
            "weight of '%s': expected at least 0 for kind %s, found %s"
                .formatted(names.get(i), kind, weights[i]));
      }
      sum += weights[i];
    }
    if (!(Math.abs(sum - 1) <= TOLERANCE)) {
      throw new IllegalArgumentException(
          "weights of kind %s: expected a sum of 1, found %s".formatted(kind, sum));
    }
    return sum;
  }
}
