package io.recommender.ann;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Who is reading, and since which version: what a writer asks before it overwrites a row that an
 * earlier version still shows.
 *
 * <p>A reader announces a version it has seen, and only then takes the snapshot it will read, which
 * is that version or a later one. A writer publishes, and only then looks for announcements. So
 * either the writer sees the announcement, or the reader takes a snapshot in which the row is
 * already gone.
 *
 * <p><b>Thread safety.</b> Thread-safe and without locks. There is a cell for each reader at the
 * same time; cells are added when all are taken, and kept.
 */
final class Readers {
  /** The version in a cell that no reader holds. Greater than every version. */
  private static final long FREE = Long.MAX_VALUE;

  private final AtomicReference<AtomicLong[]> cells =
      new AtomicReference<>(extend(new AtomicLong[0], 16));

  /**
   * Announces a reader.
   *
   * @param version a version that was published
   * @return what to give to {@link #leave}
   */
  AtomicLong enter(long version) {
    while (true) {
      AtomicLong[] current = cells.get();
      int start = (int) Thread.currentThread().getId();
      for (int i = 0; i < current.length; i++) {
        AtomicLong cell = current[(start + i) & (current.length - 1)];
        if (cell.get() == FREE && cell.compareAndSet(FREE, version)) {
          return cell;
        }
      }
      cells.compareAndSet(current, extend(current, 2 * current.length));
    }
  }

  /** Ends what {@link #enter} began. */
  void leave(AtomicLong cell) {
    cell.set(FREE);
  }

  /** Returns the earliest version that may still be read, or {@link Long#MAX_VALUE}. */
  long earliest() {
    long earliest = FREE;
    for (AtomicLong cell : cells.get()) {
      earliest = Math.min(earliest, cell.get());
    }
    return earliest;
  }

  private static AtomicLong[] extend(AtomicLong[] cells, int length) {
    AtomicLong[] extended = new AtomicLong[length];
    System.arraycopy(cells, 0, extended, 0, cells.length);
    for (int i = cells.length; i < length; i++) {
      extended[i] = new AtomicLong(FREE);
    }
    return extended;
  }
}
