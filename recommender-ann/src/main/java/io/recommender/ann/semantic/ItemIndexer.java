package io.recommender.ann.semantic;

import java.util.List;

/**
 * Gives items codes by what is known of them, so that a model that writes codes can name them. See
 * {@link ItemIndexers} for the ways.
 */
@FunctionalInterface
public interface ItemIndexer {

  /**
   * Gives each item a code of its own.
   *
   * @param histories the items of each user in training, oldest first; an item without interactions
   *     may be a history of its own
   * @return the codes of all items that occur, in the order in which they occur first
   * @throws IllegalArgumentException if no item occurs
   */
  ItemCodes index(List<List<String>> histories);
}
