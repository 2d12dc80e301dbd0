package io.recommender;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Several sinks as one. <b>Thread-safe</b> if they are. */
final class FeedbackSinks implements FeedbackSink {
  private final List<FeedbackSink> sinks;

  FeedbackSinks(List<? extends FeedbackSink> sinks) {
    this.sinks = List.copyOf(sinks);
  }

  @Override
  public void observe(Feedback feedback) {
    if (feedback.hasConsent()) {
      reachAll(sink -> sink.observe(feedback));
    }
  }

  @Override
  public void forget(String userId) {
    Objects.requireNonNull(userId, "userId");
    reachAll(sink -> sink.forget(userId));
  }

  private void reachAll(Consumer<FeedbackSink> call) {
    @Nullable RuntimeException first = null;
    for (FeedbackSink sink : sinks) {
      try {
        call.accept(sink);
      } catch (RuntimeException failure) {
        if (first == null) {
          first = failure;
        } else if (first != failure) {
          first.addSuppressed(failure);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  @Override
  public String toString() {
    return sinks.toString();
  }
}
