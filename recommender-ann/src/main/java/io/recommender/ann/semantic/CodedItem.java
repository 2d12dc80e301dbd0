package io.recommender.ann.semantic;

import java.util.Arrays;
import java.util.Objects;

/**
 * An item and the codes that stand for it. <b>Immutable</b>, if nobody changes the array.
 *
 * @param itemId the item
 * @param codes a code for each level, the first one first
 */
public record CodedItem(String itemId, int[] codes) {
  /**
   * Checks that nothing is null.
   *
   * @param itemId the item
   * @param codes a code for each level
   */
  public CodedItem {
    Objects.requireNonNull(itemId, "itemId");
    Objects.requireNonNull(codes, "codes");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodedItem item
        && itemId.equals(item.itemId)
        && Arrays.equals(codes, item.codes);
  }

  @Override
  public int hashCode() {
    return 31 * itemId.hashCode() + Arrays.hashCode(codes);
  }

  @Override
  public String toString() {
    return itemId + Arrays.toString(codes);
  }
}
