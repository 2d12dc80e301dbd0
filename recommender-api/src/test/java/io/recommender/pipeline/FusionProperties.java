package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Fusions against the sums and the turns they are defined by. */
class FusionProperties {

  private static Candidates candidates(List<List<ScoredItem>> lists) {
    Candidates candidates = new Candidates(lists.size() + 1, 4);
    for (int source = 0; source < lists.size(); source++) {
      for (int i = 0; i < lists.get(source).size(); i++) {
        candidates.propose(source, lists.get(source).get(i), i + 1);
      }
    }
    return candidates;
  }

  private static List<String> order(Fusion fusion, Candidates candidates, double... weights) {
    double[] scores = fusion.scores(candidates, weights);
    return IntStream.of(Order.descending(scores, scores.length))
        .mapToObj(candidates::itemId)
        .toList();
  }

  private static List<ScoredItem> list(Random random) {
    List<Integer> items = new ArrayList<>(IntStream.range(0, 30).boxed().toList());
    Collections.shuffle(items, random);
    List<ScoredItem> list = new ArrayList<>();
    int size = random.nextInt(31);
    double score = 5;
    for (int i = 0; i < size; i++) {
      score -= random.nextInt(3) / 4.0;
      list.add(new ScoredItem("item-" + items.get(i), score));
    }
    return list;
  }

  @Property(tries = 500)
  void sumsAreThoseOfTheDefinition(@ForAll long seed) {
    Random random = new Random(seed);
    List<List<ScoredItem>> lists = List.of(list(random), list(random), list(random));
    double[] weights = {1, 2, 0.5};
    Map<String, Double> reciprocal = new LinkedHashMap<>();
    Map<String, Double> plain = new LinkedHashMap<>();
    Map<String, Double> minMax = new LinkedHashMap<>();
    for (int s = 0; s < 3; s++) {
      List<ScoredItem> list = lists.get(s);
      for (int i = 0; i < list.size(); i++) {
        ScoredItem item = list.get(i);
        double best = list.get(0).score();
        double worst = list.get(list.size() - 1).score();
        double scaled = best > worst ? (item.score() - worst) / (best - worst) : 1;
        reciprocal.merge(item.itemId(), weights[s] / (61 + i), Double::sum);
        plain.merge(item.itemId(), weights[s] * item.score(), Double::sum);
        minMax.merge(item.itemId(), weights[s] * scaled, Double::sum);
      }
    }
    Candidates candidates = candidates(lists);
    check(reciprocal, candidates, Fusion.reciprocalRank(), weights);
    check(plain, candidates, Fusion.weighted(Fusion.Normalization.NONE), weights);
    check(minMax, candidates, Fusion.weighted(Fusion.Normalization.MIN_MAX), weights);
  }

  private static void check(
      Map<String, Double> expected, Candidates candidates, Fusion fusion, double[] weights) {
    assertEquals(expected.size(), candidates.size());
    double[] scores = fusion.scores(candidates, weights);
    List<String> ids = new ArrayList<>(expected.keySet());
    for (int i = 0; i < ids.size(); i++) {
      assertEquals(ids.get(i), candidates.itemId(i), "numbers follow the order of proposal");
      assertEquals(expected.get(ids.get(i)), scores[i], 1e-12);
    }
    int[] byScore =
        IntStream.range(0, ids.size())
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
            .mapToInt(i -> i)
            .toArray();
    assertArrayEquals(byScore, Order.descending(scores, scores.length));
  }

  @Property(tries = 500)
  void turnsAreThoseOfTheDefinition(@ForAll long seed) {
    Random random = new Random(seed);
    List<List<ScoredItem>> lists = List.of(list(random), list(random), list(random));
    List<String> expected = new ArrayList<>();
    int[] next = new int[3];
    for (int turn = 0; turn < 200; turn++) {
      List<ScoredItem> list = lists.get(turn % 3);
      while (next[turn % 3] < list.size()) {
        String itemId = list.get(next[turn % 3]++).itemId();
        if (!expected.contains(itemId)) {
          expected.add(itemId);
          break;
        }
      }
    }
    assertEquals(expected, order(Fusion.interleaved(), candidates(lists), 1, 1, 1));
  }

