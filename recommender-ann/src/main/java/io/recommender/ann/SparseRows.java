package io.recommender.ann;

import io.recommender.Similarity;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * The elements of vectors that are not zero, row after row (compressed sparse rows), in a version
 * that does not change while it is read.
 *
 * <p>Arrays grow at their ends alone: what a version shows lies before its number of rows and is
 * never written again. Rows end by a bit in an array that is copied, and a version is published
 * after all it shows was written. When more rows have ended than are left, the others move to new
 * arrays and a new directory; the old ones stay as they were for those who read them.
 *
 * <p><b>Thread safety.</b> A version may be read by any thread; {@link #put} and {@link #remove}
 * are called by one at a time and return the next version.
 */
final class SparseRows {
  private static final int LEAST_ENDED = 64;

  final int dimension;
  final int count;
  final int size;
  final String[] itemIds;
  final int[] orders;
  final int[] starts;
  final char[] columns;
  final float[] values;

  /** A bit for each row that has ended. Rows past its end are alive. */
  private final long[] ended;

  private final ConcurrentMap<String, Place> places;
  private final int nextOrder;

  /** Where an item is: its newest row, which a version may not show yet, and the one before. */
  private record Place(int row, int previous) {}

  private SparseRows(
      int dimension,
      int count,
      int size,
      String[] itemIds,
      int[] orders,
      int[] starts,
      char[] columns,
      float[] values,
      long[] ended,
      ConcurrentMap<String, Place> places,
      int nextOrder) {
    this.dimension = dimension;
    this.count = count;
    this.size = size;
    this.itemIds = itemIds;
    this.orders = orders;
    this.starts = starts;
    this.columns = columns;
    this.values = values;
    this.ended = ended;
    this.places = places;
    this.nextOrder = nextOrder;
  }

  static SparseRows empty(int dimension) {
    return new SparseRows(
        dimension,
        0,
        0,
        new String[0],
        new int[0],
        new int[1],
        new char[0],
        new float[0],
        new long[0],
        new ConcurrentHashMap<>(),
        0);
  }

  /** Takes over rows in the order of their addition, each item once. */
  static SparseRows of(
      int dimension, String[] itemIds, int[] starts, char[] columns, float[] values) {
    int[] orders = new int[itemIds.length];
    ConcurrentMap<String, Place> places = new ConcurrentHashMap<>();
    for (int row = 0; row < orders.length; row++) {
      orders[row] = row;
      places.put(itemIds[row], new Place(row, -1));
    }
    return new SparseRows(
        dimension,
        orders.length,
        orders.length,
        itemIds,
        orders,
        starts,
        columns,
        values,
        new long[0],
        places,
        orders.length);
  }

  boolean isAlive(int row) {
    int word = row >>> 6;
    return word >= ended.length || (ended[word] & 1L << row) == 0;
  }

  /** Returns the row of an item, or -1. */
  int row(String itemId) {
    Place place = places.get(itemId);
    if (place == null) {
      return -1;
    }
    return shows(place.row) ? place.row : shows(place.previous) ? place.previous : -1;
  }

  private boolean shows(int row) {
    return row >= 0 && row < count && isAlive(row);
  }

  Optional<float[]> vector(String itemId) {
    int row = row(itemId);
    if (row < 0) {
      return Optional.empty();
    }
    float[] vector = new float[dimension];
    for (int i = starts[row]; i < starts[row + 1]; i++) {
      vector[columns[i]] = values[i];
    }
    return Optional.of(vector);
  }

  double score(int row, float[] query, double queryNorm, Similarity similarity) {
    double dot = 0;
    double squares = 0;
    for (int i = starts[row]; i < starts[row + 1]; i++) {
      double value = values[i];
      dot += value * query[columns[i]];
      squares += value * value;
    }
    return switch (similarity) {
      case DOT -> dot;
      case COSINE -> {
        double norms = queryNorm * Math.sqrt(squares);
        yield norms == 0 ? 0 : dot / norms;
      }
      case L2 -> Math.min(0, 2 * dot - squares - queryNorm * queryNorm);
    };
  }

  /** The bytes of the arrays, without ids and directory. */
  long bytes() {
    return (long) Integer.BYTES * (starts.length + orders.length)
        + (long) Character.BYTES * columns.length
        + (long) Float.BYTES * values.length
        + (long) Long.BYTES * ended.length;
  }

  /** Adds or replaces items; of one that occurs twice the last vector stays. */
  SparseRows put(List<String> added, float[][] vectors) {
    int nonZeros = starts[count];
    for (float[] vector : vectors) {
      nonZeros = Math.addExact(nonZeros, nonZeros(vector));
    }
    int rows = Math.addExact(count, vectors.length);
    boolean needsRows = rows > itemIds.length;
    String[] newIds = needsRows ? Arrays.copyOf(itemIds, room(itemIds.length, rows)) : itemIds;
    int[] newOrders = needsRows ? Arrays.copyOf(orders, newIds.length) : orders;
    int[] newStarts = needsRows ? Arrays.copyOf(starts, newIds.length + 1) : starts;
    boolean needsRoom = nonZeros > columns.length;
    char[] newColumns =
        needsRoom ? Arrays.copyOf(columns, room(columns.length, nonZeros)) : columns;
    float[] newValues = needsRoom ? Arrays.copyOf(values, newColumns.length) : values;
    return fill(added, vectors, newIds, newOrders, newStarts, newColumns, newValues);
  }

  private SparseRows fill(
      List<String> added,
      float[][] vectors,
      String[] newIds,
      int[] newOrders,
      int[] newStarts,
      char[] newColumns,
      float[] newValues) {
    int order = nextOrder;
    int kept = size;
    int end = starts[count];
    @Nullable long[] marked = null;
    for (int i = 0; i < vectors.length; i++) {
      int row = count + i;
      Place old = places.get(added.get(i));
      newIds[row] = added.get(i);
      newOrders[row] = old == null ? order++ : newOrders[old.row];
      for (int column = 0; column < dimension; column++) {
        if (vectors[i][column] != 0) {
          newColumns[end] = (char) column;
          newValues[end++] = vectors[i][column];
        }
      }
      newStarts[row + 1] = end;
      if (old == null) {
        kept++;
        places.put(added.get(i), new Place(row, -1));
      } else {
        marked = marked == null ? copyOfEnded(count + vectors.length) : marked;
        marked[old.row >>> 6] |= 1L << old.row;
        // Of two rows of one batch nobody sees the first.
        places.put(added.get(i), new Place(row, old.row < count ? old.row : old.previous));
      }
    }
    return new SparseRows(
            dimension,
            count + vectors.length,
            kept,
            newIds,
            newOrders,
            newStarts,
            newColumns,
            newValues,
            marked == null ? ended : marked,
            places,
            order)
        .compacted();
  }

  private static int nonZeros(float[] vector) {
    int nonZeros = 0;
    for (float value : vector) {
      nonZeros += value != 0 ? 1 : 0;
    }
    return nonZeros;
  }

  /** The first rows get the room they need, later ones a fourth more. */
  private static int room(int length, int needed) {
    return length == 0 ? needed : (int) Math.min(Integer.MAX_VALUE - 8, needed + needed / 4L);
  }

  private long[] copyOfEnded(int rows) {
    return Arrays.copyOf(ended, Math.max(ended.length, (rows + 63) >>> 6));
  }

  /** Returns the next version, or this one if the item is not there. */
  SparseRows remove(String itemId) {
    Place place = places.remove(itemId);
    if (place == null) {
      return this;
    }
    long[] marked = copyOfEnded(count);
    marked[place.row >>> 6] |= 1L << place.row;
    return new SparseRows(
            dimension, count, size - 1, itemIds, orders, starts, columns, values, marked, places,
            nextOrder)
        .compacted();
  }

  private SparseRows compacted() {
    return count - size > size + LEAST_ENDED ? dense() : this;
  }

  /** Returns the rows that are alive, in the order of their addition, in arrays of their own. */
  SparseRows dense() {
    Map<Integer, Integer> rowOf = new TreeMap<>();
    int nonZeros = 0;
    for (int row = 0; row < count; row++) {
      if (isAlive(row)) {
        rowOf.put(orders[row], row);
        nonZeros += starts[row + 1] - starts[row];
      }
    }
    String[] ids = new String[rowOf.size()];
    int[] newStarts = new int[ids.length + 1];
    char[] newColumns = new char[nonZeros];
    float[] newValues = new float[nonZeros];
    int to = 0;
    for (int row : rowOf.values()) {
      int length = starts[row + 1] - starts[row];
      System.arraycopy(columns, starts[row], newColumns, newStarts[to], length);
      System.arraycopy(values, starts[row], newValues, newStarts[to], length);
      ids[to] = itemIds[row];
      newStarts[to + 1] = newStarts[to] + length;
      to++;
    }
    return of(dimension, ids, newStarts, newColumns, newValues);
  }
}
