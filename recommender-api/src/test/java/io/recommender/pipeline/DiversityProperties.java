package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Diversity against the plain definitions: every objective computed anew for every place. */
class DiversityProperties {
  private static final double TOLERANCE = 1e-4;

  /** Candidates by descending score with vectors, some alike and some absent. */
  private static final class World {
    final List<ScoredItem> candidates = new ArrayList<>();
    final List<Optional<float[]>> vectors = new ArrayList<>();
    final int k;

    World(long seed, boolean isDistinct) {
      Random random = new Random(seed);
      boolean isLarge = random.nextInt(8) == 0;
      int size = 1 + random.nextInt(isLarge ? 200 : 25);
      int dimension = isDistinct ? 40 : 1 + random.nextInt(9);
      k = 1 + random.nextInt(isLarge ? 8 : size + 2);
      List<Double> scores = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        scores.add(random.nextGaussian() * 3);
      }
      scores.sort(Collections.reverseOrder());
      for (int i = 0; i < size; i++) {
        candidates.add(new ScoredItem("item-" + i, scores.get(i)));
        if (!isDistinct && i > 0 && random.nextInt(5) == 0) {
          vectors.add(vectors.get(random.nextInt(i)));
        } else if (random.nextInt(8) == 0) {
          vectors.add(Optional.empty());
        } else {
          float[] vector = new float[dimension];
          for (int d = 0; d < dimension; d++) {
            vector[d] = (float) random.nextGaussian();
          }
          vectors.add(Optional.of(vector));
        }
      }
    }

    Function<String, Optional<float[]>> lookup() {
      return itemId -> vectors.get(Integer.parseInt(itemId.substring(5)));
    }

