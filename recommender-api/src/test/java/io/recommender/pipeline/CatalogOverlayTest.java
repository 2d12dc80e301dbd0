package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class CatalogOverlayTest {
  private final CatalogOverlay overlay = new CatalogOverlay();
  private final ItemFilter filter = overlay.filter();

  @Test
  void whatNobodySpokeOfIsAccepted() {
    assertTrue(filter.accepts("a"));
    assertEquals(OptionalLong.empty(), overlay.stock("a"));
    assertEquals(OptionalDouble.empty(), overlay.price("a"));
    assertTrue(overlay.isVisible("a"));
    assertSame(filter, overlay.filter());
    assertFalse(filter.isConstant());
  }

  @Test
  void theFilterFollowsEachChange() {
    overlay.setStock("a", 0);
    assertFalse(filter.accepts("a"));
    overlay.setStock("a", 3);
    assertTrue(filter.accepts("a"));
    overlay.setVisible("a", false);
    assertFalse(filter.accepts("a"));
    assertEquals(3, overlay.stock("a").orElseThrow());
    overlay.setPrice("a", 9.5);
    assertFalse(filter.accepts("a"));
    assertEquals(9.5, overlay.price("a").orElseThrow());
    overlay.clear("a");
    assertTrue(filter.accepts("a"));
    assertTrue(overlay.price("a").isEmpty());
  }

  @Test
  void wrongValuesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> overlay.setStock("a", -1));
    assertThrows(IllegalArgumentException.class, () -> overlay.setPrice("a", Double.NaN));
    assertEquals("CatalogOverlay[0 items]", overlay.toString());
  }

  @Test
  void changesOfDifferentFieldsByManyThreadsAreNotLost() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Object>> tasks = new ArrayList<>();
      for (int field = 0; field < 3; field++) {
        int changed = field;
        tasks.add(
            () -> {
              for (int i = 0; i < 1000; i++) {
                switch (changed) {
                  case 0 -> overlay.setStock("a", i);
                  case 1 -> overlay.setPrice("a", i);
                  default -> overlay.setVisible("a", i % 2 == 0);
                }
              }
              return null;
            });
      }
      for (Future<Object> task : threads.invokeAll(tasks)) {
        task.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertEquals(999, overlay.stock("a").orElseThrow());
    assertEquals(999, overlay.price("a").orElseThrow());
    assertFalse(overlay.isVisible("a"));
  }
}
