package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotItems;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The items that a snapshot knows of, by its own numbers, so that it can be opened with another
 * catalogue. Immutable.
 */
final class SavedItems {
  private static final String ITEMS = "items";

  private final int[] ordinals;
  private final int[] numbers;

  private SavedItems(int[] ordinals, int[] numbers) {
    this.ordinals = ordinals;
    this.numbers = numbers;
  }

  /** Numbers the items of which there is something to save. */
  static SavedItems of(Catalog catalog, IntPredicate isUsed) {
    IntArrayList used = new IntArrayList();
    int[] numbers = new int[catalog.size()];
    Arrays.fill(numbers, -1);
    for (int ordinal = 0; ordinal < numbers.length; ordinal++) {
      if (isUsed.test(ordinal)) {
        numbers[ordinal] = used.size();
        used.add(ordinal);
      }
    }
    return new SavedItems(used.toIntArray(), numbers);
  }

  int size() {
    return ordinals.length;
  }

  int ordinal(int number) {
    return ordinals[number];
  }

  int number(int ordinal) {
    return numbers[ordinal];
  }

  /** Writes the section {@code items}: the ids by number. */
  void write(SnapshotWriter out, Catalog catalog) {
    SectionWriter section = out.section(ITEMS);
    for (int ordinal : ordinals) {
      section.putString(catalog.id(ordinal));
    }
  }

  /** Reads the section and returns the ordinals by number, UNKNOWN of what the catalogue lacks. */
  static int[] read(SnapshotReader in, int count, Catalog catalog) {
    return Arrays.stream(SnapshotItems.ids(in, count)).mapToInt(catalog::ordinal).toArray();
  }
}
