package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Swaps of rerankers: before, during and after, and what goes wrong. */
class SwappableRerankerTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x")).build();
  private static final List<ScoredItem> CANDIDATES =
      List.of(new ScoredItem("a", 3), new ScoredItem("b", 2), new ScoredItem("c", 1));

  /** Gives every candidate its number as its score. */
  private static final class Model implements Reranker, Diagnosable {
    private final int number;
    private final AtomicInteger open;

    Model(int number, AtomicInteger open) {
      this.number = number;
      this.open = open;
      open.incrementAndGet();
    }

    @Override
    public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
      return candidates.stream().map(item -> new ScoredItem(item.itemId(), number)).toList();
    }

    @Override
    public Diagnosis diagnose(int sample) {
      return Diagnosis.of("model").version("m@" + number).build();
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private final AtomicInteger open = new AtomicInteger();

  private double score(Reranker reranker) {
    return reranker.rerank(REQUEST, CANDIDATES).get(0).score();
  }

  @Test
  void theNewModelRanksAndTheOldOneIsClosed() {
    List<String> told = new ArrayList<>();
    RecommenderListener listener =
        new RecommenderListener() {
          @Override
          public void modelSwapped(String name, String from, String to, long nanoseconds) {
            told.add(name + " " + from + " " + to);
          }
        };
    SwappableReranker ranking =
        SwappableReranker.builder("ranking")
            .warmUp(REQUEST, CANDIDATES)
            .listener(listener)
            .open(() -> new Model(1, open));
    assertEquals(1, score(ranking));
    SwapReport report = ranking.swap(() -> new Model(2, open));
    assertTrue(report.isOldClosed());
    assertEquals(2, score(ranking));
    assertEquals("m@2", ranking.modelVersion());
    assertEquals(Optional.empty(), ranking.previousVersion());
    assertEquals(1, open.get());
    assertEquals(List.of("ranking m@1 m@2"), told);
    assertTrue(ranking.close(Duration.ofSeconds(1)));
    assertEquals(0, open.get());
    assertThrows(IllegalStateException.class, () -> score(ranking));
    assertThrows(IllegalStateException.class, () -> ranking.swap(() -> new Model(3, open)));
    assertEquals(0, open.get());
  }

  @Test
  void aRollbackBringsThePreviousModelBack() {
    try (SwappableReranker ranking =
        SwappableReranker.builder("ranking").keepPrevious().open(() -> new Model(1, open))) {
      ranking.swap(() -> new Model(2, open));
      assertEquals(Optional.of("m@1"), ranking.previousVersion());
      ranking.rollback();
      assertEquals(1, score(ranking));
      assertThrows(IllegalStateException.class, ranking::rollback);
      ranking.swap(() -> new Model(3, open));
      assertEquals(2, open.get());
      ranking.dropPrevious();
      assertEquals(1, open.get());
    }
    assertEquals(0, open.get());
  }

  @Test
  void whatIsNotARankingIsRefused() {
    try (SwappableReranker ranking =
        SwappableReranker.builder("ranking")
            .warmUp(REQUEST, CANDIDATES)
            .open(() -> new Model(1, open))) {
      assertRefused(ranking, List.of(new ScoredItem("z", 1)), "found z");
      assertRefused(ranking, List.of(CANDIDATES.get(1), CANDIDATES.get(1)), "found b");
      RecommenderException thrown =
          assertThrows(
              RecommenderException.class,
              () ->
                  ranking.swap(
                      () ->
                          (request, candidates) -> {
                            throw new UnsupportedOperationException("no kernel");
                          }));
      assertEquals(RecommenderException.Kind.MODEL_REFUSED, thrown.kind());
      assertTrue(thrown.getMessage().contains("no kernel"), thrown.getMessage());
      assertEquals(1, score(ranking));
    }
    assertThrows(
        RecommenderException.class,
        () ->
            SwappableReranker.builder("ranking")
                .warmUp(REQUEST, CANDIDATES)
                .open(() -> (request, candidates) -> List.of(new ScoredItem("z", 1))));
  }

  private static void assertRefused(
      SwappableReranker ranking, List<ScoredItem> answer, String message) {
    AtomicBoolean isClosed = new AtomicBoolean();
    Reranker bad =
        new Reranker() {
          @Override
          public List<ScoredItem> rerank(
              RecommendationRequest request, List<ScoredItem> candidates) {
            return answer;
          }

          @Override
          public void close() {
            isClosed.set(true);
          }
        };
    RecommenderException thrown =
        assertThrows(RecommenderException.class, () -> ranking.swap(() -> bad));
    assertEquals(RecommenderException.Kind.MODEL_REFUSED, thrown.kind());
    assertTrue(thrown.getMessage().contains(message), thrown.getMessage());
    assertTrue(isClosed.get());
  }

  @Test
  void aCallThatOutlastsTheDrainClosesItsModelItself() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Reranker slow =
        new Reranker() {
          @Override
          public List<ScoredItem> rerank(
              RecommendationRequest request, List<ScoredItem> candidates) {
            inside.countDown();
            try {
              release.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return candidates;
          }

          @Override
          public void close() {
            closed.countDown();
          }
        };
    try (SwappableReranker ranking =
        SwappableReranker.builder("ranking").drainTimeout(Duration.ZERO).open(() -> slow)) {
      Thread caller = new Thread(() -> ranking.rerank(REQUEST, CANDIDATES));
      caller.start();
      inside.await();
      assertFalse(ranking.swap(() -> new Model(2, open)).isOldClosed());
      assertEquals(2, score(ranking));
      assertEquals(1, closed.getCount());
      release.countDown();
      closed.await();
      caller.join();
    }
    assertEquals(0, open.get());
  }
}
