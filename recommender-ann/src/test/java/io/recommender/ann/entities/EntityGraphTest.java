package io.recommender.ann.entities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Item;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EntityGraphTest {

  /** Plain breadth-first search. */
  private static List<String> reached(
      Map<String, List<String>> related, List<String> from, int hops) {
    List<String> reached = new ArrayList<>();
    Set<String> seen = new HashSet<>(from);
    List<String> frontier = from;
    for (int hop = 0; hop < hops; hop++) {
      List<String> next = new ArrayList<>();
      for (String entity : frontier) {
        for (String neighbor : related.getOrDefault(entity, List.of())) {
          if (seen.add(neighbor)) {
            next.add(neighbor);
          }
        }
      }
      reached.addAll(next);
      frontier = next;
    }
    return reached;
  }

  @Property(tries = 200)
  void findsWhatBreadthFirstSearchFinds(
      @ForAll @IntRange(min = 2, max = 12) int entities,
      @ForAll @IntRange(min = 0, max = 4) int hops,
      @ForAll long seed) {
    Random random = new Random(seed);
    EntityGraph.Builder builder = EntityGraph.builder();
    Map<String, List<String>> related = new LinkedHashMap<>();
    for (int i = random.nextInt(2 * entities); i >= 0; i--) {
      String one = "e" + random.nextInt(entities);
      String other = "e" + random.nextInt(entities);
      if (!one.equals(other)) {
        builder.relate(one, other);
        related.computeIfAbsent(one, name -> new ArrayList<>()).add(other);
        related.computeIfAbsent(other, name -> new ArrayList<>()).add(one);
      }
    }
    EntityGraph graph = builder.build();
    assertEquals(related.size(), graph.size());
    List<String> from = List.of("e0", "e1");
    assertEquals(reached(related, from, hops), graph.neighbors(from, hops));
    List<String> capped = graph.neighbors(from, hops, 2, seed);
    assertEquals(capped, graph.neighbors(from, hops, 2, seed));
    assertTrue(new HashSet<>(graph.neighbors(from, hops)).containsAll(capped));
    assertTrue(graph.neighbors(List.of("e0"), 1, 2, seed).size() <= 2);
  }

  @Test
  void drawsAreSpreadOverSeeds() {
    EntityGraph.Builder builder = EntityGraph.builder();
    for (int i = 0; i < 10; i++) {
      builder.relate("hub", "e" + i);
    }
    EntityGraph graph = builder.build();
    Map<String, Integer> drawn = new TreeMap<>();
    for (int seed = 0; seed < 1000; seed++) {
      List<String> found = graph.neighbors(List.of("hub"), 1, 3, seed);
      assertEquals(3, found.size());
      assertEquals(found.stream().sorted().toList(), found, "in the order of the relations");
      found.forEach(entity -> drawn.merge(entity, 1, Integer::sum));
    }
    assertEquals(10, drawn.size());
    drawn.values().forEach(count -> assertTrue(count > 200 && count < 400, drawn::toString));
    assertNotEquals(
        graph.neighbors(List.of("hub"), 1, 3, 1), graph.neighbors(List.of("hub"), 1, 3, 4));
  }

  @Test
  void unknownEntitiesAreSkipped() {
    EntityGraph graph = EntityGraph.builder().relate("a", "b").relate("b", "c").build();
    assertEquals(List.of("b"), graph.neighbors(List.of("nobody", "a"), 1));
    assertEquals(List.of(), graph.neighbors(List.of("nobody"), 3));
    assertEquals(List.of(), graph.neighbors(List.of("a"), 0));
    assertTrue(graph.contains("c"));
    assertFalse(graph.contains("nobody"));
    assertEquals("EntityGraph[3 entities, 2 relations]", graph.toString());
    assertEquals(List.of(), EntityGraph.builder().build().neighbors(List.of("a"), 2));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }

  @Test
  void saysWhatIsWrong() {
    EntityGraph graph = EntityGraph.builder().relate("a", "b").build();
    assertMessage("hops: expected at least 0, found -1", () -> graph.neighbors(List.of("a"), -1));
    assertMessage(
        "perEntity: expected at least 1, found 0", () -> graph.neighbors(List.of("a"), 1, 0, 1));
    assertMessage(
        "relation: expected two entities, found 'a' twice",
        () -> EntityGraph.builder().relate("a", "a"));
    assertMessage(
        "entity: expected a non-empty string", () -> EntityGraph.builder().relate("a", ""));
    assertMessage(
        "synonym 'x': expected the name of an entity, found 'y', which is itself one of 'z'",
        () -> ItemEntities.of("entities", Map.of("x", "y", "y", "z")));
  }

  @Test
  void entitiesOfItemsMayBeOneOrNone() {
    ItemEntities entities = ItemEntities.of("about", Map.of("H2O", "water"));
    assertEquals(Set.of(), entities.of(Item.of("a")));
    assertEquals(
        Set.of("water"), entities.of(new Item("a", Map.of("about", new Feature.Category("H2O")))));
    assertEquals("ItemEntities[about, 1 synonyms]", entities.toString());
  }
}
