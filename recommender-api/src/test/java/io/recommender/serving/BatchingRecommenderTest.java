package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchingRecommenderTest {
  private final Gated model = new Gated();

  private static RecommendationRequest request(String newest, int length) {
    List<String> items = new ArrayList<>(Collections.nCopies(length - 1, "x"));
    items.add(newest);
    return RecommendationRequest.of(UserHistory.ofItems(items)).k(1).build();
  }

  private static void awaitWaiting(BatchingRecommender home, int count) {
    Threads.until(() -> home.diagnose(0).fact("waiting now").orElseThrow().equals((long) count));
  }

  /** Starts a call that the model holds back, and others one after another that wait for it. */
  private List<Future<Recommendations>> heldBack(
      Threads threads, BatchingRecommender home, RecommendationRequest... waiting)
      throws InterruptedException {
    List<Future<Recommendations>> calls = new ArrayList<>();
    calls.add(threads.start(() -> home.recommend(request("first", 1))));
    model.inside.await();
    for (RecommendationRequest each : waiting) {
      calls.add(threads.start(() -> home.recommend(each)));
      awaitWaiting(home, calls.size() - 1);
    }
    return calls;
  }

  private BatchingRecommender.Builder builder() {
    return BatchingRecommender.builder("home", model).concurrentRuns(1);
  }

  @Test
  void aCallerWithoutCompanyRunsAtOnceAndAlone() {
    model.goOn.countDown();
    BatchingRecommender home = builder().build();
    for (int i = 0; i < 3; i++) {
      assertEquals(List.of("after a"), home.recommend(request("a", 1)).itemIds());
    }
    assertEquals(List.of(1, 1, 1), model.sizes());
  }

  @Test
  void callersThatComeMeanwhileRunTogetherAndEachGetsItsOwnAnswer() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      RecommendationRequest[] waiting =
          IntStream.range(0, 5)
              .mapToObj(i -> request("w" + i, 1))
              .toArray(RecommendationRequest[]::new);
      List<Future<Recommendations>> calls = heldBack(threads, home, waiting);
      model.goOn.countDown();
      assertEquals(List.of("after first"), calls.get(0).get().itemIds());
      for (int i = 0; i < 5; i++) {
        assertEquals(List.of("after w" + i), calls.get(i + 1).get().itemIds());
      }
      assertEquals(List.of(1, 5), model.sizes());
      Diagnosis diagnosis = home.diagnose(0);
      assertEquals(5L, diagnosis.fact("calls run together").orElseThrow());
      assertEquals(5L, diagnosis.fact("largest batch so far").orElseThrow());
      assertEquals(0L, diagnosis.fact("running now").orElseThrow());
    }
  }

  @Test
  void theLargestBatchIsKeptAndTheOrderToo() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().maxBatch(2).build();
      heldBack(
          threads,
          home,
          request("a", 1),
          request("b", 1),
          request("c", 1),
          request("d", 1),
          request("e", 1));
      model.goOn.countDown();
      threads.join();
      List<List<String>> newest =
          model.runs.stream()
              .map(run -> run.stream().map(r -> r.history().itemIds().get(0)).toList())
              .toList();
      assertEquals(
          List.of(List.of("first"), List.of("a", "b"), List.of("c", "d"), List.of("e")), newest);
    }
  }

  @Test
  void aBatchMayBeOfAnySize() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().maxBatch(Integer.MAX_VALUE).build();
      heldBack(threads, home, request("a", 1), request("b", 1), request("c", 1));
      model.goOn.countDown();
      threads.join();
      assertEquals(List.of(1, 3), model.sizes());
    }
  }

  /** While nothing is known, a run is taken to cost as much as 32 places. */
  @Test
  void theOldestRunsWithTheLengthsThatPadLittleForWhatTheySave() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home =
          builder()
              .clock(model.clock::get)
              .paddedLength(request -> Math.min(40, request.history().size()))
              .build();
      heldBack(
          threads,
          home,
          request("a", 20),
          request("b", 3),
          request("c", 4),
          request("d", 90),
          request("e", 32),
          request("f", 50));
      model.goOn.countDown();
      threads.join();
      List<List<Integer>> lengths =
          model.runs.stream()
              .map(run -> run.stream().map(r -> r.history().size()).toList())
              .toList();
      assertEquals(List.of(List.of(1), List.of(20, 90, 32, 50), List.of(3, 4)), lengths);
    }
  }

  @Test
  void theLastThatCameLeadsAllThatCameBeforeItAndNoneThatCameLater() throws Exception {
    CountDownLatch secondRuns = new CountDownLatch(1);
    CountDownLatch secondGoesOn = new CountDownLatch(1);
    ItemFilter second =
        item -> {
          secondRuns.countDown();
          Threads.await(secondGoesOn);
          return true;
        };
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().maxBatch(1).build();
      List<Future<Recommendations>> calls =
          heldBack(
              threads,
              home,
              request("a", 1),
              request("b", 1).toBuilder().filter(second).build(),
              request("c", 1));
      model.goOn.countDown();
      secondRuns.await();
      calls.add(threads.start(() -> home.recommend(request("later", 1))));
      awaitWaiting(home, 2);
      secondGoesOn.countDown();
      threads.join();
      assertEquals(
          List.of("first", "a", "b", "c", "later"),
          model.runs.stream().map(run -> run.get(0).history().itemIds().get(0)).toList());
      assertEquals(1, Set.copyOf(model.leaders.subList(1, 4)).size(), "one leads three runs");
      assertNotEquals(model.leaders.get(0), model.leaders.get(1));
      assertNotEquals(model.leaders.get(1), model.leaders.get(4));
    }
  }

  @Test
  void aLeaderThatIsInterruptedIsRefusedAndAnotherLeads() throws Exception {
    ItemFilter interrupting =
        item -> {
          Thread.currentThread().interrupt();
          return true;
        };
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().maxBatch(1).build();
      List<Future<Recommendations>> calls =
          heldBack(
              threads,
              home,
              request("a", 1).toBuilder().filter(interrupting).build(),
              request("b", 1),
              request("c", 1));
      model.goOn.countDown();
      assertEquals(List.of("after a"), calls.get(1).get().itemIds());
      assertEquals(List.of("after b"), calls.get(2).get().itemIds());
      RecommenderException refused =
          assertInstanceOf(RecommenderException.class, Threads.failure(calls.get(3)));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      assertEquals(List.of(1, 1, 1), model.sizes());
      assertEquals(0L, home.diagnose(0).fact("running now").orElseThrow());
      assertEquals(List.of("after d"), home.recommend(request("d", 1)).itemIds());
    }
  }

  @Test
  void aRequestThatFailsHarmsNoOther() throws Exception {
    UnsupportedOperationException fault = new UnsupportedOperationException("of this caller");
    RecommendationRequest bad =
        request("bad", 1).toBuilder()
            .filter(
                item -> {
                  throw fault;
                })
            .build();
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      List<Future<Recommendations>> calls =
          heldBack(threads, home, request("a", 1), bad, request("b", 1));
      model.goOn.countDown();
      assertEquals(List.of("after a"), calls.get(1).get().itemIds());
      assertSame(fault, Threads.failure(calls.get(2)));
      assertEquals(List.of("after b"), calls.get(3).get().itemIds());
      assertEquals(List.of(1, 3, 1, 1, 1), model.sizes());
    }
  }

  /** Also where the one that fails is the leader, and where its failure is an error. */
  @Test
  void aLeaderThatFailsHarmsNoOther() throws Exception {
    RecommendationRequest bad =
        request("bad", 1).toBuilder()
            .filter(
                item -> {
                  throw new StackOverflowError("of this caller");
                })
            .build();
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      List<Future<Recommendations>> calls = heldBack(threads, home, bad, request("a", 1));
      model.goOn.countDown();
      assertInstanceOf(StackOverflowError.class, Threads.failure(calls.get(1)));
      assertEquals(List.of("after a"), calls.get(2).get().itemIds());
      assertEquals(List.of("after c"), home.recommend(request("c", 1)).itemIds());
    }
  }

  @Test
  void aFailureWithoutCompanyFreesThePlace() {
    IllegalArgumentException fault = new IllegalArgumentException("no");
    BatchingRecommender home =
        BatchingRecommender.builder("home", FakeRecommender.failing(fault))
            .concurrentRuns(1)
            .build();
    for (int i = 0; i < 3; i++) {
      assertSame(
          fault,
          assertThrows(IllegalArgumentException.class, () -> home.recommend(request("a", 1))));
    }
    assertEquals(0L, home.diagnose(0).fact("running now").orElseThrow());
  }

  @Test
  void aBatchOfTheCallersIsJoinedByNobody() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      heldBack(threads, home, request("a", 1));
      Future<List<Recommendations>> batch =
          threads.start(() -> home.recommendAll(List.of(request("b", 1), request("c", 1))));
      awaitWaiting(home, 2);
      Future<Recommendations> last = threads.start(() -> home.recommend(request("d", 1)));
      awaitWaiting(home, 3);
      model.goOn.countDown();
      assertEquals(
          List.of("after b", "after c"),
          batch.get().stream().map(answer -> answer.itemIds().get(0)).toList());
      last.get();
      assertEquals(List.of(1, 2, 2), model.sizes());
      assertEquals("a", model.runs.get(1).get(0).history().itemIds().get(0));
      assertEquals("d", model.runs.get(1).get(1).history().itemIds().get(0));
      assertEquals(List.of(), home.recommendAll(List.of()));
    }
  }

  @Test
  void whoeverFindsTheQueueFullIsRefused() throws Exception {
    try (Threads threads = new Threads()) {
      List<RecommenderException> told = new CopyOnWriteArrayList<>();
      BatchingRecommender home =
          builder()
              .maxWaiting(1)
              .listener(
                  new io.recommender.RecommenderListener() {
                    @Override
                    public void callRefused(String recommender, RecommenderException failure) {
                      told.add(failure);
                    }
                  })
              .build();
      heldBack(threads, home, request("a", 1));
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> home.recommend(request("b", 1)));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      assertEquals("home: expected fewer than 1 calls that wait, found 1", refused.getMessage());
      assertEquals(List.of(refused), told);
      assertEquals(1L, home.diagnose(0).fact("calls refused").orElseThrow());
      model.goOn.countDown();
      threads.join();
      assertEquals(List.of(1, 1), model.sizes());
    }
  }

  @Test
  void aFallbackAnswersWhoeverIsRefusedAndSaysSo() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home =
          builder().maxWaiting(0).fallback(FakeRecommender.of("p").withModelVersion("p@1")).build();
      heldBack(threads, home);
      Recommendations answer = home.recommend(request("b", 1));
      assertEquals(List.of("p"), answer.itemIds());
      assertEquals("p@1", answer.modelVersion());
      assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
      model.goOn.countDown();
    }
  }

  @Test
  void whoeverWaitsTooLongIsRefusedAndNotRun() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().deadline(Duration.ofMillis(1)).build();
      Future<Recommendations> first = threads.start(() -> home.recommend(request("first", 1)));
      model.inside.await();
      RecommenderException refused =
          assertThrows(RecommenderException.class, () -> home.recommend(request("b", 1)));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      model.goOn.countDown();
      first.get();
      assertEquals(List.of(1), model.sizes());
    }
  }

  @Test
  void aRunIsOfNoMoreThanCanBeAnsweredInTime() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home =
          builder().clock(model.clock::get).deadline(Duration.ofNanos(350)).build();
      List<Future<Recommendations>> calls =
          heldBack(
              threads, home, request("a", 1), request("b", 1), request("c", 1), request("d", 1));
      model.goOn.countDown();
      // A request takes 100. All come at 100 and end at 450: there is time for three until 400, and
      // for the last one, which leads, to begin.
      for (String newest : List.of("a", "b", "c", "d")) {
        assertEquals(
            List.of("after " + newest), calls.get("abcd".indexOf(newest) + 1).get().itemIds());
      }
      assertEquals(List.of(1, 3, 1), model.sizes());
    }
  }

  @Test
  void aLeaderWhoseTimeIsOverIsRefusedAndNotRun() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home =
          builder().maxBatch(1).clock(model.clock::get).deadline(Duration.ofNanos(150)).build();
      List<Future<Recommendations>> calls =
          heldBack(threads, home, request("a", 1), request("b", 1), request("c", 1));
      model.goOn.countDown();
      // All come at 100 and end at 250: the first runs until 200, the second begins in time.
      assertEquals(List.of("after a"), calls.get(1).get().itemIds());
      assertInstanceOf(RecommenderException.class, Threads.failure(calls.get(3)));
      assertEquals(List.of(1, 1, 1), model.sizes());
      assertEquals(0L, home.diagnose(0).fact("running now").orElseThrow());
    }
  }

  @Test
  void whoeverIsInterruptedWhileWaitingIsRefused() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      heldBack(threads, home);
      AtomicInteger interrupted = new AtomicInteger();
      Thread[] waiter = new Thread[1];
      CountDownLatch started = new CountDownLatch(1);
      Future<Recommendations> call =
          threads.start(
              () -> {
                waiter[0] = Thread.currentThread();
                started.countDown();
                try {
                  return home.recommend(request("b", 1));
                } finally {
                  interrupted.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
                }
              });
      started.await();
      awaitWaiting(home, 1);
      waiter[0].interrupt();
      RecommenderException refused =
          assertInstanceOf(RecommenderException.class, Threads.failure(call));
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      assertEquals(1, interrupted.get(), "the thread still knows that it was interrupted");
      model.goOn.countDown();
      awaitWaiting(home, 0);
      assertEquals(List.of(1), model.sizes());
    }
  }

  @Test
  void closingLetsThoseWhoWaitCompleteAndAdmitsNobody() throws Exception {
    try (Threads threads = new Threads()) {
      BatchingRecommender home = builder().build();
      List<Future<Recommendations>> calls = heldBack(threads, home, request("a", 1));
      Future<Boolean> closing = threads.start(() -> home.close(Duration.ofMinutes(1)));
      Threads.until(() -> home.diagnose(0).fact("admits calls").orElseThrow().equals(false));
      assertThrows(IllegalStateException.class, () -> home.recommend(request("z", 1)));
      assertFalse(model.isClosed);
      model.goOn.countDown();
      assertTrue(closing.get());
      assertTrue(model.isClosed);
      assertEquals(List.of("after a"), calls.get(1).get().itemIds());
    }
  }

  @Test
  void underLoadEverybodyGetsTheRightAnswer() throws Exception {
    model.goOn.countDown();
    try (Threads threads = new Threads()) {
      BatchingRecommender home =
          BatchingRecommender.builder("home", model)
              .concurrentRuns(2)
              .maxBatch(5)
              .paddedLength(request -> request.history().size())
              .build();
      for (int i = 0; i < 16; i++) {
        int caller = i;
        threads.start(
            () -> {
              for (int call = 0; call < 2_000; call++) {
                String newest = caller + "-" + call;
                assertEquals(
                    List.of("after " + newest),
                    home.recommend(request(newest, 1 + call % 7)).itemIds());
              }
              return null;
            });
      }
      threads.join();
      assertEquals(32_000, model.sizes().stream().mapToInt(Integer::intValue).sum());
      Diagnosis idle = home.diagnose(0);
      assertEquals(0L, idle.fact("running now").orElseThrow());
      assertEquals(0L, idle.fact("waiting now").orElseThrow());
    }
  }
}
