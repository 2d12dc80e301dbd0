package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.HnswIndex.Opening;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Indexes of vectors that differ in few directions only, whose codes are those of projections. */
class ProjectedIndexTest {
  private static final int DIMENSION = 260;
  private static final int COUNT = 3_000;
  private static final int FROM = 1_024;
  private static final int K = 10;
  private static final float[][] VECTORS = PrincipalAxesTest.vectors(COUNT, DIMENSION, 16, 0.05, 1);
  private static final float[][] QUERIES = PrincipalAxesTest.vectors(60, DIMENSION, 16, 0.05, 2);
  private static final SearchOptions OPTIONS = SearchOptions.defaults().ef(120);

  @TempDir private Path folder;

  private static HnswIndexBuilder builder(Similarity similarity) {
    return HnswIndex.builder(DIMENSION, similarity)
        .quantization(Quantization.INT4_FLOAT)
        .m(8)
        .efConstruction(60)
        .exactBelow(0)
        .axesFrom(FROM)
        .threads(2);
  }

  private static HnswIndex built(Similarity similarity) {
    HnswIndex index = builder(similarity).build();
    index.addAll(HnswFixture.ids(0, COUNT), VECTORS);
    return index;
  }

  private boolean isProjected(HnswIndex index) {
    Path file = folder.resolve("sections");
    index.replace(file);
    return HnswFixture.sections(file).containsKey("axes");
  }

  private static double recall(
      HnswIndex index, Similarity similarity, float[][] queries, ItemFilter filter) {
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    exact.addAll(HnswFixture.ids(0, COUNT), VECTORS);
    int found = 0;
    for (float[] query : queries) {
      Set<String> truth = TestVectors.itemIds(exact.search(query, K, filter));
      List<ScoredItem> items = index.search(query, K, OPTIONS.filter(filter));
      assertEquals(K, items.size());
      found += (int) items.stream().filter(item -> truth.contains(item.itemId())).count();
    }
    return (double) found / K / queries.length;
  }

