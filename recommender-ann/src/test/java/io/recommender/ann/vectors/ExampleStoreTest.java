package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.FlatIndex;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Examples that are found by a key and read by a payload. */
class ExampleStoreTest {
  private static ExampleStore store() {
    ExampleStore store = new ExampleStore(new FlatIndex(2, Similarity.DOT), 3);
    store.add("east", new float[] {1, 0}, new float[] {1, 2, 3});
    store.add("north", new float[] {0, 1}, new float[] {4, 5, 6});
    store.add("south", new float[] {0, -1}, new float[] {7, 8, 9});
    return store;
  }

  private static void assertFound(float[] expected, ExampleStore store, float... query) {
    Feature.Tensor found = (Feature.Tensor) store.nearest(query, 2).orElseThrow();
    assertArrayEquals(new int[] {expected.length / 3, 3}, found.shape());
    assertArrayEquals(expected, found.values());
  }

  @Test
  void payloadsComeInTheOrderOfSimilarity() {
    ExampleStore store = store();
    assertFound(new float[] {4, 5, 6, 1, 2, 3}, store, 1, 2);
    assertFound(new float[] {7, 8, 9, 1, 2, 3}, store, 1, -3);
    assertEquals(
        List.of("north", "east", "south"),
        store.find(new float[] {1, 2}, 5).stream().map(ScoredItem::itemId).toList());
  }

  @Test
  void examplesChangeAndGo() {
    ExampleStore store = store();
    store.add("south", new float[] {9, 9}, new float[] {0, 0, 1});
    assertEquals(3, store.size());
    assertFound(new float[] {0, 0, 1, 4, 5, 6}, store, 1, 2);
    assertTrue(store.remove("south"));
    assertFalse(store.remove("south"));
    assertFound(new float[] {4, 5, 6, 1, 2, 3}, store, 1, 2);
    store.remove("east");
    store.remove("north");
    assertEquals(Optional.empty(), store.nearest(new float[] {1, 2}, 2));
  }

  @Test
  void whatDoesNotFitLeavesTheStoreAsItWas() {
    ExampleStore store = store();
    float[] key = {1, 1};
    float[] payload = {1, 1, 1};
    assertThrows(IllegalArgumentException.class, () -> store.add("x", new float[3], payload));
    assertThrows(IllegalArgumentException.class, () -> store.add("x", key, new float[2]));
    payload[1] = Float.NaN;
    assertThrows(IllegalArgumentException.class, () -> store.add("x", key, payload));
    assertEquals(3, store.size());
    assertThrows(IllegalArgumentException.class, () -> store.nearest(new float[3], 2));
    assertThrows(IllegalArgumentException.class, () -> store.nearest(key, 0));
    FlatIndex filled = new FlatIndex(2, Similarity.DOT);
    assertThrows(IllegalArgumentException.class, () -> new ExampleStore(filled, 0));
    filled.add("there", key);
    assertThrows(IllegalArgumentException.class, () -> new ExampleStore(filled, 3));
  }

  @Test
  void theCallersArraysAreCopied() {
    ExampleStore store = store();
    float[] payload = {1, 1, 1};
    store.add("new", new float[] {50, 0}, payload);
    payload[0] = 7;
    assertFound(new float[] {1, 1, 1, 1, 2, 3}, store, 1, 0);
  }
}
