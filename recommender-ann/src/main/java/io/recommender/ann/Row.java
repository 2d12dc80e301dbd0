package io.recommender.ann;

/**
 * One stay of an item at one place of a chunk, and the versions of the store that show it.
 *
 * <p><b>Thread safety.</b> Immutable but for its end, which a writer sets once.
 */
final class Row {
  final String itemId;

  /** The place of the item among equal scores: when it was first added. */
  final long order;

  /** The first version that shows this row. */
  final long addedAt;

  final Chunk chunk;
  final int index;

  /** What to multiply the stored vector with to get the one that was added. */
  final double scale;

  /** The first version that does not show this row any more. */
  private volatile long removedAt = Long.MAX_VALUE;

  Row(String itemId, long order, long addedAt, Chunk chunk, int index, double scale) {
    this.itemId = itemId;
    this.order = order;
    this.addedAt = addedAt;
    this.chunk = chunk;
    this.index = index;
    this.scale = scale;
  }

  boolean isVisibleAt(long version) {
    return addedAt <= version && version < removedAt;
  }

  long removedAt() {
    return removedAt;
  }

  void removeAt(long version) {
    removedAt = version;
  }
}
