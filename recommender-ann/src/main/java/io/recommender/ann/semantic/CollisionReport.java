package io.recommender.ann.semantic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * How well codes tell items apart.
 *
 * <p><b>Immutable</b>.
 *
 * @param items how many items there are
 * @param distinctCodes how many different codes they have
 * @param itemsInCollisions how many items have a code that another one has
 * @param largestGroup how many items have the code that most of them have; 0 without items
 * @param codesUsed how many different codes each level has in use
 */
public record CollisionReport(
    int items,
    int distinctCodes,
    int itemsInCollisions,
    int largestGroup,
    List<Integer> codesUsed) {

  /**
   * Copies the list.
   *
   * @param items how many items there are
   * @param distinctCodes how many different codes they have
   * @param itemsInCollisions how many items have a code that another one has
   * @param largestGroup how many items have the code that most of them have; 0 without items
   * @param codesUsed how many different codes each level has in use
   */
  public CollisionReport {
    codesUsed = List.copyOf(codesUsed);
  }

  /**
   * Reports on the items of an index, available or not.
   *
   * @param index the index
   * @return the report on what it holds at one moment
   */
  public static CollisionReport of(SemanticIdIndex index) {
    return of(index.version().codes());
  }

  /**
   * Reports on codes.
   *
   * @param codes one code for each item; not changed
   * @return the report
   */
  public static CollisionReport of(int[][] codes) {
    int[][] sorted = codes.clone();
    Arrays.sort(sorted, Arrays::compare);
    int distinct = 0;
    int colliding = 0;
    int largest = 0;
    List<BitSet> used = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < sorted.length; i++) {
      for (int level = 0; level < sorted[i].length; level++) {
        if (level == used.size()) {
          used.add(new BitSet());
        }
        used.get(level).set(sorted[i][level]);
      }
      if (i + 1 == sorted.length || !Arrays.equals(sorted[i], sorted[i + 1])) {
        int group = i + 1 - from;
        distinct++;
        colliding += group > 1 ? group : 0;
        largest = Math.max(largest, group);
        from = i + 1;
      }
    }
    return new CollisionReport(
        sorted.length,
        distinct,
        colliding,
        largest,
        used.stream().map(BitSet::cardinality).toList());
  }

  /**
   * {@return the share of items that codes do not tell apart, 1 - distinctCodes / items; 0 without
   * items}
   */
  public double collisionRate() {
    return items == 0 ? 0 : 1 - (double) distinctCodes / items;
  }
}
