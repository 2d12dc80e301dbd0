package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Numbers that no index has are refused, although the checksums are right. */
class HnswForgedContentTest {
  private static final int DIMENSION = 5;
  private static final int NODES = 20;
  private static final float[] NOT_FINITE = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
  };

  @TempDir private Path folder;

  /** Twenty nodes, one of them ended; the longest vector has a norm of at most 8. */
  private byte[] save(Similarity similarity, Quantization form) throws IOException {
    HnswIndex index = HnswFixture.small(DIMENSION, similarity, form).trainedFrom(4).build();
    index.addAll(HnswFixture.ids(0, NODES), HnswFixture.clustered(NODES, DIMENSION, 0.1, 1));
    index.remove("item-7");
    Path file = folder.resolve("saved");
    index.replace(file);
    return Files.readAllBytes(file);
  }

  private void assertRefused(
      byte[] saved, String section, Consumer<HnswForgery> change, String... named)
      throws IOException {
    HnswForgery.assertRefused(folder.resolve("forged"), saved, section, change, named);
  }

  private static Consumer<HnswForgery> put(String section, int at, float value) {
    return forgery -> forgery.putInt(section, at, Float.floatToIntBits(value));
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void vectorsThatAreNotFiniteAreRefused(Similarity similarity) throws IOException {
    byte[] saved = save(similarity, Quantization.FLOAT);
    int row = HnswGraph.stride(DIMENSION) * Float.BYTES;
    for (int node : new int[] {0, 7, NODES - 1}) {
      // The first and the last element, and what fills the row up.
      for (int element : new int[] {0, DIMENSION - 1, DIMENSION, row / Float.BYTES - 1}) {
        for (float value : NOT_FINITE) {
          int at = node * row + element * Float.BYTES;
          assertRefused(saved, "rows", put("rows", at, value), "of node " + node + ",");
        }
      }
    }
    // Two infinities whose difference is no number.
    assertRefused(
        saved,
        "rows",
        put("rows", 0, Float.POSITIVE_INFINITY)
            .andThen(put("rows", Float.BYTES, Float.NEGATIVE_INFINITY)));
  }

  /** Nothing overflows if no vector is longer than the longest that was added. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void vectorsThatAreTooLongAreRefused(Similarity similarity) throws IOException {
    byte[] saved = save(similarity, Quantization.INT4_FLOAT);
    for (float value : new float[] {8.5f, 1e16f, Float.MAX_VALUE, -Float.MAX_VALUE}) {
      assertRefused(saved, "rows", put("rows", 0, value), "a norm of at most ");
    }
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void numbersBesideVectorsThatNoneHasAreRefused(Similarity similarity) throws IOException {
    byte[] saved = save(similarity, Quantization.INT8);
    float wrong = similarity == Similarity.L2 ? 1 : -1;
    float most = similarity == Similarity.L2 ? -1e31f : 1e16f;
    for (float value : new float[] {wrong, most, NOT_FINITE[0], NOT_FINITE[1], NOT_FINITE[2]}) {
      int at = (NODES - 1) * Float.BYTES;
      assertRefused(saved, "extras", put("extras", at, value), "found " + value);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"INT1_FLOAT", "INT4_FLOAT", "INT8_FLOAT", "INT8"})
  void codesThatStandForNoVectorAreRefused(Quantization form) throws IOException {
    for (Similarity similarity : Similarity.values()) {
      byte[] saved = save(similarity, form);
      int rows = Integer.BYTES + Long.BYTES + DIMENSION * Float.BYTES;
      int stride = (new HnswForgery(saved).length("codes") - rows) / NODES;
      for (float value : NOT_FINITE) {
        int mean = rows - Float.BYTES;
        assertRefused(saved, "codes", put("codes", mean, value), "a finite mean");
        int last = rows + (NODES - 1) * stride;
        assertRefused(saved, "codes", put("codes", last, value), "a scale from 0");
        assertRefused(saved, "codes", put("codes", last + Float.BYTES, value), "a scale from 0");
      }
      assertRefused(saved, "codes", put("codes", rows, -1));
      assertRefused(saved, "codes", put("codes", rows, 1e17f));
      if (similarity == Similarity.L2) {
        assertRefused(saved, "codes", put("codes", rows + Float.BYTES, 1));
      }
      assertRefused(saved, "codes", put("codes", rows + Float.BYTES, 1e31f));
      assertRefused(saved, "codes", put("codes", rows + Float.BYTES, -1e31f));
      assertRefused(saved, "codes", put("codes", Integer.BYTES + Long.BYTES, 1e16f));
    }
  }

  @Test
  void twoItemsAtOnePlaceAmongEqualsAreRefused() throws IOException {
    byte[] saved = save(Similarity.DOT, Quantization.FLOAT);
    int second = 1 + 4 + 4 + "item-0".length();
    assertRefused(
        saved,
        "nodes",
        forgery -> forgery.putInt("nodes", second + 1, 0),
        "each place once",
        "found another 0, of 'item-1'");
  }

  @Test
  void twoNodesOfOneItemAreRefused() throws IOException {
    byte[] saved = save(Similarity.DOT, Quantization.FLOAT);
    int second = 1 + 4 + 4 + "item-0".length();
    assertRefused(
        saved,
        "nodes",
        forgery -> forgery.putByte("nodes", second + 9 + "item-".length(), '0'),
        "each item once",
        "found another 'item-0'");
  }

  /** A replaced item has two nodes with one place, of which one has ended. */
  @Test
  void whatWasReplacedIsNoSecondItem() throws IOException {
    HnswIndex index = HnswFixture.small(DIMENSION, Similarity.L2, Quantization.FLOAT).build();
    float[][] vectors = HnswFixture.clustered(NODES, DIMENSION, 0.1, 1);
    index.addAll(HnswFixture.ids(0, NODES), vectors);
    index.addAll(HnswFixture.ids(0, 2), new float[][] {vectors[2], vectors[3]});
    index.add("item-0", vectors[4]);
    index.save(folder.resolve("a"));
    assertEquals(NODES, HnswIndex.open(folder.resolve("a")).size());
  }

  /** The shortest and the longest vectors, which come closest to what is refused. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void vectorsOfEveryLengthAreOpenedAgain(Similarity similarity) {
    for (Quantization form : Quantization.values()) {
      HnswIndex index = HnswFixture.small(DIMENSION, similarity, form).trainedFrom(4).build();
      float most = (float) (HnswIndex.MAX_NORM * (1 - 1e-7));
      float[] lengths = {0, Float.MIN_VALUE, 1e-40f, Float.MIN_NORMAL, 1e-20f, 1, 1e7f, most};
      for (int i = 0; i < lengths.length; i++) {
        float[] vector = new float[DIMENSION];
        vector[i % DIMENSION] = i % 2 == 0 ? lengths[i] : -lengths[i];
        index.add("item-" + i, vector);
      }
      index.add("opposite", new float[] {0, 0, most, 0, 0});
      Path file = folder.resolve("a");
      index.replace(file);
      for (Opening opening : Opening.values()) {
        HnswIndex opened = HnswIndex.open(file, opening);
        assertEquals(lengths.length + 1, opened.size());
        opened.replace(folder.resolve("b"));
        HnswFixture.assertSameSections(file, folder.resolve("b"));
      }
    }
  }

  @Test
  void aMeanOfMoreNodesThanThereAreIsRefused() throws IOException {
    byte[] saved = save(Similarity.DOT, Quantization.INT8);
    int trained = new HnswForgery(saved).length("parameters") - 8 - 8;
    assertRefused(
        saved, "parameters", forgery -> forgery.putLong("parameters", trained, NODES + 1));
  }
}
