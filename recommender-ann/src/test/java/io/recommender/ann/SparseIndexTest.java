package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.testing.ItemIndexContract;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sparse indexes. The golden file is what version 1 of the format wrote and every later release
 * must open.
 */
class SparseIndexTest extends ItemIndexContract {
  private static final String GOLDEN = "sparse-1.snapshot";

  @TempDir private Path folder;

  @Override
  protected ItemIndex create(int dimension, Similarity similarity) {
    return new SparseIndex(dimension, similarity);
  }

  /** Writes the golden file anew: the argument is the folder for it. */
  public static void main(String[] args) {
    small().save(Path.of(args[0], GOLDEN));
  }

  private static SparseIndex small() {
    SparseIndex index = new SparseIndex(4, Similarity.DOT);
    index.addAll(
        List.of("b", "a", "none", "gone"),
        new float[][] {{0, 1, 0, -2}, {0.5f, 0, 0, 0}, new float[4], {1, 1, 1, 1}});
    index.remove("gone");
    return index;
  }

  /** Vectors with about that share of zeros. */
  static float[][] pruned(int rows, int dimension, double zeros, Random random) {
    float[][] vectors = new float[rows][dimension];
    for (float[] vector : vectors) {
      for (int i = 0; i < dimension; i++) {
        vector[i] = random.nextDouble() < zeros ? 0 : (float) random.nextGaussian();
      }
    }
    return vectors;
  }

