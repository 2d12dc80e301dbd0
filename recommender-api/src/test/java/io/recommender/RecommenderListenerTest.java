package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The names of events, which dashboards keep for years. */
class RecommenderListenerTest {
  private static final Map<String, String> NAMES =
      Map.of(
          "REQUEST_DONE", "recommender.request.done",
          "REQUEST_FAILED", "recommender.request.failed",
          "STAGE_DONE", "recommender.stage.done",
          "SOURCE_FAILED", "recommender.source.failed",
          "FALLBACK_USED", "recommender.fallback.used",
          "DEADLINE_MISSED", "recommender.deadline.missed",
          "MODEL_SWAPPED", "recommender.model.swapped",
          "SWAP_FAILED", "recommender.swap.failed",
          "CALL_REFUSED", "recommender.call.refused");

  @Test
  void theNamesAreThese() throws IllegalAccessException {
    Map<String, Object> found = new TreeMap<>();
    for (Field constant : RecommenderListener.class.getFields()) {
      found.put(constant.getName(), constant.get(null));
    }
    assertEquals(new TreeMap<>(NAMES), found);
  }

  @Test
  void eachEventHasAName() {
    Set<String> events = new TreeSet<>();
    for (Method event : RecommenderListener.class.getDeclaredMethods()) {
      if (!event.isSynthetic()) {
        events.add(event.getName().replaceAll("([A-Z])", ".$1").toLowerCase(Locale.ROOT));
      }
    }
    Set<String> named = new TreeSet<>();
    NAMES.values().forEach(name -> named.add(name.substring("recommender.".length())));
    assertEquals(named, events);
  }

  @Test
  void theReadMeListsThemAll() throws IOException {
    String text = Files.readString(Path.of("..", "README.md"));
    assertEquals(9, NAMES.size());
    for (String name : NAMES.values()) {
      assertTrue(text.contains("`" + name + "`"), name);
    }
  }
}
