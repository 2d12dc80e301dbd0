package io.recommender.ann;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Vectors by item, in chunks, with snapshots that do not change while they are read.
 *
 * <p>Every change makes a version. A {@link Row} says which versions show it, so a reader that
 * holds a {@link View} of version v takes the rows with {@code addedAt <= v < removedAt} and sees
 * every item exactly once, as it was at v. A change never writes to a place that a current view
 * shows: a new vector goes to a free place, and the old row ends. A place becomes free when no view
 * of an earlier version than the end of its row is held, which {@link Readers} knows.
 *
 * <p>Version v + 1 is published by one volatile write, after everything it shows was written; what
 * a reader finds of v + 1 before that is not visible to it. So readers never wait, never retry, and
 * may read a place while it is written only if they ignore what they read.
 *
 * <p>When more places are empty than taken, the rows move to new chunks, and the old ones are left
 * to the views that hold them and to the garbage collector. That keeps a scan within twice the
 * number of items, at constant cost per change on average.
 *
 * <p><b>Thread safety.</b> Thread-safe. Writers take turns; readers take no lock.
 */
final class RowStore {
  private static final int MAX_CHUNK_FLOATS = 1 << 22;
  private static final int MIN_CHUNK_ROWS = 64;

  private final int dimension;
  private final boolean isCoded;
  private final Readers readers = new Readers();
  private final ConcurrentMap<String, Row> rows = new ConcurrentHashMap<>();
  private final ReentrantLock writeLock = new ReentrantLock();

  private volatile Snapshot snapshot = new Snapshot(0, new Chunk[0], 0, 0, 0);

  // The version in the making and what it needs. All guarded by writeLock.
  private Chunk[] chunks = new Chunk[0];
  private int lastUsed;
  private double maxNorm;
  private long nextOrder;
  private int expectedSize;
  // Rows that have ended, by ascending end, and whose places are to be taken again.
  private final ArrayDeque<Row> ended = new ArrayDeque<>();

  RowStore(int dimension, int expectedSize, boolean isCoded) {
    this.dimension = dimension;
    this.isCoded = isCoded;
    this.expectedSize = expectedSize;
  }

  /** A version: its chunks, of which all but the last are full, and what is known of its rows. */
  record Snapshot(long version, Chunk[] chunks, int lastUsed, int size, double maxNorm) {

    /** Returns how many places of a chunk have ever been taken. */
    int used(int chunk) {
      return chunk == chunks.length - 1 ? lastUsed : chunks[chunk].capacity;
    }
  }

  /** Returns the rows that a snapshot shows, in the order of their addition; it must be held. */
  static List<Row> rows(Snapshot snapshot) {
    List<Row> shown = new ArrayList<>(snapshot.size());
    for (int c = 0; c < snapshot.chunks().length; c++) {
      for (int place = 0; place < snapshot.used(c); place++) {
        Row row = snapshot.chunks()[c].row(place);
        if (row != null && row.isVisibleAt(snapshot.version())) {
          shown.add(row);
        }
      }
    }
    shown.sort(Comparator.comparingLong(row -> row.order));
    return shown;
  }

  /** A held snapshot. Nothing it shows is overwritten until it is closed. Confined. */
  final class View implements AutoCloseable {
    private final AtomicLong cell;
    final Snapshot snapshot;

    private View() {
      // The order matters: announce first, then take the snapshot.
      cell = readers.enter(RowStore.this.snapshot.version());
      snapshot = RowStore.this.snapshot;
    }

    /** Returns the latest row of an item, which may be newer than the snapshot. */
    Optional<Row> latest(String itemId) {
      return Optional.ofNullable(rows.get(itemId));
    }

    @Override
    public void close() {
      readers.leave(cell);
    }
  }

  View view() {
    return new View();
  }

  int size() {
    return snapshot.size();
  }

  boolean contains(String itemId) {
    return rows.containsKey(itemId);
  }

  /** Returns the vector of an item as it was added, up to rounding. */
  Optional<float[]> vector(String itemId) {
    try (View view = view()) {
      return view.latest(itemId).map(this::vector);
    }
  }

