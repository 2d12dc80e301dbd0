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

  /** The codes of the vectors, if the index has them. Written and read like the vectors. */
  final @Nullable Codes codes;

  private final @Nullable Row[] rows;

  Chunk(int base, int capacity, int dimension, boolean isCoded) {
    this.base = base;
    this.capacity = capacity;
    vectors = new float[capacity * dimension];
    codes = isCoded ? new Codes(capacity, dimension) : null;
    rows = new Row[capacity];
  }

  @Nullable Row row(int index) {
    return (Row) ROWS.getAcquire(rows, index);
  }

  /** Shows a row whose vector has been written. */
  void setRow(Row row) {
    if (codes != null) {
      codes.encode(vectors, row.index);
    }
    ROWS.setRelease(rows, row.index, row);
  }
}
