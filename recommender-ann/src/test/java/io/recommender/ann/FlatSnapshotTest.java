package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Saved flat indexes. The golden file is what version 1 of the format wrote and every later release
 * must open.
 */
class FlatSnapshotTest {
  private static final String GOLDEN = "flat-1.snapshot";

  @TempDir private Path folder;

  /** Writes the golden file anew: the argument is the folder for it. */
  public static void main(String[] args) {
    small().save(Path.of(args[0], GOLDEN));
  }

  private static FlatIndex small() {
    FlatIndex index = new FlatIndex(2, Similarity.COSINE);
    index.addAll(
        List.of("b", "a", "gone", "zero"), new float[][] {{3, 4}, {0, -2}, {1, 1}, {0, 0}});
    index.remove("gone");
    return index;
  }

  private static void assertSmall(FlatIndex index) {
    assertEquals(3, index.size());
    assertEquals(Similarity.COSINE, index.similarity());
    assertArrayEquals(new float[] {3, 4}, index.vector("b").orElseThrow(), 1e-6f);
    assertEquals(
        List.of("b", "zero", "a"),
        index.search(new float[] {0, 1}, 9).stream().map(ScoredItem::itemId).toList());
    assertEquals(
        List.of("b", "a", "zero"),
        index.search(new float[2], 9).stream().map(ScoredItem::itemId).toList());
  }

  @Test
  void aGoldenFileIsReadAsEver() throws IOException {
    Path file = folder.resolve(GOLDEN);
    try (InputStream in =
        Objects.requireNonNull(FlatSnapshotTest.class.getResourceAsStream(GOLDEN))) {
      Files.write(file, in.readAllBytes());
    }
    assertSmall(FlatIndex.open(file));
  }

  @Test
  void noFileIsRefusedByName() {
    FlatIndex index = small();
    List<Executable> calls =
        List.of(() -> index.save(null), () -> index.replace(null), () -> FlatIndex.open(null));
    for (Executable call : calls) {
      assertEquals("file", assertThrows(NullPointerException.class, call).getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void anOpenedIndexAnswersAsTheSavedOne(Similarity similarity) {
    Random random = new Random(21);
    FlatIndex index = new FlatIndex(40, similarity);
    for (int step = 0; step < 2000; step++) {
      String itemId = "item-" + random.nextInt(500);
      if (random.nextInt(4) == 0) {
        index.remove(itemId);
      } else {
        float[] vector = new float[40];
        for (int i = 0; i < 40; i++) {
          vector[i] = random.nextInt(5) - 2;
        }
        index.add(itemId, vector);
      }
    }
    Path file = folder.resolve("index");
    index.save(file);
    FlatIndex opened = FlatIndex.open(file);
    assertEquals(index.size(), opened.size());
    for (int i = 0; i < 50; i++) {
      float[] query = new float[40];
      for (int j = 0; j < 40; j++) {
        query[j] = random.nextInt(5) - 2;
      }
      for (int k : new int[] {1, 10, 600}) {
        assertEquals(
            index.search(query, k, ItemFilter.all()), opened.search(query, k, ItemFilter.all()));
      }
    }
    opened.add("item-1", new float[40]);
    opened.add("new", new float[40]);
    opened.save(file);
    assertTrue(FlatIndex.open(file).contains("new"));
    assertEquals(
        Kind.SNAPSHOT_STALE,
        assertThrows(RecommenderException.class, () -> index.save(file)).kind());
    index.replace(file);
    assertEquals(index.size(), FlatIndex.open(file).size());
  }

  @Test
  void anEmptyIndexIsSavedToo() {
    Path file = folder.resolve("empty");
    new FlatIndex(3, Similarity.L2).save(file);
    FlatIndex opened = FlatIndex.open(file);
    assertEquals(0, opened.size());
    assertEquals(List.of(), opened.search(new float[3], 5));
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    Path file = folder.resolve("index");
    small().save(file);
    SavedFile.assertDamageIsFound(file, FlatIndex::open);
  }

  private void assertRefused(
      String message, int dimension, List<String> ids, double scale, float... elements) {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        FlatSnapshot.KIND,
        FlatSnapshot.FORMAT,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters").putInt(dimension).putString("DOT").putInt(ids.size());
          var section = out.section("items");
          ids.forEach(section::putString);
          section = out.section("scales");
          for (int i = 0; i < ids.size(); i++) {
            section.putDouble(scale);
          }
          out.section("vectors").putFloats(elements, 0, elements.length);
        });
    RecommenderException refusal =
        assertThrows(RecommenderException.class, () -> FlatIndex.open(file));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  @Test
  void contentIsChecked() {
    List<String> one = List.of("a");
    assertRefused("'parameters': expected a dimension of at least 1, found 0", 0, one, 1, 1);
    assertRefused("'scales': expected finite numbers above 0, found 0.0", 1, one, 0, 1);
    assertRefused(
        "'items': expected each item once, found another 'a'", 1, List.of("a", "a"), 1, 1, 2);
    assertRefused("'vectors': expected 1 vectors of 2 numbers, found 4 bytes", 2, one, 1, 1);
    assertRefused("'vectors': expected finite numbers, found NaN", 1, one, 1, Float.NaN);
  }
}
