package io.recommender.ann.semantic;

import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;

/**
 * Codebooks in a file.
 *
 * <p>Sections: {@code parameters}, with the dimension and the size of each level; {@code
 * codebooks}, the elements of all entries, level by level.
 */
final class QuantizerSnapshot {
  static final String KIND = "residual-quantizer";
  static final int FORMAT = 1;

  private QuantizerSnapshot() {}

  static void write(SnapshotWriter out, float[][][] codebooks) {
    SectionWriter section = out.section("parameters");
    section.putInt(codebooks[0][0].length).putInt(codebooks.length);
    for (float[][] codebook : codebooks) {
      section.putInt(codebook.length);
    }
    section = out.section("codebooks");
    for (float[][] codebook : codebooks) {
      for (float[] entry : codebook) {
        section.putFloats(entry, 0, entry.length);
      }
    }
  }

  static float[][][] read(SnapshotReader in) {
    SectionReader section = in.section("parameters");
    int dimension = section.getInt();
    int[] sizes = new int[section.getCount(Integer.BYTES)];
    section.getInts(sizes, 0, sizes.length);
    section.finish();
    in.check("parameters", dimension >= 1, "a dimension of at least 1, found " + dimension);
    in.check("parameters", sizes.length >= 1, "at least one level, found none");
    section = in.section("codebooks");
    long left = section.length() / Float.BYTES / dimension;
    for (int size : sizes) {
      in.check("parameters", size >= 1, "the size of a level, found " + size);
      left -= size;
    }
    boolean isWhole = section.length() % ((long) Float.BYTES * dimension) == 0;
    in.check(
        "codebooks",
        isWhole && left == 0,
        "as many entries as levels have together, found %d bytes".formatted(section.length()));
    float[][][] codebooks = new float[sizes.length][][];
    for (int level = 0; level < sizes.length; level++) {
      codebooks[level] = new float[sizes[level]][dimension];
      for (float[] entry : codebooks[level]) {
        section.getFloats(entry, 0, dimension);
        in.checkFinite("codebooks", entry);
      }
    }
    section.finish();
    return codebooks;
  }
}
