package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Similarity;
import io.recommender.onnx.CatalogIndexer.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogIndexerTest {
  @TempDir Path folder;

  private final List<String> encodedIds = new ArrayList<>();
  private ListIndex index;
  private Path state;

  @BeforeEach
  void emptyIndex() {
    index = new ListIndex(2, Similarity.DOT, 10);
    state = folder.resolve("items.hashes");
  }

  private static Item item(String id, double value) {
    return new Item(id, Map.of("value", new Feature.Scalar(value)));
  }

  private static List<Item> items(int count) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(item("i" + i, i));
    }
    return items;
  }

  /** The vector of an item is its value; a negative one is refused. */
  private final ItemEncoder encoder =
      ItemEncoder.of(
          2,
          Similarity.DOT,
          item -> {
            double value = ((Feature.Scalar) item.features().get("value")).value();
            if (value < 0) {
              throw new IllegalArgumentException("item '%s': negative".formatted(item.id()));
            }
            encodedIds.add(item.id());
            return new float[] {(float) value, 1};
          });

  private CatalogIndexer indexer() {
    return CatalogIndexer.of(encoder, "1", index).state(state);
  }

  private void assertHolds(List<Item> items) {
    for (Item item : items) {
      float value = (float) ((Feature.Scalar) item.features().get("value")).value();
      assertArrayEquals(new float[] {value, 1}, index.vector(item.id()).orElseThrow());
    }
  }

  @Test
  void aSecondRunEncodesOnlyWhatChanged() {
    List<Item> items = items(25);
    List<String> told = new ArrayList<>();
    CatalogIndexer indexer =
        indexer()
            .batchSize(10)
            .onProgress((encoded, unchanged) -> told.add(encoded + "+" + unchanged));
    assertEquals(new Result(25, 0, 0), indexer.index(items.iterator()));
    assertEquals(List.of("10+0", "20+0", "25+0"), told);
    assertHolds(items);
    encodedIds.clear();
    assertEquals(new Result(0, 25, 0), indexer().index(items.iterator()));
    assertEquals(List.of(), encodedIds);
    items.set(7, item("i7", 700));
    items.add(item("new", 3));
    assertEquals(new Result(2, 24, 0), indexer().index(items.iterator()));
    assertEquals(List.of("i7", "new"), encodedIds);
    assertHolds(items);
  }

  @Test
  void whatTheIndexLostIsEncodedAgain() {
    List<Item> items = items(5);
    indexer().index(items.iterator());
    index.remove("i3");
    encodedIds.clear();
    assertEquals(new Result(1, 4, 0), indexer().index(items.iterator()));
    assertEquals(List.of("i3"), encodedIds);
  }

  @Test
  void anotherVersionOfTheEncoderEncodesAll() {
    List<Item> items = items(5);
    indexer().index(items.iterator());
    CatalogIndexer other = CatalogIndexer.of(encoder, "2", index).state(state);
    assertEquals(new Result(5, 0, 0), other.index(items.iterator()));
  }

  @Test
  void itemsThatLeftTheCatalogueAreRemovedWhenAskedFor() {
    indexer().index(items(5).iterator());
    index.add("by hand", new float[] {1, 1});
    assertEquals(new Result(0, 3, 0), indexer().index(items(3).iterator()));
    assertTrue(index.contains("i4"));
    assertEquals(new Result(0, 3, 2), indexer().removeAbsent(true).index(items(3).iterator()));
    assertFalse(index.contains("i3") || index.contains("i4"));
    assertTrue(index.contains("by hand"));
    assertEquals(new Result(2, 3, 0), indexer().index(items(5).iterator()));
  }

  @Test
  void aFailedRunKeepsTheBatchesBefore() {
    List<Item> items = items(30);
    items.set(25, item("i25", -1));
    assertThrows(
        IllegalArgumentException.class, () -> indexer().batchSize(10).index(items.iterator()));
    assertHolds(items.subList(0, 20));
    assertFalse(index.contains("i20"));
    items.set(25, item("i25", 25));
    assertEquals(new Result(10, 20, 0), indexer().batchSize(10).index(items.iterator()));
    assertHolds(items);
  }

  @Test
  void anIdThatOccursTwiceIsRefused() {
    List<Item> items = items(3);
    items.add(item("i1", 8));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> indexer().index(items.iterator()));
    assertEquals("catalogue: item id 'i1' occurs twice", e.getMessage());
  }

  /**
   * Stops a run before or after any save of its index, goes on with the index as it was saved last,
   * and expects what a catalogue encoded at once has. Items change back and forth, which is where a
   * stale hash would let an old vector pass.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunInterruptedAnywhereNeverLeavesAnOldVector(boolean afterTheSave) {
    for (int stop = 0; stop < 12; stop++) {
      index = new ListIndex(2, Similarity.DOT, 10);
      state = folder.resolve("state-" + stop);
      Map<String, float[]> disk = new LinkedHashMap<>();
      Random random = new Random(stop);
      int savesLeft = stop;
      int finished = 0;
      for (int round = 0; round < 8; round++) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          items.add(item("i" + i, random.nextInt(2)));
        }
        int[] left = {savesLeft};
        Runnable save =
            () -> {
              if (left[0] < 0 || (left[0] == 0 && !afterTheSave)) {
                left[0] = -1;
                throw new IllegalStateException("power failure");
              }
              disk.clear();
              items.forEach(i -> index.vector(i.id()).ifPresent(v -> disk.put(i.id(), v)));
              if (--left[0] < 0) {
                throw new IllegalStateException("power failure");
              }
            };
        try {
          indexer().batchSize(2).checkpointEvery(1).saveIndex(save).index(items.iterator());
          assertHolds(items);
          finished++;
          savesLeft = left[0];
        } catch (IllegalStateException powerFailure) {
          savesLeft = 1000;
        }
        index = new ListIndex(2, Similarity.DOT, 10);
        disk.forEach(index::add);
      }
      assertEquals(7, finished, "one run is interrupted");
    }
  }

  @Test
  void aDamagedStateIsRefused() throws IOException {
    indexer().index(items(5).iterator());
    byte[] content = Files.readAllBytes(state);
    for (int i = 0; i < content.length; i++) {
      byte[] damaged = content.clone();
      damaged[i] ^= 1;
      Files.write(state, damaged);
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> indexer().index(items(5).iterator()));
      assertEquals(Kind.SNAPSHOT_INVALID, e.kind());
      assertTrue(e.getMessage().startsWith("items.hashes: expected"), e.getMessage());
    }
    Files.write(state, java.util.Arrays.copyOf(content, 20));
    assertThrows(RecommenderException.class, () -> indexer().index(items(5).iterator()));
    Files.write(state, content);
    assertEquals(new Result(0, 5, 0), indexer().index(items(5).iterator()));
  }

  @Test
  void onlyFeaturesThatTheEncoderReadsCount() {
    Item before =
        new Item("a", Map.of("title", new Feature.Text("mug"), "stock", new Feature.Scalar(3)));
    Item after =
        new Item("a", Map.of("title", new Feature.Text("mug"), "stock", new Feature.Scalar(2)));
    try (OnnxItemEncoder opened =
        RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal())) {
      ListIndex vectors = new ListIndex(EncoderFixtures.DIMENSION, Similarity.COSINE, 1);
      CatalogIndexer indexer = CatalogIndexer.of(opened, vectors).state(state);
      assertEquals(new Result(1, 0, 0), indexer.index(List.of(before).iterator()));
      assertEquals(new Result(0, 1, 0), indexer.index(List.of(after).iterator()));
      Item renamed = EncoderFixtures.title("a", "cup");
      assertEquals(new Result(1, 0, 0), indexer.index(List.of(renamed).iterator()));
      assertArrayEquals(opened.encode(List.of(renamed))[0], vectors.vector("a").orElseThrow());
    }
  }

  @Test
  void everyFeatureChangesTheHash() {
    Item[] different = {
      Item.of("a"),
      new Item("a", Map.of("x", new Feature.Text("1"))),
      new Item("a", Map.of("x", new Feature.Category("1"))),
      new Item("a", Map.of("x", new Feature.Scalar(1))),
      new Item("a", Map.of("x", new Feature.Ids(List.of("1")))),
      new Item("a", Map.of("x", new Feature.Ids(List.of("1", "")))),
      new Item("a", Map.of("x", Feature.Tensor.vector(1, 2))),
      new Item("a", Map.of("x", Feature.Tensor.of(new float[] {1, 2}, 2, 1))),
      new Item("a", Map.of("x", Feature.Tensor.vector(2, 1))),
      new Item("a", Map.of("x", new Feature.Text("1"), "y", new Feature.Text("")))
    };
    assertEquals(
        different.length,
        java.util.Arrays.stream(different)
            .map(item -> IndexState.hash("1", item, name -> true))
            .distinct()
            .count());
  }

  @Test
  void anIndexOfAnotherKindIsRefused() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> CatalogIndexer.of(encoder, "1", new ListIndex(3, Similarity.DOT, 1)));
    assertEquals("index: expected dimension 2 as the encoder has, found 3", e.getMessage());
    e =
        assertThrows(
            IllegalArgumentException.class,
            () -> CatalogIndexer.of(encoder, "1", new ListIndex(2, Similarity.L2, 1)));
    assertEquals("index: expected similarity DOT as the encoder has, found L2", e.getMessage());
  }
}
