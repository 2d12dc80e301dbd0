package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.memory.CompensatingReranker;
import io.recommender.ann.memory.EntityCounts;
import io.recommender.ann.memory.ErrorMemory;
import io.recommender.ann.memory.UserMemory;
import io.recommender.ann.memory.UserStore;
import io.recommender.ann.memory.UserValueCodec;
import io.recommender.ann.neighbors.SessionKnnRecommender;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.serving.AcceptanceCheck;
import io.recommender.serving.SwappableRecommender;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * CURE, the serving side: models with other weights take over under load, and who was forgotten is
 * in no store, in no file and in no request that the next model is tried with.
 */
class ForgettingAcrossSwapsTest {
  private static final int CALLERS = 8;
  private static final int SWAPS = 6;
  private static final BundleOptions INDEX = BundleOptions.defaults().index(FlatIndex::new);
  private static final Supplier<SequenceRecommender> OLD =
      () -> RecommenderBundle.open(Path.of("bundles/shop"));
  private static final Supplier<SequenceRecommender> NEW =
      () -> RecommenderBundle.open(Path.of("bundles/shop-vector"), INDEX);

  @TempDir private Path folder;

  private final List<UserHistory> histories =
      Shop.standard().shoppers().subList(0, 16).stream().map(Shopper::history).toList();

  private RecommendationRequest request(int history, String userId) {
    return RecommendationRequest.of(histories.get(history).forUser(userId)).k(10).build();
  }

  private Map<String, List<List<ScoredItem>>> expected() {
    Map<String, List<List<ScoredItem>>> expected = new HashMap<>();
    for (Supplier<SequenceRecommender> opening : List.of(OLD, NEW)) {
      try (SequenceRecommender model = opening.get()) {
        List<Recommendations> answers = new ArrayList<>();
        for (int i = 0; i < histories.size(); i++) {
          answers.add(model.recommend(request(i, "anyone")));
        }
        expected.put(
            answers.get(0).modelVersion(), answers.stream().map(Recommendations::items).toList());
      }
    }
    assertEquals(2, expected.size());
    return expected;
  }

  /** Callers ask while models are swapped; returns how many answers were of neither model. */
  private int swapUnderLoad(SwappableRecommender models) throws Exception {
    Map<String, List<List<ScoredItem>>> expected = expected();
    AtomicBoolean isOver = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    List<Future<Integer>> callers = new ArrayList<>();
    try {
      for (int i = 0; i < CALLERS; i++) {
        int caller = i;
        callers.add(
            threads.submit(
                () -> {
                  int mixed = 0;
                  for (int call = caller; !isOver.get(); call++) {
                    int history = call % histories.size();
                    String userId = history < 4 ? "ann" : "user-" + history;
                    Recommendations answer = models.recommend(request(history, userId));
                    List<List<ScoredItem>> lists = expected.get(answer.modelVersion());
                    mixed += lists.get(history).equals(answer.items()) ? 0 : 1;
                  }
                  return mixed;
                }));
      }
      for (int swap = 1; swap <= SWAPS; swap++) {
        assertTrue(models.swap(swap % 2 == 1 ? NEW : OLD).isOldClosed());
      }
    } finally {
      isOver.set(true);
      threads.shutdown();
    }
    int mixed = 0;
    for (Future<Integer> caller : callers) {
      mixed += caller.get();
    }
    return mixed;
  }

  @Test
  void whoWasForgottenIsNowhereAfterASwap() throws Exception {
    Set<String> triedUsers = ConcurrentHashMap.newKeySet();
    AcceptanceCheck noting =
        (request, served, answer) -> {
          request.history().userId().ifPresent(triedUsers::add);
          return Optional.empty();
        };
    SwappableRecommender models =
        SwappableRecommender.builder("models")
            .keepRecent(64, request -> true)
            .check(noting)
            .open(OLD);
    SessionKnnRecommender sessions =
        SessionKnnRecommender.fit(Shop.standard().catalog(), histories);
    OnnxReranker onnx = RecommenderBundle.openReranker(Path.of("bundles/shop-ranker"));
    ErrorMemory errors = ErrorMemory.of(onnx.predicting().hiddenSize(), onnx.tasks());
    CompensatingReranker ranker = CompensatingReranker.of(onnx.predicting(), errors);
    UserStore<EntityCounts> entities =
        UserStore.builder(EntityCounts.codec())
            .learning(
                (before, feedback) ->
                    before.orElse(EntityCounts.empty()).plus(feedback.itemId(), Instant.EPOCH))
            .build();
    UserStore<float[]> adapters = UserStore.builder(UserValueCodec.floats(2)).build();
    UserStore<UserMemory> memories = UserStore.builder(UserMemory.codec(2)).build();
    try (RecommenderPipeline home =
        RecommenderPipeline.named("home")
            .source("models", models)
            .source("sessions", sessions)
            .reranker("ranker", ranker)
            .sink(FeedbackSink.all(entities, adapters, memories))
            .build()) {
      assertEquals(0, swapUnderLoad(models));
      for (String user : List.of("ann", "bob")) {
        for (ScoredItem shown : home.recommend(request(0, user))) {
          home.observe(Feedback.of(shown.itemId()).forUser(user).label("click", 1).label("buy", 1));
        }
        adapters.put(user, new float[] {1, 2});
        memories.put(user, UserMemory.empty(2).plus("note", new float[2], Instant.EPOCH));
      }
      int before = errors.size("click");
      assertTrue(before > 0);

      home.forget("ann");
      triedUsers.clear();
      models.swap(NEW);
      assertTrue(triedUsers.contains("user-7"), triedUsers::toString);
      assertFalse(triedUsers.contains("ann"), triedUsers::toString);
      assertEquals(before / 2, errors.size("click"));
      for (UserStore<?> store : List.of(entities, adapters, memories)) {
        assertTrue(store.get("ann").isEmpty() && store.get("bob").isPresent(), store::toString);
      }
      Path file = folder.resolve("entities");
      entities.save(file);
      UserStore<EntityCounts> opened = UserStore.builder(EntityCounts.codec()).open(file);
      assertTrue(opened.get("ann").isEmpty() && opened.get("bob").isPresent());
      errors.save(folder.resolve("errors"));
      assertEquals(before / 2, ErrorMemory.open(folder.resolve("errors")).size("click"));
      assertEquals(
          home.recommend(request(0, "a stranger")).items(),
          home.recommend(request(0, "ann")).items());
    }
  }
}