  private static float[][] elsewhere() {
    Random random = new Random(4);
    float[][] queries = new float[30][];
    for (int i = 0; i < queries.length; i++) {
      queries[i] = TestVectors.gaussian(DIMENSION, random);
    }
    return queries;
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void findsWhatIsNear(Similarity similarity) {
    HnswIndex index = built(similarity);
    assertTrue(isProjected(index));
    double recall = recall(index, similarity, QUERIES, ItemFilter.all());
    assertTrue(recall >= 0.95, () -> "recall " + recall);
    Set<String> some =
        IntStream.range(0, COUNT)
            .filter(i -> i % 4 == 1)
            .mapToObj(i -> "item-" + i)
            .collect(Collectors.toUnmodifiableSet());
    ItemFilter filter = ItemFilter.allow(some);
    for (int times = 0; times < 3; times++) {
      // Asked first, then scanned one by one, then from copies.
      double filtered = recall(index, similarity, QUERIES, filter);
      assertTrue(filtered >= 0.95, () -> "filtered recall " + filtered);
    }
    for (int times = 0; times < 2; times++) {
      double missed = recall(index, similarity, elsewhere(), filter);
      assertTrue(missed >= 0.95, () -> "recall of queries that axes miss " + missed);
    }
  }

  /** All that is known of such queries is outside of the axes, so codes would order at random. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void findsWhatIsNearQueriesThatAxesMiss(Similarity similarity) {
    double recall = recall(built(similarity), similarity, elsewhere(), ItemFilter.all());
    assertTrue(recall >= 0.9, () -> "recall " + recall);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void answersAlikeOnceItIsSaved(Similarity similarity) {
    HnswIndex index = built(similarity);
    index.remove("item-5");
    index.add("item-6", VECTORS[5]);
    Path file = folder.resolve("a");
    index.save(file);
    for (Opening opening : Opening.values()) {
      HnswIndex opened = HnswIndex.open(file, opening);
      for (float[][] queries : List.of(QUERIES, elsewhere())) {
        assertEquals(
            HnswFixture.answers(index, queries, K, OPTIONS),
            HnswFixture.answers(opened, queries, K, OPTIONS));
      }
      opened.replace(folder.resolve("b"));
      HnswFixture.assertSameSections(file, folder.resolve("b"));
      opened.add("new", VECTORS[7]);
      List<String> near = TestVectors.itemIds(opened.search(VECTORS[7], 2)).stream().toList();
      assertEquals(Set.of("new", "item-7"), Set.copyOf(near));
      assertArrayEquals(VECTORS[7], opened.vector("new").orElseThrow(), 1e-5f);
    }
  }

  @Test
  void isTheSameWithAnyNumberOfThreads() {
    HnswIndex one = builder(Similarity.L2).threads(1).build();
    one.addAll(HnswFixture.ids(0, COUNT), VECTORS);
    one.save(folder.resolve("one"));
    built(Similarity.L2).save(folder.resolve("two"));
    Map<String, byte[]> some = HnswFixture.sections(folder.resolve("one"));
    Map<String, byte[]> others = HnswFixture.sections(folder.resolve("two"));
    // These name the number of threads.
    some.remove("parameters");
    some.forEach((name, bytes) -> assertArrayEquals(bytes, others.get(name), name));
    assertTrue(some.containsKey("axes"));
  }

  @Test
  void doesWithoutAxesOnceItemsDifferInAllDirections() {
    // By distance the lengths would say most of what is near.
    HnswIndex index = builder(Similarity.COSINE).build();
    int first = FROM;
    index.addAll(
        HnswFixture.ids(0, first), List.of(VECTORS).subList(0, first).toArray(new float[0][]));
    assertTrue(isProjected(index));
    int more = 3 * first;
    float[][] others = new float[more][];
    Random random = new Random(9);
    for (int i = 0; i < more; i++) {
      others[i] = TestVectors.gaussian(DIMENSION, random);
    }
    index.addAll(HnswFixture.ids(first, first + more), others);
    assertFalse(isProjected(index));
    int found = 0;
    for (int i = 0; i < 100; i++) {
      float[] query = i % 2 == 0 ? VECTORS[i] : others[i];
      String itemId = "item-" + (i % 2 == 0 ? i : first + i);
      found += index.search(query, 1, OPTIONS).get(0).itemId().equals(itemId) ? 1 : 0;
    }
    assertTrue(found >= 95, "found " + found);
  }

  @Test
  void otherFormsAreNotProjected() {
    for (Quantization form : Quantization.values()) {
      HnswIndex index = builder(Similarity.DOT).quantization(form).build();
      index.addAll(
          HnswFixture.ids(0, 1_200), List.of(VECTORS).subList(0, 1_200).toArray(new float[0][]));
      assertEquals(form == Quantization.INT4_FLOAT, isProjected(index), form.name());
    }
  }

  /** A small index, for files that are kept or changed. */
  private static HnswIndex small() {
    HnswIndex index = builder(Similarity.L2).m(3).trainedFrom(20).axesFrom(20).build();
    index.addAll(HnswFixture.ids(0, 24), List.of(VECTORS).subList(0, 24).toArray(new float[0][]));
    return index;
  }

  private void assertRefused(
      byte[] saved, String section, Consumer<HnswForgery> change, String named) throws IOException {
    HnswForgery.assertRefused(folder.resolve("forged"), saved, section, change, named);
  }

  private static Consumer<HnswForgery> put(int at, float value) {
    return forgery -> forgery.putInt("axes", at, Float.floatToIntBits(value));
  }

  @Test
  void axesThatAreNoneAreRefused() throws IOException {
    Path file = folder.resolve("saved");
    small().save(file);
    byte[] saved = Files.readAllBytes(file);
    for (float value : new float[] {0.99f, -1, 1001, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertRefused(saved, "axes", put(0, value), "a factor from 1 to 1000.0, found " + value);
    }
    for (float value : new float[] {-0.1f, 1.1f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      assertRefused(saved, "axes", put(4, value), "a part from 0 to 1, found " + value);
    }
    int last = new HnswForgery(saved).length("axes") - Float.BYTES;
    for (float value : new float[] {1.2f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      assertRefused(saved, "axes", put(8, value), "axes of length 1, found one of length");
      assertRefused(saved, "axes", put(last, value), "axes of length 1, found one of length");
    }
    // The form of the vectors, of which only one has projections.
    int form = 4 + 4 + "L2".length() + 4;
    assertRefused(
        saved,
        "axes",
        forgery -> {
          byte[] name = "INT8_FLOAT".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
          for (int i = 0; i < name.length; i++) {
            forgery.putByte("parameters", form + i, name[i]);
          }
        },
        "no axes, found 128");
  }

  /** Writes the golden file: the argument is the folder for it. */
  public static void main(String[] args) {
    small().save(Path.of(args[0], "hnsw-3-axes.snapshot"));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void answersAsEver(int format) throws IOException {
    Path file = folder.resolve("a");
    String name = "hnsw-" + format + "-axes.snapshot";
    try (InputStream stream =
        Objects.requireNonNull(ProjectedIndexTest.class.getResourceAsStream(name), name)) {
      Files.write(file, stream.readAllBytes());
    }
    for (Opening opening : Opening.values()) {
      HnswIndex index = HnswIndex.open(file, opening);
      assertEquals(24, index.size());
      for (int i = 0; i < 24; i++) {
        assertEquals(new ScoredItem("item-" + i, 0), index.search(VECTORS[i], 1).get(0));
      }
      index.replace(folder.resolve("b"));
      HnswFixture.assertSameSections(file, folder.resolve("b"));
    }
  }
}
