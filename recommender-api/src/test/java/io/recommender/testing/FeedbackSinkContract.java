package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link FeedbackSink} keeps that stores something by user. Extend it and supply
 * the sink, feedback that leaves a trace, and a way to see it.
 *
 * @param <S> the type of the sink
 */
public abstract class FeedbackSinkContract<S extends FeedbackSink> {

  /**
   * Makes the sink under test.
   *
   * @return a new one, equal to others
   */
  protected abstract S create();

  /**
   * Makes feedback that leaves a trace.
   *
   * @param userId the user
   * @return the feedback, with consent
   */
  protected abstract Feedback feedback(String userId);

  /**
   * Tells what a sink knows from feedback.
   *
   * @param sink the sink
   * @param userId whose feedback
   * @return anything with equals, the same for a new sink and for one that knows nothing
   */
  protected abstract Object trace(S sink, String userId);

  private S observing(String... userIds) {
    S sink = create();
    for (String userId : userIds) {
      sink.observe(feedback(userId));
    }
    return sink;
  }

  @Test
  void feedbackLeavesATrace() {
    assertNotEquals(trace(create(), "ann"), trace(observing("ann"), "ann"));
  }

  @Test
  void withoutConsentNothingIsKept() {
    S sink = create();
    sink.observe(feedback("ann").consent(false));
    assertEquals(trace(create(), "ann"), trace(sink, "ann"));
  }

  @Test
  void whatWasForgottenIsGone() {
    S sink = observing("ann");
    sink.forget("ann");
    assertEquals(trace(create(), "ann"), trace(sink, "ann"));
    sink.forget("ann");
    assertEquals(trace(create(), "ann"), trace(sink, "ann"));
  }

  @Test
  void forgettingOneUserKeepsTheOthers() {
    S sink = observing("ann", "bob");
    sink.forget("ann");
    sink.forget("nobody");
    assertEquals(trace(observing("bob"), "bob"), trace(sink, "bob"));
  }
}
