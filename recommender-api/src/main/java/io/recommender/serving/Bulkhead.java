package io.recommender.serving;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Limits how many calls are inside native code at a time, over all the models it guards, and shuts
 * them down in order.
 *
 * <pre>{@code
 * Bulkhead bulkhead = new Bulkhead("models", 16, 64, Duration.ofMillis(50));
 * SequenceRecommender home = bulkhead.guard(model);
 * Reranker ranker = bulkhead.guard(crossEncoder);
 * bulkhead.close();
 * }</pre>
 *
 * <p>A call that finds no place free waits, the one that came first first; if too many wait
 * already, or it has waited long enough, it is refused with a {@link RecommenderException} of kind
 * OVERLOADED, or a fallback answers.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 *
 * <p><b>Lifetime.</b> Owns what it guards. {@link #close()} refuses new calls with an {@link
 * IllegalStateException}, lets those inside and waiting complete, and then closes everything, the
 * last guarded first. Closing one guarded model closes that one alone.
 */
public final class Bulkhead implements AutoCloseable, Diagnosable {
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

  private final String name;
  private final int maxCalls;
  private final int maxWaiting;
  private final long maxWaitNanos;
  private final Semaphore places;
  private final AtomicInteger waiting = new AtomicInteger();
  private final LongAdder refused = new LongAdder();
  private final Lease<Deque<AutoCloseable>> lease;

  /**
   * Creates a bulkhead.
   *
   * @param name its name, for messages
   * @param maxCalls how many calls may be inside, at least 1
   * @param maxWaiting how many calls may wait, at least 0
   * @param maxWait how long a call may wait
   */
  public Bulkhead(String name, int maxCalls, int maxWaiting, Duration maxWait) {
    if (maxCalls < 1) {
      throw new IllegalArgumentException("maxCalls: expected at least 1, found " + maxCalls);
    }
    if (maxWaiting < 0) {
      throw new IllegalArgumentException("maxWaiting: expected at least 0, found " + maxWaiting);
    }
    this.name = Objects.requireNonNull(name, "name");
    this.maxCalls = maxCalls;
    this.maxWaiting = maxWaiting;
    maxWaitNanos = maxWait.toNanos();
    places = new Semaphore(maxCalls, true);
    Deque<AutoCloseable> guarded = new ArrayDeque<>();
    lease = new Lease<>(guarded, () -> closeAll(guarded), failure -> {});
  }

  /**
   * Makes a call inside.
   *
   * @param call the call
   * @param <T> what it returns
   * @return what it returned
   * @throws RecommenderException OVERLOADED if it is not let in
   * @throws IllegalStateException if closed
   */
  public <T> T call(Supplier<T> call) {
    if (!lease.tryEnter()) {
      throw new IllegalStateException(name + " is closed");
    }
    try {
      enter();
      try {
        return call.get();
      } finally {
        places.release();
      }
    } finally {
      lease.leave();
    }
  }

  private void enter() {
    if (waiting.get() == 0 && places.tryAcquire()) {
      return;
    }
    if (waiting.incrementAndGet() > maxWaiting) {
      waiting.decrementAndGet();
      throw overloaded(
          "expected at most %d calls inside and %d waiting, found one more"
              .formatted(maxCalls, maxWaiting));
    }
    try {
      if (!places.tryAcquire(maxWaitNanos, TimeUnit.NANOSECONDS)) {
        throw overloaded(
            "expected a place within %s, found %d calls inside"
                .formatted(Duration.ofNanos(maxWaitNanos), maxCalls));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw overloaded("expected to wait for a place, found the thread interrupted");
    } finally {
      waiting.decrementAndGet();
    }
  }

  private RecommenderException overloaded(String message) {
    refused.increment();
    return new RecommenderException(Kind.OVERLOADED, name + ": " + message);
  }

  /**
   * Guards a recommender, which is this bulkhead's from then on.
   *
   * @param model the recommender
   * @return one that makes each call inside
   */
  public SequenceRecommender guard(SequenceRecommender model) {
    return owned(new Guarded(model, Optional.empty()));
  }

  /**
   * Guards a recommender, which is this bulkhead's from then on.
   *
   * @param model the recommender
   * @param fallback what answers calls that are not let in, outside, with a notice
   * @return one that makes each call inside
   */
  public SequenceRecommender guard(SequenceRecommender model, SequenceRecommender fallback) {
    return owned(new Guarded(model, Optional.of(fallback)));
  }

  /**
   * Guards a reranker, which is this bulkhead's from then on.
   *
   * @param model the reranker
   * @return one that makes each call inside
   */
  public Reranker guard(Reranker model) {
    return owned(new GuardedReranker(model));
  }

  private final class GuardedReranker implements Reranker, FeedbackSink {
    private final Reranker model;

    GuardedReranker(Reranker model) {
      this.model = Objects.requireNonNull(model, "model");
    }

    @Override
    public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
      return call(() -> model.rerank(request, candidates));
    }

    @Override
    public List<ScoredItem> rerankWithNotices(
        RecommendationRequest request,
        List<ScoredItem> candidates,
        Consumer<? super Notice> notices) {
      return call(() -> model.rerankWithNotices(request, candidates, notices));
    }

    @Override
    public void observe(Feedback feedback) {
      if (model instanceof FeedbackSink sink) {
        sink.observe(feedback);
      }
    }

    @Override
    public void forget(String userId) {
      if (model instanceof FeedbackSink sink) {
        sink.forget(userId);
      }
    }

    @Override
    public void close() {
      model.close();
    }
  }

