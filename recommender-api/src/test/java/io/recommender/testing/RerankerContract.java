package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link Reranker} keeps. Extend it and supply the reranker and the ids it may be
 * given, at least five.
 */
public abstract class RerankerContract {
  private Reranker reranker;

  /**
   * Makes the reranker under test.
   *
   * @return a new one, closed by the test
   */
  protected abstract Reranker create();

  /**
   * Names candidates.
   *
   * @return ids, at least five
   */
  protected abstract List<String> itemIds();

  @BeforeEach
  void open() {
    reranker = create();
  }

  @AfterEach
  void close() {
    reranker.close();
  }

  private List<ScoredItem> candidates() {
    List<ScoredItem> candidates = new ArrayList<>();
    List<String> ids = itemIds();
    for (int i = 0; i < ids.size(); i++) {
      candidates.add(new ScoredItem(ids.get(i), ids.size() - i, "test"));
    }
    return candidates;
  }

  private RecommendationRequest request() {
    return RecommendationRequest.of(UserHistory.of(itemIds().get(0))).build();
  }

  @Test
  void returnsSomeOfTheCandidatesEachOnce() {
    Set<String> given = new HashSet<>(itemIds());
    Set<String> seen = new HashSet<>();
    List<ScoredItem> ranked = reranker.rerank(request(), candidates());
    for (ScoredItem item : ranked) {
      assertTrue(given.contains(item.itemId()), () -> "not a candidate: " + item.itemId());
      assertTrue(seen.add(item.itemId()), () -> "twice: " + item.itemId());
    }
  }

  @Test
  void noCandidatesGiveNone() {
    assertEquals(List.of(), reranker.rerank(request(), List.of()));
  }

  @Test
  void doesNotChangeItsArgument() {
    List<ScoredItem> candidates = candidates();
    reranker.rerank(request(), candidates);
    assertEquals(candidates(), candidates);
  }

  @Test
  void theSameCallTwiceGivesTheSameOrder() {
    assertEquals(
        reranker.rerank(request(), candidates()), reranker.rerank(request(), candidates()));
  }

  @Test
  void closingTwiceHasNoEffect() {
    reranker.close();
    assertDoesNotThrow(reranker::close);
  }
}
