package io.recommender;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Tells what a model goes by where it recommends an item for a request: concepts in its state, what
 * each feature adds to a score, which expert decides, what class the request is of, which entities
 * are shared.
 *
 * <pre>{@code
 * Explainer routing = Explainer.ofWeights(Reason.Kind.ROUTING, experts, shares);
 * String expert = routing.explain(request, "sku-7").get(0).name();
 * }</pre>
 *
 * <p>It speaks of a model. How an item came to its place in the answer of a pipeline, which asks
 * several, is told by {@link io.recommender.pipeline.RecommenderPipeline#explain}.
 *
 * <p><b>Order.</b> Reasons of one kind stand together, the strongest first: by absolute weight,
 * equal ones in the order of the model. Each name comes once for a kind.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * <p><b>Lifetime.</b> That of the model it speaks of; after the model is closed, calls that need it
 * throw {@link IllegalStateException}.
 */
@FunctionalInterface
public interface Explainer {

  /**
   * Explains an item.
   *
   * @param request the request that the item was or might be recommended for
   * @param itemId the item
   * @return the reasons; none for an item or a request that the model knows nothing of
   * @throws IllegalArgumentException if the request lacks a text that the model cannot do without
   * @throws RecommenderException of kind SHAPE_MISMATCH if the request lacks a number or tensor
   *     that the model cannot do without, or has one of another shape; or if a model fails. It
   *     stays usable
   */
  List<Reason> explain(RecommendationRequest request, String itemId);

  /**
   * Returns an explainer whose weights are known, such as those of the experts that a model routed
   * an item to when its vectors were made.
   *
   * @param kind what the weights mean
   * @param names what they belong to, each once
   * @param weights one for each name, by request and item; empty where nothing is known.
   *     Thread-safe
   * @return the explainer, which throws {@link IllegalArgumentException} where the weights are not
   *     what {@link Reason#ranked} takes
   * @throws IllegalArgumentException if a name comes twice
   */
  static Explainer ofWeights(
      Reason.Kind kind,
      List<String> names,
      BiFunction<RecommendationRequest, String, Optional<float[]>> weights) {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(weights, "weights");
    List<String> copy = List.copyOf(names);
    if (copy.stream().distinct().count() != copy.size()) {
      throw new IllegalArgumentException("names: expected each once, found " + copy);
    }
    return (request, itemId) ->
        weights
            .apply(request, itemId)
            .map(
                found -> {
                  double[] wide = new double[found.length];
                  for (int i = 0; i < wide.length; i++) {
                    wide[i] = found[i];
                  }
                  return Reason.ranked(kind, copy, wide);
                })
            .orElse(List.of());
  }
}
