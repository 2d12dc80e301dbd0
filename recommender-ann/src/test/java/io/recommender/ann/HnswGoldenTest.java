package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Indexes by distance as each version of the format has them, one of each form of vectors, which
 * every later release must open; {@link HnswSimilarityGoldenTest} has those of other similarities.
 * If this test fails, files of users would no longer be read: count the version up, keep the old
 * files and the code that reads them, and add new ones.
 */
class HnswGoldenTest {
  static final int DIMENSION = 4;

  @TempDir private Path folder;

  private static String name(int format, Quantization form) {
    // The first one was there before the others.
    return form == Quantization.INT8_FLOAT
        ? "hnsw-" + format + ".snapshot"
        : "hnsw-"
            + format
            + "-"
            + form.name().toLowerCase(Locale.ROOT).replace('_', '-')
            + ".snapshot";
  }

  /** Returns the version in which a form came. */
  private static int firstFormat(Quantization form) {
    return form == Quantization.INT1_FLOAT ? 2 : 1;
  }

  /** Writes the files: the argument is the folder for them, which has none of them yet. */
  public static void main(String[] args) {
    for (Quantization form : Quantization.values()) {
      built(Similarity.L2, form).save(Path.of(args[0], name(HnswSnapshot.FORMAT, form)));
    }
  }

  /** Returns an index of 39 items, of which one was replaced and another one was removed. */
  static HnswIndex built(Similarity similarity, Quantization form) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, similarity)
            .quantization(form)
            .m(3)
            .efConstruction(10)
            .ef(8)
            .seed(5)
            .exactBelow(0)
            .trainedFrom(16)
            .build();
    List<String> ids = new ArrayList<>();
    List<float[]> vectors = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      ids.add("größe-" + i);
      vectors.add(vector(i));
    }
    index.addAll(ids, vectors.toArray(new float[0][]));
    index.remove("größe-3");
    index.add("größe-5", vector(100));
    index.calibrate(new float[][] {vector(7), vector(8)});
    return index;
  }

  /** Whole numbers, so that distances are whole numbers too. */
  static float[] vector(int number) {
    return new float[] {number, number % 7, number % 5, -number % 3};
  }

  private Path file(int format, Quantization form) throws IOException {
    String name = name(format, form);
    try (InputStream stream =
        Objects.requireNonNull(HnswGoldenTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve("a"), stream.readAllBytes());
    }
  }

  private static Stream<Arguments> files() {
    return IntStream.rangeClosed(1, HnswSnapshot.FORMAT)
        .boxed()
        .flatMap(
            format ->
                Stream.of(Quantization.values())
                    .filter(form -> format >= firstFormat(form))
                    .map(form -> Arguments.of(format, form)));
  }

  @ParameterizedTest
  @MethodSource("files")
  void answersAsEver(int format, Quantization form) throws IOException {
    Path file = file(format, form);
    for (Opening opening : Opening.values()) {
      HnswIndex index = HnswIndex.open(file, opening);
      assertEquals(DIMENSION, index.dimension());
      assertEquals(Similarity.L2, index.similarity());
      assertEquals(39, index.size());
      assertFalse(index.contains("größe-3"));
      if (form == Quantization.INT8) {
        assertCodedAnswers(index);
      } else {
        assertArrayEquals(vector(100), index.vector("größe-5").orElseThrow());
        assertArrayEquals(vector(39), index.vector("größe-39").orElseThrow());
        assertEquals(
            List.of(
                new ScoredItem("größe-20", 0),
                new ScoredItem("größe-19", -19),
                new ScoredItem("größe-18", -21)),
            index.search(vector(20), 3));
        assertEquals(
            List.of(new ScoredItem("größe-5", 0), new ScoredItem("größe-39", -3742)),
            index.search(vector(100), 2, SearchOptions.defaults().targetRecall(1)));
      }
    }
  }

  /** Codes are nearly the vectors, and the same bytes are the same numbers on every JVM. */
  private static void assertCodedAnswers(HnswIndex index) {
    assertArrayEquals(vector(100), index.vector("größe-5").orElseThrow(), 1);
    assertArrayEquals(vector(39), index.vector("größe-39").orElseThrow(), 0.4f);
    List<ScoredItem> near = index.search(vector(20), 1);
    assertEquals("größe-20", near.get(0).itemId());
    assertEquals(0, near.get(0).score(), 0.1);
    List<ScoredItem> far = index.search(vector(100), 2, SearchOptions.defaults().targetRecall(1));
    assertEquals(List.of("größe-5", "größe-39"), far.stream().map(ScoredItem::itemId).toList());
    assertEquals(-3742, far.get(1).score(), 3742 * 0.02);
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void isSavedAgainAsItWas(Quantization form) throws IOException {
    Path file = file(HnswSnapshot.FORMAT, form);
    HnswIndex.open(file).save(folder.resolve("b"));
    HnswFixture.assertSameSections(file, folder.resolve("b"));
    HnswIndex index = HnswIndex.open(file, Opening.MAP);
    index.add("more", vector(41));
    index.save(file);
    assertEquals(40, HnswIndex.open(file).size());
  }

  private static RecallTable recall(Path file) {
    try (SnapshotReader in = SnapshotReader.open(file, HnswSnapshot.KIND, 1, HnswSnapshot.FORMAT)) {
      SectionReader parameters = in.section("parameters");
      HnswSnapshot.readBuilder(in, parameters);
      HnswSnapshot.readCounters(in, parameters);
      RecallTable recall = HnswSnapshot.readRecall(in, parameters);
      parameters.finish();
      return recall;
    }
  }

  @Test
  void theFirstVersionKnowsTheRecallOfTenItems() throws IOException {
    Path file = file(1, Quantization.INT8_FLOAT);
    RecallTable recall = recall(file);
    assertEquals(List.of(10), recall.curves().stream().map(RecallCurve::k).toList());
    assertEquals(39, recall.items());
    int breadth = recall.breadth(0.9, 10);
    assertEquals(12, breadth);
    assertEquals(breadth, recall.breadth(0.9, 1));
    assertEquals(10 * breadth, recall.breadth(0.9, 100));
    HnswIndex.open(file).save(folder.resolve("b"));
    Map<String, byte[]> before = HnswFixture.sections(file);
    Map<String, byte[]> after = HnswFixture.sections(folder.resolve("b"));
    assertEquals(before.keySet(), after.keySet());
    after.forEach(
        (name, bytes) ->
            assertEquals(!name.equals("parameters"), Arrays.equals(bytes, before.get(name)), name));
    RecallTable again = recall(folder.resolve("b"));
    assertEquals(1, again.curves().size());
    assertArrayEquals(recall.curves().get(0).recalls(), again.curves().get(0).recalls());
  }
}
