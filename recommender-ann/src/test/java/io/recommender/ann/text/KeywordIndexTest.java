package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Query;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class KeywordIndexTest {
  private final KeywordIndex index = KeywordIndex.builder().build();

  private static List<String> ids(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  private static String refusal(Runnable action) {
    return assertThrows(IllegalArgumentException.class, action::run).getMessage();
  }

  /** Worked by hand: N 3, mean length 2, the word in 2 items, of lengths 1 and 3. */
  @Test
  void scoresAreThoseOfTheFormula() {
    index.addTexts(List.of("a", "b", "c"), List.of("tent", "Tent for TENTS", "stove pan"));
    double frequency = Math.log(1 + 1.5 / 2.5);
    double shortNorm = 1.2 * (0.25 + 0.75 / 2);
    double longNorm = 1.2 * (0.25 + 0.75 * 3 / 2);
    List<ScoredItem> found = index.search("tent", 5, ItemFilter.all());
    assertEquals(List.of("a", "b"), ids(found));
    assertEquals(frequency / (1 + shortNorm), found.get(0).score(), 1e-15);
    assertEquals(frequency / (1 + longNorm), found.get(1).score(), 1e-15);
    double twice = index.search(Map.of("tent", 2.0), 1, ItemFilter.all()).get(0).score();
    assertEquals(2 * frequency / (1 + shortNorm), twice, 1e-15);
  }

  @Test
  void equalScoresAreInTheOrderOfAdding() {
    for (int i = 0; i < 9; i++) {
      index.add("i" + i, Map.of("word", 1.0));
    }
    index.add("i2", Map.of("word", 1.0, "other", 1.0));
    index.add("i2", Map.of("word", 1.0));
    index.remove("i4");
    index.add("i4", Map.of("word", 1.0));
    assertEquals(
        List.of("i0", "i1", "i2", "i3", "i5", "i6", "i7", "i8", "i4"),
        ids(index.search("word", 20, ItemFilter.all())));
  }

  @Test
  void whatIsNotAvailableCountsButIsNotReturned() {
    index.addTexts(List.of("a", "b", "c"), List.of("x", "x y", "z"));
    double before = index.search("x", 1, ItemFilter.allow(Set.of("b"))).get(0).score();
    assertTrue(index.setAvailable("a", false));
    assertFalse(index.isAvailable("a"));
    assertTrue(index.contains("a"));
    List<ScoredItem> found = index.search("x", 9, ItemFilter.all());
    assertEquals(List.of(new ScoredItem("b", before)), found);
    index.add("a", "x again");
    assertFalse(index.isAvailable("a"));
    index.setAvailable("a", true);
    assertEquals(2, index.search("x", 9, ItemFilter.all()).size());
    assertFalse(index.setAvailable("nobody", true));
    assertFalse(index.isAvailable("nobody"));
  }

  @Test
  void aFilterIsAskedAboutNoItemTwice() {
    List<String> ids = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 9000; i++) {
      ids.add("i" + i);
      texts.add("all " + (i % 2 == 0 ? "even " : "odd ") + "w" + i % 7);
    }
    index.addTexts(ids, texts);
    index.addTexts(List.of("late"), List.of("all even w3"));
    Map<String, Integer> asked = new HashMap<>();
    List<ScoredItem> found =
        index.search("all even w3", 5, itemId -> asked.merge(itemId, 1, Integer::sum) > 0 && false);
    assertEquals(List.of(), found);
    assertEquals(9001, asked.size());
    assertEquals(Set.of(1), Set.copyOf(asked.values()));
    asked.clear();
    index.search("all even w3", 5, itemId -> asked.merge(itemId, 1, Integer::sum) > 0);
    assertTrue(asked.size() < 100, () -> asked.size() + " asked about");
  }

  @Test
  void keywordsThatNoItemHasAreReported() {
    index.add("a", "tent");
    Query query = new Query.Keywords(Map.of("tent", 1.0, "yurt", 1.0, "Tent", 1.0));
    assertEquals(List.of("Tent", "yurt"), index.unknownKeywords(query));
    assertEquals(1, index.retrieve(query, 5, ItemFilter.all()).size());
    Notice notice = index.notices(query).get(0);
    assertEquals(Notice.Code.UNKNOWN_KEYWORDS, notice.code());
    assertEquals(2, notice.count());
    assertEquals("No item has the keywords Tent, yurt.", notice.message());
    Query unknown = new Query.Text("Yurt, yurts");
    assertEquals(List.of("yurt", "yurts"), index.unknownKeywords(unknown));
    assertEquals(List.of(), index.retrieve(unknown, 5, ItemFilter.all()));
    assertEquals(List.of(), index.notices(new Query.Text("TENT")));
    index.remove("a");
    assertEquals(List.of("tent"), index.unknownKeywords(new Query.Text("tent")));
    assertEquals(List.of(), index.search("tent", 5, ItemFilter.all()));
    assertEquals(0, index.size());
  }

  @Test
  void itemsWithoutWordsAreNeverFoundAndDoNotCount() {
    index.add("a", "x");
    index.add("b", "x y z");
    List<ScoredItem> before = index.search("x", 5, ItemFilter.all());
    index.add("empty", "?!");
    index.add("none", Map.of());
    assertEquals(4, index.size());
    assertEquals(Map.of(), index.weights("none").orElseThrow());
    assertEquals(before, index.search("x", 5, ItemFilter.all()));
    assertEquals(List.of(), index.search("", 5, ItemFilter.all()));
    assertEquals(List.of(), index.search(Map.of(), 5, ItemFilter.all()));
  }

  @Test
  void wrongArgumentsAreRefusedByName() {
    index.add("a", "x");
    assertEquals(
        "query: a keyword index answers keywords and texts, found Vector",
        refusal(() -> index.retrieve(new Query.Vector(new float[1]), 1, ItemFilter.all())));
    assertEquals(
        "k: expected at least 1, found 0", refusal(() -> index.search("x", 0, ItemFilter.all())));
    assertEquals(
        "weight of keyword 'x': expected a number above 0, at most 3.4028234663852886E38, found"
            + " NaN",
        refusal(() -> index.search(Map.of("x", Double.NaN), 1, ItemFilter.all())));
    for (double weight : new double[] {0, -1, 1e-60, Double.NaN, 1 << 21}) {
      assertEquals(
          "weight of term 'w' of item 'a': expected a number above 0, at most 1048576, found "
              + weight,
          refusal(() -> index.add("a", Map.of("w", weight))));
    }
    assertEquals(
        "term of item 'a': expected a non-empty string of whole characters, found ''",
        refusal(() -> index.add("a", Map.of("", 1.0))));
    assertTrue(refusal(() -> index.add("a", Map.of("\ud800", 1.0))).startsWith("term of item 'a'"));
    assertEquals(List.of("\ud800"), index.unknownKeywords(keyword("\ud800")));
    assertEquals("item id: expected a non-empty string", refusal(() -> index.add("", "x")));
    assertEquals(
        "items: expected each once, found 'b' at 0 and 1",
        refusal(() -> index.addTexts(List.of("b", "b"), List.of("x", "y"))));
    assertEquals(
        "texts: expected 1, one for each item, found 0",
        refusal(() -> index.addTexts(List.of("b"), List.of())));
    assertEquals(
        "weights: expected 1, one for each item, found 0",
        refusal(() -> index.addAll(List.of("b"), List.of())));
    assertEquals(
        "b: expected a number from 0 to 1, found 2.0", refusal(() -> KeywordIndex.builder().b(2)));
    assertEquals(
        "k1: expected a finite number, at least 0, found -1.0",
        refusal(() -> KeywordIndex.builder().k1(-1)));
    assertEquals(Map.of("x", 1.0), index.weights("a").orElseThrow());
    assertEquals(1, index.size());
  }

  private static Query keyword(String keyword) {
    return new Query.Keywords(Map.of(keyword, 1.0));
  }

  @Test
  void anyFunctionSplitsTexts() {
    KeywordIndex codes =
        KeywordIndex.builder().analyzer(text -> Arrays.asList(text.split("/"))).build();
    codes.add("a", "Home/Garden, Lawn");
    assertEquals(1, codes.search("Garden, Lawn", 1, ItemFilter.all()).size());
    assertEquals(0, codes.search("garden, lawn", 1, ItemFilter.all()).size());
  }

  @Test
  void wordsAreRunsOfLettersAndDigits() {
    WordAnalyzer words = new WordAnalyzer();
    assertEquals(
        List.of("café", "2nd", "edition", "don", "t"), words.apply("Café, 2ⁿᵈ edition: DON'T!"));
    assertEquals(List.of("\u00e9x\u0323"), words.apply("E\u0301X\u0323"));
    assertEquals(List.of("οδοσ", "οδοσ"), words.apply("ΟΔΟΣ οδος"));
    assertEquals(List.of("東", "京", "と", "コーヒー", "x2"), words.apply("東京とｺｰﾋｰ 𝒳𝟚"));
    assertEquals(List.of(), words.apply(" \u0301 -- \ud800 "));
    WordAnalyzer without = words.withoutWords(List.of("The", "of AND"));
    assertEquals(List.of("lord", "rings"), without.apply("The Lord of the Rings and"));
  }

  /** Each version holds each item once, in one of two forms that a reader can tell. */
  @Test
  void searchesSeeWholeChangesAndGoOnMeanwhile() throws Exception {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      ids.add("i" + i);
    }
    List<Map<String, Double>> one = new ArrayList<>();
    List<Map<String, Double>> other = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      one.add(Map.of("all", 1.0, "one", 1.0));
      other.add(Map.of("all", 1.0, "other", 1.0, "w" + i, 2.0));
    }
    index.addAll(ids, one);
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicInteger searches = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> readers = new ArrayList<>();
      for (int reader = 0; reader < 2; reader++) {
        readers.add(
            threads.submit(
                () -> {
                  while (!isOver.get()) {
                    assertEquals(300, index.search("all", 400, ItemFilter.all()).size());
                    int first = index.search("one other", 400, ItemFilter.all()).size();
                    assertEquals(300, first);
                    searches.incrementAndGet();
                  }
                }));
      }
      Random random = new Random(4);
      for (int change = 0; change < 300 || searches.get() < 20; change++) {
        index.addAll(ids, change % 2 == 0 ? other : one);
        String single = "i" + random.nextInt(300);
        index.add(single, Map.of("all", 3.0, "other", 1.0));
      }
      isOver.set(true);
      for (Future<?> reader : readers) {
        reader.get();
      }
    } finally {
      isOver.set(true);
      threads.shutdown();
      assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
    }
  }
}
