package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.serving.BatchingRecommender;
import io.recommender.serving.SwappableRecommender;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Systems whose models change while they serve. */
class ServingSystemsTest {
  private static final int CALLERS = 8;
  private static final int SWAPS = 100;

  @TempDir Path folder;

  private Path bundle(String version, List<String> items) throws Exception {
    BundleWriter writer =
        Fixtures.scoresBundle(Files.createDirectory(folder.resolve(version)), "DYNAMIC", "LEFT");
    writer.manifest.put("version", version);
    return writer.items(items).seal();
  }

  /**
   * CURE unlearns by new weights: every answer meanwhile is that of the one model or of the other
   * and says of which, no session of an old one stays open, and nothing is left of who was
   * forgotten.
   */
  @Test
  void cureSwapsModelsUnderLoadAndForgets() throws Exception {
    List<String> reversed = new ArrayList<>(Fixtures.IDS);
    Collections.reverse(reversed);
    Path a = bundle("1", Fixtures.IDS);
    Path b = bundle("2", reversed);
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      UserHistory history = UserHistory.of(Fixtures.IDS.get(i), Fixtures.IDS.get((i * 7) % 40));
      requests.add(RecommendationRequest.of(history.forUser("user-" + i)).k(5).build());
    }
    int sessions = NativeHandles.sessions();
    Map<String, List<List<ScoredItem>>> expected = new HashMap<>();
    for (Path bundle : List.of(a, b)) {
      try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle)) {
        expected.put(
            model.modelVersion(),
            requests.stream().map(request -> model.recommend(request).items()).toList());
      }
    }
    assertEquals(2, expected.values().stream().distinct().count(), "the models differ");
    SwappableRecommender models =
        SwappableRecommender.builder("models")
            .keepRecent(32, request -> true)
            .open(() -> RecommenderBundle.open(a));
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    try (BatchingRecommender home =
        BatchingRecommender.builder("home", models).concurrentRuns(2).build()) {
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        int caller = i;
        callers.add(
            threads.submit(
                () -> {
                  for (int call = caller; !isOver.get(); call++) {
                    int from = call % requests.size();
                    Recommendations answer = home.recommend(requests.get(from));
                    assertEquals(expected.get(answer.modelVersion()).get(from), answer.items());
                    answered.incrementAndGet();
                  }
                  return null;
                }));
      }
      for (int swap = 0; swap < SWAPS; swap++) {
        int before = answered.get();
        Path next = swap % 2 == 0 ? b : a;
        assertTrue(models.swap(() -> RecommenderBundle.open(next)).isOldClosed());
        assertEquals(sessions + 1, NativeHandles.sessions());
        while (answered.get() == before && callers.stream().noneMatch(Future::isDone)) {
          Thread.yield();
        }
      }
      isOver.set(true);
      for (Future<?> caller : callers) {
        caller.get();
      }
      forgets(models, requests);
    } finally {
      isOver.set(true);
      threads.shutdownNow();
    }
    assertEquals(sessions, NativeHandles.sessions());
  }

  private static void forgets(SwappableRecommender models, List<RecommendationRequest> requests) {
    models.recommendAll(requests);
    models.recommendAll(requests);
    Object before = models.diagnose(0).fact("recent requests kept").orElseThrow();
    models.forget("user-3");
    Object after = models.diagnose(0).fact("recent requests kept").orElseThrow();
    assertEquals(32L, before);
    assertEquals(30L, after, "two of thirty-two were of that user");
    UserHistory history = requests.get(3).history();
    assertEquals(
        models.recommend(RecommendationRequest.of(history.forUser("unseen")).build()).items(),
        models.recommend(RecommendationRequest.of(history).build()).items());
  }
}
