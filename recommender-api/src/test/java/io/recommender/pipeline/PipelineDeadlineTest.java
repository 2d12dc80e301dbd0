package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderListener;
import io.recommender.Reranker;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Deadlines, bulkheads and threads. Stalled calls hang on a latch; time is the test's. */
class PipelineDeadlineTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x")).k(3).build();

  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void releaseWhatHangs() {
    release.countDown();
  }

  private FakeRecommender stalled() {
    return FakeRecommender.of("s").withLatch(release);
  }

  /**
   * A clock that stands still while a call may still end, and passes every deadline once the stated
   * number of calls are the only ones left.
   */
  private static Ticker timeUpWhenOnly(int hanging) {
    return new Ticker() {
      @Override
      public long nanoTime() {
        return 0;
      }

      @Override
      public boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException {
        while (latch.getCount() > hanging) {
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
          Thread.onSpinWait();
        }
        return latch.getCount() == 0;
      }
    };
  }

  @Test
  void aStalledSourceIsLeftOutAndNamed() {
    List<String> events = new ArrayList<>();
    RecommenderListener listener =
        new RecommenderListener() {
          @Override
          public void deadlineMissed(String recommender, Duration deadline, List<String> late) {
            events.add(recommender + " " + deadline.toMillis() + " " + late);
          }
        };
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("slow", stalled())
            .source("fast", FakeRecommender.of("a", "b", "c"))
            .deadline(Duration.ofMillis(50))
            .listener(listener)
            .ticker(timeUpWhenOnly(1))
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("a", "b", "c").hasItemFrom("a", "fast");
      assertEquals(
          List.of(
              new Notice(
                  Notice.Code.TIMED_OUT,
                  1,
                  "the deadline of 50.0 ms passed before source:slow had answered")),
          answer.notices());
      assertEquals(List.of("test 50 [source:slow]"), events);
    }
  }

  @Test
  void withTheRealClockTheAnswerComesWhileTheSourceHangs() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("slow", stalled())
            .fallback("popular", FakeRecommender.of("p", "q", "r"))
            .deadline(Duration.ofMillis(20))
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).hasNotice(Notice.Code.TIMED_OUT);
      assertEquals(1, release.getCount(), "the source still hangs");
    }
  }

  @Test
  void fallbacksFillWhatIsLate() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("slow", stalled())
            .fallback("hangs", stalled())
            .fallback("popular", FakeRecommender.of("p", "q", "r"))
            .deadline(Duration.ofMillis(50))
            .ticker(oneCallAtATime())
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer)
          .containsExactly("p", "q", "r")
          .hasNotice(Notice.Code.TIMED_OUT)
          .hasNotice(Notice.Code.FALLBACK_USED);
      assertTrue(answer.notices().toString().contains("source:slow, fallback:hangs"));
    }
  }

  /** Time is up as soon as the call that is waited for hangs; the third one is waited for. */
  private static Ticker oneCallAtATime() {
    return new Ticker() {
      private int waits;

      @Override
      public long nanoTime() {
        return 0;
      }

      @Override
      public boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException {
        if (++waits < 3) {
          return false;
        }
        latch.await();
        return true;
      }
    };
  }

  @Test
  void aStalledRerankerIsLeftOut() {
    Reranker slow =
        (request, candidates) -> {
          try {
            release.await();
          } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
          }
          return List.of();
        };
    AtomicReference<CountDownLatch> sources = new AtomicReference<>();
    Ticker ticker =
        new Ticker() {
          @Override
          public long nanoTime() {
            return 0;
          }

          @Override
          public boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException {
            if (sources.compareAndSet(null, latch)) {
              latch.await();
              return true;
            }
            return false;
          }
        };
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("fast", FakeRecommender.of("a", "b", "c"))
            .reranker("slow", slow)
            .deadline(Duration.ofMillis(50))
            .ticker(ticker)
            .build()) {
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("a", "b", "c")
          .hasNotice(Notice.Code.TIMED_OUT);
    }
  }

  @Test
  void allLateAndNoFallbackIsAnEmptyAnswerAndNoError() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("slow", stalled())
            .deadline(Duration.ofMillis(50))
            .ticker(timeUpWhenOnly(1))
            .build()) {
      assertThat(pipeline.recommend(REQUEST))
          .isEmpty()
          .hasNotice(Notice.Code.TIMED_OUT)
          .hasNotice(Notice.Code.SHORTFALL);
    }
  }

  @Test
  void aHangingSourceIsNotAskedBeyondItsBulkheadAndCostsNothing() {
    FakeRecommender slow = stalled();
    AtomicInteger hanging = new AtomicInteger();
    Ticker ticker =
        new Ticker() {
          @Override
          public long nanoTime() {
            return 0;
          }

          @Override
          public boolean await(CountDownLatch latch, long nanoseconds) {
            // Time passes once the fast source has answered and the slow one hangs.
            boolean isAsked = hanging.get() < 2;
            while (latch.getCount() > (isAsked ? 1 : 0)
                || (isAsked && slow.requests().size() == hanging.get())) {
              Thread.onSpinWait();
            }
            hanging.set(slow.requests().size());
            return latch.getCount() == 0;
          }
        };
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("slow", slow).maxConcurrentCalls(2))
            .source("fast", FakeRecommender.of("a", "b", "c"))
            .deadline(Duration.ofMillis(50))
            .ticker(ticker)
            .build()) {
      for (int call = 0; call < 2; call++) {
        assertThat(pipeline.recommend(REQUEST)).hasNotice(Notice.Code.TIMED_OUT);
      }
      for (int call = 0; call < 20; call++) {
        assertThat(pipeline.recommend(REQUEST))
            .containsExactly("a", "b", "c")
            .hasNotice(Notice.Code.STAGE_SKIPPED)
            .hasNoNotice(Notice.Code.TIMED_OUT);
      }
      assertEquals(2, slow.requests().size());
    }
  }

  @Test
  void aFreedBulkheadLetsTheSourceInAgain() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    FakeRecommender slow =
        FakeRecommender.of("s")
            .withBefore(
                () -> {
                  inside.countDown();
                  try {
                    release.await();
                  } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                  }
                });
    ExecutorService caller = Executors.newSingleThreadExecutor();
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("slow", slow).maxConcurrentCalls(1))
            .fallback("popular", FakeRecommender.of("p"))
            .build()) {
      Future<Recommendations> first = caller.submit(() -> pipeline.recommend(REQUEST));
      inside.await();
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("p")
          .hasNotice(Notice.Code.STAGE_SKIPPED);
      release.countDown();
      assertThat(first.get()).containsExactly("s", "p");
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("s", "p")
          .hasNoNotice(Notice.Code.STAGE_SKIPPED);
    } finally {
      caller.shutdownNow();
    }
  }

  @Test
  void oneSourceWithoutADeadlineStaysInTheCallingThread() {
    AtomicReference<Thread> thread = new AtomicReference<>();
    FakeRecommender source =
        FakeRecommender.of("a").withBefore(() -> thread.set(Thread.currentThread()));
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("only", source)
            .executor(
                task -> {
                  throw new AssertionError("no thread is needed");
                })
            .build()) {
      pipeline.recommend(REQUEST);
      assertSame(Thread.currentThread(), thread.get());
    }
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("only", source)
            .deadline(Duration.ofHours(1))
            .build()) {
      pipeline.recommend(REQUEST);
      assertNotSame(Thread.currentThread(), thread.get());
      assertTrue(thread.get().isDaemon());
      assertTrue(thread.get().getName().startsWith("recommender-test-"));
    }
  }

  @Test
  void sourcesRunAtTheSameTime() {
    CountDownLatch both = new CountDownLatch(2);
    Runnable meet =
        () -> {
          both.countDown();
          try {
            both.await();
          } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
          }
        };
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("one", FakeRecommender.of("a").withBefore(meet))
            .source("other", FakeRecommender.of("b").withBefore(meet))
            .build()) {
      assertThat(pipeline.recommend(REQUEST)).containsExactly("a", "b");
    }
  }

  @Test
  void anExecutorThatRefusesLeavesTheWorkToTheCallerOrSkipsIt() {
    PipelineBuilder builder =
        RecommenderPipeline.named("test")
            .source("one", FakeRecommender.of("a"))
            .source("other", FakeRecommender.of("b"))
            .executor(
                task -> {
                  throw new RejectedExecutionException("full");
                });
    try (RecommenderPipeline pipeline = builder.build()) {
      assertThat(pipeline.recommend(REQUEST)).containsExactly("a", "b");
    }
    try (RecommenderPipeline pipeline = builder.deadline(Duration.ofHours(1)).build()) {
      assertThat(pipeline.recommend(REQUEST)).isEmpty().hasNotice(Notice.Code.STAGE_SKIPPED);
    }
  }

  @Test
  void aCallGivenUpBeforeItBeganNeverBegins() {
    List<Runnable> queue = new ArrayList<>();
    FakeRecommender source = FakeRecommender.of("a");
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("queued", source).maxConcurrentCalls(1))
            .executor(queue::add)
            .deadline(Duration.ofMillis(50))
            .ticker(timeUpWhenOnly(1))
            .build()) {
      assertThat(pipeline.recommend(REQUEST)).hasNotice(Notice.Code.TIMED_OUT);
      queue.forEach(Runnable::run);
      assertEquals(List.of(), source.requests());
      assertThat(pipeline.recommend(REQUEST))
          .hasNotice(Notice.Code.TIMED_OUT)
          .hasNoNotice(Notice.Code.STAGE_SKIPPED);
    }
  }

  @Test
  void anInterruptedCallerGetsWhatIsThereAndStaysInterrupted() {
    CountDownLatch taken = new CountDownLatch(1);
    // The calling thread must not be the one that hangs.
    FakeRecommender slow =
        FakeRecommender.of("s")
            .withBefore(
                () -> {
                  taken.countDown();
                  try {
                    release.await();
                  } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                  }
                });
    FakeRecommender fast =
        FakeRecommender.of("a", "b", "c")
            .withBefore(
                () -> {
                  try {
                    taken.await();
                  } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                  }
                  Thread.currentThread().interrupt();
                });
    try (RecommenderPipeline interrupted =
        RecommenderPipeline.named("test").source("fast", fast).source("slow", slow).build()) {
      Recommendations answer = interrupted.recommend(REQUEST);
      assertTrue(Thread.interrupted());
      assertThat(answer).containsExactly("a", "b", "c");
      assertEquals(
          "the calling thread was interrupted before source:slow had answered",
          answer.notices().get(0).message());
    }
  }

  @Test
  void afterCloseThreadsEndAndCallsAreRefused() {
    AtomicReference<Thread> thread = new AtomicReference<>();
    RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(
                "only",
                FakeRecommender.of("a").withBefore(() -> thread.set(Thread.currentThread())))
            .deadline(Duration.ofHours(1))
            .threads(1)
            .build();
    pipeline.recommend(REQUEST);
    pipeline.close();
    try {
      thread.get().join();
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
    assertEquals(
        "pipeline 'test' is closed",
        assertThrows(IllegalStateException.class, () -> pipeline.recommend(REQUEST)).getMessage());
    assertThrows(IllegalStateException.class, () -> pipeline.explain(REQUEST, "a"));
  }
}
