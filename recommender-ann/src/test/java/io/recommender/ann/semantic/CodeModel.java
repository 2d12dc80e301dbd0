package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** What an index of codes must hold: a map in the order in which items were first added. */
final class CodeModel {
  final Map<String, int[]> codes = new LinkedHashMap<>();
  final Set<String> hidden = new HashSet<>();

  void add(String itemId, int[] code) {
    codes.put(itemId, code);
  }

  boolean remove(String itemId) {
    hidden.remove(itemId);
    return codes.remove(itemId) != null;
  }

  boolean setAvailable(String itemId, boolean available) {
    if (!codes.containsKey(itemId)) {
      return false;
    }
    if (available) {
      hidden.remove(itemId);
    } else {
      hidden.add(itemId);
    }
    return true;
  }

  boolean accepts(String itemId, ItemFilter filter) {
    return codes.containsKey(itemId) && !hidden.contains(itemId) && filter.accepts(itemId);
  }

  List<String> items(int[] code) {
    return codes.keySet().stream().filter(id -> Arrays.equals(codes.get(id), code)).toList();
  }

  int[] allowedNext(int[] prefix, ItemFilter filter) {
    Set<Integer> next = new TreeSet<>();
    codes.forEach(
        (id, code) -> {
          if (code.length > prefix.length
              && Arrays.equals(code, 0, prefix.length, prefix, 0, prefix.length)
              && accepts(id, filter)) {
            next.add(code[prefix.length]);
          }
        });
    return next.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Returns the best items of a scan. */
  List<ScoredItem> search(float[][] scores, int k, ItemFilter filter) {
    List<ScoredItem> found = new ArrayList<>();
    codes.forEach(
        (id, code) -> {
          if (accepts(id, filter)) {
            double score = 0;
            for (int level = 0; level < code.length; level++) {
              score += scores[level][code[level]];
            }
            found.add(new ScoredItem(id, score));
          }
        });
    found.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    return List.copyOf(found.subList(0, Math.min(k, found.size())));
  }

  int distinctCodes() {
    return (int) codes.values().stream().map(Arrays::toString).distinct().count();
  }

  /** Asserts that an index answers like this, from the root and below random prefixes. */
  void assertAnswers(SemanticIdIndex index, Random random, ItemFilter filter) {
    assertEquals(codes.size(), index.size());
    assertEquals(distinctCodes(), index.distinctCodes());
    assertArrayEquals(allowedNext(new int[0], filter), index.allowedNext(new int[0], filter));
    List<String> ids = new ArrayList<>(codes.keySet());
    for (int i = 0; i < 10 && !ids.isEmpty(); i++) {
      String id = ids.get(random.nextInt(ids.size()));
      int[] code = codes.get(id);
      assertArrayEquals(code, index.code(id).orElseThrow());
      assertEquals(!hidden.contains(id), index.isAvailable(id));
      assertEquals(items(code), index.items(code));
      int[] prefix = Arrays.copyOf(code, random.nextInt(code.length + 1));
      assertArrayEquals(allowedNext(prefix, filter), index.allowedNext(prefix, filter));
      if (prefix.length > 0) {
        prefix[prefix.length - 1] = random.nextInt(index.shape().size(prefix.length - 1));
        assertArrayEquals(allowedNext(prefix, filter), index.allowedNext(prefix, filter));
      }
    }
    float[][] scores = randomScores(index.shape(), random);
    for (int k : new int[] {1, 1 + random.nextInt(20), Integer.MAX_VALUE}) {
      assertEquals(search(scores, k, filter), index.search(scores, k, filter));
    }
  }

  /** Returns scores of any kind, often such that many sums are equal or rounded. */
  static float[][] randomScores(CodeShape shape, Random random) {
    int kind = random.nextInt(5);
    float[][] scores = new float[shape.levels()][];
    for (int level = 0; level < scores.length; level++) {
      scores[level] = new float[shape.size(level)];
      for (int code = 0; code < scores[level].length; code++) {
        double score =
            switch (kind) {
              case 0 -> random.nextGaussian();
              case 1 -> random.nextGaussian() / (1 << 2 * level);
              case 2 -> random.nextInt(3) - 1;
              case 3 -> random.nextGaussian() * Math.exp(10 * random.nextGaussian());
              default -> -0.5;
            };
        scores[level][code] = (float) score;
      }
    }
    return scores;
  }

  /** Returns a code, most often near others. */
  static int[] randomCode(CodeShape shape, Random random) {
    int levels = shape.hasUnequalLengths() ? 1 + random.nextInt(shape.levels()) : shape.levels();
    int[] code = new int[levels];
    boolean isNear = random.nextInt(4) > 0;
    for (int level = 0; level < levels; level++) {
      int size = shape.size(level);
      code[level] = isNear ? size - 1 - random.nextInt(Math.min(size, 3)) : random.nextInt(size);
    }
    return code;
  }

  /** Returns a filter of any kind over items named item-0 and so on. */
  static ItemFilter randomFilter(Random random, int items) {
    Set<String> some = new HashSet<>();
    int count = random.nextInt(2) == 0 ? random.nextInt(8) : random.nextInt(items + 1);
    for (int i = 0; i < count; i++) {
      some.add("item-" + random.nextInt(items));
    }
    return switch (random.nextInt(6)) {
      case 0 -> ItemFilter.allow(some);
      case 1 -> ItemFilter.deny(some);
      case 2 -> itemId -> itemId.hashCode() % 3 == 0;
      case 3 -> ItemFilter.deny(some).and(itemId -> itemId.hashCode() % 2 == 0);
      case 4 -> itemId -> false;
      default -> ItemFilter.all();
    };
  }
}
