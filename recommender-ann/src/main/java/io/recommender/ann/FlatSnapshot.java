package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotItems;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.List;

/**
 * A flat index in a file.
 *
 * <p>Sections: {@code parameters}, with the dimension, the similarity and the number of items;
 * {@code items}, the ids in the order of their addition; {@code scales}, what each stored vector
 * was divided by; {@code vectors}, the stored elements, row after row.
 */
record FlatSnapshot(
    int dimension, Similarity similarity, String[] itemIds, double[] scales, float[][] vectors) {
  static final String KIND = "flat";
  static final int FORMAT = 1;

  static void write(SnapshotWriter out, int dimension, Similarity similarity, List<Row> rows) {
    out.section("parameters").putInt(dimension).putString(similarity.name()).putInt(rows.size());
    SectionWriter section = out.section("items");
    for (Row row : rows) {
      section.putString(row.itemId);
    }
    section = out.section("scales");
    for (Row row : rows) {
      section.putDouble(row.scale);
    }
    section = out.section("vectors");
    for (Row row : rows) {
      section.putFloats(row.chunk.vectors, row.index * dimension, dimension);
    }
  }

  static FlatSnapshot read(SnapshotReader in) {
    SectionReader section = in.section("parameters");
    int dimension = section.getInt();
    String name = section.getString();
    int count = section.getInt();
    section.finish();
    in.check("parameters", dimension >= 1, "a dimension of at least 1, found " + dimension);
    Similarity similarity = SnapshotItems.similarity(in, name);
    section = in.section("scales");
    in.check(
        "scales",
        count >= 0 && section.length() == (long) Double.BYTES * count,
        "%d numbers, found %d bytes".formatted(count, section.length()));
    double[] scales = new double[count];
    for (int i = 0; i < count; i++) {
      scales[i] = section.getDouble();
      if (!(scales[i] > 0 && Double.isFinite(scales[i]))) {
        throw in.invalid("scales", "finite numbers above 0, found " + scales[i]);
      }
    }
    section.finish();
    return new FlatSnapshot(
        dimension, similarity, SnapshotItems.ids(in, count), scales, vectors(in, count, dimension));
  }

  private static float[][] vectors(SnapshotReader in, int count, int dimension) {
    SectionReader section = in.section("vectors");
    in.check(
        "vectors",
        section.length() == (long) Float.BYTES * count * dimension,
        "%d vectors of %d numbers, found %d bytes".formatted(count, dimension, section.length()));
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      section.getFloats(vector, 0, dimension);
      in.checkFinite("vectors", vector);
    }
    section.finish();
    return vectors;
  }
}
