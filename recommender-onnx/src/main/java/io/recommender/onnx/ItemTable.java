package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import io.recommender.Catalog;
import io.recommender.RecommenderException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of each item that a graph is told beside the id, such as its codes or the vectors of its
 * texts: a row for each ordinal.
 *
 * <p><b>Thread safety.</b> Immutable.
 */
final class ItemTable {
  /** An item without numbers has this in its whole row, or NaN in a table of floats. */
  static final int NOTHING = -1;

  private static final int MOST_LISTED = 10;

  private final long[] shape;
  private final int width;

  /** One of both is there. */
  private final @Nullable IntBuffer integers;

  private final @Nullable FloatBuffer floats;

  private ItemTable(long[] shape, @Nullable IntBuffer integers, @Nullable FloatBuffer floats) {
    this.shape = shape;
    this.integers = integers;
    this.floats = floats;
    int product = 1;
    for (int axis = 1; axis < shape.length; axis++) {
      product = Math.multiplyExact(product, Math.toIntExact(shape[axis]));
    }
    width = product;
  }

  static ItemTable ofIntegers(long[] shape, IntBuffer numbers) {
    return new ItemTable(shape, numbers, null);
  }

  static ItemTable ofFloats(long[] shape, FloatBuffer numbers) {
    return new ItemTable(shape, null, numbers);
  }

  /**
   * Writes a default into the rows of items that have no numbers.
   *
   * @param file what errors call the table
   * @param defaultValue the number; NaN if there is none, so that every item needs its own
   * @throws RecommenderException BUNDLE_INVALID naming items without numbers, or one whose numbers
   *     are not finite
   */
  void complete(String file, Catalog catalog, double defaultValue) {
    List<String> missing = new ArrayList<>();
    int count = 0;
    for (int ordinal = 0; ordinal < rows(); ordinal++) {
      if (isMissing(ordinal)) {
        count++;
        if (missing.size() < MOST_LISTED) {
          missing.add(catalog.id(ordinal));
        }
        fill(ordinal, defaultValue);
      } else {
        checkFinite(file, ordinal);
      }
    }
    if (count > 0 && Double.isNaN(defaultValue)) {
      throw BundleFailures.invalid(
          file,
          "expected a row of numbers for every item, found none (%s in the whole row) for %d: %s%s"
              .formatted(
                  integers == null ? "NaN" : "-1",
                  count,
                  String.join(", ", missing),
                  count > missing.size() ? ", …" : ""));
    }
  }

  private boolean isMissing(int ordinal) {
    for (int i = 0; i < width; i++) {
      int place = ordinal * width + i;
      if (integers != null ? integers.get(place) != NOTHING : !Float.isNaN(number(place))) {
        return false;
      }
    }
    return width > 0;
  }

  private void checkFinite(String file, int ordinal) {
    for (int i = 0; i < width; i++) {
      double number = get(ordinal, i);
      if (!Double.isFinite(number)) {
        throw BundleFailures.invalid(
            file,
            "row %d, number %d: expected a finite number, found %s".formatted(ordinal, i, number));
      }
    }
  }

  private void fill(int ordinal, double value) {
    for (int i = 0; i < width; i++) {
      if (integers != null) {
        integers.put(ordinal * width + i, (int) value);
      } else if (floats != null) {
        floats.put(ordinal * width + i, (float) value);
      }
    }
  }

  private float number(int place) {
    return floats == null ? 0 : floats.get(place);
  }

  /** Whether its numbers are integers. */
  boolean isInteger() {
    return integers != null;
  }

  /** The number of items. */
  int rows() {
    return (int) shape[0];
  }

  /** The extents of a row, possibly none. */
  long[] rowShape() {
    long[] row = new long[shape.length - 1];
    System.arraycopy(shape, 1, row, 0, row.length);
    return row;
  }

  /** How many numbers an item has. */
  int width() {
    return width;
  }

  double get(int ordinal, int i) {
    int place = ordinal * width + i;
    return integers != null ? integers.get(place) : number(place);
  }

  /** The bytes of all rows. */
  long bytes() {
    return 4L * rows() * width;
  }

  /** Makes room outside the heap for a table of four bytes a number. */
  static ByteBuffer allocate(long numbers) {
    return ByteBuffer.allocateDirect(Math.toIntExact(4 * numbers)).order(ByteOrder.nativeOrder());
  }

  /** The element types of a graph that can hold the numbers. */
  boolean fits(OnnxJavaType type) {
    return isInteger()
        ? type == OnnxJavaType.INT64 || type == OnnxJavaType.INT32
        : type == OnnxJavaType.FLOAT;
  }
}
