package io.recommender;

import java.util.List;

/**
 * Whatever learns from feedback or keeps anything of users: it is told what became of items, and
 * forgets users.
 *
 * <p>Everything in this library that keeps something under a user's id is a sink, so that one call
 * of {@link #forget} on {@link #all all of them} reaches it. A {@link
 * io.recommender.pipeline.RecommenderPipeline} passes both calls on to its sources, rerankers and
 * fallbacks that are sinks. A store of the application takes part with {@code store::delete}.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 */
@FunctionalInterface
public interface FeedbackSink {

  /**
   * Takes feedback. Keeps nothing of feedback {@linkplain Feedback#hasConsent without consent}.
   * Does nothing by default.
   *
   * @param feedback what became of an item
   * @throws IllegalArgumentException if the feedback is not of the shape that the sink needs;
   *     nothing is kept of it
   */
  default void observe(Feedback feedback) {}

  /**
   * Forgets a user: nothing that was kept under the id is returned or counts any more. Files that
   * were saved before keep it until they are saved again.
   *
   * @param userId the user; of one that is not known nothing changes
   */
  void forget(String userId);

  /**
   * Returns a sink that reaches several. Feedback without consent goes to none of them.
   *
   * <p>Each is called, in order, also if one before it throws; then the first exception is thrown,
   * with the others suppressed in it.
   *
   * @param sinks the sinks; copied
   * @return the sink
   */
  static FeedbackSink all(List<? extends FeedbackSink> sinks) {
    return new FeedbackSinks(sinks);
  }

  /**
   * Returns a sink that reaches several, as {@link #all(List)} does.
   *
   * @param sinks the sinks; copied
   * @return the sink
   */
  static FeedbackSink all(FeedbackSink... sinks) {
    return all(List.of(sinks));
  }
}
