package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SemanticIdIndexTest {
  private final SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(3, 8)).build();

  private static String message(Runnable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
  }

  @Test
  void walksFromPrefixToItem() {
    index.addAll(
        List.of("a", "b", "c", "d"), new int[][] {{1, 2, 3}, {1, 2, 0}, {1, 7, 3}, {4, 0, 0}});
    assertArrayEquals(new int[] {1, 4}, index.allowedNext());
    assertArrayEquals(new int[] {2, 7}, index.allowedNext(1));
    assertArrayEquals(new int[] {0, 3}, index.allowedNext(1, 2));
    assertArrayEquals(new int[] {}, index.allowedNext(1, 2, 3));
    assertArrayEquals(new int[] {}, index.allowedNext(3));
    assertEquals(List.of("a"), index.items(1, 2, 3));
    assertEquals(List.of(), index.items(1, 2, 4));
  }

  @Test
  void aSubtreeWithNothingAllowedIsNotEntered() {
    index.addAll(List.of("a", "b", "c"), new int[][] {{1, 2, 3}, {1, 2, 0}, {4, 0, 0}});
    assertArrayEquals(
        new int[] {4}, index.allowedNext(new int[0], ItemFilter.deny(Set.of("a", "b"))));
    index.setAvailable("c", false);
    assertArrayEquals(new int[] {1}, index.allowedNext());
    assertArrayEquals(new int[0], index.allowedNext(new int[0], ItemFilter.deny(Set.of("a", "b"))));
    index.setAvailable("c", true);
    index.remove("a");
    index.remove("b");
    assertArrayEquals(new int[] {4}, index.allowedNext());
  }

  @Test
  void aNewItemIsFoundAtOnce() {
    Random random = new Random(1);
    CodeModel model = new CodeModel();
    for (int i = 0; i < 2_000; i++) {
      int[] code = CodeModel.randomCode(index.shape(), random);
      model.add("item-" + i, code);
      index.add("item-" + i, code);
      assertTrue(index.items(code).contains("item-" + i));
    }
    assertEquals(1_799, index.version().base().size(), "merged after each 257 additions");
    model.assertAnswers(index, random, ItemFilter.all());
  }

  @Test
  void collidingItemsKeepTheOrderInWhichTheyCame() {
    index.add("z", 1, 1, 1);
    index.add("m", 1, 1, 1);
    index.add("a", 1, 1, 1);
    assertEquals(List.of("z", "m", "a"), index.items(1, 1, 1));
    index.add("z", 2, 2, 2);
    index.add("z", 1, 1, 1);
    assertEquals(List.of("z", "m", "a"), index.items(1, 1, 1), "a replaced item keeps its place");
    index.remove("z");
    index.add("z", 1, 1, 1);
    assertEquals(List.of("m", "a", "z"), index.items(1, 1, 1), "a removed one does not");
    assertEquals(1, index.distinctCodes());
  }

  @Test
  void titlesMayBeginWithTitles() {
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(4, 100)).build();
    titles.addAll(
        List.of("star", "star-wars", "star-wars-2", "other-star", "alone"),
        new int[][] {{9}, {9, 5}, {9, 5, 2, 2}, {9}, {3, 5}});
    assertArrayEquals(new int[] {3, 9}, titles.allowedNext());
    assertArrayEquals(new int[] {5}, titles.allowedNext(9));
    assertArrayEquals(new int[] {2}, titles.allowedNext(9, 5));
    assertEquals(List.of("star", "other-star"), titles.items(9));
    assertEquals(List.of("star-wars"), titles.items(9, 5));
    titles.setAvailable("star-wars-2", false);
    assertArrayEquals(new int[0], titles.allowedNext(9, 5));
    assertArrayEquals(new int[] {5}, titles.allowedNext(9));
    assertArrayEquals(new int[] {9, 5, 2, 2}, titles.code("star-wars-2").orElseThrow());
  }

  @Test
  void wrongCodesAreRefusedByName() {
    index.add("a", 1, 1, 1);
    assertEquals(
        "code of item 'b': expected 0 to 7 at level 1, found 8",
        message(() -> index.add("b", 1, 8, 1)));
    assertEquals(
        "code of item 'b': expected 0 to 7 at level 2, found -1",
        message(() -> index.add("b", 1, 7, -1)));
    assertEquals(
        "code of item 'b': expected 3 levels, found 2", message(() -> index.add("b", 1, 7)));
    assertEquals(
        "items: expected each once, found 'x' at 0 and 2",
        message(() -> index.addAll(List.of("x", "y", "x"), new int[3][3])));
    assertEquals(
        "codes: expected 1, one for each item, found 2",
        message(() -> index.addAll(List.of("x"), new int[2][3])));
    assertEquals("item id: expected a non-empty string", message(() -> index.add("", 1, 1, 1)));
    assertEquals(
        "prefix: expected at most 3 levels, found 4", message(() -> index.allowedNext(1, 1, 1, 1)));
    assertEquals(
        "prefix: expected 0 to 7 at level 0, found 9", message(() -> index.allowedNext(9)));
    assertEquals("code: expected 3 levels, found 1", message(() -> index.items(1)));
    assertEquals(1, index.size());
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(2, 9)).build();
    assertEquals(
        "code of item 'b': expected 1 to 2 levels, found 3",
        message(() -> titles.add("b", 1, 1, 1)));
    assertEquals(
        "code of item 'b': expected 1 to 2 levels, found 0", message(() -> titles.add("b")));
    assertEquals("levels: expected at least 1, found 0", message(() -> CodeShape.of(0, 8)));
    assertEquals(
        "size of level 1: expected at least 1, found 0",
        message(() -> CodeShape.of(new int[] {8, 0})));
  }

  @Test
  void uniqueCodesAreRefusedTwice() {
    SemanticIdIndex unique = SemanticIdIndex.builder(CodeShape.of(2, 8)).unique().build();
    unique.addAll(List.of("a", "b"), new int[][] {{1, 1}, {2, 2}});
    String expected =
        "code of item 'c': expected one that no other item has, found [1, 1], that of item 'a'";
    assertEquals(expected, message(() -> unique.add("c", 1, 1)));
    assertEquals(
        "code of item 'd': expected one that no other item has, found [3, 3], that of item 'c'",
        message(() -> unique.addAll(List.of("c", "d"), new int[][] {{3, 3}, {3, 3}})));
    assertFalse(unique.contains("c"));
    unique.addAll(List.of("a", "b"), new int[][] {{2, 2}, {1, 1}});
    assertEquals(List.of("b"), unique.items(1, 1));
    unique.remove("b");
    unique.add("c", 1, 1);
    assertEquals(List.of("c"), unique.items(1, 1));

    SemanticIdIndex large = SemanticIdIndex.builder(CodeShape.of(2, 64)).unique().build();
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[1_000][];
    for (int i = 0; i < 1_000; i++) {
      ids.add("item-" + i);
      codes[i] = new int[] {i / 64, i % 64};
    }
    large.addAll(ids, codes);
    assertEquals(1_000, large.version().base().size());
    assertTrue(message(() -> large.add("new", 3, 3)).endsWith("that of item 'item-195'"));
    large.remove("item-195");
    large.add("new", 3, 3);
    assertEquals(List.of("new"), large.items(3, 3));
  }

  @Test
  void anItemKeepsWhetherItIsAvailable() {
    index.add("a", 1, 1, 1);
    assertTrue(index.setAvailable("a", false));
    assertFalse(index.setAvailable("b", false));
    index.add("a", 2, 2, 2);
    assertFalse(index.isAvailable("a"));
    assertEquals(List.of("a"), index.items(2, 2, 2));
    assertTrue(index.contains("a"));
    index.remove("a");
    index.add("a", 2, 2, 2);
    assertTrue(index.isAvailable("a"));
  }

  @Test
  void aFilterIsAskedAboutNoItemTwiceAndNotAboutAll() {
    SemanticIdIndex large = SemanticIdIndex.builder(CodeShape.of(2, 64)).build();
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[40_000][];
    for (int i = 0; i < codes.length; i++) {
      ids.add("item-" + i);
      codes[i] = new int[] {i % 64, i / 64 % 64};
    }
    large.addAll(ids, codes);
    AtomicInteger asked = new AtomicInteger();
    ItemFilter most =
        itemId -> {
          asked.incrementAndGet();
          return itemId.hashCode() % 4 != 0;
        };
    assertEquals(64, large.allowedNext(new int[0], most).length);
    assertTrue(asked.get() < 300, () -> "asked " + asked);
    asked.set(0);
    ItemFilter none =
        itemId -> {
          asked.incrementAndGet();
          return false;
        };
    assertEquals(0, large.allowedNext(new int[0], none).length);
    assertEquals(40_000, asked.get());
  }

  @Test
  void aRememberedFilterFollowsChanges() {
    SemanticIdIndex large = SemanticIdIndex.builder(CodeShape.of(1, 2_000)).build();
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[2_000][];
    List<String> even = new ArrayList<>();
    for (int i = 0; i < codes.length; i++) {
      ids.add("item-" + i);
      codes[i] = new int[] {i};
      if (i % 2 == 0) {
        even.add("item-" + i);
      }
    }
    large.addAll(ids, codes);
    ItemFilter filter = ItemFilter.allow(even);
    for (int i = 0; i < 3; i++) {
      assertEquals(1_000, large.allowedNext(new int[0], filter).length);
    }
    large.remove("item-2");
    assertEquals(999, large.allowedNext(new int[0], filter).length);
    large.setAvailable("item-4", false);
    assertEquals(998, large.allowedNext(new int[0], filter).length);
    large.setAvailable("item-4", true);
    large.add("item-2", 3);
    assertEquals(1_000, large.allowedNext(new int[0], filter).length);
    for (int i = 0; i < 1_500; i++) {
      large.remove("item-" + i);
    }
    assertEquals(250, large.allowedNext(new int[0], filter).length);
    assertEquals(Optional.empty(), large.code("item-2"));
  }

  @Test
  void searchesSeeAllOfABatchOrNothing() throws Exception {
    SemanticIdIndex changing = SemanticIdIndex.builder(CodeShape.of(2, 32)).build();
    int items = 700;
    List<String> ids = IntStream.range(0, items).mapToObj(i -> "item-" + i).toList();
    int rounds = 300;
    changing.addAll(ids, codes(items, 0));
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int reader = 0; reader < 2; reader++) {
        readers.add(
            threads.submit(
                () -> {
                  int searches = 0;
                  while (!done.get() || searches == 0) {
                    assertEquals(1, changing.allowedNext().length, "all in one subtree");
                    assertEquals(items, changing.size());
                    searches++;
                  }
                  return searches;
                }));
      }
      for (int round = 1; round <= rounds; round++) {
        changing.addAll(ids, codes(items, round % 32));
      }
      done.set(true);
      for (Future<Integer> reader : readers) {
        assertTrue(reader.get() > 0);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static int[][] codes(int items, int first) {
    int[][] codes = new int[items][];
    for (int i = 0; i < items; i++) {
      codes[i] = new int[] {first, i % 32};
    }
    return codes;
  }

  @Test
  void memoryIsAtMostWhatWasEstimated() {
    CodeShape shape = CodeShape.of(4, 256);
    SemanticIdIndex large = SemanticIdIndex.builder(shape).build();
    int items = 100_000;
    Random random = new Random(5);
    List<String> ids = IntStream.range(0, items).mapToObj(i -> "item-" + i).toList();
    int[][] codes = new int[items][];
    for (int i = 0; i < items; i++) {
      codes[i] = random.ints(4, 0, 256).toArray();
    }
    large.addAll(ids, codes);
    long found = large.version().base().bytes() + 2L * items / Byte.SIZE;
    long estimated = SemanticIdIndex.estimatedBytes(items, shape);
    assertTrue(found <= estimated && found > estimated * 0.85, found + " of " + estimated);
    assertTrue(estimated < 26L * items, () -> "estimated " + estimated);
  }
}
