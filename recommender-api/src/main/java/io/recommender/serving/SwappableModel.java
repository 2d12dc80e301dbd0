package io.recommender.serving;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What recommenders and rerankers whose model can be swapped have in common: everything but the
 * calls that the model answers and the trial of a new one.
 *
 * @param <M> what the model is
 */
abstract class SwappableModel<M> implements FeedbackSink, Diagnosable {
  final String name;
  final ModelSlot<M> slot;

  SwappableModel(Parts<M, ?, ?> parts, Consumer<M> close) {
    name = parts.name;
    slot =
        new ModelSlot<>(
            name,
            parts.keepsPrevious,
            parts.drainTimeout,
            close,
            new Listeners(List.copyOf(parts.listeners)));
  }

  /**
   * Swaps the model for another. The calling thread opens and tries it.
   *
   * @param opening opens the new model, which is owned by this from then on
   * @return what was done
   * @throws RecommenderException of kind MODEL_REFUSED if an answer of the new model is missing or
   *     objected to; whatever the opening throws. The old model goes on
   * @throws IllegalStateException if closed
   */
  public SwapReport swap(Supplier<? extends M> opening) {
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
    Lease<M> lease = slot.enter();
    try {
      if (lease.resource() instanceof FeedbackSink sink) {
        sink.observe(feedback);
      }
    } finally {
      lease.leave();
    }
  }

  /** Has the models forget a user that are sinks, the one that is kept too. */
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

  @Override
  public Diagnosis diagnose(int sample) {
    Lease<M> lease = slot.enter();
    try {
      Diagnosis.Builder diagnosis =
          Diagnosis.of(name)
              .version(slot.version())
              .fact("swaps", slot.swaps())
              .fact("calls in flight", Math.max(0, slot.inside() - 1))
              .fact("kept for rollback", previousVersion().orElse("none"));
      describe(diagnosis);
      return diagnosis.part(lease.resource(), sample).build();
    } finally {
      lease.leave();
    }
  }

  /** Closes, waiting at most the time that the builder was given for draining. */
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
    return "%s[%s, %s]".formatted(getClass().getSimpleName(), name, slot.version());
  }

  /**
   * Tries a new model before anyone meets it.
   *
   * @throws RecommenderException of kind MODEL_REFUSED if it is not to answer
   */
  abstract ModelSlot.Trial tried(M model);

  /** Adds facts of its own to a diagnosis. */
  void describe(Diagnosis.Builder diagnosis) {}

  /** Asks a new model; an exception is a reason to refuse it. */
  final <A> A answered(String which, Supplier<A> call) {
    try {
      return Objects.requireNonNull(call.get(), "answer");
    } catch (RuntimeException failure) {
      throw new RecommenderException(
          RecommenderException.Kind.MODEL_REFUSED,
          refusal(which, "expected an answer, found " + failure),
          failure);
    }
  }

  final RecommenderException refused(String which, String objection) {
    return new RecommenderException(
        RecommenderException.Kind.MODEL_REFUSED, refusal(which, objection));
  }

  private String refusal(String which, String objection) {
    return "%s, new model, %s: %s".formatted(name, which, objection);
  }

  /** The version that a model tells when it describes itself; empty if it does not. */
  static String describedVersion(Object model) {
    return model instanceof Diagnosable diagnosable ? diagnosable.diagnose(0).version() : "";
  }

  /**
   * Collects the parts of a {@link SwappableModel}.
   *
   * @param <M> what the model is
   * @param <S> what is opened
   * @param <B> the builder itself
   */
  abstract static class Parts<M, S extends SwappableModel<M>, B extends Parts<M, S, B>> {
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

    private final String name;
    private final List<RecommenderListener> listeners = new ArrayList<>();
    private boolean keepsPrevious;
    private Duration drainTimeout = DRAIN_TIMEOUT;

    Parts(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    abstract B self();

    abstract S create();

    /**
     * Keeps the model before a swap open until the next one, for a rollback. This takes the memory
     * of a second model all the time, and of a third during a swap.
     *
     * @return this
     */
    public B keepPrevious() {
      keepsPrevious = true;
      return self();
    }

    /**
     * Sets how long a swap and a close wait for calls in flight.
     *
     * @param drainTimeout the time; 30 seconds if never set
     * @return this
     */
    public B drainTimeout(Duration drainTimeout) {
      if (drainTimeout.isNegative()) {
        throw new IllegalArgumentException(
            "drainTimeout: expected at least 0, found " + drainTimeout);
      }
      this.drainTimeout = drainTimeout;
      return self();
    }

    /**
     * Adds a listener, which is told of swaps.
     *
     * @param listener the listener
     * @return this
     */
    public B listener(RecommenderListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return self();
    }

    /**
     * Opens the first model and tries it.
     *
     * @param opening opens it
     * @return what it answers through, to be closed by the caller
     * @throws RecommenderException as a swap does; nothing is open then
     */
    public S open(Supplier<? extends M> opening) {
      Objects.requireNonNull(opening, "opening");
      S created = create();
      created.slot.open(opening, created::tried);
      return created;
    }
  }
}
