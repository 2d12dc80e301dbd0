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
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An index as each version of the format has it, which every later release must open. If this test
 * fails, files of users would no longer be read: count the version up, keep the old file and the
 * code that reads it, and add a new one.
 */
class HnswGoldenTest {
  private static final int DIMENSION = 4;

  @TempDir private Path folder;

  /** Writes the file anew: the argument is the folder for it. */
  public static void main(String[] args) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.L2)
            .quantization(Quantization.INT8_FLOAT)
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
    index.save(Path.of(args[0], golden(HnswSnapshot.FORMAT)));
  }

  /** Whole numbers, so that distances are whole numbers too. */
  private static float[] vector(int number) {
    return new float[] {number, number % 7, number % 5, -number % 3};
  }

  private static String golden(int format) {
    return "hnsw-" + format + ".snapshot";
  }

  private Path file(int format) throws IOException {
    String name = golden(format);
    try (InputStream stream =
        Objects.requireNonNull(HnswGoldenTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve("a"), stream.readAllBytes());
    }
  }

  private static Stream<Arguments> openings() {
    return IntStream.rangeClosed(1, HnswSnapshot.FORMAT)
        .boxed()
        .flatMap(format -> Stream.of(Opening.values()).map(each -> Arguments.of(format, each)));
  }

  @ParameterizedTest
  @MethodSource("openings")
  void answersAsEver(int format, Opening opening) throws IOException {
    HnswIndex index = HnswIndex.open(file(format), opening);
    assertEquals(DIMENSION, index.dimension());
    assertEquals(Similarity.L2, index.similarity());
    assertEquals(39, index.size());
    assertFalse(index.contains("größe-3"));
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

  @Test
  void isSavedAgainAsItWas() throws IOException {
    Path file = file(HnswSnapshot.FORMAT);
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
    Path file = file(1);
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