  static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(i -> "item-" + i).toList();
  }

  @ParameterizedTest
  @EnumSource
  void findsWhatAFlatIndexFinds(Similarity similarity) {
    Random random = new Random(3);
    SparseIndex sparse = new SparseIndex(24, similarity);
    FlatIndex flat = new FlatIndex(24, similarity);
    for (int step = 0; step < 300; step++) {
      String itemId = "item-" + random.nextInt(80);
      if (random.nextInt(3) > 0) {
        float[] vector = pruned(1, 24, 0.8, random)[0];
        sparse.add(itemId, vector);
        flat.add(itemId, vector);
        assertArrayEquals(vector, sparse.vector(itemId).orElseThrow());
      } else {
        assertEquals(flat.remove(itemId), sparse.remove(itemId));
      }
      float[] query = pruned(1, 24, 0.2, random)[0];
      ItemFilter filter = step % 2 == 0 ? ItemFilter.all() : ItemFilter.allow(ids(20));
      List<ScoredItem> expected = flat.search(query, 10, filter);
      List<ScoredItem> found = sparse.search(query, 10, filter);
      assertEquals(expected.size(), found.size());
      for (int i = 0; i < found.size(); i++) {
        assertEquals(expected.get(i).score(), found.get(i).score(), 1e-6 * 24);
      }
    }
  }

  @Test
  void takesSixBytesAnElementAndEightAVector() {
    SparseIndex index = new SparseIndex(64, Similarity.DOT);
    index.addAll(ids(1000), pruned(1000, 64, 0.9, new Random(1)));
    long elements = Long.parseLong(index.toString().replaceAll(".* (\\d+) elements.*", "$1"));
    assertEquals(6 * elements + 8 * 1000 + 4, index.tableBytes());
    assertEquals(elements, index.diagnose(0).fact("elements that are not zero").orElseThrow());
  }

  @Test
  void memoryOfWhatWasReplacedIsUsedAgain() {
    SparseIndex index = new SparseIndex(16, Similarity.DOT);
    float[][] vectors = pruned(200, 16, 0.5, new Random(2));
    index.addAll(ids(200), vectors);
    long once = index.tableBytes();
    for (int i = 0; i < 20; i++) {
      index.addAll(ids(200), vectors);
    }
    assertTrue(index.tableBytes() < 4 * once, once + " and " + index.tableBytes());
    ids(200).forEach(index::remove);
    assertEquals(0, index.size());
    assertTrue(index.tableBytes() < once, once + " and " + index.tableBytes());
  }

  @Test
  void searchesSeeABatchWholeOrNotAtAll() throws Exception {
    SparseIndex index = new SparseIndex(2, Similarity.DOT);
    List<String> ids = ids(50);
    index.addAll(ids, level(1));
    AtomicBoolean isOver = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<?>> searches = new ArrayList<>();
      for (ItemFilter filter : List.of(ItemFilter.all(), ItemFilter.allow(ids.subList(0, 40)))) {
        searches.add(
            threads.submit(
                () -> {
                  while (!isOver.get()) {
                    List<ScoredItem> found = index.search(new float[] {1, 0}, 50, filter);
                    assertEquals(filter == ItemFilter.all() ? 50 : 40, found.size());
                    assertEquals(found.get(0).score(), found.get(found.size() - 1).score());
                    assertTrue(index.contains("item-7"));
                    assertTrue(index.vector("item-7").isPresent());
                  }
                }));
      }
      for (int level = 2; level < 2000; level++) {
        index.addAll(ids, level(level));
      }
      isOver.set(true);
      for (Future<?> search : searches) {
        search.get();
      }
    } finally {
      isOver.set(true);
      threads.shutdownNow();
    }
  }

  private static float[][] level(int level) {
    float[][] vectors = new float[50][];
    Arrays.setAll(vectors, i -> new float[] {level, 0});
    return vectors;
  }

  @Test
  void dimensionsAreLimited() {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> new SparseIndex(65537, Similarity.DOT));
    assertEquals("dimension: expected 1 to 65536, found 65537", refusal.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new SparseIndex(0, Similarity.DOT));
    SparseIndex widest = new SparseIndex(65536, Similarity.DOT);
    float[] vector = new float[65536];
    vector[65535] = 2;
    widest.add("a", vector);
    assertArrayEquals(vector, widest.vector("a").orElseThrow());
  }

  private static void assertSmall(SparseIndex index) {
    assertEquals("SparseIndex[4 dimensions, DOT, 3 items, 3 elements]", index.toString());
    assertArrayEquals(new float[] {0, 1, 0, -2}, index.vector("b").orElseThrow());
    assertArrayEquals(new float[4], index.vector("none").orElseThrow());
    assertEquals(
        List.of("b", "a", "none"),
        index.search(new float[4], 9).stream().map(ScoredItem::itemId).toList());
  }

  @Test
  void aGoldenFileIsReadAsEver() throws IOException {
    Path file = folder.resolve(GOLDEN);
    try (InputStream in =
        Objects.requireNonNull(SparseIndexTest.class.getResourceAsStream(GOLDEN))) {
      Files.write(file, in.readAllBytes());
    }
    assertSmall(SparseIndex.open(file));
  }

  @Test
  void whatWasOpenedGoesOn() {
    Path file = folder.resolve("index");
    SparseIndex saved = small();
    saved.save(file);
    SparseIndex index = SparseIndex.open(file);
    assertSmall(index);
    index.add("a", new float[] {0, 0, 9, 0});
    index.add("new", new float[] {0, 0, 8, 0});
    index.save(file);
    assertEquals(
        List.of("a", "new"),
        SparseIndex.open(file).search(new float[] {0, 0, 1, 0}, 2).stream()
            .map(ScoredItem::itemId)
            .toList());
    assertEquals(
        Kind.SNAPSHOT_STALE,
        assertThrows(RecommenderException.class, () -> saved.save(file)).kind());
    saved.replace(file);
    assertSmall(SparseIndex.open(file));
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    Path file = folder.resolve("index");
    small().save(file);
    SavedFile.assertDamageIsFound(file, SparseIndex::open);
  }

  /** A file whose sections are whole, of two items with so many elements each. */
  private void assertRefused(
      String message, int dimension, List<String> ids, int[] rows, int[] columns, float... values) {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        SparseSnapshot.KIND,
        SparseSnapshot.FORMAT,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters").putInt(dimension).putString("DOT").putInt(2);
          var section = out.section("items");
          ids.forEach(section::putString);
          out.section("rows").putInts(rows, 0, rows.length);
          section = out.section("columns");
          for (int column : columns) {
            section.putShort((short) column);
          }
          out.section("values").putFloats(values, 0, values.length);
        });
    RecommenderException refusal =
        assertThrows(RecommenderException.class, () -> SparseIndex.open(file));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  @Test
  void contentIsChecked() {
    List<String> ids = List.of("a", "b");
    int[] one = {1, 1};
    int[] columns = {0, 2};
    assertRefused(
        "'parameters': expected a dimension from 1 to 65536, found 0", 0, ids, one, columns, 1, 2);
    assertRefused(
        "'rows': expected 2 numbers, found 4 bytes", 3, ids, new int[] {1}, columns, 1, 2);
    assertRefused("'rows': expected a length, found 4", 3, ids, new int[] {1, 4}, columns, 1, 2);
    assertRefused(
        "'items': expected each item once, found another 'a'",
        3,
        List.of("a", "a"),
        one,
        columns,
        1,
        2);
    assertRefused(
        "'columns': expected ascending places below 3, found 3 after -1",
        3,
        ids,
        one,
        new int[] {0, 3},
        1,
        2);
    assertRefused(
        "'columns': expected ascending places below 3, found 1 after 1",
        3,
        ids,
        new int[] {2, 0},
        new int[] {1, 1},
        1,
        2);
    assertRefused("'values': expected 2 numbers, found 4 bytes", 3, ids, one, columns, 1);
    assertRefused(
        "'values': expected finite numbers other than 0, found 0.0", 3, ids, one, columns, 1, 0);
  }
}
