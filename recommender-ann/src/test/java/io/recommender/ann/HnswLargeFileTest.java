package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommenderException.Kind;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SparseFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file of more than 2 GiB, of which every byte is read: a small index whose vectors are made as
 * long as vectors may be, with zeros, which leave every score and so every walk as it is. Rows come
 * first in the file, so that everything else lies behind 2 GiB, as do the rows of the last items.
 * On the disk there are only the pages that are not zeros.
 */
class HnswLargeFileTest {
  private static final int DIMENSION = 8;
  private static final int LONG_DIMENSION = HnswIndex.MAX_DIMENSION;
  private static final long TWO_GIB = 1L << 31;

  /** So many rows of four MiB are in two GiB. */
  private static final int ITEMS_BEFORE = 512;

  private static final int ITEMS = ITEMS_BEFORE + 24;

  /** Whole numbers, so that sums are the same in any order. */
  private static final float[][] VECTORS = new float[ITEMS + 3][DIMENSION];

  static {
    Random random = new Random(3);
    for (float[] vector : VECTORS) {
      for (int i = 0; i < DIMENSION; i++) {
        vector[i] = random.nextInt(200) - 100;
      }
    }
  }

  @TempDir private Path folder;

  private static float[] longer(float[] vector) {
    return Arrays.copyOf(vector, LONG_DIMENSION);
  }

  /** Saves an index with longer vectors. */
  private Path saveLonger(HnswIndex index) throws IOException {
    Path small = folder.resolve("small");
    index.save(small);
    Path large = folder.resolve("large");
    try (SnapshotReader in =
        SnapshotReader.open(small, HnswSnapshot.KIND, 1, HnswSnapshot.FORMAT)) {
      Map<String, byte[]> sections = new LinkedHashMap<>(HnswFixture.sections(small));
      ByteBuffer.wrap(sections.get("parameters"))
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(0, LONG_DIMENSION);
      sections.remove("rows");
      SparseFile.write(
          large,
          HnswSnapshot.KIND,
          HnswSnapshot.FORMAT,
          out -> {
            SectionReader rows = in.section("rows");
            SectionWriter longRows = out.section("rows");
            float[] row = new float[LONG_DIMENSION];
            while (rows.remaining() > 0) {
              rows.getFloats(row, 0, HnswGraph.stride(DIMENSION));
              longRows.putFloats(row, 0, row.length);
            }
            sections.forEach((name, bytes) -> out.section(name).putBytes(bytes, 0, bytes.length));
          });
    }
    return large;
  }

  @Test
  void whatLiesBehindTwoGibibytesIsReadAsWell() throws IOException {
    HnswIndex small =
        HnswFixture.small(DIMENSION, Similarity.L2, Quantization.FLOAT).seed(11).build();
    List<String> ids = HnswFixture.ids(0, ITEMS);
    small.addAll(ids, Arrays.copyOf(VECTORS, ITEMS));
    Path file = saveLonger(small);
    long length = Files.size(file);
    assertTrue(length > TWO_GIB + 20L * Float.BYTES * LONG_DIMENSION, "length " + length);

    HnswIndex large = HnswIndex.open(file, Opening.MAP);
    assertEquals(ITEMS, large.size());
    assertEquals(LONG_DIMENSION, large.dimension());
    for (int item : new int[] {0, ITEMS_BEFORE - 1, ITEMS_BEFORE, ITEMS - 1}) {
      assertArrayEquals(longer(VECTORS[item]), large.vector(ids.get(item)).orElseThrow());
    }
    // Two queries like any, and the vectors of items on both sides.
    for (int query : new int[] {ITEMS, ITEMS + 1, ITEMS_BEFORE - 1, ITEMS - 2}) {
      float[] vector = VECTORS[query];
      assertEquals(
          HnswFixture.answers(small, new float[][] {vector}, 5, SearchOptions.defaults()),
          HnswFixture.answers(large, new float[][] {longer(vector)}, 5, SearchOptions.defaults()));
      if (query < ITEMS) {
        assertEquals(ids.get(query), large.search(longer(vector), 1).get(0).itemId());
      }
    }

    // Rows in the file and a new one in memory.
    large.add("more", longer(VECTORS[ITEMS + 2]));
    assertTrue(large.remove(ids.get(ITEMS - 1)));
    assertEquals("more", large.search(longer(VECTORS[ITEMS + 2]), 1).get(0).itemId());
    assertTrue(large.vector(ids.get(ITEMS - 1)).isEmpty());

    assertDamageIsFound(file);
  }

  /** The parameters lie behind the rows, and are read first. */
  private static void assertDamageIsFound(Path file) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      long parameters = (long) ITEMS * LONG_DIMENSION * Float.BYTES + 128;
      bytes.seek(parameters);
      int first = bytes.read();
      assertEquals(LONG_DIMENSION & 0xff, first);
      bytes.seek(parameters + 3);
      int before = bytes.read();
      bytes.seek(parameters + 3);
      bytes.write(before ^ 1);
      String message =
          HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(file, Opening.MAP))
              .getMessage();
      String place = "section 'parameters': damaged between bytes " + parameters + " and ";
      assertTrue(message.startsWith(file + ": " + place), message);
      bytes.seek(parameters + 3);
      bytes.write(before);
    }
    long length = Files.size(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(length - 1);
    }
    String message =
        HnswFixture.assertRefused(Kind.SNAPSHOT_INVALID, () -> HnswIndex.open(file, Opening.MAP))
            .getMessage();
    assertEquals(
        file + ": truncated: expected " + length + " bytes, found " + (length - 1), message);
  }
}
