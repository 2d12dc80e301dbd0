package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.entities.EntityGraph;
import io.recommender.text.PromptText;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** K-LaMP: a store of counts, what of it fits the search, and the prompt. */
class QuerySuggesterTest {
  private static final int ENTITIES = 40;
  private static final int LIMIT = 2000;
  private static final PromptText PROMPT =
      PromptText.of("Searching for {query}; knows: {entities}. Suggest {k}.");

  private final List<String> prompts = new ArrayList<>();
  private final Map<String, Set<String>> edges = new HashMap<>();
  private final EntityGraph graph = graph();
  private final UserStore<EntityCounts> store =
      UserStore.builder(EntityCounts.codec()).maxBytesPerUser(LIMIT).build();

  private EntityGraph graph() {
    EntityGraph.Builder builder = EntityGraph.builder();
    Random random = new Random(62);
    for (int i = 0; i < 60; i++) {
      String one = "Q" + random.nextInt(ENTITIES);
      String other = "Q" + random.nextInt(ENTITIES);
      if (!one.equals(other) && edges.computeIfAbsent(one, key -> new HashSet<>()).add(other)) {
        edges.computeIfAbsent(other, key -> new HashSet<>()).add(one);
        builder.relate(one, other);
      }
    }
    return builder.build();
  }

  private QuerySuggester suggester(String answer) {
    return QuerySuggester.of(
        prompt -> {
          prompts.add(prompt);
          return answer;
        },
        PROMPT,
        store,
        graph);
  }

  /** 200 events; the model of a store beside it. */
  private Map<String, int[]> log(String userId, long seed) {
    Map<String, int[]> counts = new HashMap<>();
    Random random = new Random(seed);
    for (int event = 0; event < 200; event++) {
      String entity = "Q" + (int) Math.min(ENTITIES - 1, Math.abs(random.nextGaussian() * 15));
      Instant time = Instant.ofEpochSecond(event);
      store.update(userId, EntityCounts.empty(), met -> met.plus(entity, time));
      int[] known = counts.computeIfAbsent(entity, key -> new int[2]);
      known[0]++;
      known[1] = event;
    }
    return counts;
  }

  /** Everything within so many steps, by the definition. */
  private Set<String> reach(List<String> context, int hops) {
    Set<String> reached = new HashSet<>(context);
    for (int hop = 0; hop < hops; hop++) {
      for (String entity : List.copyOf(reached)) {
        reached.addAll(edges.getOrDefault(entity, Set.of()));
      }
    }
    return reached;
  }

  @Test
  void kLampTellsTheEntitiesOfTheUserThatFitTheSearch() {
    Map<String, int[]> ann = log("ann", 1);
    log("bob", 2);
    QuerySuggester suggester = suggester("").most(4).names(id -> "<" + id + ">");
    int told = 0;
    for (int i = 0; i < 20; i++) {
      List<String> context = List.of("Q" + i, "Q" + (i * 7 + 3) % ENTITIES);
      for (int hops = 0; hops <= 2; hops++) {
        Set<String> near = reach(context, hops);
        List<String> expected =
            ann.entrySet().stream()
                .filter(entity -> near.contains(entity.getKey()))
                .sorted(
                    Comparator.comparingInt((Map.Entry<String, int[]> e) -> -e.getValue()[0])
                        .thenComparingInt(e -> -e.getValue()[1])
                        .thenComparing(Map.Entry::getKey))
                .limit(4)
                .map(Map.Entry::getKey)
                .toList();
        assertEquals(expected, suggester.hops(hops).relevant("ann", context));
        suggester.hops(hops).suggest("ann", "flights", context, 3);
        assertEquals(
            "Searching for flights; knows: %s. Suggest 3."
                .formatted(String.join(", ", expected.stream().map(id -> "<" + id + ">").toList())),
            prompts.get(prompts.size() - 1));
        told += expected.size();
      }
    }
    assertTrue(told > 60, "entities told: " + told);
  }

  @Test
  void kLampForgetsAUserAndKeepsWithinItsBytes() {
    log("ann", 1);
    log("bob", 2);
    assertTrue(store.sizeInBytes() <= 2 * (LIMIT + UserStore.ENTRY_BYTES + 2L * "ann".length()));
    QuerySuggester suggester = suggester("").hops(2);
    List<String> everything =
        java.util.stream.IntStream.range(0, ENTITIES).mapToObj(i -> "Q" + i).toList();
    assertFalse(suggester.relevant("ann", everything).isEmpty());
    store.forget("ann");
    assertEquals(List.of(), suggester.relevant("ann", everything));
    assertFalse(suggester.relevant("bob", everything).isEmpty());
    suggester.suggest("ann", "hotels", everything, 1);
    assertEquals("Searching for hotels; knows: . Suggest 1.", prompts.get(prompts.size() - 1));
  }

  @Test
  void kLampReadsTheQueriesThatAModelWrites() {
    String written =
        "1. cheap flights to Paris\n\n2) \"Hotels in Paris\"\n- hotels in paris\n* Louvre\nMontmartre";
    assertEquals(
        List.of("Hotels in Paris", "Louvre"),
        suggester(written).suggest("ann", " Cheap flights to Paris", List.of("Q1"), 2));
    assertEquals(List.of(), suggester(" \n").suggest("ann", "x", List.of(), 2));
  }

  @Test
  void whatIsOutOfRangeIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> suggester("").hops(-1));
    assertThrows(IllegalArgumentException.class, () -> suggester("").most(0));
    assertThrows(
        IllegalArgumentException.class, () -> suggester("").suggest("ann", "x", List.of(), 0));
  }
}
