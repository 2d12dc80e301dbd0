package io.recommender;

/**
 * Makes the index that a model with user vectors searches.
 *
 * <p>Opening a bundle whose model ends in a user vector needs one, because the module that runs
 * models does not contain an index: {@code FlatIndex::new} of recommender-ann is the exact one.
 */
@FunctionalInterface
public interface ItemIndexFactory {

  /**
   * Returns an empty index.
   *
   * @param dimension the length of every vector
   * @param similarity how vectors are compared
   * @param expectedSize how many items are about to be added
   * @return a new index, owned by the caller
   */
  ItemIndex create(int dimension, Similarity similarity, int expectedSize);
}
