package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Compared with {@link KeywordModel}: the same items with the same scores, to the last bit. */
class KeywordIndexProperties {
  private static final double[] K1 = {0, 0.4, 1.2, 1.2, 3};
  private static final double[] B = {0, 0.3, 0.75, 0.75, 1, 1e-12};

  private final List<ItemFilter> filters = new ArrayList<>();

  /** Weights that are equal, small whole numbers, or any. */
  private static Map<String, Double> weights(Random random, int words, int most, int kind) {
    Map<String, Double> weights = new HashMap<>();
    int count = random.nextInt(most + 1);
    for (int i = 0; i < count; i++) {
      double rank = random.nextDouble() * random.nextDouble() * words;
      double weight =
          switch (kind) {
            case 0 -> 1;
            case 1 -> 1 + random.nextInt(random.nextInt(20) == 0 ? 300 : 3);
            default -> random.nextInt(4) == 0 ? 1 : 0.01 + 3 * random.nextDouble();
          };
      weights.put("wört-" + (int) rank, weight);
    }
    return weights;
  }

  private static Map<String, Double> query(Random random, int words) {
    Map<String, Double> query = new HashMap<>();
    int count = 1 + random.nextInt(5);
    for (int i = 0; i < count; i++) {
      double rank = random.nextDouble() * random.nextDouble() * (words + 2);
      query.put("wört-" + (int) rank, random.nextBoolean() ? 1 : 0.1 + random.nextDouble());
    }
    return query;
  }

  private ItemFilter filter(Random random, int items) {
    if (!filters.isEmpty() && random.nextInt(3) == 0) {
      return filters.get(random.nextInt(filters.size()));
    }
    Set<String> ids = new HashSet<>();
    int count = random.nextInt(random.nextInt(4) == 0 ? 2000 : 20);
    for (int i = 0; i < count; i++) {
      ids.add("item-" + random.nextInt(items + 3));
    }
    int part = 2 + random.nextInt(40);
    ItemFilter filter =
        switch (random.nextInt(5)) {
          case 0 -> ItemFilter.allow(ids);
          case 1 -> ItemFilter.deny(ids);
          case 2 -> itemId -> itemId.hashCode() % part == 0;
          case 3 -> ItemFilter.allow(ids).and(itemId -> itemId.hashCode() % 2 == 0);
          default -> ItemFilter.all();
        };
    filters.add(filter);
    return filter;
  }

  private void check(KeywordModel model, KeywordIndex index, Random random, int words) {
    Map<String, Double> query = query(random, words);
    int size = model.items.size();
    int k = random.nextInt(4) == 0 ? 1 + random.nextInt(size + 2) : 1 + random.nextInt(10);
    ItemFilter filter = filter(random, size);
    assertEquals(model.search(query, k, filter), index.search(query, k, filter));
  }

  @Property(tries = 60)
  void answersAsTheFormulaAfterAnyChanges(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int words,
      @ForAll @IntRange(min = 0, max = 2) int kind)
      throws IOException {
    Random random = new Random(seed);
    double k1 = K1[random.nextInt(K1.length)];
    double b = B[random.nextInt(B.length)];
    KeywordModel model = new KeywordModel(k1, b);
    KeywordIndex index = KeywordIndex.builder().k1(k1).b(b).build();
    Path file = Files.createTempDirectory("keywords").resolve("index");
    for (int step = 0; step < 150; step++) {
      String itemId = "item-" + random.nextInt(80);
      switch (random.nextInt(12)) {
        case 0 -> assertEquals(model.remove(itemId), index.remove(itemId));
        case 1 -> {
          boolean available = random.nextBoolean();
          boolean isThere = model.items.containsKey(itemId);
          assertEquals(isThere, index.setAvailable(itemId, available));
          if (isThere && !available) {
            model.hidden.add(itemId);
          } else {
            model.hidden.remove(itemId);
          }
        }
        case 2 -> {
          List<String> ids = new ArrayList<>();
          List<Map<String, Double>> added = new ArrayList<>();
          for (int i = random.nextInt(80); i < 80; i += 1 + random.nextInt(6)) {
            ids.add("item-" + i);
            added.add(weights(random, words, 6, kind));
            model.add(ids.get(ids.size() - 1), added.get(added.size() - 1));
          }
          index.addAll(ids, added);
        }
        case 3 -> {
          if (random.nextInt(5) == 0) {
            index.save(file);
            index = KeywordIndex.open(file);
          }
        }
        default -> {
          Map<String, Double> weights = weights(random, words, 6, kind);
          model.add(itemId, weights);
          index.add(itemId, weights);
        }
      }
      assertEquals(model.items.size(), index.size());
      assertEquals(model.items.containsKey(itemId), index.contains(itemId));
      assertEquals(
          model.items.containsKey(itemId) && !model.hidden.contains(itemId),
          index.isAvailable(itemId));
      assertEquals(
          Optional.ofNullable(model.items.get(itemId)).map(KeywordIndexProperties::rounded),
          index.weights(itemId));
      check(model, index, random, words);
    }
  }

  private static Map<String, Double> rounded(Map<String, Double> weights) {
    Map<String, Double> rounded = new HashMap<>();
    weights.forEach((word, weight) -> rounded.put(word, (double) (float) (double) weight));
    return rounded;
  }

  /** So many that there are several windows, and several blocks of most words in each. */
  @Property(tries = 8)
  void skipsNothingThatBelongsToTheBest(
      @ForAll long seed,
      @ForAll @IntRange(min = 5, max = 3000) int words,
      @ForAll @IntRange(min = 0, max = 2) int kind) {
    Random random = new Random(seed);
    double k1 = K1[random.nextInt(K1.length)];
    double b = B[random.nextInt(B.length)];
    KeywordModel model = new KeywordModel(k1, b);
    KeywordIndex index = KeywordIndex.builder().k1(k1).b(b).build();
    List<String> ids = new ArrayList<>();
    List<Map<String, Double>> added = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      ids.add("item-" + i);
      added.add(weights(random, words, 12, kind));
      model.add(ids.get(i), added.get(i));
    }
    index.addAll(ids, added);
    for (int i = 0; i < 500; i++) {
      String itemId = "item-" + random.nextInt(20_500);
      if (random.nextInt(3) == 0) {
        model.remove(itemId);
        index.remove(itemId);
      } else {
        Map<String, Double> weights = weights(random, words, 12, kind);
        model.add(itemId, weights);
        index.add(itemId, weights);
      }
    }
    for (int i = 0; i < 12; i++) {
      check(model, index, random, words);
    }
    assertTrue(index.estimatedBytes() > 20_000);
  }
}
