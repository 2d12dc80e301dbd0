package io.recommender.serving;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

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
public final class SwappableReranker extends SwappableModel<Reranker> implements Reranker {
  private final List<Sample> warmUp;

  private record Sample(RecommendationRequest request, List<ScoredItem> candidates) {}

  private SwappableReranker(Builder builder) {
    super(builder, Reranker::close);
    warmUp = List.copyOf(builder.warmUp);
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

  @Override
  ModelSlot.Trial tried(Reranker model) {
    for (int i = 0; i < warmUp.size(); i++) {
      Sample sample = warmUp.get(i);
      String which = "warm-up %d of %d".formatted(i + 1, warmUp.size());
      List<ScoredItem> ranked =
          answered(which, () -> model.rerank(sample.request(), sample.candidates()));
      check(which, sample.candidates(), ranked);
    }
    return new ModelSlot.Trial(describedVersion(model), warmUp.size());
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

  /** Collects the parts of a reranker. <b>Confined</b>. */
  public static final class Builder extends Parts<Reranker, SwappableReranker, Builder> {
    private final List<Sample> warmUp = new ArrayList<>();

    private Builder(String name) {
      super(name);
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

    @Override
    Builder self() {
      return this;
    }

    @Override
    SwappableReranker create() {
      return new SwappableReranker(this);
    }
  }
}
