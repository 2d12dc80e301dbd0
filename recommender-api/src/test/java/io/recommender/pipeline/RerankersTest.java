package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RerankersTest {
  private static final List<String> ITEMS = List.of("c", "a", "e", "b", "d", "g", "f");

  private static Optional<float[]> vector(String itemId) {
    return Optional.of(new float[] {itemId.charAt(0) - 'c', 1, -0.5f});
  }

  @Nested
  class Mmr extends RerankerContract {
    @Override
    protected Reranker create() {
      return Diversity.mmr(0.5, RerankersTest::vector);
    }

    @Override
    protected List<String> itemIds() {
      return ITEMS;
    }
  }

  @Nested
  class Dpp extends RerankerContract {
    @Override
    protected Reranker create() {
      return Diversity.dpp(0.5, RerankersTest::vector);
    }

    @Override
    protected List<String> itemIds() {
      return ITEMS;
    }
  }

  @Nested
  class EpsilonGreedy extends RerankerContract {
    @Override
    protected Reranker create() {
      return Exploration.epsilonGreedy(0.5, 1);
    }

    @Override
    protected List<String> itemIds() {
      return ITEMS;
    }
  }

  @Test
  void threadsThatShareARerankerDoNotDisturbEachOther() throws Exception {
    List<Reranker> rerankers =
        List.of(
            Diversity.mmr(0.3, RerankersTest::numberVector),
            Diversity.dpp(0.3, RerankersTest::numberVector));
    ExecutorService threads = Executors.newFixedThreadPool(12);
    try {
      List<Future<Object>> results = new ArrayList<>();
      for (int thread = 0; thread < 12; thread++) {
        List<ScoredItem> some = CANDIDATES.subList(thread, 50);
        RecommendationRequest request =
            RecommendationRequest.of(UserHistory.empty()).k(5 + thread).build();
        List<List<ScoredItem>> expected =
            rerankers.stream().map(reranker -> reranker.rerank(request, some)).toList();
        results.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < 300; round++) {
                    for (int i = 0; i < rerankers.size(); i++) {
                      assertEquals(expected.get(i), rerankers.get(i).rerank(request, some));
                    }
                  }
                  return null;
                }));
      }
      for (Future<Object> result : results) {
        result.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Optional<float[]> numberVector(String itemId) {
    int number = Integer.parseInt(itemId.substring(5));
    return Optional.of(new float[] {number % 3, number % 5 - 2, 1, number % 7 - 3, number});
  }

  private static final List<ScoredItem> CANDIDATES =
      IntStream.range(0, 50).mapToObj(i -> new ScoredItem("item-" + i, 50 - i)).toList();

  private static List<ScoredItem> explored(Reranker reranker, long seed, int k) {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty()).k(k).seed(seed).build();
    return reranker.rerank(request, CANDIDATES);
  }

  @Test
  void protectedPlacesKeepTheirItemsAndNothingIsLost() {
    for (long seed = 0; seed < 100; seed++) {
      List<ScoredItem> result = explored(Exploration.epsilonGreedy(1, 3), seed, 10);
      assertEquals(CANDIDATES.subList(0, 3), result.subList(0, 3));
      assertEquals(new HashSet<>(CANDIDATES), new HashSet<>(result));
      for (ScoredItem item : result.subList(3, 10)) {
        assertTrue(CANDIDATES.indexOf(item) >= 10, "each other place is explored");
      }
    }
  }

  @Test
  void theSeedDecides() {
    Reranker reranker = Exploration.epsilonGreedy(0.5, 0);
    assertEquals(explored(reranker, 7, 10), explored(reranker, 7, 10));
    assertNotEquals(explored(reranker, 7, 10), explored(reranker, 8, 10));
  }

  @Test
  void placesAreExploredAsOftenAsTheirChanceSays() {
    Reranker reranker = Exploration.epsilonGreedy(place -> place / 10.0);
    int[] explored = new int[10];
    for (long seed = 0; seed < 10_000; seed++) {
      List<ScoredItem> result = explored(reranker, seed, 10);
      for (int i = 0; i < 10; i++) {
        explored[i] += result.get(i).equals(CANDIDATES.get(i)) ? 0 : 1;
      }
    }
    for (int i = 0; i < 10; i++) {
      assertEquals((i + 1) / 10.0, explored[i] / 10_000.0, 0.02);
    }
  }

  @Test
  void withNothingBelowNothingChanges() {
    assertEquals(CANDIDATES, explored(Exploration.epsilonGreedy(1, 0), 1, 50));
    assertEquals(CANDIDATES, explored(Exploration.epsilonGreedy(0, 0), 1, 5));
  }

  @Test
  void chancesOutOfRangeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Exploration.epsilonGreedy(1.1, 0));
    assertThrows(IllegalArgumentException.class, () -> Exploration.epsilonGreedy(0.1, -1));
    assertThrows(
        IllegalArgumentException.class,
        () -> explored(Exploration.epsilonGreedy(place -> 2), 1, 5));
  }
}
