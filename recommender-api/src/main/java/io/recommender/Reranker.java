package io.recommender;

import java.util.List;
import java.util.function.Consumer;

/**
 * Reorders candidates, and may drop some; never adds one.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * <p><b>Lifetime.</b> As for {@link SequenceRecommender}.
 */
@FunctionalInterface
public interface Reranker extends AutoCloseable {

  /**
   * Reorders candidates for a request.
   *
   * @param request the request the candidates were found for
   * @param candidates the candidates, best first, each once; not changed
   * @return some or all of the candidates, each once, best first, possibly with new scores
   * @throws IllegalStateException if closed
   * @throws RecommenderException if a model fails; the reranker stays usable
   */
  List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates);

  /**
   * Reorders candidates for a request and tells what is worth knowing that is not an error. Tells
   * nothing by default; a pipeline passes on what it is told.
   *
   * @param request the request the candidates were found for
   * @param candidates the candidates, best first, each once; not changed
   * @param notices is given each notice before this returns
   * @return as {@link #rerank(RecommendationRequest, List)} does
   * @throws IllegalStateException if closed
   * @throws RecommenderException if a model fails; the reranker stays usable
   */
  default List<ScoredItem> rerankWithNotices(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    return rerank(request, candidates);
  }

  /** Releases what this reranker holds. Does nothing by default. */
  @Override
  default void close() {}
}
