package io.recommender;

import java.time.Duration;
import java.util.List;

/**
 * Is told what happens inside a recommender, to count and to time it. Every method does nothing
 * unless overridden.
 *
 * <p>The constants are names for the events that may be used for metrics; they do not change
 * between minor versions. No event names a user.
 *
 * <p><b>Thread safety.</b> Called by the thread that asked, by several at once, and before the
 * answer is returned: be quick. What a listener throws never reaches the caller.
 */
public interface RecommenderListener {
  /** The name of {@link #requestDone}. */
  String REQUEST_DONE = "recommender.request.done";

  /** The name of {@link #requestFailed}. */
  String REQUEST_FAILED = "recommender.request.failed";

  /** The name of {@link #stageDone}. */
  String STAGE_DONE = "recommender.stage.done";

  /** The name of {@link #sourceFailed}. */
  String SOURCE_FAILED = "recommender.source.failed";

  /** The name of {@link #fallbackUsed}. */
  String FALLBACK_USED = "recommender.fallback.used";

  /** The name of {@link #deadlineMissed}. */
  String DEADLINE_MISSED = "recommender.deadline.missed";

  /** The name of {@link #modelSwapped}. */
  String MODEL_SWAPPED = "recommender.model.swapped";

  /** The name of {@link #swapFailed}. */
  String SWAP_FAILED = "recommender.swap.failed";

  /** The name of {@link #callRefused}. */
  String CALL_REFUSED = "recommender.call.refused";

  /**
   * A request was answered.
   *
   * @param recommender the name of the recommender
   * @param answer the answer
   * @param nanoseconds how long it took
   */
  default void requestDone(String recommender, Recommendations answer, long nanoseconds) {}

  /**
   * A request ended with an exception, which the caller gets.
   *
   * @param recommender the name of the recommender
   * @param failure the exception
   * @param nanoseconds how long it took
   */
  default void requestFailed(String recommender, Throwable failure, long nanoseconds) {}

  /**
   * A stage was completed.
   *
   * @param recommender the name of the recommender
   * @param stage the stage
   */
  default void stageDone(String recommender, Trace.Stage stage) {}

  /**
   * A source, a reranker, a rule or a fallback failed and the answer goes on without it.
   *
   * @param recommender the name of the recommender
   * @param stage the name of what failed, as in {@link Trace.Stage#name()}
   * @param failure what it threw
   */
  default void sourceFailed(String recommender, String stage, Throwable failure) {}

  /**
   * A fallback was asked.
   *
   * @param recommender the name of the recommender
   * @param fallback the name of the fallback
   * @param items how many items of it are in the answer so far
   */
  default void fallbackUsed(String recommender, String fallback, int items) {}

  /**
   * The deadline passed before everything asked had answered.
   *
   * @param recommender the name of the recommender
   * @param deadline the deadline
   * @param late the names of the stages that had not answered
   */
  default void deadlineMissed(String recommender, Duration deadline, List<String> late) {}

  /**
   * A model took the place of another; told by the thread that swapped, before the old one is
   * closed.
   *
   * @param recommender the name of the recommender
   * @param from the version of the model that answered before; empty if it is unknown
   * @param to the version of the model that answers now; empty if it is unknown
   * @param nanoseconds how long it took to open and to try the new one
   */
  default void modelSwapped(String recommender, String from, String to, long nanoseconds) {}

  /**
   * A model did not take the place of another, which goes on.
   *
   * @param recommender the name of the recommender
   * @param failure why, which the caller gets
   */
  default void swapFailed(String recommender, Throwable failure) {}

  /**
   * A call was not let through to a model, because too many wait or it waited too long.
   *
   * @param recommender the name of the recommender
   * @param failure why; the caller gets it unless a fallback answers
   */
  default void callRefused(String recommender, RecommenderException failure) {}
}
