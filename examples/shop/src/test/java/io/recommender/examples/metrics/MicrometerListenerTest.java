package io.recommender.examples.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.UserHistory;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a registry holds after the events of a recommender. */
class MicrometerListenerTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final MicrometerListener listener = new MicrometerListener(registry);

  private double count(String name, String... tags) {
    return registry.get(name).tags(tags).counter().count();
  }

  private long times(String name, String... tags) {
    return registry.get(name).tags(tags).timer().count();
  }

  @Test
  void aPipelineIsCountedAndTimed() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("home")
            .source("model", FakeRecommender.of("a", "b", "c"))
            .source(
                "broken",
                asked -> {
                  throw new UnsupportedOperationException("broken");
                })
            .listener(listener)
            .build()) {
      RecommendationRequest request = RecommendationRequest.of(UserHistory.of("x")).k(2).build();
      pipeline.recommend(request);
      pipeline.recommend(request);
    }
    assertEquals(2, times(RecommenderListener.REQUEST_DONE, "recommender", "home"));
    assertEquals(2, times(RecommenderListener.STAGE_DONE, "stage", "source:model"));
    assertEquals(4, count(MicrometerListener.ITEMS, "recommender", "home"));
    assertEquals(
        2,
        count(
            RecommenderListener.SOURCE_FAILED,
            "stage",
            "source:broken",
            "error",
            "UnsupportedOperationException"));
    assertEquals(2, count(MicrometerListener.NOTICES, "code", "STAGE_FAILED"));
  }

  @Test
  void eventsOfServingHaveMeters() {
    RecommenderException overloaded =
        new RecommenderException(RecommenderException.Kind.OVERLOADED, "too many wait");
    listener.requestFailed("m", overloaded, 5);
    listener.fallbackUsed("m", "popular", 3);
    listener.deadlineMissed("m", Duration.ofMillis(20), List.of("source:a", "source:b"));
    listener.modelSwapped("m", "1", "2", 7);
    listener.swapFailed("m", new IllegalStateException("no"));
    listener.callRefused("m", overloaded);
    assertEquals(1, times(RecommenderListener.REQUEST_FAILED, "error", "OVERLOADED"));
    assertEquals(1, count(RecommenderListener.FALLBACK_USED, "fallback", "popular"));
    assertEquals(1, count(RecommenderListener.DEADLINE_MISSED, "stage", "source:b"));
    assertEquals(1, times(RecommenderListener.MODEL_SWAPPED, "recommender", "m"));
    assertEquals(1, count(RecommenderListener.SWAP_FAILED, "error", "IllegalStateException"));
    assertEquals(1, count(RecommenderListener.CALL_REFUSED, "error", "OVERLOADED"));
  }
}
