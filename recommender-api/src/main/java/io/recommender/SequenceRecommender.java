package io.recommender;

import java.util.List;

/**
 * Answers a request with ranked items.
 *
 * <p>Everything that answers implements this: an exported model, an index, session neighbours,
 * popularity, a pipeline of all of them. A lambda implements it too, so a unit test needs no mock.
 *
 * <p><b>Order.</b> At most k items, each once, by descending score, equal scores by catalogue
 * ordinal, none that the filter rejects. An empty or wholly unknown history is not an error.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * <p><b>Lifetime.</b> May hold native memory until {@link #close()}. Calls in flight complete;
 * later calls throw {@link IllegalStateException}. Closing twice has no effect.
 */
@FunctionalInterface
public interface SequenceRecommender extends AutoCloseable {

  /**
   * Answers one request.
   *
   * @param request the request
   * @return at most {@code request.k()} items, with a notice if there are fewer
   * @throws IllegalStateException if closed
   * @throws RecommenderException if a model fails; the recommender stays usable
   */
  Recommendations recommend(RecommendationRequest request);

  /**
   * Answers with {@value RecommendationRequest#DEFAULT_K} items for a history.
   *
   * @param history the history
   * @return the items
   */
  default Recommendations recommend(UserHistory history) {
    return recommend(RecommendationRequest.of(history).build());
  }

  /**
   * Answers several requests. The answers equal those of single calls up to rounding of the model's
   * arithmetic; a backend may be faster than single calls.
   *
   * @param requests the requests, possibly none
   * @return one answer for each, in order
   */
  default List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    return requests.stream().map(this::recommend).toList();
  }

  /** Releases what this recommender holds. Does nothing by default. */
  @Override
  default void close() {}
}