  private float[] vector(Row row) {
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      double value = row.chunk.vectors[row.index * dimension + i] * row.scale;
      vector[i] = (float) Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, value));
    }
    return vector;
  }

  /**
   * Adds or replaces items as one version.
   *
   * @param itemIds the items
   * @param vectors one for each item, copied
   * @param norms the Euclidean norm of each vector
   * @param normalize whether to store the vectors divided by their norms
   */
  void put(List<String> itemIds, float[][] vectors, double[] norms, boolean normalize) {
    writeLock.lock();
    try {
      expectedSize = Math.max(expectedSize, rows.size() + vectors.length);
      for (int i = 0; i < vectors.length; i++) {
        put(itemIds.get(i), vectors[i], norms[i], normalize);
      }
      publish();
    } finally {
      writeLock.unlock();
    }
  }

  /**
   * Takes over what another store had, as one version. This one must be empty.
   *
   * @param itemIds the items in the order of their addition, each once
   * @param stored their vectors as they were stored
   * @param scales what to multiply each with to get the one that was added
   * @param normalized whether vectors were stored divided by their norms
   */
  void restore(String[] itemIds, float[][] stored, double[] scales, boolean normalized) {
    writeLock.lock();
    try {
      expectedSize = itemIds.length;
      for (int i = 0; i < itemIds.length; i++) {
        Row row = takeNewPlace(itemIds[i], nextOrder++, scales[i]);
        System.arraycopy(stored[i], 0, row.chunk.vectors, row.index * dimension, dimension);
        row.chunk.setRow(row);
        rows.put(itemIds[i], row);
        double sum = 0;
        for (float element : stored[i]) {
          sum += (double) element * element;
        }
        maxNorm = Math.max(maxNorm, normalized ? 1 : Math.sqrt(sum));
      }
      publish();
    } finally {
      writeLock.unlock();
    }
  }

  boolean remove(String itemId) {
    writeLock.lock();
    try {
      Row row = rows.get(itemId);
      if (row == null) {
        return false;
      }
      end(row);
      rows.remove(itemId);
      publish();
      return true;
    } finally {
      writeLock.unlock();
    }
  }

  private void put(String itemId, float[] vector, double norm, boolean normalize) {
    Row old = rows.get(itemId);
    double scale = normalize && norm > 0 ? norm : 1;
    Row row = takePlace(itemId, old == null ? nextOrder++ : old.order, scale);
    int offset = row.index * dimension;
    for (int i = 0; i < dimension; i++) {
      row.chunk.vectors[offset + i] = (float) (vector[i] / scale);
    }
    row.chunk.setRow(row);
    if (old != null) {
      end(old);
    }
    rows.put(itemId, row);
    maxNorm = Math.max(maxNorm, normalize ? 1 : norm);
  }

  private Row takePlace(String itemId, long order, double scale) {
    Row first = ended.peek();
    if (first != null
        && first.removedAt() <= snapshot.version()
        && first.removedAt() <= readers.earliest()) {
      ended.remove();
      return new Row(itemId, order, nextVersion(), first.chunk, first.index, scale);
    }
    return takeNewPlace(itemId, order, scale);
  }

  private Row takeNewPlace(String itemId, long order, double scale) {
    if (chunks.length == 0 || lastUsed == chunks[chunks.length - 1].capacity) {
      int places = places();
      int wanted = places < expectedSize ? expectedSize - places : places / 2;
      int most = Math.max(1, MAX_CHUNK_FLOATS / dimension);
      int capacity = Math.min(most, Math.max(MIN_CHUNK_ROWS, wanted));
      Math.addExact(places, capacity);
      chunks = Arrays.copyOf(chunks, chunks.length + 1);
      chunks[chunks.length - 1] = new Chunk(places, capacity, dimension, isCoded);
      lastUsed = 0;
    }
    Chunk last = chunks[chunks.length - 1];
    return new Row(itemId, order, nextVersion(), last, lastUsed++, scale);
  }

  /** Returns how many places have ever been taken. */
  private int places() {
    return chunks.length == 0 ? 0 : chunks[chunks.length - 1].base + lastUsed;
  }

  private void end(Row row) {
    row.removeAt(nextVersion());
    ended.add(row);
  }

  private long nextVersion() {
    return snapshot.version() + 1;
  }

  private void publish() {
    if (places() - rows.size() > rows.size() + MIN_CHUNK_ROWS) {
      compact();
    }
    snapshot = new Snapshot(nextVersion(), chunks, lastUsed, rows.size(), maxNorm);
  }

  /** Moves the rows to new chunks. Their old places are never taken again, so they need no end. */
  private void compact() {
    List<Row> kept = new ArrayList<>(rows.values());
    kept.sort(Comparator.comparingLong(row -> row.order));
    chunks = new Chunk[0];
    lastUsed = 0;
    expectedSize = kept.size();
    ended.clear();
    for (Row old : kept) {
      Row row = takeNewPlace(old.itemId, old.order, old.scale);
      int from = old.index * dimension;
      int to = row.index * dimension;
      System.arraycopy(old.chunk.vectors, from, row.chunk.vectors, to, dimension);
      row.chunk.setRow(row);
      rows.put(row.itemId, row);
    }
  }
}
