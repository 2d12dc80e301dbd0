package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** 60 users and 40 items in 4 communities: users take nine items of ten from their own. */
class ItemIndexersTest {
  private static final int ITEMS = 40;
  private static final int COMMUNITIES = 4;
  private static final List<List<String>> HISTORIES = histories(60, 1);

  private static List<List<String>> histories(int users, long seed) {
    Random random = new Random(seed);
    // Names that say nothing about the community.
    List<Integer> names = new ArrayList<>(IntStream.range(0, ITEMS).boxed().toList());
    Collections.shuffle(names, random);
    List<List<String>> histories = new ArrayList<>();
    for (int user = 0; user < users; user++) {
      List<String> history = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        int community = random.nextInt(10) == 0 ? random.nextInt(COMMUNITIES) : user % COMMUNITIES;
        int item = random.nextInt(ITEMS / COMMUNITIES) * COMMUNITIES + community;
        history.add("item-" + names.get(item));
      }
      histories.add(history);
    }
    return histories;
  }

  /** Returns the community in whose histories an item occurs most. */
  private static int community(String item) {
    int[] counts = new int[COMMUNITIES];
    for (int user = 0; user < HISTORIES.size(); user++) {
      counts[user % COMMUNITIES] += Collections.frequency(HISTORIES.get(user), item);
    }
    return IntStream.range(0, COMMUNITIES)
        .reduce((a, b) -> counts[b] > counts[a] ? b : a)
        .orElse(0);
  }

  private static String message(Runnable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
  }

  private static List<String> categories(String item) {
    int number = Integer.parseInt(item.substring(5));
    return switch (number % 4) {
      case 0 -> List.of();
      case 1 -> List.of("odd");
      default -> List.of("odd", "group " + number % 3, "narrow");
    };
  }

  private static final Map<String, ItemIndexer> ALL =
      Map.of(
          "sequential", ItemIndexers.sequential(7),
          "random", ItemIndexers.random(7, 5),
          "collaborative", ItemIndexers.collaborative(4, 6, 5),
          "semantic", ItemIndexers.semantic(ItemIndexersTest::categories),
          "hybrid", ItemIndexers.hybrid(4, 6, 5));

  @Test
  void everyCodeIsOfOneItemAndNoBeginningOfAnother() {
    Set<String> expected = new HashSet<>();
    HISTORIES.forEach(expected::addAll);
    assertEquals(ITEMS, expected.size());
    ALL.forEach(
        (name, indexer) -> {
          ItemCodes codes = indexer.index(HISTORIES);
          assertEquals(expected, Set.copyOf(codes.itemIds()), name);
          assertEquals(ITEMS, CollisionReport.of(codes.codes()).distinctCodes(), name);
          for (int[] one : codes.codes()) {
            for (int[] other : codes.codes()) {
              assertFalse(
                  other.length > one.length && Arrays.mismatch(one, other) == one.length, name);
            }
          }
          SemanticIdIndex index = codes.toIndex();
          for (String item : codes.itemIds()) {
            assertEquals(List.of(item), index.items(codes.code(item).orElseThrow()), name);
          }
        });
  }

  @Test
  void theSameArgumentsGiveTheSameCodes() {
    ALL.forEach(
        (name, indexer) ->
            assertTrue(
                Arrays.deepEquals(
                    indexer.index(HISTORIES).codes(), indexer.index(HISTORIES).codes()),
                name));
    assertTrue(
        Arrays.deepEquals(
            ItemIndexers.random(7, 5).index(HISTORIES).codes(),
            ALL.get("random").index(HISTORIES).codes()));
    assertFalse(
        Arrays.deepEquals(
            ItemIndexers.random(7, 6).index(HISTORIES).codes(),
            ALL.get("random").index(HISTORIES).codes()));
  }

  @Test
  void itemsOfACommunityShareTheirFirstCode() {
    for (long seed = 0; seed < 10; seed++) {
      for (ItemIndexer indexer :
          List.of(
              ItemIndexers.collaborative(COMMUNITIES, 12, seed),
              ItemIndexers.hybrid(COMMUNITIES, 12, seed))) {
        ItemCodes codes = indexer.index(HISTORIES);
        Map<Integer, Map<Integer, Integer>> counts = new HashMap<>();
        for (String item : codes.itemIds()) {
          counts
              .computeIfAbsent(community(item), any -> new HashMap<>())
              .merge(codes.code(item).orElseThrow()[0], 1, Integer::sum);
        }
        Set<Integer> first = new HashSet<>();
        int alike = 0;
        for (Map<Integer, Integer> ofCommunity : counts.values()) {
          Map.Entry<Integer, Integer> most =
              Collections.max(ofCommunity.entrySet(), Map.Entry.comparingByValue());
          alike += most.getValue();
          first.add(most.getKey());
        }
        assertTrue(alike >= 0.95 * ITEMS, "alike " + alike);
        assertEquals(COMMUNITIES, first.size());
      }
    }
  }

  @Test
  void consecutiveItemsGetConsecutiveNumbers() {
    ItemCodes codes = ItemIndexers.sequential(7).index(HISTORIES);
    List<String> seen = HISTORIES.stream().flatMap(List::stream).distinct().toList();
    assertEquals(seen, codes.itemIds());
    assertEquals(CodeShape.of(2, 7), codes.shape());
    for (int i = 0; i < seen.size(); i++) {
      assertArrayEquals(new int[] {i / 7, i % 7}, codes.code(seen.get(i)).orElseThrow());
    }
  }

  @Test
  void randomNumbersAreAPermutation() {
    int[][] codes = ItemIndexers.random(7, 5).index(HISTORIES).codes();
    int[] numbers = Arrays.stream(codes).mapToInt(code -> 7 * code[0] + code[1]).toArray();
    assertFalse(IntStream.range(0, ITEMS).allMatch(i -> numbers[i] == i));
    assertArrayEquals(
        IntStream.range(0, ITEMS).toArray(), Arrays.stream(numbers).sorted().toArray());
  }

  @Test
  void categoriesAreFollowedInTheOrderInWhichTheyOccur() {
    Map<String, List<String>> categories =
        Map.of(
            "lipstick", List.of("beauty", "lips"),
            "soap", List.of("beauty", "bath"),
            "gloss", List.of("beauty", "lips"),
            "set", List.of("beauty"),
            "radio", List.of("electronics"),
            "thing", List.of());
    ItemCodes codes =
        ItemIndexers.semantic(categories::get)
            .index(List.of(List.of("lipstick", "soap", "gloss"), List.of("set", "radio", "thing")));
    assertArrayEquals(
        new int[][] {{0, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 2}, {1, 0}, {2}}, codes.codes());
    assertEquals(CodeShape.upTo(3, 3), codes.shape());
  }

  @Test
  void theLastCodeOfAHybridIsOfOneItem() {
    ItemCodes codes = ItemIndexers.hybrid(4, 6, 5).index(HISTORIES);
    int[][] clusters = ItemIndexers.collaborative(4, 6, 5).index(HISTORIES).codes();
    for (int i = 0; i < ITEMS; i++) {
      int[] code = codes.codes()[i];
      assertEquals(4 + i, code[code.length - 1]);
      assertArrayEquals(
          Arrays.copyOf(clusters[i], code.length - 1), Arrays.copyOf(code, code.length - 1));
    }
  }

  @Test
  void clustersAreNoLargerThanAllowed() {
    int[][] codes = ItemIndexers.collaborative(3, 5, 2).index(HISTORIES).codes();
    Map<String, Integer> sizes = new HashMap<>();
    for (int[] code : codes) {
      assertTrue(code[code.length - 1] < 5, Arrays.toString(code));
      sizes.merge(Arrays.toString(Arrays.copyOf(code, code.length - 1)), 1, Integer::sum);
    }
    assertTrue(sizes.size() >= ITEMS / 5 && Collections.max(sizes.values()) <= 5, sizes::toString);
  }

  @Test
  void itemsThatNothingTellsApartAreSplitToo() {
    List<List<String>> alone = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      alone.add(List.of("item-" + i));
    }
    List<String> together = IntStream.range(0, 30).mapToObj(i -> "other-" + i).toList();
    for (List<List<String>> histories : List.of(alone, List.of(together))) {
      ItemCodes codes = ItemIndexers.collaborative(4, 5, 1).index(histories);
      assertEquals(codes.itemIds().size(), CollisionReport.of(codes.codes()).distinctCodes());
    }
  }

  @Test
  void oneItemHasACode() {
    ALL.forEach(
        (name, indexer) ->
            assertEquals(
                List.of("item-3"),
                indexer
                    .index(List.of(List.of("item-3", "item-3")))
                    .toIndex()
                    .items(indexer.index(List.of(List.of("item-3"))).codes()[0]),
                name));
  }

  @Test
  void whatIsWrongIsRefusedByName() {
    ALL.forEach(
        (name, indexer) -> {
          assertEquals(
              "histories: expected at least one item, found none",
              message(() -> indexer.index(List.of(List.of()))),
              name);
          assertEquals(
              "item id: expected a non-empty string",
              message(() -> indexer.index(List.of(List.of("")))),
              name);
        });
    assertEquals("base: expected at least 2, found 1", message(() -> ItemIndexers.sequential(1)));
    assertEquals("base: expected at least 2, found 0", message(() -> ItemIndexers.random(0, 1)));
    assertEquals(
        "clusters: expected at least 2, found 1",
        message(() -> ItemIndexers.collaborative(1, 5, 1)));
    assertEquals(
        "largest: expected at least 1, found 0", message(() -> ItemIndexers.hybrid(2, 0, 1)));
  }
}
