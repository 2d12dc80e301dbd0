package io.recommender.ann.vectors;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommendationRequest;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The vector that items are searched with for a request: that of the user, of the history, of an
 * intention, or a sum of several. A lambda is one, such as the vector of a text that the shopper
 * typed.
 *
 * <pre>{@code
 * QueryVector user = QueryVector.user(users::get).or(QueryVector.historyMean(items::vector));
 * QueryVector query = QueryVector.sum(user.times(0.7), QueryVector.context("intent").times(0.3));
 * }</pre>
 *
 * <p><b>Shapes.</b> All vectors of one query have one length and are finite.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 */
@FunctionalInterface
public interface QueryVector {

  /**
   * Returns the vector for a request.
   *
   * @param request the request
   * @return a vector that the caller may keep and does not change; empty if the request leads to
   *     none
   */
  Optional<float[]> vector(RecommendationRequest request);

  /**
   * Returns the vector that is known of the user of the history, trained elsewhere.
   *
   * @param vectors the vector of a user id, such as {@code users::get} of an {@link
   *     io.recommender.ann.memory.UserStore}, which forgets users when told to
   * @return the query; empty for anonymous and unknown users
   */
  static QueryVector user(Function<String, Optional<float[]>> vectors) {
    Objects.requireNonNull(vectors, "vectors");
    return request -> request.history().userId().flatMap(vectors);
  }

  /**
   * Returns the mean of the vectors of the items of the history, each as often as it occurs. It
   * folds in users that a model was not trained on.
   *
   * @param vectors the vector of an item, such as {@code index::vector}; items without one are left
   *     out
   * @return the query; empty if no item of the history has a vector
   */
  static QueryVector historyMean(Function<String, Optional<float[]>> vectors) {
    return historyMean(vectors, 1);
  }

  /**
   * Returns the mean of the vectors of the items of the history in which older interactions count
   * less.
   *
   * @param vectors the vector of an item; items without one are left out
   * @param decay what the weight is multiplied by with each item back from the newest one, above 0
   *     and at most 1
   * @return the query; empty if no item of the history has a vector
   * @throws IllegalArgumentException if the decay is out of its range
   */
  static QueryVector historyMean(Function<String, Optional<float[]>> vectors, double decay) {
    Objects.requireNonNull(vectors, "vectors");
    if (!(decay > 0 && decay <= 1)) {
      throw new IllegalArgumentException("decay: expected above 0 and at most 1, found " + decay);
    }
    return request -> {
      List<Interaction> interactions = request.history().interactions();
      WeightedVectors sum = new WeightedVectors();
      double weight = 1;
      for (int i = interactions.size() - 1; i >= 0 && weight > 0; i--) {
        Optional<float[]> vector = vectors.apply(interactions.get(i).itemId());
        if (vector.isPresent()) {
          sum.add(vector.get(), weight);
          weight *= decay;
        }
      }
      return sum.mean();
    };
  }

  /**
   * Returns a tensor of the context of the request, such as the intention that a generator made of
   * what the shopper searched for.
   *
   * @param feature the name of the feature
   * @return the query; empty if the request has no tensor of that name
   */
  static QueryVector context(String feature) {
    Objects.requireNonNull(feature, "feature");
    return request ->
        request.context().get(feature) instanceof Feature.Tensor tensor
            ? Optional.of(tensor.values())
            : Optional.empty();
  }

  /**
   * Returns what an encoder makes of the request, written as an item whose features it reads: a
   * dialog and the vectors of the items named in it, a video with a wish.
   *
   * @param encoder the encoder
   * @param itemOf the features of a request, under any id; empty if it has none to tell
   * @return the query; each is one call of the encoder
   */
  static QueryVector encodedBy(
      ItemEncoder encoder, Function<RecommendationRequest, Optional<Item>> itemOf) {
    Objects.requireNonNull(encoder, "encoder");
    Objects.requireNonNull(itemOf, "itemOf");
    return request -> itemOf.apply(request).map(item -> encoder.encode(List.of(item))[0]);
  }

  /**
   * Returns the sum of vectors. What a request does not lead to is left out.
   *
   * @param parts the vectors, usually {@linkplain #times weighted}
   * @return the query; empty if no part is there. It throws {@link IllegalArgumentException} if two
   *     parts have different lengths
   */
  static QueryVector sum(QueryVector... parts) {
    List<QueryVector> copy = List.of(parts);
    return request -> {
      WeightedVectors sum = new WeightedVectors();
      for (QueryVector part : copy) {
        part.vector(request).ifPresent(vector -> sum.add(vector, 1));
      }
      return sum.sum();
    };
  }

  /**
   * Returns this vector multiplied by a number. With 0 it is left out of a sum.
   *
   * @param weight a finite number
   * @return the query
   * @throws IllegalArgumentException if the weight is not finite
   */
  default QueryVector times(double weight) {
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException("weight: expected a finite number, found " + weight);
    }
    if (weight == 0) {
      return request -> Optional.empty();
    }
    return request ->
        vector(request)
            .flatMap(
                vector -> {
                  WeightedVectors sum = new WeightedVectors();
                  sum.add(vector, weight);
                  return sum.sum();
                });
  }

  /**
   * Returns this vector carried into another space.
   *
   * @param map the map, such as {@link LinearMap#apply}
   * @return the query
   */
  default QueryVector mapped(UnaryOperator<float[]> map) {
    Objects.requireNonNull(map, "map");
    return request -> vector(request).map(map);
  }

  /**
   * Returns this vector, or another one for requests that do not lead to it.
   *
   * @param other the other vector
   * @return the query
   */
  default QueryVector or(QueryVector other) {
    Objects.requireNonNull(other, "other");
    return request -> {
      Optional<float[]> vector = vector(request);
      return vector.isPresent() ? vector : other.vector(request);
    };
  }
}
