package io.recommender.serving;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A recommender whose model can be swapped for another while callers use it.
 *
 * <pre>{@code
 * SwappableRecommender serving =
 *     SwappableRecommender.builder("home")
 *         .keepRecent(64, request -> !isTest(request))
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
 * alone, and never one {@linkplain RecommendationRequest#hasConsent without consent}; {@link
 * #forget} drops those of a user.
 *
 * <p><b>Cost.</b> Two atomic operations a call, and one more and a look at each part of request and
 * answer where requests are kept.
 */
public final class SwappableRecommender extends SwappableModel<SequenceRecommender>
    implements SequenceRecommender {
  private final List<RecommendationRequest> warmUp;
  private final RecentRequests recent;
  private final AcceptanceCheck check;

  private SwappableRecommender(Builder builder) {
    super(builder, SequenceRecommender::close);
    warmUp = List.copyOf(builder.warmUp);
    recent = new RecentRequests(builder.recent, builder.recentBytes, builder.allowed);
    check = builder.check;
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
   * Drops the kept requests of a user, and has the models forget that are sinks. Requests of calls
   * that are still being answered may be kept after that; call it when the user's calls have ended.
   *
   * @param userId the user
   */
  @Override
  public void forget(String userId) {
    recent.forget(Objects.requireNonNull(userId, "userId"));
    super.forget(userId);
  }

  /** The first model finds no recent requests: nobody has called yet. */
  @Override
  ModelSlot.Trial tried(SequenceRecommender model) {
    List<RecentRequests.Served> recentlyServed = recent.newest();
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
    return new ModelSlot.Trial(
        version.isEmpty() ? describedVersion(model) : version, requests.size());
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

  @Override
  void describe(Diagnosis.Builder diagnosis) {
    List<RecentRequests.Served> kept = recent.newest();
    diagnosis.fact("recent requests kept", kept.size());
    diagnosis.bytes("recent requests", kept.stream().mapToLong(RecentRequests.Served::bytes).sum());
  }

  @Override
  public boolean close(Duration timeout) {
    recent.clear();
    return super.close(timeout);
  }

  /** Collects the parts of a recommender. <b>Confined</b>. */
  public static final class Builder
      extends Parts<SequenceRecommender, SwappableRecommender, Builder> {
    /** How many bytes each of the newest requests may take with its answer unless told. */
    public static final int DEFAULT_BYTES_PER_REQUEST = 256 << 10;

    private final List<RecommendationRequest> warmUp = new ArrayList<>();
    private int recent;
    private long recentBytes;
    private Predicate<RecommendationRequest> allowed = request -> false;
    private AcceptanceCheck check = AcceptanceCheck.answersSomething();

    private Builder(String name) {
      super(name);
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
     * them. A request {@linkplain RecommendationRequest#hasConsent without consent} is never kept,
     * nor {@code allowed} asked about it.
     *
     * <p>They are kept within {@value #DEFAULT_BYTES_PER_REQUEST} bytes each.
     *
     * @param requests how many at most
     * @param allowed which of those with consent may be kept; asked after the answer, by the thread
     *     that called; what it throws means no
     * @return this
     */
    public Builder keepRecent(int requests, Predicate<RecommendationRequest> allowed) {
      return keepRecent(requests, (long) DEFAULT_BYTES_PER_REQUEST * requests, allowed);
    }

    /**
     * Keeps the newest requests as {@link #keepRecent(int, Predicate)} does, within a number of
     * bytes. A request that takes more than its share of them, with its answer, is not kept.
     *
     * @param requests how many at most
     * @param bytes how many bytes all of them may take, about: what a filter of the caller's own
     *     holds is not counted
     * @param allowed as above
     * @return this
     */
    public Builder keepRecent(int requests, long bytes, Predicate<RecommendationRequest> allowed) {
      if (requests < 1) {
        throw new IllegalArgumentException("requests: expected at least 1, found " + requests);
      }
      if (bytes < 0) {
        throw new IllegalArgumentException("bytes: expected at least 0, found " + bytes);
      }
      recent = requests;
      recentBytes = bytes;
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

    @Override
    Builder self() {
      return this;
    }

    @Override
    SwappableRecommender create() {
      return new SwappableRecommender(this);
    }
  }
}
