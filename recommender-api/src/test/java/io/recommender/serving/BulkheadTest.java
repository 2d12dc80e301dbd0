package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.Reranker;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BulkheadTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x")).k(1).build();

  private final CountDownLatch goOn = new CountDownLatch(1);
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final FakeRecommender slow =
      FakeRecommender.of("a")
          .withBefore(
              () -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                Threads.await(goOn);
                inside.decrementAndGet();
              });

  private static void awaitFact(Bulkhead bulkhead, String fact, Object value) {
    Threads.until(() -> bulkhead.diagnose(0).fact(fact).orElseThrow().equals(value));
  }

  @Test
  void noMoreCallsAreInsideThanAllowedOverAllModels() throws Exception {
    try (Threads threads = new Threads();
        Bulkhead bulkhead = new Bulkhead("models", 2, 100, LONG)) {
      SequenceRecommender one = bulkhead.guard(slow);
      SequenceRecommender two = bulkhead.guard((SequenceRecommender) slow::recommend);
      for (int i = 0; i < 10; i++) {
        SequenceRecommender each = i % 2 == 0 ? one : two;
        threads.start(() -> each.recommend(REQUEST));
      }
      awaitFact(bulkhead, "calls waiting", 8L);
      assertEquals(2, inside.get());
      goOn.countDown();
      threads.join();
      assertEquals(2, most.get());
      awaitFact(bulkhead, "calls inside", 0L);
    }
  }

  @Test
  void whoeverFindsTooManyWaitingIsRefused() throws Exception {
    try (Threads threads = new Threads();
        Bulkhead bulkhead = new Bulkhead("models", 1, 1, LONG)) {
      SequenceRecommender model = bulkhead.guard(slow);
      threads.start(() -> model.recommend(REQUEST));
      Threads.until(() -> inside.get() == 1);
      threads.start(() -> model.recommendAll(List.of(REQUEST)));
      awaitFact(bulkhead, "calls waiting", 1L);
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> model.recommend(REQUEST));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      assertEquals(
          "models: expected at most 1 calls inside and 1 waiting, found one more",
          refused.getMessage());
      assertEquals(1L, bulkhead.diagnose(0).fact("calls refused").orElseThrow());
      goOn.countDown();
      threads.join();
    }
  }

  @Test
  void whoeverWaitsTooLongIsRefusedAndAFallbackAnswers() throws Exception {
    try (Threads threads = new Threads();
        Bulkhead bulkhead = new Bulkhead("models", 1, 10, Duration.ofMillis(1))) {
      SequenceRecommender model = bulkhead.guard(slow);
      SequenceRecommender other = bulkhead.guard(FakeRecommender.of("b"), FakeRecommender.of("p"));
      threads.start(() -> model.recommend(REQUEST));
      Threads.until(() -> inside.get() == 1);
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> model.recommend(REQUEST));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      Recommendations instead = other.recommend(REQUEST);
      assertEquals(List.of("p"), instead.itemIds());
      assertTrue(instead.hasNotice(Notice.Code.FALLBACK_USED));
      assertEquals(List.of("p"), other.recommendAll(List.of(REQUEST)).get(0).itemIds());
      goOn.countDown();
      threads.join();
      assertEquals(List.of("b"), other.recommend(REQUEST).itemIds());
    }
  }

  @Test
  void whoeverIsInterruptedWhileWaitingIsRefused() throws Exception {
    try (Threads threads = new Threads();
        Bulkhead bulkhead = new Bulkhead("models", 1, 10, LONG)) {
      SequenceRecommender model = bulkhead.guard(slow);
      threads.start(() -> model.recommend(REQUEST));
      Threads.until(() -> inside.get() == 1);
      Future<Boolean> call =
          threads.start(
              () -> {
                Thread.currentThread().interrupt();
                assertThrows(RecommenderException.class, () -> model.recommend(REQUEST));
                return Thread.currentThread().isInterrupted();
              });
      assertTrue(call.get());
      goOn.countDown();
      threads.join();
    }
  }

  @Test
  void aFailureOfTheModelIsItsOwnAndFreesThePlace() {
    IllegalArgumentException fault = new IllegalArgumentException("no");
    RecommenderException failed =
        new RecommenderException(RecommenderException.Kind.INFERENCE_FAILED, "run failed");
    try (Bulkhead bulkhead = new Bulkhead("models", 1, 0, LONG)) {
      SequenceRecommender model = bulkhead.guard(FakeRecommender.failing(fault));
      SequenceRecommender native1 =
          bulkhead.guard(FakeRecommender.failing(failed), FakeRecommender.of("p"));
      for (int i = 0; i < 3; i++) {
        assertSame(
            fault, assertThrows(IllegalArgumentException.class, () -> model.recommend(REQUEST)));
        assertSame(
            failed, assertThrows(RecommenderException.class, () -> native1.recommend(REQUEST)));
      }
      assertEquals(7, bulkhead.call(() -> 7));
    }
  }

  @Test
  void closingStopsAdmittingThenDrainsThenClosesInReverse() throws Exception {
    List<String> closed = new ArrayList<>();
    Bulkhead bulkhead = new Bulkhead("models", 1, 10, LONG);
    try (Threads threads = new Threads()) {
      SequenceRecommender model =
          bulkhead.guard(
              new SequenceRecommender() {
                @Override
                public Recommendations recommend(RecommendationRequest request) {
                  return slow.recommend(request);
                }

                @Override
                public void close() {
                  closed.add("first");
                  throw new IllegalStateException("will not close");
                }
              });
      bulkhead.guard(
          new Reranker() {
            @Override
            public List<io.recommender.ScoredItem> rerank(
                RecommendationRequest request, List<io.recommender.ScoredItem> candidates) {
              return candidates;
            }

            @Override
            public void close() {
              closed.add("second");
            }
          });
      Future<Recommendations> running = threads.start(() -> model.recommend(REQUEST));
      Threads.until(() -> inside.get() == 1);
      Future<Recommendations> waiting = threads.start(() -> model.recommend(REQUEST));
      awaitFact(bulkhead, "calls waiting", 1L);
      Future<Boolean> closing = threads.start(() -> bulkhead.close(LONG));
      awaitFact(bulkhead, "admits calls", false);
      assertThrows(IllegalStateException.class, () -> model.recommend(REQUEST));
      assertThrows(IllegalStateException.class, () -> bulkhead.guard(FakeRecommender.of("a")));
      assertEquals(List.of(), closed);
      goOn.countDown();
      assertEquals(List.of("a"), running.get().itemIds());
      assertEquals(List.of("a"), waiting.get().itemIds());
      assertInstanceOf(IllegalStateException.class, Threads.failure(closing));
      assertEquals(List.of("second", "first"), closed, "and one that fails keeps none open");
      assertTrue(bulkhead.close(Duration.ZERO), "closing twice has no effect");
      assertEquals(2, closed.size());
    }
  }

  @Test
  void closingGivesUpWaitingAfterItsTime() throws Exception {
    try (Threads threads = new Threads()) {
      Bulkhead bulkhead = new Bulkhead("models", 1, 10, LONG);
      FakeRecommender other = FakeRecommender.of("b");
      bulkhead.guard(other);
      SequenceRecommender model = bulkhead.guard((SequenceRecommender) slow::recommend);
      Future<Recommendations> call = threads.start(() -> model.recommend(REQUEST));
      Threads.until(() -> inside.get() == 1);
      assertFalse(bulkhead.close(Duration.ZERO));
      assertEquals(List.of("b"), other.recommend(REQUEST).itemIds(), "nothing is closed under it");
      goOn.countDown();
      assertEquals(List.of("a"), call.get().itemIds());
      assertTrue(bulkhead.close(LONG));
      assertThrows(IllegalStateException.class, () -> other.recommend(REQUEST));
    }
  }

  @Test
  void limitsAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> new Bulkhead("x", 0, 1, LONG));
    assertThrows(IllegalArgumentException.class, () -> new Bulkhead("x", 1, -1, LONG));
  }
}
