package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Explainer;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link Explainer} keeps. Extend it and supply the explainer, a request, and items
 * for which it has reasons, at least two.
 */
public abstract class ExplainerContract {
  private Explainer explainer;

  /**
   * Makes the explainer under test.
   *
   * @return a new one
   */
  protected abstract Explainer create();

  /**
   * Gives a request.
   *
   * @return one that has all the model needs
   */
  protected abstract RecommendationRequest request();

  /**
   * Names items.
   *
   * @return ids of items that have reasons, at least two
   */
  protected abstract List<String> itemIds();

  @BeforeEach
  void open() {
    assertTrue(itemIds().size() >= 2, "the contract needs at least two items");
    explainer = create();
  }

  @Test
  void knownItemsHaveReasons() {
    for (String itemId : itemIds()) {
      assertFalse(explainer.explain(request(), itemId).isEmpty(), itemId);
    }
  }

  @Test
  void reasonsOfOneKindStandTogetherTheStrongestFirst() {
    for (String itemId : itemIds()) {
      Reason previous = null;
      Set<Reason.Kind> kinds = new HashSet<>();
      for (Reason reason : explainer.explain(request(), itemId)) {
        if (previous != null && previous.kind() == reason.kind()) {
          assertTrue(
              Math.abs(previous.weight()) >= Math.abs(reason.weight()),
              () -> itemId + ": a stronger reason after a weaker one: " + reason);
        } else {
          assertTrue(kinds.add(reason.kind()), () -> itemId + ": apart from others: " + reason);
        }
        previous = reason;
      }
    }
  }

  @Test
  void eachNameComesOnceForAKind() {
    for (String itemId : itemIds()) {
      Set<String> names = new HashSet<>();
      for (Reason reason : explainer.explain(request(), itemId)) {
        assertTrue(names.add(reason.kind() + " " + reason.name()), () -> "twice: " + reason);
      }
    }
  }

  @Test
  void distributionsAddUpToOne() {
    for (String itemId : itemIds()) {
      Map<Reason.Kind, Double> sums = new EnumMap<>(Reason.Kind.class);
      for (Reason reason : explainer.explain(request(), itemId)) {
        if (reason.kind().isDistribution()) {
          assertTrue(reason.weight() >= 0, reason::toString);
          sums.merge(reason.kind(), reason.weight(), Double::sum);
        }
      }
      sums.forEach((kind, sum) -> assertEquals(1, sum, 1e-6, kind.toString()));
    }
  }

  @Test
  void anUnknownItemHasNone() {
    assertEquals(List.of(), explainer.explain(request(), "no-such-item"));
  }

  @Test
  void theSameQuestionTwiceGetsTheSameAnswer() {
    for (String itemId : itemIds()) {
      assertEquals(explainer.explain(request(), itemId), explainer.explain(request(), itemId));
    }
  }

  @Test
  void manyThreadsGetTheSameAnswers() throws Exception {
    List<List<Reason>> expected =
        itemIds().stream().map(itemId -> explainer.explain(request(), itemId)).toList();
    Callable<Object> asking =
        () -> {
          for (int round = 0; round < 25; round++) {
            for (int i = 0; i < expected.size(); i++) {
              assertEquals(expected.get(i), explainer.explain(request(), itemIds().get(i)));
            }
          }
          return null;
        };
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Object>> tasks = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        tasks.add(asking);
      }
      for (Future<Object> result : threads.invokeAll(tasks)) {
        result.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