  @Property(tries = 500)
  void aSourceOfWeightZeroLeavesTheOrderOfTheOthers(@ForAll long seed) {
    Random random = new Random(seed);
    List<ScoredItem> one = list(random);
    List<ScoredItem> other = list(random);
    List<ScoredItem> silent = list(random);
    for (Fusion fusion :
        List.of(
            Fusion.reciprocalRank(),
            Fusion.weighted(Fusion.Normalization.NONE),
            Fusion.weighted(Fusion.Normalization.MIN_MAX),
            Fusion.interleaved())) {
      List<String> without = order(fusion, candidates(List.of(one, other)), 2, 1);
      List<String> with =
          new ArrayList<>(order(fusion, candidates(List.of(one, other, silent)), 2, 1, 0));
      with.retainAll(without);
      assertEquals(without, with, fusion.toString());
    }
  }

  @Property(tries = 500)
  void indexesAreOrderedAsByAComparator(@ForAll long seed) {
    Random random = new Random(seed);
    double[] scores = new double[random.nextInt(300)];
    for (int i = 0; i < scores.length; i++) {
      scores[i] =
          switch (random.nextInt(6)) {
            case 0 -> random.nextInt(3) - 1;
            case 1 -> -0.0;
            case 2 -> 1 + random.nextInt(5) * Math.ulp(1.0);
            case 3 -> random.nextGaussian() * 1e300;
            case 4 -> Double.MIN_VALUE * random.nextInt(3);
            default -> random.nextGaussian();
          };
    }
    int[] expected =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted((a, b) -> scores[a] > scores[b] ? -1 : scores[a] < scores[b] ? 1 : a - b)
            .mapToInt(i -> i)
            .toArray();
    assertArrayEquals(expected, Order.descending(scores, scores.length));
  }

  @Example
  void weightsShareTheTurns() {
    List<ScoredItem> one = List.of(item("a1"), item("a2"), item("a3"), item("a4"));
    List<ScoredItem> other = List.of(item("b1"), item("b2"));
    assertEquals(
        List.of("a1", "a2", "b1", "a3", "a4", "b2"),
        order(Fusion.interleaved(), candidates(List.of(one, other)), 2, 1));
  }

  @Example
  void tiesGoToTheFirstSourceThenToTheBetterRank() {
    List<ScoredItem> one = List.of(item("a"), item("b"));
    List<ScoredItem> other = List.of(item("c"), item("d"));
    Candidates candidates = candidates(List.of(one, other));
    assertEquals(List.of("a", "c", "b", "d"), order(Fusion.reciprocalRank(), candidates, 1, 1));
    assertEquals(
        List.of("a", "b", "c", "d"),
        order(Fusion.weighted(Fusion.Normalization.NONE), candidates, 1, 1));
  }

  @Example
  void sumsStayFinite() {
    List<ScoredItem> huge =
        List.of(
            new ScoredItem("a", Double.MAX_VALUE),
            new ScoredItem("b", 0),
            new ScoredItem("c", -Double.MAX_VALUE));
    Candidates candidates = candidates(List.of(huge, huge));
    assertArrayEquals(
        new double[] {2, 1, 0},
        Fusion.weighted(Fusion.Normalization.MIN_MAX).scores(candidates, new double[] {1, 1}));
    assertArrayEquals(
        new double[] {Double.MAX_VALUE, 0, -Double.MAX_VALUE},
        Fusion.weighted(Fusion.Normalization.NONE).scores(candidates, new double[] {1, 1}));
  }

  @Example
  void aNegativeConstantIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Fusion.reciprocalRank(-1));
  }

  private static ScoredItem item(String itemId) {
    return new ScoredItem(itemId, 1);
  }
}