  private <T extends AutoCloseable> T owned(T guarded) {
    if (!lease.tryEnter()) {
      throw new IllegalStateException(name + " is closed");
    }
    try {
      synchronized (lease) {
        lease.resource().push(guarded);
      }
      return guarded;
    } finally {
      lease.leave();
    }
  }

  private final class Guarded implements SequenceRecommender, FeedbackSink, Diagnosable {
    private final SequenceRecommender model;
    private final Optional<Refusals> refusals;

    Guarded(SequenceRecommender model, Optional<SequenceRecommender> fallback) {
      this.model = Objects.requireNonNull(model, "model");
      refusals = fallback.map(instead -> new Refusals(name, instead, new Listeners(List.of())));
    }

    @Override
    public Recommendations recommend(RecommendationRequest request) {
      try {
        return call(() -> model.recommend(request));
      } catch (RecommenderException failure) {
        return instead(List.of(request), failure).get(0);
      }
    }

    @Override
    public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
      try {
        return call(() -> model.recommendAll(requests));
      } catch (RecommenderException failure) {
        return instead(requests, failure);
      }
    }

    @Override
    public void observe(Feedback feedback) {
      if (model instanceof FeedbackSink sink) {
        sink.observe(feedback);
      }
    }

    @Override
    public void forget(String userId) {
      if (model instanceof FeedbackSink sink) {
        sink.forget(userId);
      }
    }

    private List<Recommendations> instead(
        List<RecommendationRequest> requests, RecommenderException failure) {
      if (failure.kind() != Kind.OVERLOADED || refusals.isEmpty()) {
        throw failure;
      }
      return refusals.get().answer(requests, String.valueOf(failure.getMessage()));
    }

    @Override
    public Diagnosis diagnose(int sample) {
      return Diagnosis.of("guarded by " + name).part(model, sample).build();
    }

    @Override
    public void close() {
      try {
        refusals.ifPresent(Refusals::close);
      } finally {
        model.close();
      }
    }
  }

  @Override
  public Diagnosis diagnose(int sample) {
    return Diagnosis.of(name)
        .fact("calls allowed", maxCalls)
        .fact("calls inside", maxCalls - places.availablePermits())
        .fact("calls waiting", waiting.get())
        .fact("calls refused", refused.sum())
        .fact("admits calls", !lease.isRetired())
        .build();
  }

  /** Closes, waiting at most 30 seconds for calls in flight. */
  @Override
  public void close() {
    close(DRAIN_TIMEOUT);
  }

  /**
   * Admits no more calls, lets those inside and waiting complete, and closes everything guarded.
   *
   * @param timeout how long to wait at most
   * @return whether everything is closed; if not, the last call closes
   */
  public boolean close(Duration timeout) {
    return lease.retire(timeout.toNanos());
  }

  private static void closeAll(Deque<AutoCloseable> guarded) {
    RuntimeException failure = null;
    for (AutoCloseable each : guarded) {
      try {
        close(each);
      } catch (RuntimeException thrown) {
        if (failure == null) {
          failure = thrown;
        } else {
          failure.addSuppressed(thrown);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static void close(AutoCloseable guarded) {
    if (guarded instanceof SequenceRecommender recommender) {
      recommender.close();
    } else if (guarded instanceof Reranker reranker) {
      reranker.close();
    }
  }
}
