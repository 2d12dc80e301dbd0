package io.recommender.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many callers at once, which is where calls get lost. */
@Timeout(60)
class BatchingUnderLoadTest {
  private static final boolean HAS_VIRTUAL_THREADS = Runtime.version().feature() >= 21;

  private static RecommendationRequest request(String newest, int length) {
    List<String> items = new ArrayList<>(Collections.nCopies(length - 1, "x"));
    items.add(newest);
    return RecommendationRequest.of(UserHistory.ofItems(items)).k(1).build();
  }

  private static RecommendationRequest startingWith(String oldest, int others) {
    List<String> items = new ArrayList<>(List.of(oldest));
    items.addAll(Collections.nCopies(others, "x"));
    return RecommendationRequest.of(UserHistory.ofItems(items)).k(1).build();
  }

  /**
   * Who asks again at once finds the place free that the other was only asked to take, and the
   * queue full. The other is in the next run all the same.
   */
  @Test
  void nobodyIsOvertakenWhereTheQueueIsFull() throws Exception {
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicReference<BatchingRecommender> home = new AtomicReference<>();
    List<List<String>> runs = new CopyOnWriteArrayList<>();
    SequenceRecommender noted =
        request -> {
          List<String> newest = request.history().itemIds();
          runs.add(newest);
          if (newest.equals(List.of("other"))) {
            Diagnosable serving = home.get();
            Threads.until(
                () ->
                    isOver.get()
                        || serving.diagnose(0).fact("waiting now").orElseThrow().equals(1L));
          }
          return Recommendations.of(1, List.of(new ScoredItem("any", 1))).build();
        };
    home.set(
        BatchingRecommender.builder("home", noted)
            .concurrentRuns(1)
            .maxBatch(1)
            .maxWaiting(1)
            .build());
    try (Threads threads = new Threads()) {
      Future<?> others =
          threads.start(
              () -> {
                while (!isOver.get()) {
                  isAnswered(home.get(), "other");
                }
                return null;
              });
      int answered = 0;
      while (answered < 200) {
        answered += isAnswered(home.get(), "own") ? 1 : 0;
      }
      isOver.set(true);
      others.get();
    }
    for (int i = 1; i < runs.lastIndexOf(List.of("own")); i++) {
      assertTrue(
          runs.get(i).contains("own") || runs.get(i - 1).contains("own"), "two runs from " + i);
    }
  }

  /** Asks, and is refused where another is already about to run. */
  private static boolean isAnswered(SequenceRecommender home, String newest) {
    try {
      return home.recommend(request(newest, 1)).size() == 1;
    } catch (RecommenderException refused) {
      assertEquals(RecommenderException.Kind.OVERLOADED, refused.kind());
      return false;
    }
  }

  /** Callers that give up, are refused and are interrupted at any moment leave nobody behind. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void whoeverGivesUpLeavesNobodyBehind(int places) throws Exception {
    SequenceRecommender echo =
        asked -> {
          long end = System.nanoTime() + 20_000;
          while (System.nanoTime() < end) {
            Thread.onSpinWait();
          }
          return Recommendations.of(1, List.of(new ScoredItem(asked.history().itemIds().get(0), 1)))
              .build();
        };
    int callers = 24;
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    Thread[] all = new Thread[callers];
    CountDownLatch started = new CountDownLatch(callers);
    try (Threads threads = new Threads()) {
      BatchingRecommender.Builder builder =
          BatchingRecommender.builder("home", echo)
              .concurrentRuns(places)
              .maxBatch(5)
              .maxWaiting(16);
      // A deadline would end the wait of a call that nobody answers.
      BatchingRecommender home =
          (places == 3 ? builder.deadline(Duration.ofMillis(2)) : builder).build();
      for (int i = 0; i < callers; i++) {
        int caller = i;
        threads.start(
            () -> {
              all[caller] = Thread.currentThread();
              started.countDown();
              Threads.until(() -> started.getCount() == 0);
              SplittableRandom random = new SplittableRandom(caller);
              for (int call = 0; call < 1_000; call++) {
                if (random.nextInt(20) == 0) {
                  all[random.nextInt(callers)].interrupt();
                }
                try {
                  assertEquals(
                      List.of(caller + "-" + call),
                      home.recommend(startingWith(caller + "-" + call, random.nextInt(7)))
                          .itemIds());
                  answered.incrementAndGet();
                } catch (RecommenderException e) {
                  refused.incrementAndGet();
                }
                if (Thread.interrupted()) {
                  Thread.yield();
                }
              }
              return null;
            });
      }
      threads.join();
      assertEquals(callers * 1_000, answered.get() + refused.get());
      Diagnosis idle = home.diagnose(0);
      assertEquals(0L, idle.fact("running now").orElseThrow());
      assertEquals(0L, idle.fact("waiting now").orElseThrow());
      assertEquals((long) refused.get(), idle.fact("calls refused").orElseThrow());
    }
  }

  /**
   * On virtual threads, whose turns nobody but themselves ends: before a caller has made its
   * fiftieth call, the others have had an answer, but for those whose processor the system has
   * taken away. Threads of the system take turns at its will.
   */
  @Test
  void callersThatAskAgainAtOnceKeepNobodyOut() throws Exception {
    int processors = Runtime.getRuntime().availableProcessors();
    int callers = 4 * processors;
    CountDownLatch start = new CountDownLatch(1);
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger answeredBeforeTheFirstEnded = new AtomicInteger();
    RecommendationRequest request = RecommendationRequest.of(UserHistory.of("x")).k(1).build();
    SequenceRecommender busy =
        asked -> {
          long end = System.nanoTime() + 200_000;
          while (System.nanoTime() < end) {
            Thread.onSpinWait();
          }
          return Recommendations.of(1, List.of(new ScoredItem("a", 1))).build();
        };
    try (BatchingRecommender serving = BatchingRecommender.builder("home", busy).build()) {
      Runnable caller =
          () -> {
            Threads.await(start);
            serving.recommend(request);
            answered.incrementAndGet();
            for (int call = 2; call <= 50; call++) {
              serving.recommend(request);
            }
            answeredBeforeTheFirstEnded.compareAndSet(0, answered.get());
          };
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        threads.add(started(caller));
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertEquals(callers, answered.get());
    if (HAS_VIRTUAL_THREADS) {
      int others = answeredBeforeTheFirstEnded.get();
      // Where nobody lets others run, these are as many as there are processors.
      assertTrue(others > callers / 2, () -> others + " of " + callers);
    }
  }

  /** A virtual thread where the JDK has them: those of others run only when one of them lets go. */
  private static Thread started(Runnable task) throws ReflectiveOperationException {
    if (HAS_VIRTUAL_THREADS) {
      return (Thread)
          Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
    }
    Thread thread = new Thread(task);
    thread.start();
    return thread;
  }
}
