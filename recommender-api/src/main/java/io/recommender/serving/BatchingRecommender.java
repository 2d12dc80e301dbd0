package io.recommender.serving;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.SequenceRecommender;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Answers callers that come at the same time with one run of the model, and limits how many run and
 * wait.
 *
 * <pre>{@code
 * BatchingRecommender serving =
 *     BatchingRecommender.builder("home", model)
 *         .paddedLength(model::paddedLength)
 *         .maxWaiting(512)
 *         .deadline(Duration.ofMillis(80))
 *         .fallback(popularity)
 *         .build();
 * }</pre>
 *
 * <p>A caller that finds a place free, and nobody waiting, runs at once and waits for no company.
 * Any other waits, or takes the free place and makes the runs of those who wait; when a run ends,
 * the one that has waited longest is run next, and others that wait go with it up to the largest
 * batch. So batches grow with the load, and nobody waits while a run is made of calls that all came
 * later.
 *
 * <p>Those go with it whose lengths suit: a run takes as long as if all its requests were as long
 * as the longest, and takes some time beside that. How much is learned from the times of the runs,
 * and weighed against padding. Where lengths turn out not to matter, all go together.
 *
 * <p>The runs are made by callers that wait: the one that came last makes them, one after another,
 * until it is answered and nobody who came before it waits, then another does. So one is woken for
 * each answer and no more, and making the runs of others keeps nobody longer than others wait.
 *
 * <p>When a batch fails, each of its requests is tried by itself, so that the request of one caller
 * harms no other. The filter of a request may be called by the thread of another caller; it must
 * not ask this recommender.
 *
 * <p>Worth it where {@link #recommendAll} is faster than as many single calls: on a GPU, and for
 * models of some size. With a largest batch of 1 it only limits how many run and wait.
 *
 * <p><b>Errors.</b> {@link RecommenderException} of kind OVERLOADED if too many wait, if the
 * deadline is over, or if the thread is interrupted while it waits; unless a fallback answers.
 *
 * <p><b>Thread safety.</b> Thread-safe. Has no thread of its own.
 *
 * <p><b>Lifetime.</b> Owns the model and the fallback. {@link #close()} admits no more calls, lets
 * those that run and wait complete, and closes.
 *
 * <p><b>Cost.</b> For a caller without company, an uncontended lock three times. For one that
 * waits, a wake and a switch of threads; a run, a sort of the lengths of those that wait.
 */
public final class BatchingRecommender implements SequenceRecommender, FeedbackSink, Diagnosable {
  private final String name;
  private final int places;
  private final int maxBatch;
  private final long deadlineNanos;
  private final Combiner combiner;
  private final Refusals refusals;
  private final Lease<SequenceRecommender> lease;
  private final Duration drainTimeout;

  private BatchingRecommender(Builder builder) {
    name = builder.name;
    places = builder.places;
    maxBatch = builder.maxBatch;
    deadlineNanos = builder.deadline.toNanos();
    drainTimeout = builder.drainTimeout;
    combiner =
        new Combiner(places, maxBatch, builder.maxWaiting, builder.paddedLength, builder.clock);
    Listeners listeners = new Listeners(builder.listeners);
    refusals = new Refusals(name, builder.fallback, listeners);
    SequenceRecommender model = builder.model;
    lease =
        new Lease<>(
            model,
            () -> {
              try {
                refusals.close();
              } finally {
                model.close();
              }
            },
            failure -> listeners.tell(listener -> listener.sourceFailed(name, "close", failure)));
  }

  /**
   * Starts a recommender.
   *
   * @param name its name, for listeners and messages
   * @param model what answers
   * @return a builder
   */
  public static Builder builder(String name, SequenceRecommender model) {
    return new Builder(name, model);
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    return call(List.of(request)).get(0);
  }

  /** Answers several requests as a batch of their own, which nobody joins. */
  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    return requests.isEmpty() ? List.of() : call(List.copyOf(requests));
  }

  /** Passes feedback on to the model, if that is a sink; nothing after close. */
  @Override
  public void observe(Feedback feedback) {
    passOn(sink -> sink.observe(feedback));
  }

  /** Has the model forget, if that is a sink. */
  @Override
  public void forget(String userId) {
    passOn(sink -> sink.forget(userId));
  }

  private void passOn(Consumer<FeedbackSink> call) {
    if (lease.resource() instanceof FeedbackSink sink && lease.tryEnter()) {
      try {
        call.accept(sink);
      } finally {
        lease.leave();
      }
    }
  }

  private List<Recommendations> call(List<RecommendationRequest> requests) {
    if (!lease.tryEnter()) {
      throw new IllegalStateException(name + " is closed");
    }
    try {
      return combiner.call(
          lease.resource(), requests, combiner.end(deadlineNanos), refusals::answer);
    } finally {
      lease.leave();
    }
  }

  @Override
  public Diagnosis diagnose(int sample) {
    Combiner.Statistics now = combiner.statistics();
    return Diagnosis.of(name)
        .fact("runs at a time", places)
        .fact("largest batch allowed", maxBatch)
        .fact("running now", now.running())
        .fact("waiting now", now.waiting())
        .fact("runs so far", now.runs())
        .fact("calls run together", now.combined())
        .fact("largest batch so far", now.largest())
        .ratio("places that a run costs", now.placesOfARun())
        .fact("calls refused", refusals.count())
        .fact("admits calls", !lease.isRetired())
        .part(lease.resource(), sample)
        .build();
  }

  /** Closes, waiting at most the time set by {@link Builder#drainTimeout}. */
  @Override
  public void close() {
    close(drainTimeout);
  }

  /**
   * Admits no more calls, lets those that run and wait complete, and closes the model and the
   * fallback.
   *
   * @param timeout how long to wait at most
   * @return whether they are closed; if not, the last call closes
   */
  public boolean close(Duration timeout) {
    return lease.retire(timeout.toNanos());
  }

  @Override
  public String toString() {
    return "BatchingRecommender[%s, %s]".formatted(name, lease.resource());
  }

  /** Collects the parts of a recommender. <b>Confined</b>. */
  public static final class Builder {
    private static final int MAX_BATCH = 64;
    private static final int MAX_WAITING = 1024;
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

    private final String name;
    private final SequenceRecommender model;
    private final List<RecommenderListener> listeners = new ArrayList<>();

    /** Half as many again as keep the processors busy: a place changes hands while others run. */
    private int places = Runtime.getRuntime().availableProcessors() * 3 / 2;

    private int maxBatch = MAX_BATCH;
    private int maxWaiting = MAX_WAITING;
    private ToIntFunction<RecommendationRequest> paddedLength =
        request -> Math.max(1, request.history().size());

    private Duration deadline = Duration.ZERO;
    private Duration drainTimeout = DRAIN_TIMEOUT;
    private @Nullable SequenceRecommender fallback;
    private LongSupplier clock = System::nanoTime;

    private Builder(String name, SequenceRecommender model) {
      this.name = Objects.requireNonNull(name, "name");
      this.model = Objects.requireNonNull(model, "model");
    }

    /**
     * Sets the largest number of calls in one run.
     *
     * @param maxBatch at least 1; {@value #MAX_BATCH} if never set
     * @return this
     */
    public Builder maxBatch(int maxBatch) {
      this.maxBatch = atLeast("maxBatch", 1, maxBatch);
      return this;
    }

    /**
     * Sets how many runs there may be at a time. For a CPU, half as many again as its processors
     * divided by the threads of one run: while one run hands over to the next, another has its
     * processor. As many as there are processors make larger runs, and answer sooner at moderate
     * load. For a GPU, one or two.
     *
     * @param runs at least 1; half as many again as there are processors if never set
     * @return this
     */
    public Builder concurrentRuns(int runs) {
      this.places = atLeast("runs", 1, runs);
      return this;
    }

    /**
     * Sets how many calls may wait.
     *
     * @param maxWaiting at least 0; {@value #MAX_WAITING} if never set
     * @return this
     */
    public Builder maxWaiting(int maxWaiting) {
      this.maxWaiting = atLeast("maxWaiting", 0, maxWaiting);
      return this;
    }

    /**
     * Sets how long a request is for the model, where that is not the length of its history: a
     * model that looks at the newest 50 items pads no longer history further.
     *
     * @param paddedLength the length of a request, at least 1, such as {@code model::paddedLength};
     *     it is asked for every call. That of the history, at least 1, if never set
     * @return this
     */
    public Builder paddedLength(ToIntFunction<RecommendationRequest> paddedLength) {
      this.paddedLength = Objects.requireNonNull(paddedLength, "paddedLength");
      return this;
    }

    /**
     * Sets when an answer is no longer of use. A call waits no longer than that, is not run after
     * that, and takes no more others with it than can probably be answered until then. A caller
     * that makes a run of others when its time is over is refused when that run has ended.
     *
     * @param deadline how long after the call, above 0; calls wait as long as it takes if never set
     * @return this
     */
    public Builder deadline(Duration deadline) {
      if (deadline.isNegative() || deadline.isZero()) {
        throw new IllegalArgumentException("deadline: expected above 0, found " + deadline);
      }
      this.deadline = deadline;
      return this;
    }

    /**
     * Sets what answers calls that are not let through, with a notice.
     *
     * @param fallback something quick that needs no model, such as popularity
     * @return this
     */
    public Builder fallback(SequenceRecommender fallback) {
      this.fallback = Objects.requireNonNull(fallback, "fallback");
      return this;
    }

    /**
     * Sets how long a close waits for calls in flight.
     *
     * @param drainTimeout the time; 30 seconds if never set
     * @return this
     */
    public Builder drainTimeout(Duration drainTimeout) {
      this.drainTimeout = Objects.requireNonNull(drainTimeout, "drainTimeout");
      return this;
    }

    /**
     * Adds a listener, which is told of calls that are not let through.
     *
     * @param listener the listener
     * @return this
     */
    public Builder listener(RecommenderListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /** For tests. */
    Builder clock(LongSupplier clock) {
      this.clock = clock;
      return this;
    }

    private static int atLeast(String name, int least, int value) {
      if (value < least) {
        throw new IllegalArgumentException(
            "%s: expected at least %d, found %d".formatted(name, least, value));
      }
      return value;
    }

    /** {@return the recommender} */
    public BatchingRecommender build() {
      return new BatchingRecommender(this);
    }
  }
}
