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
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A recommender whose model can be swapped for another while callers use it.
 *
 * <pre>{@code
 * SwappableRecommender serving =
 *     SwappableRecommender.builder("home")
 *         .keepRecent(64, request -> consents(request))
 *         .keepPrevious()
 *         .open(() -> RecommenderBundle.open(monday));
 * serving.swap(() -> RecommenderBundle.open(tuesday));
 * serving.rollback();
 * }</pre>
 *
 * <p>A swap opens the new model, which a bundle does by replaying its golden requests; tries it
 * with the given and the newest requests, one by one and as a batch; has the answers checked; lets
 * it answer all calls that begin from then on; waits for the calls that the old one is answering,
 * and closes it. Both models are in memory meanwhile. If anything goes wrong before the new one
 * answers, it is closed, the old one goes on, and the exception says why.
 *
 * <p>A call, {@link #recommendAll} included, is answered by one model alone.
 *
 * <p><b>Thread safety.</b> Thread-safe. Callers never wait for a swap; swaps take turns.
 *
 * <p><b>Lifetime.</b> Owns the models. {@link #close()} admits no more calls, waits for those in
 * flight, and closes. A call that outlasts the time to wait is not cut off: when it ends, it closes
 * its model.
 *
 * <p><b>Privacy.</b> Keeps no request unless {@link Builder#keepRecent} says so, and then in memory
 * alone; {@link #forget} drops those of a user.
 *
 * <p><b>Cost.</b> Two atomic operations a call, and one more where requests are kept.
 */
public final class SwappableRecommender implements SequenceRecommender, FeedbackSink, Diagnosable {
  private final ModelSlot<SequenceRecommender> slot;
  private final String name;
  private final List<RecommendationRequest> warmUp;
  private final RecentRequests recent;
  private final AcceptanceCheck check;

  private SwappableRecommender(Builder builder) {
    name = builder.name;
    warmUp = List.copyOf(builder.warmUp);
    recent = new RecentRequests(builder.recent, builder.allowed);
    check = builder.check;
    slot =
        new ModelSlot<>(
            name,
            builder.keepsPrevious,
            builder.drainTimeout,
            SequenceRecommender::close,
            new Listeners(builder.listeners));
  }

  /**
   * Starts a recommender.
   *
   * @param name its name, for listeners and messages
   * @return a builder
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Lease<SequenceRecommender> lease = slot.enter();
    try {
      Recommendations answer = lease.resource().recommend(request);
      recent.offer(request, answer);
      return answer;
    } finally {
      lease.leave();
    }
  }

  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    Lease<SequenceRecommender> lease = slot.enter();
    try {
      List<Recommendations> answers = lease.resource().recommendAll(requests);
      for (int i = 0; i < answers.size(); i++) {
        recent.offer(requests.get(i), answers.get(i));
      }
      return answers;
    } finally {
      lease.leave();
    }
  }

  /**
   * Swaps the model for another. The calling thread opens and tries it.
   *
   * @param opening opens the new model, which is this recommender's from then on
   * @return what was done
   * @throws RecommenderException of kind MODEL_REFUSED if an answer of the new model is missing or
   *     objected to; whatever the opening throws. The old model goes on
   * @throws IllegalStateException if closed
   */
  public SwapReport swap(Supplier<? extends SequenceRecommender> opening) {
    Objects.requireNonNull(opening, "opening");
    return slot.swap(opening, model -> tried(model, recent.newest()));
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
    Lease<SequenceRecommender> lease = slot.enter();
    try {
      if (lease.resource() instanceof FeedbackSink sink) {
        sink.observe(feedback);
      }
    } finally {
      lease.leave();
    }
  }

  /**
   * Drops the kept requests of a user, and has the models forget that are sinks. Requests of calls
   * that are still being answered may be kept after that; call it when the user's calls have ended.
   *
   * @param userId the user
   */
  @Override
  public void forget(String userId) {
    recent.forget(Objects.requireNonNull(userId, "userId"));
    slot.each(
        model -> {
          if (model instanceof FeedbackSink sink) {
            sink.forget(userId);
          }
        });
  }

  private ModelSlot.Trial tried(
      SequenceRecommender model, List<RecentRequests.Served> recentlyServed) {
    List<RecommendationRequest> requests = new ArrayList<>(warmUp);
    List<Optional<Recommendations>> served = new ArrayList<>();
    warmUp.forEach(request -> served.add(Optional.empty()));
    for (RecentRequests.Served each : recentlyServed) {
      requests.add(each.request());
      served.add(Optional.of(each.answer()));
    }
    String version = "";
    for (int i = 0; i < requests.size(); i++) {
      RecommendationRequest request = requests.get(i);
      String which = "request %d of %d".formatted(i + 1, requests.size());
      Recommendations answer = answered(which, () -> model.recommend(request));
      check(which, request, served.get(i), answer);
      version = answer.modelVersion();
    }
    if (requests.size() > 1) {
      String which = "%d requests as a batch".formatted(requests.size());
      List<Recommendations> answers = answered(which, () -> model.recommendAll(requests));
      if (answers.size() != requests.size()) {
        throw refused(which, "expected as many answers, found " + answers.size());
      }
      for (int i = 0; i < requests.size(); i++) {
        check(
            "request %d of %d in a batch".formatted(i + 1, requests.size()),
            requests.get(i),
            served.get(i),
            answers.get(i));
      }
    }
    if (version.isEmpty() && model instanceof Diagnosable diagnosable) {
      version = diagnosable.diagnose(0).version();
    }
    return new ModelSlot.Trial(version, requests.size());
  }

  private <A> A answered(String which, Supplier<A> call) {
    try {
      return Objects.requireNonNull(call.get(), "answer");
    } catch (RuntimeException failure) {
      throw new RecommenderException(
          RecommenderException.Kind.MODEL_REFUSED,
          "%s, new model, %s: expected an answer, found %s".formatted(name, which, failure),
          failure);
    }
  }

  private void check(
      String which,
      RecommendationRequest request,
      Optional<Recommendations> served,
      Recommendations answer) {
    check
        .objection(request, served, answer)
        .ifPresent(
            objection -> {
              throw refused(which, objection);
            });
  }

  private RecommenderException refused(String which, String objection) {
    return new RecommenderException(
        RecommenderException.Kind.MODEL_REFUSED,
        "%s, new model, %s: %s".formatted(name, which, objection));
  }

  @Override
  public Diagnosis diagnose(int sample) {
    Lease<SequenceRecommender> lease = slot.enter();
    try {
      Diagnosis.Builder diagnosis =
          Diagnosis.of(name)
              .version(slot.version())
              .fact("swaps", slot.swaps())
              .fact("calls in flight", Math.max(0, slot.inside() - 1))
              .fact("kept for rollback", previousVersion().orElse("none"))
              .fact("recent requests kept", recent.newest().size());
      return diagnosis.part(lease.resource(), sample).build();
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
    recent.clear();
    return slot.close(timeout.toNanos());
  }

  @Override
  public String toString() {
    return "SwappableRecommender[%s, %s]".formatted(name, slot.version());
  }

  /** Collects the parts of a recommender. <b>Confined</b>. */
  public static final class Builder {
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(30);

    private final String name;
    private final List<RecommendationRequest> warmUp = new ArrayList<>();
    private final List<RecommenderListener> listeners = new ArrayList<>();
    private int recent;
    private Predicate<RecommendationRequest> allowed = request -> false;
    private AcceptanceCheck check = AcceptanceCheck.answersSomething();
    private boolean keepsPrevious;
    private Duration drainTimeout = DRAIN_TIMEOUT;

    private Builder(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * Adds requests that every model is tried with, the first one too.
     *
     * @param requests the requests
     * @return this
     */
    public Builder warmUp(List<RecommendationRequest> requests) {
      warmUp.addAll(requests);
      return this;
    }

    /**
     * Keeps the newest requests of callers with their answers, so that a new model is tried with
     * them.
     *
     * @param requests how many at most
     * @param allowed which may be kept; asked after the answer, by the thread that called
     * @return this
     */
    public Builder keepRecent(int requests, Predicate<RecommendationRequest> allowed) {
      if (requests < 1) {
        throw new IllegalArgumentException("requests: expected at least 1, found " + requests);
      }
      recent = requests;
      this.allowed = Objects.requireNonNull(allowed, "allowed");
      return this;
    }

    /**
     * Sets which answers of a new model are accepted.
     *
     * @param check the check; {@link AcceptanceCheck#answersSomething} if never set
     * @return this
     */
    public Builder check(AcceptanceCheck check) {
      this.check = Objects.requireNonNull(check, "check");
      return this;
    }

    /**
     * Keeps the model before a swap open until the next one, for {@link
     * SwappableRecommender#rollback}. This takes the memory of a second model all the time, and of
     * a third during a swap.
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
     * @return the recommender, to be closed by the caller
     * @throws RecommenderException as {@link SwappableRecommender#swap} does; nothing is open then
     */
    public SwappableRecommender open(Supplier<? extends SequenceRecommender> opening) {
      Objects.requireNonNull(opening, "opening");
      SwappableRecommender recommender = new SwappableRecommender(this);
      recommender.slot.open(opening, model -> recommender.tried(model, List.of()));
      return recommender;
    }
  }
}
