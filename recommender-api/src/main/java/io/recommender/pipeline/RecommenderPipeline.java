package io.recommender.pipeline;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Trace;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Several recommenders, rerankers and rules that answer as one.
 *
 * <p>A request goes through these stages:
 *
 * <ol>
 *   <li>the history is transformed;
 *   <li>every source is asked, at once, for as many candidates as its depth, with the filter of the
 *       request, of the pipeline and of the overlay in one, so that each filters inside its search;
 *   <li>the fusion makes one ranking and keeps the best candidates;
 *   <li>rerankers reorder and may drop;
 *   <li>rules change scores;
 *   <li>diversity and then exploration reorder;
 *   <li>pins, limits and minimums decide the places;
 *   <li>while there are fewer than k, the next fallback is asked for items that are not candidates.
 * </ol>
 *
 * <p><b>Order.</b> Equal scores are ordered by the first source, in declared order, that proposed
 * the item, then by its rank there; what is the same to a later stage keeps its order. A rule or
 * diversity may put an item above better ones: it then takes the score of the best below it, so
 * that scores never ascend; the trace tells what it had. The items of a fallback stand below all
 * others. The same request, seed and models give the same answer on any number of threads, unless
 * something failed, was skipped or was late, which a notice says.
 *
 * <p><b>Errors.</b> A source, reranker, rule or fallback that throws, returns null, or breaks its
 * contract costs its part of the answer and no more; a notice names it. Only when every source
 * fails and no fallback answers, the caller gets a {@link RecommenderException} of kind {@link
 * RecommenderException.Kind#ALL_SOURCES_FAILED}. What a history transform throws is passed on.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other. An interrupted caller
 * gets what is there by then, and stays interrupted.
 *
 * <p><b>Lifetime.</b> {@link #close()} waits for calls in flight and ends the threads of the
 * pipeline, if it has any. Sources, rerankers, fallbacks and the executor stay the caller's to
 * close.
 *
 * <p><b>Cost.</b> Some tens of microseconds for 200 candidates besides the sources and rerankers,
 * and memory that grows with the candidates, not with the catalogue.
 */
public final class RecommenderPipeline implements SequenceRecommender, FeedbackSink {
  private final Plan plan;
  private final Runnable closeThreads;
  private final ReentrantReadWriteLock lease = new ReentrantReadWriteLock();

  /** Guarded by {@link #lease}. */
  private boolean closed;

  RecommenderPipeline(Plan plan, Runnable closeThreads) {
    this.plan = plan;
    this.closeThreads = closeThreads;
  }

  /**
   * Starts a pipeline.
   *
   * @param name what it is called in model versions, events and names of threads; not empty
   * @return a builder
   */
  public static PipelineBuilder named(String name) {
    return new PipelineBuilder(name);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The answer has an attribution id and, unless it was turned off, a trace.
   *
   * @throws RecommenderException if every source failed and no fallback answered
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    enter();
    try {
      long start = now();
      try {
        Recommendations answer =
            new PipelineRun(plan, request, start, false).answer().recommendations();
        if (!plan.listeners().isEmpty()) {
          long nanoseconds = now() - start;
          plan.listeners().tell(listener -> listener.requestDone(plan.name(), answer, nanoseconds));
        }
        return answer;
      } catch (RuntimeException | Error failure) {
        long nanoseconds = now() - start;
        plan.listeners()
            .tell(listener -> listener.requestFailed(plan.name(), failure, nanoseconds));
        throw failure;
      }
    } finally {
      lease.readLock().unlock();
    }
  }

  /**
   * Tells how an item gets its place in the answer to a request. The request is run once more, so
   * what has changed meanwhile, such as stock, has its effect. Listeners hear nothing.
   *
   * @param request the request
   * @param itemId the item
   * @return the explanation; empty if the item is not in the answer
   * @throws RecommenderException if every source failed and no fallback answered
   */
  public Optional<Explanation> explain(RecommendationRequest request, String itemId) {
    Recommendations answer = run(request).recommendations();
    List<ScoredItem> items = answer.items();
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i).itemId().equals(itemId)) {
        Trace.Provenance provenance = answer.trace().orElseThrow().items().get(itemId);
        return Optional.of(Explanation.of(items.get(i), i + 1, provenance));
      }
    }
    return Optional.empty();
  }

  /**
   * Tells why an item is not in the answer to a request, which is run once more as for {@link
   * #explain}.
   *
   * @param request the request
   * @param itemId the item
   * @return the reason; empty if the item is in the answer
   * @throws RecommenderException if every source failed and no fallback answered
   */
  public Optional<Absence> explainAbsence(RecommendationRequest request, String itemId) {
    Answer answer = run(request);
    return answer.recommendations().itemIds().contains(itemId)
        ? Optional.empty()
        : Optional.of(Absences.find(plan, answer, request, itemId));
  }

  /**
   * Passes feedback on to every source, reranker and fallback that is a sink, and to the sinks of
   * the builder, each once.
   *
   * @param feedback what became of an item of an answer; without consent nobody gets it
   */
  @Override
  public void observe(Feedback feedback) {
    plan.sink().observe(feedback);
  }

  /**
   * Makes everything that {@link #observe} reaches forget a user. The pipeline itself keeps nothing
   * of users.
   *
   * @param userId the user
   */
  @Override
  public void forget(String userId) {
    plan.sink().forget(userId);
  }

  private Answer run(RecommendationRequest request) {
    enter();
    try {
      return new PipelineRun(plan, request, now(), true).answer();
    } finally {
      lease.readLock().unlock();
    }
  }

  private long now() {
    return plan.dispatcher().ticker().nanoTime();
  }

  /** Takes the lease that {@link #close} waits for; the caller gives it back. */
  private void enter() {
    lease.readLock().lock();
    if (closed) {
      lease.readLock().unlock();
      throw new IllegalStateException("pipeline '%s' is closed".formatted(plan.name()));
    }
  }

  /** Ends the pipeline's own threads, after the calls in flight. Closing twice has no effect. */
  @Override
  public void close() {
    lease.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        closeThreads.run();
      }
    } finally {
      lease.writeLock().unlock();
    }
  }

  @Override
  public String toString() {
    return "RecommenderPipeline[%s, %d sources]".formatted(plan.name(), plan.sources().size());
  }
}
