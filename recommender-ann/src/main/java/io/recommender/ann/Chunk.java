package io.recommender.ann;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of places for vectors, in one flat array, and the rows that occupy them.
 *
 * <p>A vector is written before its row is set, and a row is read before its vector is trusted.
 */
final class Chunk {
  private static final VarHandle ROWS = MethodHandles.arrayElementVarHandle(Row[].class);

  /** The number of this chunk's first place in its snapshot. */
  final int base;

  final int capacity;
  final float[] vectors;
  private final @Nullable Row[] rows;

  Chunk(int base, int capacity, int dimension) {
    this.base = base;
    this.capacity = capacity;
    vectors = new float[capacity * dimension];
    rows = new Row[capacity];
  }

  @Nullable Row row(int index) {
    return (Row) ROWS.getAcquire(rows, index);
  }

  void setRow(Row row) {
    ROWS.setRelease(rows, row.index, row);
  }
}
