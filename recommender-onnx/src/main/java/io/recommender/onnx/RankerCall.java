package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the inputs of a ranker read in one call.
 *
 * <p><b>Immutable</b>.
 *
 * @param items the candidates
 * @param ordinals their ordinals in the bundle, UNKNOWN for others
 * @param known whether each has the features that the bundle says, so that rows made of those hold
 * @param useTables whether tables of the caller are asked; golden requests bring their own values
 */
record RankerCall(
    RecommendationRequest request,
    List<Item> items,
    int[] ordinals,
    boolean[] known,
    boolean useTables) {

  /** A table of features that the caller keeps. */
  @FunctionalInterface
  interface Table {
    /**
     * Returns a feature.
     *
     * @param candidate a place among the items, -1 for the request
     */
    Optional<Feature> find(RankerCall call, int candidate);
  }

  /** Returns a feature of a candidate, or of the request for -1; a table of the caller decides. */
  @Nullable Feature feature(String name, @Nullable Table table, int candidate) {
    if (table != null && useTables) {
      Optional<Feature> found = table.find(this, candidate);
      if (found.isPresent()) {
        return found.get();
      }
    }
    return candidate < 0 ? request.context().get(name) : items.get(candidate).features().get(name);
  }

  /** The candidate, for messages; none for the request. */
  @Nullable Item owner(int candidate) {
    return candidate < 0 ? null : items.get(candidate);
  }
}
