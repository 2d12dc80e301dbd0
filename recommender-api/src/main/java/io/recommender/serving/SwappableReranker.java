package io.recommender.serving;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A reranker whose model can be swapped for another while callers use it; what {@link
 * SwappableRecommender} is to recommenders.
 *
 * <pre>{@code
 * SwappableReranker ranking =
 *     SwappableReranker.builder("ranking")
 *         .warmUp(request, candidates)
 *         .open(() -> RecommenderBundle.openReranker(monday));
 * ranking.swap(() -> RecommenderBundle.openReranker(tuesday));
 * }</pre>
 *
 * <p>A swap opens the new model, tries it with the candidates of {@link Builder#warmUp}, lets it
 * answer all calls that begin from then on, waits for the calls that the old one is answering, and
 * closes it. A new model is refused if it throws, or returns an item that was not given, an item
 * twice, or a score that is not a number; if so it is closed and the old one goes on.
 *
 * <p><b>Thread safety.</b> Thread-safe. Callers never wait for a swap; swaps take turns.
 *
 * <p><b>Lifetime.</b> Owns the models. {@link #close()} admits no more calls, waits for those in
 * flight, and closes. A call that outlasts the time to wait is not cut off: when it ends, it closes
 * its model.
 *
 * <p><b>Cost.</b> Two atomic operations a call. Two models are in memory during a swap.
 */
public final class SwappableReranker implements Reranker, FeedbackSink, Diagnosable {
  private final ModelSlot<Reranker> slot;
  private final String name;
  private final List<Sample> warmUp;

  private record Sample(RecommendationRequest request, List<ScoredItem> candidates) {}

  private SwappableReranker(Builder builder) {
    name = builder.name;
    warmUp = List.copyOf(builder.warmUp);
    slot =
        new ModelSlot<>(
            name,
            builder.keepsPrevious,
            builder.drainTimeout,
            Reranker::close,
            new Listeners(builder.listeners));
  }

  /**
   * Starts a reranker.
   *
   * @param name its name, for listeners and messages
   * @return a builder
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return rerankWithNotices(request, candidates, notice -> {});
  }

  @Override
  public List<ScoredItem> rerankWithNotices(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    Lease<Reranker> lease = slot.enter();
    try {
      return lease.resource().rerankWithNotices(request, candidates, notices);
    } finally {
      lease.leave();
    }
  }

  /**
   * Swaps the model for another. The calling thread opens and tries it.
   *
   * @param opening opens the new model, which is this reranker's from then on
   * @return what was done
   * @throws RecommenderException of kind MODEL_REFUSED if the new model fails its trial; whatever
   *     the opening throws. The old model goes on
   * @throws IllegalStateException if closed
   */
  public SwapReport swap(Supplier<? extends Reranker> opening) {
    Objects.requireNonNull(opening, "opening");
    return slot.swap(opening, this::tried);
  }

  /**
   * Goes back to the model before the last swap, at once: it was kept open. The one that answered
   * until now is closed after its last call.
   *
   * @return what was done
   * @throws IllegalStateException if none is kept, or closed
   */
  public SwapReport rollback() {
    return slot.rollback();
  }

  /**
   * Closes the model that was kept for a {@link #rollback}, if there is one, to free its memory.
   */
  public void dropPrevious() {
    slot.dropPrevious(slot.drainNanos());
  }

  /** {@return the version of the model that answers; empty if it is unknown, or after close} */
  public String modelVersion() {
    return slot.version();
  }

  /**
   * {@return the version of the model that a {@link #rollback} would bring back, if one is kept}
   */
  public Optional<String> previousVersion() {
    return slot.hasPrevious() ? Optional.of(slot.previousVersion()) : Optional.empty();
  }

  /**
   * Passes feedback on to the model that answers, if that is a sink.
   *
   * @throws IllegalStateException if closed
   */
  @Override
  public void observe(Feedback feedback) {
    Lease<Reranker> lease = slot.enter();
    try {
      if (lease.resource() instanceof FeedbackSink sink) {
        sink.observe(feedback);
      }
    } finally {
      lease.leave();
    }
  }

  /** Has the models forget that are sinks. */
  @Override
  public void forget(String userId) {
    Objects.requireNonNull(userId, "userId");
    slot.each(
        model -> {
          if (model instanceof FeedbackSink sink) {
            sink.forget(userId);
          }
        });
  }

  private ModelSlot.Trial tried(Reranker model) {
    for (int i = 0; i < warmUp.size(); i++) {
      Sample sample = warmUp.get(i);
      String which = "warm-up %d of %d".formatted(i + 1, warmUp.size());
      List<ScoredItem> ranked;
      try {
        ranked =
            Objects.requireNonNull(model.rerank(sample.request(), sample.candidates()), "ranked");
      } catch (RuntimeException failure) {
        throw new RecommenderException(
            RecommenderException.Kind.MODEL_REFUSED,
            message(which, "expected a list, found " + failure),
            failure);
      }
      check(which, sample.candidates(), ranked);
    }
    String version =
        model instanceof Diagnosable diagnosable ? diagnosable.diagnose(0).version() : "";
    return new ModelSlot.Trial(version, warmUp.size());
  }

  private void check(String which, List<ScoredItem> candidates, List<ScoredItem> ranked) {
    Set<String> left = new HashSet<>();
    candidates.forEach(candidate -> left.add(candidate.itemId()));
    for (ScoredItem item : ranked) {
      if (!left.remove(item.itemId())) {
        throw refused(which, "expected candidates, each once, found " + item.itemId());
      }
      if (!Double.isFinite(item.score())) {
        throw refused(which, "expected finite scores, found " + item);
      }
    }
  }

  private RecommenderException refused(String which, String objection) {
    return new RecommenderException(
        RecommenderException.Kind.MODEL_REFUSED, message(which, objection));
  }

  private String message(String which, String objection) {
    return "%s, new model, %s: %s".formatted(name, which, objection);
  }

  @Override
  public Diagnosis diagnose(int sample) {
    Lease<Reranker> lease = slot.enter();
    try {
      return Diagnosis.of(name)
          .version(slot.version())
          .fact("swaps", slot.swaps())
          .fact("calls in flight", Math.max(0, slot.inside() - 1))
          .fact("kept for rollback", previousVersion().orElse("none"))
          .part(lease.resource(), sample)
          .build();
    } finally {
      lease.leave();
    }
  }

  /** Closes, waiting at most the time set by {@link Builder#drainTimeout}. */
  @Override
  public void close() {
    close(Duration.ofNanos(slot.drainNanos()));
  }

  /**
   * Admits no more calls, waits for those in flight, and closes the models.
   *
   * @param timeout how long to wait at most
   * @return whether the models are closed; if not, the last call closes
   */
  public boolean close(Duration timeout) {
    return slot.close(timeout.toNanos());
  }

  @Override
  public String toString() {
    return "SwappableReranker[%s, %s]".formatted(name, slot.version());
  }

  /** Collects the parts of a reranker. <b>Confined</b>. */
  public static final class Builder {
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

    private final String name;
    private final List<Sample> warmUp = new ArrayList<>();
    private final List<RecommenderListener> listeners = new ArrayList<>();
    private boolean keepsPrevious;
    private Duration drainTimeout = DRAIN_TIMEOUT;

    private Builder(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * Adds candidates that every model is tried with, the first one too.
     *
     * @param request the request they were found for
     * @param candidates the candidates, best first, each once
     * @return this
     */
    public Builder warmUp(RecommendationRequest request, List<ScoredItem> candidates) {
      warmUp.add(new Sample(Objects.requireNonNull(request, "request"), List.copyOf(candidates)));
      return this;
    }

    /**
     * Keeps the model before a swap open until the next one, for {@link
     * SwappableReranker#rollback}. This takes the memory of a second model all the time, and of a
     * third during a swap.
     *
     * @return this
     */
    public Builder keepPrevious() {
      keepsPrevious = true;
      return this;
    }

    /**
     * Sets how long a swap and a close wait for calls in flight.
     *
     * @param drainTimeout the time; 30 seconds if never set
     * @return this
     */
    public Builder drainTimeout(Duration drainTimeout) {
      if (drainTimeout.isNegative()) {
        throw new IllegalArgumentException(
            "drainTimeout: expected at least 0, found " + drainTimeout);
      }
      this.drainTimeout = drainTimeout;
      return this;
    }

    /**
     * Adds a listener, which is told of swaps.
     *
     * @param listener the listener
     * @return this
     */
    public Builder listener(RecommenderListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * Opens the first model and tries it.
     *
     * @param opening opens it
     * @return the reranker, to be closed by the caller
     * @throws RecommenderException as {@link SwappableReranker#swap} does; nothing is open then
     */
    public SwappableReranker open(Supplier<? extends Reranker> opening) {
      Objects.requireNonNull(opening, "opening");
      SwappableReranker reranker = new SwappableReranker(this);
      reranker.slot.open(opening, reranker::tried);
      return reranker;
    }
  }
}
