package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SemanticIdSearchTest {
  private final SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(2, 3)).build();

  private static String message(Runnable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
  }

  private static List<String> ids(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  @Test
  void scoresAreSumsOfTheScoresOfCodes() {
    index.addAll(List.of("a", "b", "c"), new int[][] {{0, 1}, {1, 0}, {2, 2}});
    float[][] scores = {{1, 2, -3}, {0.5f, 0.25f, 9}};
    assertEquals(
        List.of(new ScoredItem("c", 6), new ScoredItem("b", 2.5), new ScoredItem("a", 1.25)),
        index.search(scores, 5));
    assertEquals(List.of("c", "b"), ids(index.search(scores, 2)));
    assertEquals(List.of("b"), ids(index.search(scores, 1, ItemFilter.deny(Set.of("c")))));
    index.setAvailable("c", false);
    assertEquals(List.of("b", "a"), ids(index.search(scores, 3)));
    assertEquals(List.of(), index.search(scores, 3, itemId -> false));
  }

  @Test
  void equalScoresKeepTheOrderInWhichItemsCame() {
    index.add("z", 2, 0);
    index.add("y", 0, 2);
    index.add("x", 2, 0);
    index.add("w", 1, 1);
    float[][] scores = {{0, 1, 2}, {0, 1, 2}};
    assertEquals(List.of("z", "y", "x", "w"), ids(index.search(scores, 9)));
    assertEquals(List.of("z", "y"), ids(index.search(scores, 2)));
    index.add("z", 1, 1);
    assertEquals(List.of("z", "y", "x"), ids(index.search(scores, 3)), "a replaced item stays");
    index.remove("z");
    index.add("z", 1, 1);
    assertEquals(List.of("y", "x", "w", "z"), ids(index.search(scores, 4)));
  }

  @Test
  void anItemMayEndWhereOthersGoOn() {
    SemanticIdIndex titles = SemanticIdIndex.builder(CodeShape.upTo(3, 4)).build();
    titles.addAll(List.of("long", "short", "other"), new int[][] {{1, 2, 3}, {1}, {1, 2, 0}});
    float[][] scores = {{0, 1, 0, 0}, {0, 0, -1, 0}, {-1, 0, 0, 3}};
    assertEquals(
        List.of(new ScoredItem("long", 3), new ScoredItem("short", 1), new ScoredItem("other", -1)),
        titles.search(scores, 3));
  }

  @Test
  void sumsThatAreEqualAfterRoundingAreEqual() {
    index.add("rounded", 0, 1);
    index.add("whole", 0, 0);
    float ulp = (float) Math.ulp((double) (1 << 30));
    float[][] scores = {{1 << 30, 0, 0}, {ulp, 0.75f * ulp, 0}};
    assertEquals(List.of("rounded"), ids(index.search(scores, 1)));
    SemanticIdIndex large = SemanticIdIndex.builder(CodeShape.of(2, 256)).build();
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[6_000][];
    for (int i = 0; i < codes.length; i++) {
      ids.add("item-" + i);
      codes[i] = new int[] {i % 2, i / 2 % 256};
    }
    large.addAll(ids, codes);
    float[][] wide = new float[2][256];
    wide[0][0] = 1 << 30;
    wide[1][0] = 0.75f * ulp;
    Arrays.fill(wide[1], 200, 256, ulp);
    assertEquals(List.of("item-0"), ids(large.search(wide, 1)));
  }

  @Test
  void anEmptyIndexHasNoHits() {
    assertEquals(List.of(), index.search(new float[2][3], 3));
  }

  @Test
  void wrongScoresAreRefusedByName() {
    assertEquals(
        "k: expected at least 1, found 0", message(() -> index.search(new float[2][3], 0)));
    assertEquals(
        "scores: expected 2 levels, found 3", message(() -> index.search(new float[3][3], 1)));
    assertEquals(
        "scores: expected 3 at level 0, found 4", message(() -> index.search(new float[2][4], 1)));
    float[][] scores = new float[2][3];
    scores[1][2] = Float.NaN;
    assertEquals(
        "score of code 2 at level 1: expected a finite number, found NaN",
        message(() -> index.search(scores, 1)));
    scores[1][2] = Float.NEGATIVE_INFINITY;
    assertTrue(message(() -> index.search(scores, 1)).endsWith("found -Infinity"));
  }

  @Test
  void aFilterIsAskedOnlyAboutItemsThatMatter() {
    SemanticIdIndex large = SemanticIdIndex.builder(CodeShape.of(3, 64)).build();
    Random random = new Random(3);
    List<String> ids = new ArrayList<>();
    int[][] codes = new int[50_000][];
    for (int i = 0; i < codes.length; i++) {
      ids.add("item-" + i);
      codes[i] = random.ints(3, 0, 64).toArray();
    }
    large.addAll(ids, codes);
    float[][] scores = new float[3][64];
    for (float[] level : scores) {
      for (int code = 0; code < 64; code++) {
        level[code] = (float) random.nextGaussian();
      }
    }
    AtomicInteger asked = new AtomicInteger();
    ItemFilter half =
        itemId -> {
          asked.incrementAndGet();
          return itemId.hashCode() % 2 == 0;
        };
    assertEquals(10, large.search(scores, 10, half).size());
    assertTrue(asked.get() < 500, () -> "asked " + asked);
  }
}
