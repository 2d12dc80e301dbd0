package io.recommender;

import java.util.List;
import java.util.Optional;

/**
 * The items a model knows, each with an ordinal from 0 to {@link #size()} - 1.
 *
 * <p>Ordinals are how a model and an index number items; callers of a recommender never need them.
 *
 * <p><b>Immutable</b>.
 */
public interface Catalog {

  /** The ordinal of an item that is not in the catalogue. */
  int UNKNOWN = -1;

  /** {@return the number of items} */
  int size();

  /**
   * Returns the ordinal of an item.
   *
   * @param itemId the item
   * @return the ordinal, or {@link #UNKNOWN}
   */
  int ordinal(String itemId);

  /**
   * Returns the id of an ordinal.
   *
   * @param ordinal from 0 to size - 1
   * @return the id; the same instance in every call
   * @throws IndexOutOfBoundsException if there is no such ordinal
   */
  String id(int ordinal);

  /**
   * Returns an item with its features.
   *
   * @param ordinal from 0 to size - 1
   * @return the item
   * @throws IndexOutOfBoundsException if there is no such ordinal
   */
  Item item(int ordinal);

  /**
   * Returns an item with its features, if it is known.
   *
   * @param itemId the item
   * @return the item
   */
  default Optional<Item> find(String itemId) {
    int ordinal = ordinal(itemId);
    return ordinal == UNKNOWN ? Optional.empty() : Optional.of(item(ordinal));
  }

  /**
   * Returns whether an item is known.
   *
   * @param itemId the item
   * @return whether it is
   */
  default boolean contains(String itemId) {
    return ordinal(itemId) != UNKNOWN;
  }

  /**
   * Returns a catalogue in memory.
   *
   * @param items the items in ordinal order
   * @return the catalogue
   * @throws IllegalArgumentException if an id occurs twice; the message names it and both places
   */
  static Catalog of(List<Item> items) {
    return new ListCatalog(items);
  }

  /**
   * Returns a catalogue of items that are only known by their ids.
   *
   * @param itemIds the ids in ordinal order
   * @return the catalogue
   * @throws IllegalArgumentException if an id is empty or occurs twice
   */
  static Catalog ofIds(List<String> itemIds) {
    return of(itemIds.stream().map(Item::of).toList());
  }
}
