package io.recommender.ann.semantic;

/**
 * Sorted items that are found by id and walked as a tree: a subtree is a range of rows.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
final class CodeSegment {
  /** Below this number of rows looking through them is as fast as a directory. */
  private static final int LEAST_LISTED = 4096;

  private static final CodeRows NO_ROWS = CodeRows.allocate(CodeShape.of(1, 1), 0, 0);

  final SortedCodes items;
  final CodeRows rows;
  final String[] ids;

  /** The order number of each item: in which order they were first added. */
  final int[] orders;

  final CodeDirectory directory;

  /** Rows by the hash of the id, open addressing; 0 is empty, others are row + 1. */
  private final int[] table;

  CodeSegment(SortedCodes items) {
    this.items = items;
    rows = items.rows();
    ids = items.ids();
    orders = items.orders();
    directory = CodeDirectory.of(rows.count < LEAST_LISTED ? NO_ROWS : rows);
    table = new int[tableLength(ids.length)];
    for (int row = 0; row < ids.length; row++) {
      int i = slot(ids[row]);
      while (table[i] != 0) {
        i = i + 1 & table.length - 1;
      }
      table[i] = row + 1;
    }
  }

  int size() {
    return ids.length;
  }

  /** Returns the row of an item, or -1. */
  int find(String itemId) {
    int i = slot(itemId);
    while (table[i] != 0) {
      int row = table[i] - 1;
      if (ids[row].equals(itemId)) {
        return row;
      }
      i = i + 1 & table.length - 1;
    }
    return -1;
  }

  private int slot(String itemId) {
    int hash = itemId.hashCode() * 0x9E3779B1;
    return hash >>> Integer.numberOfLeadingZeros(table.length - 1);
  }

  static long tableBytes(int items) {
    return (long) Integer.BYTES * tableLength(items);
  }

  /** Returns the bytes of all arrays but the ids themselves. */
  long bytes() {
    return (long) rows.width() * rows.codes()
        + (rows.codes() == (long) size() * rows.levels ? 0 : (long) Integer.BYTES * size())
        + 2L * Integer.BYTES * size()
        + (long) Integer.BYTES * table.length
        + directory.bytes();
  }

  /** A power of two at least a third larger than the number of items. */
  private static int tableLength(int items) {
    return Integer.highestOneBit(Math.max(2, items + items / 3)) << 1;
  }
}
