package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.FeedbackSink;
import io.recommender.HistoryTransform;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a pipeline was built of. <b>Immutable</b>.
 *
 * @param sources sources with their bulkheads; they and the fallbacks are numbered in this order
 * @param fusion null: the scores of the only source as they are
 * @param filter the standing filter, with that of the overlay in it
 * @param pipelineFilter the standing filter alone
 * @param scales the rules that change scores
 * @param slots the other rules
 * @param reordering diversity, then exploration
 * @param attribution null: a hash of the request
 * @param sink everything that learns from feedback or keeps anything of users
 */
record Plan(
    String name,
    HistoryTransform transform,
    List<Source> sources,
    double[] weights,
    @Nullable Fusion fusion,
    int candidates,
    ItemFilter filter,
    ItemFilter pipelineFilter,
    @Nullable CatalogOverlay overlay,
    @Nullable Catalog catalog,
    List<Rerank> rerankers,
    List<SlotRule> scales,
    List<SlotRule> slots,
    List<Rerank> reordering,
    List<Source> fallbacks,
    @Nullable Duration deadline,
    Dispatcher dispatcher,
    Listeners listeners,
    boolean isTraced,
    @Nullable Function<? super RecommendationRequest, String> attribution,
    FeedbackSink sink) {

  /** A source or a fallback behind its bulkhead. */
  record Source(CandidateSource source, Guard guard) {
    String name() {
      return source.name();
    }
  }

  /** A reranker behind its bulkhead. */
  record Rerank(Reranker reranker, Guard guard) {}

  /** The number of the proposer that stands for all pins; those before are sources, fallbacks. */
  int pins() {
    return sources.size() + fallbacks.size();
  }

  /** Returns what a proposer is called in an answer; a pin is called by its place. */
  String proposer(int number, int rank) {
    if (number < sources.size()) {
      return sources.get(number).name();
    }
    return number < pins() ? fallbacks.get(number - sources.size()).name() : "pin-" + rank;
  }
}
