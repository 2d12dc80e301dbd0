package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Words that a good part of many items have, as in most queries: what is passed by without being
 * looked at changes no result. Items enough for terms with a bit for each of them.
 */
class KeywordCommonWordsTest {
  private static final int ITEMS = 17_000;
  private static final int WORDS = 2000;
  private static final double K1 = 1.2;
  private static final double B = 0.75;

  private final Random random = new Random(41);
  private final KeywordModel model = new KeywordModel(K1, B);
  private final KeywordIndex index = KeywordIndex.builder().build();

  /** Words in proportion to 1 / rank. */
  private String word() {
    return "w" + (int) Math.floor(Math.pow(WORDS, random.nextDouble()) - 1);
  }

  private void fill(boolean counts) {
    List<String> ids = IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList();
    List<Map<String, Double>> items =
        ids.stream()
            .map(
                id -> {
                  Map<String, Double> weights = new HashMap<>();
                  for (int i = 3 + random.nextInt(18); i > 0; i--) {
                    double weight = counts ? 1 : (1 + random.nextInt(64)) / 16.0;
                    weights.merge(word(), weight, Double::sum);
                  }
                  return weights;
                })
            .toList();
    index.addAll(ids, items);
    for (int i = 0; i < ITEMS; i++) {
      model.add(ids.get(i), items.get(i));
    }
    for (int i = 0; i < 300; i++) {
      String removed = "item-" + random.nextInt(ITEMS);
      assertEquals(model.remove(removed), index.remove(removed));
      String hidden = "item-" + random.nextInt(ITEMS);
      if (model.items.containsKey(hidden)) {
        model.hidden.add(hidden);
        index.setAvailable(hidden, false);
      }
    }
  }

  private void compare(int queries) {
    ItemFilter even = itemId -> itemId.hashCode() % 2 == 0;
    for (int query = 0; query < queries; query++) {
      Map<String, Double> keywords = new HashMap<>();
      for (int i = 2 + random.nextInt(4); i > 0; i--) {
        String common = "w" + random.nextInt(12);
        keywords.put(random.nextInt(4) == 0 ? word() : common, 1 + random.nextInt(3) / 2.0);
      }
      keywords.keySet().removeIf(word -> model.items.values().stream().noneMatch(has(word)));
      int k = List.of(1, 10, 100).get(query % 3);
      ItemFilter filter = query % 4 == 3 ? even : ItemFilter.all();
      assertEquals(
          model.search(keywords, k, filter), index.search(keywords, k, filter), keywords::toString);
    }
  }

  private static Predicate<Map<String, Double>> has(String word) {
    return weights -> weights.containsKey(word);
  }

  @Test
  void countsOfCommonWords() {
    fill(true);
    compare(24);
  }

  @Test
  void weightsOfCommonWords() {
    fill(false);
    compare(12);
  }

  @Test
  void bitsOfCommonTermsAreCounted() {
    fill(true);
    long frequent =
        IntStream.range(0, WORDS)
            .filter(
                word ->
                    16L * model.items.values().stream().filter(has("w" + word)).count() >= ITEMS)
            .count();
    assertTrue(frequent > 5, "frequent " + frequent);
    assertTrue(index.estimatedBytes() > frequent * ITEMS / 8);
  }

  @Test
  void itemsOfTheLeastWeightsAreFoundAlsoBesideOnesWithoutWords() {
    for (double b : new double[] {0, 0.75, 1}) {
      KeywordIndex tiny = KeywordIndex.builder().b(b).build();
      tiny.addAll(
          List.of("none", "x", "both"),
          List.of(Map.of(), Map.of("x", 1e-7), Map.of("x", 1e-7, "y", 1e-7)));
      for (Map<String, Double> query :
          List.of(Map.of("x", 1.0), Map.of("x", 1.0, "y", 1.0), Map.of("x", 1e-300, "y", 1e-300))) {
        assertEquals(2, tiny.search(query, 3, ItemFilter.all()).size(), () -> b + " " + query);
      }
    }
  }
}
