package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.RowStore.Snapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowStoreTest {
  private static final int DIMENSION = 2;

  private final RowStore store = new RowStore(DIMENSION, 0, true);

  @Test
  void placesOfEndedRowsAreTakenAgain() {
    for (int i = 0; i < 100; i++) {
      put("item-" + i, i);
    }
    for (int i = 0; i < 100_000; i++) {
      put("item-" + i % 100, i);
    }
    assertEquals(100, store.size());
    assertTrue(places() <= 101, () -> "took " + places() + " places for 100 items");
  }

  @Test
  void aStoreThatShrinksGivesItsMemoryBack() {
    for (int i = 0; i < 10_000; i++) {
      put("item-" + i, i);
    }
    for (int i = 0; i < 9_990; i++) {
      assertTrue(store.remove("item-" + i));
    }
    assertTrue(places() <= 100, () -> "holds " + places() + " places for 10 items");
    assertEquals(expected(9_990, 10_000), read());
  }

  @Test
  void aHeldViewDoesNotChange() {
    Random random = new Random(1);
    Map<String, Integer> model = new HashMap<>();
    for (int step = 0; step < 300; step++) {
      change(model, random);
      Map<String, Integer> before = Map.copyOf(model);
      try (RowStore.View view = store.view()) {
        for (int i = random.nextInt(400); i >= 0; i--) {
          change(model, random);
        }
        assertEquals(before, read(view.snapshot), "step " + step);
      }
      assertEquals(model, read(), "step " + step);
      assertEquals(model.size(), store.size());
    }
  }

  @Test
  void viewsOfSeveralVersionsAreKeptApart() {
    RowStore.View[] views = new RowStore.View[40];
    for (int i = 0; i < views.length; i++) {
      put("item", i);
      views[i] = store.view();
    }
    for (int i = 0; i < views.length; i++) {
      assertEquals(Map.of("item", i), read(views[i].snapshot));
      views[i].close();
      put("item", 100 + i);
    }
    put("item", 7);
    assertEquals(Map.of("item", 7), read());
  }

  private void change(Map<String, Integer> model, Random random) {
    String itemId = "item-" + random.nextInt(120);
    if (random.nextInt(3) == 0) {
      assertEquals(model.remove(itemId) != null, store.remove(itemId));
    } else {
      int value = random.nextInt(1 << 20);
      put(itemId, value);
      model.put(itemId, value);
    }
  }

  private void put(String itemId, int value) {
    store.put(List.of(itemId), new float[][] {{value, -value}}, new double[] {1}, false);
  }

  private int places() {
    try (RowStore.View view = store.view()) {
      int places = 0;
      for (int c = 0; c < view.snapshot.chunks().length; c++) {
        places += view.snapshot.used(c);
      }
      return places;
    }
  }

  private Map<String, Integer> read() {
    try (RowStore.View view = store.view()) {
      return read(view.snapshot);
    }
  }

  /** Reads what a snapshot shows, that no vector is half of another, and that codes fit. */
  private static Map<String, Integer> read(Snapshot snapshot) {
    Map<String, Integer> values = new HashMap<>();
    for (int c = 0; c < snapshot.chunks().length; c++) {
      Chunk chunk = snapshot.chunks()[c];
      for (int i = 0; i < snapshot.used(c); i++) {
        Row row = chunk.row(i);
        if (row != null && row.isVisibleAt(snapshot.version())) {
          float value = chunk.vectors[i * DIMENSION];
          assertEquals(0, value + chunk.vectors[i * DIMENSION + 1]);
          assertEquals(Math.abs(value) / 63, chunk.codes.scales[i]);
          Integer earlier = values.put(row.itemId, (int) value);
          assertEquals(null, earlier, row.itemId);
        }
      }
    }
    return values;
  }

  private static Map<String, Integer> expected(int from, int to) {
    Map<String, Integer> values = new HashMap<>();
    for (int i = from; i < to; i++) {
      values.put("item-" + i, i);
    }
    return values;
  }
}
