package io.recommender;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Vectors of items that can be searched by similarity, and changed while being searched.
 *
 * <p><b>Shapes.</b> Every vector and query has length {@link #dimension()} and is finite.
 *
 * <p><b>Order.</b> Results by descending score; equal scores in the order in which the items were
 * first added.
 *
 * <p><b>Thread safety.</b> Any number of threads may search, add and remove at once. A search sees
 * each item either before or after a change, never half of one, and never blocks on a change.
 */
public interface ItemIndex extends Retriever, AutoCloseable {

  /** {@return the length of every vector} */
  int dimension();

  /** {@return how vectors are compared} */
  Similarity similarity();

  /** {@return the number of items} */
  int size();

  /**
   * Returns whether an item is in the index.
   *
   * @param itemId the item
   * @return whether it is
   */
  boolean contains(String itemId);

  /**
   * Returns the vector of an item as it was added, up to the precision of the index.
   *
   * @param itemId the item
   * @return a copy of the vector
   */
  Optional<float[]> vector(String itemId);

  /**
   * Adds an item, or replaces the vector of one. The next search sees it.
   *
   * @param itemId the item, not empty
   * @param vector the vector, copied
   * @throws IllegalArgumentException if the vector has another length or is not finite; the index
   *     is unchanged
   */
  void add(String itemId, float[] vector);

  /**
   * Adds items in order. A backend may do it faster than one by one.
   *
   * @param itemIds the items
   * @param vectors one vector for each item, copied
   * @throws IllegalArgumentException if the numbers differ or a vector is wrong; the index is
   *     unchanged
   */
  void addAll(List<String> itemIds, float[][] vectors);

  /**
   * Removes an item. The next search does not return it.
   *
   * @param itemId the item
   * @return whether it was there
   */
  boolean remove(String itemId);

  /**
   * Returns the items most similar to a vector.
   *
   * @param query the vector; not kept, not changed
   * @param k how many items, at least 1
   * @param filter which items may be returned
   * @return at most k items, best first; fewer only if fewer are accepted
   * @throws IllegalArgumentException if k is below 1, or the query has another length or is not
   *     finite
   */
  List<ScoredItem> search(float[] query, int k, ItemFilter filter);

  /**
   * Returns the items most similar to a vector.
   *
   * @param query the vector
   * @param k how many items, at least 1
   * @return at most k items, best first
   */
  default List<ScoredItem> search(float[] query, int k) {
    return search(query, k, ItemFilter.all());
  }

  /**
   * Answers several queries. A backend may do it faster than one by one.
   *
   * @param queries the vectors
   * @param k how many items for each, at least 1
   * @param filter which items may be returned
   * @return one result for each query, in order
   */
  default List<List<ScoredItem>> searchAll(float[][] queries, int k, ItemFilter filter) {
    return Stream.of(queries).map(query -> search(query, k, filter)).toList();
  }

  /**
   * Answers a {@link Query.Vector}.
   *
   * @throws IllegalArgumentException if it is any other query
   */
  @Override
  default List<ScoredItem> retrieve(Query query, int k, ItemFilter filter) {
    if (query instanceof Query.Vector vector) {
      return search(vector.values(), k, filter);
    }
    throw new IllegalArgumentException(
        "query: an item index answers vectors, found " + query.getClass().getSimpleName());
  }

  /** Releases what the index holds. Does nothing by default. */
  @Override
  default void close() {}
}
