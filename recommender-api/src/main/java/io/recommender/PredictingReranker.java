package io.recommender;

import java.util.List;

/**
 * A reranker that predicts, for each candidate, how likely each of its tasks comes true, and shows
 * the hidden vectors from which it does. What corrects predictions, such as an error memory, comes
 * between {@link #predict} and {@link #order}.
 */
public interface PredictingReranker extends Reranker {

  /** {@return the tasks, such as {@code "click"}, in the order of the predictions; at least one} */
  List<String> tasks();

  /** {@return the length of the hidden vectors, at least 1} */
  int hiddenSize();

  /**
   * Predicts.
   *
   * @param request the request the candidates were found for
   * @param candidates the candidates, each once, possibly none; not changed
   * @return the predictions for the candidates, in their order
   * @throws IllegalStateException if closed
   * @throws RecommenderException if a model fails; the reranker stays usable
   */
  Predictions predict(RecommendationRequest request, List<ScoredItem> candidates);

  /**
   * Orders candidates by predictions.
   *
   * @param request the request
   * @param candidates the candidates, each once; not changed
   * @param probabilities for each candidate that of each task, in [0, 1]; not changed
   * @return some or all of the candidates, each once, best first
   */
  List<ScoredItem> order(
      RecommendationRequest request, List<ScoredItem> candidates, float[][] probabilities);

  @Override
  default List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return order(request, candidates, predict(request, candidates).probabilities());
  }

  /**
   * Predictions for some candidates.
   *
   * @param probabilities for each candidate that of each task, in [0, 1]; not copied
   * @param hidden for each candidate the hidden vector, finite; not copied
   */
  record Predictions(float[][] probabilities, float[][] hidden) {

    /**
     * Checks that there is a vector for each candidate.
     *
     * @param probabilities for each candidate that of each task
     * @param hidden for each candidate the hidden vector
     */
    public Predictions {
      if (probabilities.length != hidden.length) {
        throw new IllegalArgumentException(
            "hidden: expected %d vectors, one for each candidate, found %d"
                .formatted(probabilities.length, hidden.length));
      }
    }
  }
}
