package io.recommender.pipeline;

import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/**
 * Shows, now and then, what would not have been shown.
 *
 * <p>Everything random comes from the seed of the request: give each request its own, or the same
 * places are explored in each.
 */
public final class Exploration {
  private Exploration() {}

  /**
   * Returns epsilon-greedy exploration below some protected places.
   *
   * @param epsilon the chance of each other place, in [0, 1]
   * @param protectedPlaces how many of the first places always keep their items, at least 0
   * @return the reranker
   * @throws IllegalArgumentException if either is out of range
   */
  public static Reranker epsilonGreedy(double epsilon, int protectedPlaces) {
    if (!(epsilon >= 0 && epsilon <= 1)) {
      throw new IllegalArgumentException("epsilon: expected a number in [0, 1], found " + epsilon);
    }
    if (protectedPlaces < 0) {
      throw new IllegalArgumentException(
          "protectedPlaces: expected at least 0, found " + protectedPlaces);
    }
    return epsilonGreedy(place -> place <= protectedPlaces ? 0 : epsilon);
  }

  /**
   * Returns epsilon-greedy exploration with a chance for each place: with it, the item of the place
   * changes places with one drawn from those below the last place of the answer, all equally
   * likely. An item that is drawn is not drawn again.
   *
   * @param epsilon the chance of a place, 1 = first, in [0, 1]
   * @return the reranker; it throws {@link IllegalArgumentException} if a chance is out of range
   */
  public static Reranker epsilonGreedy(IntToDoubleFunction epsilon) {
    Objects.requireNonNull(epsilon, "epsilon");
    return (request, candidates) -> {
      List<ScoredItem> result = new ArrayList<>(candidates);
      SplittableRandom random = new SplittableRandom(request.seed());
      int first = Math.min(request.k(), result.size());
      int remaining = result.size() - first;
      for (int place = 1; place <= first; place++) {
        double chance = epsilon.applyAsDouble(place);
        if (!(chance >= 0 && chance <= 1)) {
          throw new IllegalArgumentException(
              "epsilon of place %d: expected a number in [0, 1], found %s"
                  .formatted(place, chance));
        }
        if (remaining > 0 && random.nextDouble() < chance) {
          int drawn = first + random.nextInt(remaining);
          ScoredItem explored = result.get(drawn);
          // The last one that can be drawn fills the gap, and what was drawn is out of reach.
          remaining--;
          result.set(drawn, result.get(first + remaining));
          result.set(first + remaining, result.get(place - 1));
          result.set(place - 1, explored);
        }
      }
      return result;
    };
  }
}
