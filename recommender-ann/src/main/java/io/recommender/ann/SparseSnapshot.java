package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotItems;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;

/**
 * A sparse index in a file.
 *
 * <p>Sections: {@code parameters}, with the dimension, the similarity and the number of items;
 * {@code items}, the ids in the order of their addition; {@code rows}, how many elements each has;
 * {@code columns} and {@code values}, the places and the elements, row after row.
 */
final class SparseSnapshot {
  static final String KIND = "sparse";
  static final int FORMAT = 1;

  private SparseSnapshot() {}

  /** Writes rows that are all alive and in order. */
  static void write(SnapshotWriter out, SparseRows rows, Similarity similarity) {
    out.section("parameters")
        .putInt(rows.dimension)
        .putString(similarity.name())
        .putInt(rows.count);
    SectionWriter section = out.section("items");
    for (String itemId : rows.itemIds) {
      section.putString(itemId);
    }
    section = out.section("rows");
    for (int row = 0; row < rows.count; row++) {
      section.putInt(rows.starts[row + 1] - rows.starts[row]);
    }
    section = out.section("columns");
    for (char column : rows.columns) {
      section.putShort((short) column);
    }
    out.section("values").putFloats(rows.values, 0, rows.values.length);
  }

  static SparseIndex read(SnapshotReader in) {
    SectionReader section = in.section("parameters");
    int dimension = section.getInt();
    String name = section.getString();
    int count = section.getInt();
    section.finish();
    in.check(
        "parameters",
        dimension >= 1 && dimension <= SparseIndex.MAX_DIMENSION,
        "a dimension from 1 to %d, found %d".formatted(SparseIndex.MAX_DIMENSION, dimension));
    Similarity similarity = SnapshotItems.similarity(in, name);
    section = in.section("rows");
    in.check(
        "rows",
        count >= 0 && section.length() == (long) Integer.BYTES * count,
        "%d numbers, found %d bytes".formatted(count, section.length()));
    int[] starts = new int[count + 1];
    long elements = 0;
    for (int row = 0; row < count; row++) {
      int length = section.getInt();
      elements += length;
      if (length < 0 || length > dimension) {
        throw in.invalid("rows", "a length, found " + length);
      }
      if (elements > Integer.MAX_VALUE) {
        throw in.invalid("rows", "fewer elements, found " + elements);
      }
      starts[row + 1] = (int) elements;
    }
    section.finish();
    return new SparseIndex(
        SparseRows.of(
            dimension,
            SnapshotItems.ids(in, count),
            starts,
            columns(in, starts, dimension),
            values(in, (int) elements)),
        similarity);
  }

  private static char[] columns(SnapshotReader in, int[] starts, int dimension) {
    SectionReader section = in.section("columns");
    int elements = starts[starts.length - 1];
    in.check(
        "columns",
        section.length() == (long) Short.BYTES * elements,
        "%d numbers, found %d bytes".formatted(elements, section.length()));
    char[] columns = new char[elements];
    for (int row = 0; row + 1 < starts.length; row++) {
      int before = -1;
      for (int i = starts[row]; i < starts[row + 1]; i++) {
        columns[i] = (char) section.getShort();
        if (columns[i] <= before || columns[i] >= dimension) {
          throw in.invalid(
              "columns",
              "ascending places below %d, found %d after %d"
                  .formatted(dimension, (int) columns[i], before));
        }
        before = columns[i];
      }
    }
    section.finish();
    return columns;
  }

  private static float[] values(SnapshotReader in, int elements) {
    SectionReader section = in.section("values");
    in.check(
        "values",
        section.length() == (long) Float.BYTES * elements,
        "%d numbers, found %d bytes".formatted(elements, section.length()));
    float[] values = new float[elements];
    section.getFloats(values, 0, elements);
    section.finish();
    for (float value : values) {
      if (!Float.isFinite(value) || value == 0) {
        throw in.invalid("values", "finite numbers other than 0, found " + value);
      }
    }
    return values;
  }
}
