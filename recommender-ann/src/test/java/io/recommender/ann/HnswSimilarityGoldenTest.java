package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link HnswGoldenTest} does, by inner product and by angle, which have other numbers beside
 * the vectors. The answers were computed elsewhere, from the vectors alone.
 */
class HnswSimilarityGoldenTest {
  /** Floats by themselves, codes by themselves, and codes beside floats. */
  private static final List<Quantization> FORMS =
      List.of(Quantization.FLOAT, Quantization.INT8, Quantization.INT4_FLOAT);

  /** The version in which the first of these files came. */
  private static final int FIRST_FORMAT = 2;

  @TempDir private Path folder;

  /** A query, and the items most similar to it with their scores. */
  private record Expected(float[] query, List<ScoredItem> items) {}

  private static ScoredItem item(int number, double score) {
    return new ScoredItem("größe-" + number, score);
  }

  private static List<Expected> expected(Similarity similarity) {
    float[] near = HnswGoldenTest.vector(20);
    float[] low = {-1, 3, 0, 0};
    return similarity == Similarity.DOT
        ? List.of(
            new Expected(near, List.of(item(5, 2014), item(39, 804), item(38, 782), item(37, 754))),
            new Expected(low, List.of(item(6, 12), item(4, 8), item(13, 5), item(2, 4))))
        : List.of(
            // The first two have one direction, and the earlier one comes first.
            new Expected(
                near,
                List.of(item(10, 1), item(20, 1), item(26, 0.993987850), item(11, 0.992158758))),
            new Expected(
                low,
                List.of(
                    item(6, 0.444139926),
                    item(4, 0.361403161),
                    item(1, 0.316227766),
                    item(2, 0.316227766))));
  }

  private static String name(int format, Similarity similarity, Quantization form) {
    return "hnsw-%d-%s-%s.snapshot"
        .formatted(format, similarity, form)
        .toLowerCase(Locale.ROOT)
        .replace('_', '-');
  }

  /** Writes the files: the argument is the folder for them, which has none of them yet. */
  public static void main(String[] args) {
    latest()
        .map(Arguments::get)
        .forEach(
            of -> {
              Similarity similarity = (Similarity) of[1];
              Quantization form = (Quantization) of[2];
              String name = name(HnswSnapshot.FORMAT, similarity, form);
              HnswGoldenTest.built(similarity, form).save(Path.of(args[0], name));
            });
  }

  private static Stream<Arguments> files(int format) {
    return Stream.of(Similarity.DOT, Similarity.COSINE)
        .flatMap(similarity -> FORMS.stream().map(form -> Arguments.of(format, similarity, form)));
  }

  private static Stream<Arguments> files() {
    return IntStream.rangeClosed(FIRST_FORMAT, HnswSnapshot.FORMAT)
        .boxed()
        .flatMap(HnswSimilarityGoldenTest::files);
  }

  private static Stream<Arguments> latest() {
    return files(HnswSnapshot.FORMAT);
  }

  private Path file(int format, Similarity similarity, Quantization form) throws IOException {
    String name = name(format, similarity, form);
    try (InputStream stream =
        Objects.requireNonNull(HnswGoldenTest.class.getResourceAsStream(name), name)) {
      return Files.write(folder.resolve("a"), stream.readAllBytes());
    }
  }

  private static List<HnswIndex> opened(Path file) {
    return Stream.of(Opening.values()).map(opening -> HnswIndex.open(file, opening)).toList();
  }

  @ParameterizedTest
  @MethodSource("files")
  void answersAsEver(int format, Similarity similarity, Quantization form) throws IOException {
    for (HnswIndex index : opened(file(format, similarity, form))) {
      assertEquals(HnswGoldenTest.DIMENSION, index.dimension());
      assertEquals(similarity, index.similarity());
      assertEquals(39, index.size());
      assertFalse(index.contains("größe-3"));
      List<Expected> expected = expected(similarity);
      // A walk this narrow may miss what is like no item, so the other query compares all.
      assertAnswers(index, form, expected.get(0), SearchOptions.defaults());
      for (Expected one : expected) {
        assertAnswers(index, form, one, SearchOptions.defaults().targetRecall(1));
      }
    }
  }

  /** Codes are nearly the vectors, and the same bytes are the same numbers on every JVM. */
  private static void assertAnswers(
      HnswIndex index, Quantization form, Expected expected, SearchOptions options) {
    List<ScoredItem> found = index.search(expected.query(), expected.items().size(), options);
    assertEquals(ids(expected.items()), ids(found));
    double margin = form.keepsFloats() ? 1e-6 : index.similarity() == Similarity.DOT ? 1 : 0.001;
    for (int rank = 0; rank < found.size(); rank++) {
      assertEquals(expected.items().get(rank).score(), found.get(rank).score(), margin);
    }
  }

  private static List<String> ids(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  @ParameterizedTest
  @MethodSource("files")
  void vectorsAreGivenBackAsEver(int format, Similarity similarity, Quantization form)
      throws IOException {
    for (HnswIndex index : opened(file(format, similarity, form))) {
      float margin = form.keepsFloats() ? 1e-5f : 0.5f;
      for (int number : new int[] {0, 20, 39}) {
        float[] vector = index.vector("größe-" + number).orElseThrow();
        assertArrayEquals(HnswGoldenTest.vector(number), vector, margin);
      }
      assertArrayEquals(HnswGoldenTest.vector(100), index.vector("größe-5").orElseThrow(), margin);
    }
  }

  @ParameterizedTest
  @MethodSource("latest")
  void isSavedAgainAsItWas(int format, Similarity similarity, Quantization form)
      throws IOException {
    Path file = file(format, similarity, form);
    for (HnswIndex index : opened(file)) {
      Path copy = folder.resolve("b");
      index.replace(copy);
      HnswFixture.assertSameSections(file, copy);
    }
  }

  /** By inner product, what is new has to be found though it is longer than all there was. */
  @ParameterizedTest
  @MethodSource("files")
  void canBeChanged(int format, Similarity similarity, Quantization form) throws IOException {
    Path file = file(format, similarity, form);
    float[] longest = {0, 0, 700, 0};
    for (HnswIndex index : opened(file)) {
      index.add("longest", longest);
      assertTrue(index.remove("größe-39"));
      Path copy = folder.resolve("b");
      index.replace(copy);
      for (HnswIndex changed : opened(copy)) {
        assertEquals(39, changed.size());
        float[] query = {0, 0, 1, 0};
        ScoredItem first = changed.search(query, 1).get(0);
        assertEquals("longest", first.itemId());
        double score = similarity == Similarity.DOT ? 700 : 1;
        assertEquals(score, first.score(), form.keepsFloats() ? 1e-6 : 0.03 * score);
      }
    }
  }
}
