package io.recommender.examples.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.Trace;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Counts and times the events of recommenders in a Micrometer registry, under the names of {@link
 * RecommenderListener}.
 *
 * <p>Requests, stages and swaps are timers, all else are counters. Every meter has the tag {@code
 * recommender}; further ones are {@code stage}, {@code fallback}, and {@code error}, the kind of a
 * {@link RecommenderException} or the class of another. All are names given in code or in a file,
 * so their number does not grow with users, items or models.
 *
 * <pre>{@code
 * RecommenderPipeline.named("home").listener(new MicrometerListener(registry))
 * }</pre>
 *
 * <p><b>Thread safety.</b> Thread-safe. <b>Cost.</b> A look-up by name and tags for each event.
 */
public final class MicrometerListener implements RecommenderListener {
  /** Counts the notices of answers, by their code in the tag {@code code}. */
  public static final String NOTICES = "recommender.notices";

  /** Counts the items of answers. */
  public static final String ITEMS = "recommender.items";

  private static final String RECOMMENDER = "recommender";

  private final MeterRegistry registry;

  /**
   * Writes to a registry.
   *
   * @param registry where to, which the caller closes
   */
  public MicrometerListener(MeterRegistry registry) {
    this.registry = Objects.requireNonNull(registry, "registry");
  }

  @Override
  public void requestDone(String recommender, Recommendations answer, long nanoseconds) {
    time(REQUEST_DONE, Tags.of(RECOMMENDER, recommender), nanoseconds);
    registry.counter(ITEMS, RECOMMENDER, recommender).increment(answer.size());
    for (Notice notice : answer.notices()) {
      registry
          .counter(NOTICES, RECOMMENDER, recommender, "code", notice.code().name())
          .increment(notice.count());
    }
  }

  @Override
  public void requestFailed(String recommender, Throwable failure, long nanoseconds) {
    time(REQUEST_FAILED, Tags.of(RECOMMENDER, recommender, "error", kind(failure)), nanoseconds);
  }

  @Override
  public void stageDone(String recommender, Trace.Stage stage) {
    time(STAGE_DONE, Tags.of(RECOMMENDER, recommender, "stage", stage.name()), stage.nanoseconds());
  }

  @Override
  public void sourceFailed(String recommender, String stage, Throwable failure) {
    count(SOURCE_FAILED, recommender, "stage", stage, "error", kind(failure));
  }

  @Override
  public void fallbackUsed(String recommender, String fallback, int items) {
    count(FALLBACK_USED, recommender, "fallback", fallback);
  }

  @Override
  public void deadlineMissed(String recommender, Duration deadline, List<String> late) {
    for (String stage : late) {
      count(DEADLINE_MISSED, recommender, "stage", stage);
    }
  }

  @Override
  public void modelSwapped(String recommender, String from, String to, long nanoseconds) {
    time(MODEL_SWAPPED, Tags.of(RECOMMENDER, recommender), nanoseconds);
  }

  @Override
  public void swapFailed(String recommender, Throwable failure) {
    count(SWAP_FAILED, recommender, "error", kind(failure));
  }

  @Override
  public void callRefused(String recommender, RecommenderException failure) {
    count(CALL_REFUSED, recommender, "error", kind(failure));
  }

  private void time(String name, Tags tags, long nanoseconds) {
    registry.timer(name, tags).record(nanoseconds, TimeUnit.NANOSECONDS);
  }

  private void count(String name, String recommender, String... tags) {
    registry.counter(name, Tags.of(RECOMMENDER, recommender).and(tags)).increment();
  }

  private static String kind(Throwable failure) {
    return failure instanceof RecommenderException known
        ? known.kind().name()
        : failure.getClass().getSimpleName();
  }
}