    double cosine(int i, int j) {
      if (vectors.get(i).isEmpty() || vectors.get(j).isEmpty()) {
        return 0;
      }
      float[] a = vectors.get(i).get();
      float[] b = vectors.get(j).get();
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    private static double dot(float[] a, float[] b) {
      double sum = 0;
      for (int d = 0; d < a.length; d++) {
        sum += (double) a[d] * b[d];
      }
      return sum;
    }

    double relevance(int i) {
      double best = candidates.get(0).score();
      double worst = candidates.get(candidates.size() - 1).score();
      return best > worst ? (candidates.get(i).score() - worst) / (best - worst) : 1;
    }

    List<Integer> ranked(Reranker reranker) {
      RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).k(k).build();
      List<ScoredItem> result = reranker.rerank(request, candidates);
      assertEquals(new HashSet<>(candidates), new HashSet<>(result));
      assertEquals(candidates.size(), result.size());
      return result.stream().map(candidates::indexOf).toList();
    }
  }

  private interface Objective {
    double value(List<Integer> chosen, int next);
  }

  /** Each choice is as good as the best one there was; the rest keeps its order. */
  private static void assertGreedy(World world, List<Integer> ranked, Objective objective, int k) {
    List<Integer> chosen = new ArrayList<>();
    for (int place = 0; place < k; place++) {
      double best = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < world.candidates.size(); i++) {
        if (!chosen.contains(i)) {
          best = Math.max(best, objective.value(chosen, i));
        }
      }
      int next = ranked.get(place);
      assertTrue(objective.value(chosen, next) >= best - TOLERANCE, "place " + place);
      chosen.add(next);
    }
    List<Integer> rest = ranked.subList(k, ranked.size());
    assertEquals(rest.stream().sorted().toList(), rest);
  }

  @Property(tries = 500)
  void marginalRelevanceIsGreedy(@ForAll long seed, @ForAll("fractions") double lambda) {
    World world = new World(seed, false);
    List<Integer> ranked = world.ranked(Diversity.mmr(lambda, world.lookup()));
    assertGreedy(
        world,
        ranked,
        (chosen, next) ->
            lambda * world.relevance(next)
                - (1 - lambda)
                    * chosen.stream().mapToDouble(i -> world.cosine(i, next)).max().orElse(0),
        Math.min(world.k, ranked.size()));
  }

  @Property(tries = 500)
  void theDeterminantGrowsGreedily(@ForAll long seed, @ForAll("fractions") double fraction) {
    double theta = fraction * 0.9;
    World world = new World(seed, true);
    List<Integer> ranked = world.ranked(Diversity.dpp(theta, world.lookup()));
    double alpha = theta / (2 * (1 - theta));
    assertGreedy(
        world,
        ranked,
        (chosen, next) -> {
          List<Integer> all = new ArrayList<>(chosen);
          all.add(next);
          return logDeterminant(world, all) + 2 * alpha * world.relevance(next);
        },
        Math.min(world.k, ranked.size()));
  }

  @Provide
  Arbitrary<Double> fractions() {
    return Arbitraries.doubles().between(0, 1);
  }

  /** Gaussian elimination without pivots: the matrix is positive definite. */
  private static double logDeterminant(World world, List<Integer> items) {
    int n = items.size();
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        matrix[i][j] = i == j ? 1 : (1 + world.cosine(items.get(i), items.get(j))) / 2;
      }
    }
    double sum = 0;
    for (int p = 0; p < n; p++) {
      sum += Math.log(matrix[p][p]);
      for (int i = p + 1; i < n; i++) {
        double factor = matrix[i][p] / matrix[p][p];
        for (int j = p; j < n; j++) {
          matrix[i][j] -= factor * matrix[p][j];
        }
      }
    }
    return sum;
  }

  /** Without near ties the choices are the very same, not only as good. */
  @Example
  void forFixedWorldsTheChoicesAreThoseOfTheDefinition() {
    for (long seed = 0; seed < 100; seed++) {
      World world = new World(seed, true);
      int k = Math.min(world.k, world.candidates.size());
      List<Integer> relevant = new ArrayList<>();
      List<Integer> determinant = new ArrayList<>();
      for (int place = 0; place < k; place++) {
        relevant.add(
            best(
                world,
                relevant,
                (chosen, next) ->
                    0.6 * world.relevance(next)
                        - 0.4
                            * chosen.stream()
                                .mapToDouble(i -> world.cosine(i, next))
                                .max()
                                .orElse(0)));
        determinant.add(
            best(
                world,
                determinant,
                (chosen, next) -> {
                  List<Integer> all = new ArrayList<>(chosen);
                  all.add(next);
                  return logDeterminant(world, all) + 2 * 0.5 * world.relevance(next);
                }));
      }
      assertEquals(relevant, world.ranked(Diversity.mmr(0.6, world.lookup())).subList(0, k));
      assertEquals(determinant, world.ranked(Diversity.dpp(0.5, world.lookup())).subList(0, k));
    }
  }

  private static int best(World world, List<Integer> chosen, Objective objective) {
    int best = -1;
    double bestValue = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < world.candidates.size(); i++) {
      if (!chosen.contains(i) && objective.value(chosen, i) > bestValue) {
        bestValue = objective.value(chosen, i);
        best = i;
      }
    }
    return best;
  }

  @Example
  void twinsComeAfterAllOthersAndTheRestKeepsItsOrder() {
    float[][] vectors = {{1, 0}, {1, 0}, {0, 1}, {1, 0}, {-1, 0}};
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      candidates.add(new ScoredItem("item-" + i, 5 - i));
    }
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).k(5).build();
    Function<String, Optional<float[]>> lookup =
        itemId -> Optional.of(vectors[Integer.parseInt(itemId.substring(5))]);
    List<String> ids =
        Diversity.dpp(0.5, lookup).rerank(request, candidates).stream()
            .map(ScoredItem::itemId)
            .toList();
    assertEquals(List.of("item-1", "item-3"), ids.subList(3, 5));
    assertEquals("item-0", ids.get(0));
  }

  @Example
  void relevanceAloneKeepsTheOrder() {
    World world = new World(3, true);
    List<Integer> identity = IntStream.range(0, world.candidates.size()).boxed().toList();
    assertEquals(identity, world.ranked(Diversity.mmr(1, world.lookup())));
  }

  @Example
  void wrongArgumentsAreNamed() {
    assertThrows(
        IllegalArgumentException.class, () -> Diversity.mmr(1.1, itemId -> Optional.empty()));
    assertThrows(
        IllegalArgumentException.class, () -> Diversity.dpp(1, itemId -> Optional.empty()));
    List<ScoredItem> candidates = List.of(new ScoredItem("a", 2), new ScoredItem("bb", 1));
    RecommendationRequest request = RecommendationRequest.of(UserHistory.empty()).build();
    Reranker uneven = Diversity.mmr(0.5, itemId -> Optional.of(new float[itemId.length()]));
    assertEquals(
        "vector of item 'bb': length 2, expected 1",
        assertThrows(IllegalArgumentException.class, () -> uneven.rerank(request, candidates))
            .getMessage());
    Reranker broken = Diversity.dpp(0.5, itemId -> Optional.of(new float[] {Float.NaN}));
    assertEquals(
        "vector of item 'a': expected a finite norm, found NaN",
        assertThrows(IllegalArgumentException.class, () -> broken.rerank(request, candidates))
            .getMessage());
  }
}
