package io.recommender.onnx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * How the scores of several tasks become the one that ranks. What it sees are the scores that
 * {@link io.recommender.ScoredItem#taskScores} tells: probabilities, calibrated where the bundle
 * says how, or the values of tasks that are no probabilities.
 *
 * <pre>{@code
 * ScorePolicy revenue = ScorePolicy.weightedSum(Map.of("click", 1.0, "buy", 20.0));
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class ScorePolicy {
  private final Kind kind;
  private final Map<String, Double> weights;
  private final ToDoubleFunction<Map<String, Double>> function;

  private ScorePolicy(
      Kind kind, Map<String, Double> weights, ToDoubleFunction<Map<String, Double>> function) {
    this.kind = kind;
    this.weights = weights;
    this.function = function;
  }

  /** What a manifest can say. */
  enum Kind {
    WEIGHTED_SUM,
    PRODUCT,
    FUNCTION
  }

  /** A policy for the tasks of one model. */
  interface Bound {

    /** Combines one candidate's scores, in the order of the model's tasks. */
    double combine(double[] scores);
  }

  /**
   * Returns the sum of each task's score times its weight. Tasks that are not named do not count.
   *
   * @param weights weight by task, at least one; any finite numbers
   * @return the policy
   */
  public static ScorePolicy weightedSum(Map<String, Double> weights) {
    return new ScorePolicy(Kind.WEIGHTED_SUM, checked(weights), scores -> Double.NaN);
  }

  /**
   * Returns the product of each task's score to the power that is its weight, such as probability
   * of a click × probability of a purchase<sup>2</sup>. Tasks that are not named do not count.
   *
   * @param powers power by task, at least one; any finite numbers
   * @return the policy
   */
  public static ScorePolicy product(Map<String, Double> powers) {
    return new ScorePolicy(Kind.PRODUCT, checked(powers), scores -> Double.NaN);
  }

  /**
   * Returns a policy that a function decides.
   *
   * @param function takes every task's score by name and returns a finite number; any number of
   *     threads may call it at once
   * @return the policy
   */
  public static ScorePolicy of(ToDoubleFunction<Map<String, Double>> function) {
    return new ScorePolicy(Kind.FUNCTION, Map.of(), Objects.requireNonNull(function, "function"));
  }

  private static Map<String, Double> checked(Map<String, Double> weights) {
    Map<String, Double> copy = Map.copyOf(weights);
    if (copy.isEmpty()) {
      throw new IllegalArgumentException("weights: expected at least one task, found none");
    }
    copy.forEach(
        (task, weight) -> {
          if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException(
                "weight of task '%s': expected a finite number, found %s".formatted(task, weight));
          }
        });
    return copy;
  }

  /**
   * Looks the tasks up.
   *
   * @throws IllegalArgumentException if a task is named that the model does not have
   */
  Bound bind(List<String> tasks) {
    if (kind == Kind.FUNCTION) {
      return scores -> {
        Map<String, Double> named = new HashMap<>(scores.length * 2);
        for (int i = 0; i < scores.length; i++) {
          named.put(tasks.get(i), scores[i]);
        }
        return function.applyAsDouble(named);
      };
    }
    int[] places = new int[weights.size()];
    double[] factors = new double[weights.size()];
    int next = 0;
    for (Map.Entry<String, Double> entry : new TreeMap<>(weights).entrySet()) {
      int place = tasks.indexOf(entry.getKey());
      if (place < 0) {
        throw new IllegalArgumentException(
            "task: expected one of %s, found '%s'"
                .formatted(
                    tasks.stream().map(task -> "'" + task + "'").collect(Collectors.joining(", ")),
                    entry.getKey()));
      }
      places[next] = place;
      factors[next++] = entry.getValue();
    }
    return kind == Kind.WEIGHTED_SUM
        ? scores -> {
          double sum = 0;
          for (int i = 0; i < places.length; i++) {
            sum += factors[i] * scores[places[i]];
          }
          return sum;
        }
        : scores -> {
          double product = 1;
          for (int i = 0; i < places.length; i++) {
            product *= Math.pow(scores[places[i]], factors[i]);
          }
          return product;
        };
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScorePolicy that
        && kind == that.kind
        && weights.equals(that.weights)
        && (kind != Kind.FUNCTION || function.equals(that.function));
  }

  @Override
  public int hashCode() {
    return 31 * kind.hashCode() + weights.hashCode();
  }

  @Override
  public String toString() {
    return kind == Kind.FUNCTION
        ? "ScorePolicy[function]"
        : "ScorePolicy[%s of %s]".formatted(kind, new TreeMap<>(weights));
  }
}
