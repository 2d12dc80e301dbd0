package io.recommender.ann.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.FeedbackSinkContract;
import io.recommender.testing.RerankerContract;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class CompensatingRerankerTest {
  private static final List<String> TASKS = List.of("click", "buy");

  private final FakeRanker ranker = new FakeRanker();
  private final ErrorMemory memory =
      ErrorMemory.of(
          FakeRanker.HIDDEN, TASKS, ErrorMemoryOptions.defaults().neighbors(1).strength(1));
  private final CompensatingReranker adaptive = CompensatingReranker.of(ranker, memory);

  private static List<ScoredItem> candidates(String... ids) {
    return IntStream.range(0, ids.length).mapToObj(i -> new ScoredItem(ids[i], -i)).toList();
  }

  private static RecommendationRequest request(String userId) {
    return RecommendationRequest.of(UserHistory.of("x").forUser(userId)).build();
  }

  @Test
  void anEmptyMemoryChangesNothing() {
    assertEquals(
        ranker.rerank(request("ann"), candidates("a", "b", "c")),
        adaptive.rerank(request("ann"), candidates("a", "b", "c")));
  }

  @Test
  void feedbackChangesThePredictionsForTheItemToWhatHappened() {
    adaptive.rerank(request("ann"), candidates("a", "b", "c"));
    adaptive.observe(Feedback.of("c").forUser("ann").label("click", 1).label("buy", 1));
    assertEquals(1, memory.size("click"));
    List<ScoredItem> ranked = adaptive.rerank(request("bob"), candidates("a", "b", "c"));
    ScoredItem c = ranked.stream().filter(item -> item.itemId().equals("c")).findFirst().get();
    assertEquals(1, c.taskScores().get("click"), 1e-6);
    assertEquals(1, c.taskScores().get("buy"), 1e-6);
  }

  @Test
  void theErrorIsThatOfTheModelNotOfTheCorrection() {
    for (int i = 0; i < 3; i++) {
      adaptive.rerank(request("ann"), candidates("a"));
      adaptive.observe(Feedback.of("a").forUser("ann").label("click", 1));
    }
    float prediction = FakeRanker.probability("a", 0);
    assertEquals(1, memory.compensate("click", FakeRanker.hidden("a"), prediction), 1e-6);
  }

  @Test
  void feedbackOnWhatWasNotShownTeachesNothing() {
    adaptive.rerank(request("ann"), candidates("a", "b"));
    adaptive.observe(Feedback.of("c").forUser("ann").label("click", 1));
    adaptive.observe(Feedback.of("a").forUser("bob").label("click", 1));
    adaptive.observe(Feedback.of("a").label("click", 1));
    assertEquals(0, memory.size("click"));
  }

  @Test
  void answersCanBeToldApartByTheirAttribution() {
    CompensatingReranker attributed = adaptive.attributedBy(request -> "answer-" + request.seed());
    RecommendationRequest anonymous = RecommendationRequest.of(UserHistory.of("x")).seed(7).build();
    attributed.rerank(anonymous, candidates("a", "b"));
    attributed.observe(Feedback.of("a").withAttribution("answer-8").label("click", 1));
    assertEquals(0, memory.size("click"));
    attributed.observe(Feedback.of("a").withAttribution("answer-7").label("click", 1));
    assertEquals(1, memory.size("click"));
  }

  @Test
  void onlyTheLastPredictionsWaitForFeedback() {
    String[] ids = IntStream.range(0, 50).mapToObj(i -> "item-" + i).toArray(String[]::new);
    for (int user = 0; user < 1_000; user++) {
      adaptive.rerank(request("user-" + user), candidates(ids));
      assertTrue(adaptive.shownSize() <= CompensatingReranker.SHOWN_CAPACITY);
    }
    assertEquals(CompensatingReranker.SHOWN_CAPACITY, adaptive.shownSize());
  }

  @Test
  void aMemoryHasToFitTheRanker() {
    assertEquals(
        "memory: expected dimension 3, the size of the ranker's hidden vectors, found 4",
        assertThrows(
                IllegalArgumentException.class,
                () -> CompensatingReranker.of(ranker, ErrorMemory.of(4, TASKS)))
            .getMessage());
    assertEquals(
        "memory: expected the ranker's tasks [click, buy], found [click]",
        assertThrows(
                IllegalArgumentException.class,
                () -> CompensatingReranker.of(ranker, ErrorMemory.of(3, List.of("click"))))
            .getMessage());
  }

  @Test
  void closingClosesTheRanker() {
    adaptive.close();
    assertTrue(ranker.isClosed);
  }

  @Test
  void feedbackWithItsOwnVectorIsTakenAsItIs() {
    Feedback own =
        Feedback.of("z")
            .forUser("ann")
            .withHidden(new float[] {1, 2, 3})
            .withOutcome("click", new Feedback.Outcome(1, 0.5f));
    adaptive.observe(own);
    assertEquals(1, memory.size("click"));
    assertNotEquals(0.2f, memory.compensate("click", new float[] {1, 2, 3}, 0.2f));
  }

  @Nested
  class AsReranker extends RerankerContract {
    @Override
    protected Reranker create() {
      CompensatingReranker reranker =
          CompensatingReranker.of(new FakeRanker(), ErrorMemory.of(FakeRanker.HIDDEN, TASKS));
      reranker.memory().observe("click", FakeRanker.hidden("a"), 0, 1);
      return reranker;
    }

    @Override
    protected List<String> itemIds() {
      return List.of("c", "a", "e", "b", "d");
    }
  }

  @Nested
  class AsSink extends FeedbackSinkContract<CompensatingReranker> {
    @Override
    protected CompensatingReranker create() {
      CompensatingReranker reranker =
          CompensatingReranker.of(new FakeRanker(), ErrorMemory.of(FakeRanker.HIDDEN, TASKS));
      reranker.rerank(request("ann"), candidates("a", "b"));
      reranker.rerank(request("bob"), candidates("a", "b"));
      return reranker;
    }

    @Override
    protected Feedback feedback(String userId) {
      return Feedback.of("a").forUser(userId).label("click", 1);
    }

    @Override
    protected Object trace(CompensatingReranker sink, String userId) {
      return Map.of(
          "errors", sink.memory().size("click"),
          "prediction", sink.memory().compensate("click", FakeRanker.hidden("a"), 0.5f));
    }
  }
}
