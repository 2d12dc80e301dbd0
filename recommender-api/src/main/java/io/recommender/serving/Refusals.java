package io.recommender.serving;

import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.internal.Listeners;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What becomes of calls that are not let through. <b>Thread-safe</b>. */
final class Refusals {
  private final String name;
  private final @Nullable SequenceRecommender fallback;
  private final Listeners listeners;
  private final LongAdder count = new LongAdder();

  Refusals(String name, @Nullable SequenceRecommender fallback, Listeners listeners) {
    this.name = name;
    this.fallback = fallback;
    this.listeners = listeners;
  }

  /** Lets the fallback answer, or throws. */
  List<Recommendations> answer(List<RecommendationRequest> requests, String why) {
    count.increment();
    RecommenderException refused =
        new RecommenderException(RecommenderException.Kind.OVERLOADED, name + ": " + why);
    listeners.tell(listener -> listener.callRefused(name, refused));
    SequenceRecommender instead = fallback;
    if (instead == null) {
      throw refused;
    }
    return instead.recommendAll(requests).stream().map(answer -> noted(answer, why)).toList();
  }

  private Recommendations noted(Recommendations answer, String why) {
    return answer.toBuilder()
        .notice(
            new Notice(
                Notice.Code.FALLBACK_USED,
                answer.size(),
                "the fallback of %s answered: %s".formatted(name, why)))
        .build();
  }

  long count() {
    return count.sum();
  }

  void close() {
    SequenceRecommender instead = fallback;
    if (instead != null) {
      instead.close();
    }
  }
}
