package io.recommender;

import java.util.List;

/**
 * Finds candidates for a query.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 */
@FunctionalInterface
public interface Retriever {

  /**
   * Returns the best items for a query.
   *
   * @param query the query
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k items, each once, best first; fewer only if fewer are accepted
   * @throws IllegalArgumentException if k is below 1 or this retriever does not answer such queries
   */
  List<ScoredItem> retrieve(Query query, int k, ItemFilter filter);
}
