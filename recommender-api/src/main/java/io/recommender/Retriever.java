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

  /**
   * Returns what is worth knowing about a query that is not an error, such as keywords that no item
   * has. Nothing by default.
   *
   * @param query the query
   * @return what is worth knowing, possibly nothing
   * @throws IllegalArgumentException if this retriever does not answer such queries
   */
  default List<Notice> notices(Query query) {
    return List.of();
  }
}
