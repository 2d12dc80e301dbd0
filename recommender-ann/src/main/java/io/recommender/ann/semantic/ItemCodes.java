package io.recommender.ann.semantic;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Items and their codes, of which no two are equal.
 *
 * <p><b>Immutable</b>.
 */
public final class ItemCodes {
  private final CodeShape shape;
  private final List<String> itemIds;
  private final int[][] codes;
  private final Map<String, Integer> places = new HashMap<>();

  /** Takes codes of a shape, one for each item. */
  ItemCodes(CodeShape shape, List<String> itemIds, int[][] codes) {
    this.shape = shape;
    this.itemIds = List.copyOf(itemIds);
    this.codes = codes;
    for (int i = 0; i < codes.length; i++) {
      places.put(itemIds.get(i), i);
    }
  }

  /** {@return what the codes look like} */
  public CodeShape shape() {
    return shape;
  }

  /** {@return the items, in the order in which they occurred first} */
  public List<String> itemIds() {
    return itemIds;
  }

  /**
   * Returns the code of an item.
   *
   * @param itemId the item
   * @return a copy of its code
   */
  public Optional<int[]> code(String itemId) {
    return Optional.ofNullable(places.get(itemId)).map(place -> codes[place].clone());
  }

  /** {@return a copy of the codes, in the order of the items} */
  public int[][] codes() {
    int[][] copy = new int[codes.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = codes[i].clone();
    }
    return copy;
  }

  /** {@return a new index of the items, in which codes are unique} */
  public SemanticIdIndex toIndex() {
    SemanticIdIndex index = SemanticIdIndex.builder(shape).unique().build();
    index.addAll(itemIds, codes);
    return index;
  }

  @Override
  public String toString() {
    return "ItemCodes[%s, %d items]".formatted(shape, codes.length);
  }
}
