package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.FeedbackSinkContract;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Baselines that learn from events while they answer. */
class EventLearningTest {
  private static Feedback click(String itemId, String userId) {
    return Feedback.of(itemId).forUser(userId).label("click", 1);
  }

  @Nested
  class Markov extends FeedbackSinkContract<MarkovRecommender> {
    @Override
    protected MarkovRecommender create() {
      return MarkovRecommender.fit(CATALOG, HISTORIES);
    }

    @Override
    protected Feedback feedback(String userId) {
      return click("e", userId);
    }

    @Override
    protected Object trace(MarkovRecommender sink, String userId) {
      return List.of(
          sink.userBytes(), ask(sink, 6, ItemFilter.all(), "e").items(), sink.toString());
    }
  }

  @Nested
  class ItemKnn extends FeedbackSinkContract<ItemKnnRecommender> {
    @Override
    protected ItemKnnRecommender create() {
      return ItemKnnRecommender.fit(CATALOG, HISTORIES);
    }

    @Override
    protected Feedback feedback(String userId) {
      return click("e", userId);
    }

    @Override
    protected Object trace(ItemKnnRecommender sink, String userId) {
      return List.of(
          sink.userBytes(), ask(sink, 6, ItemFilter.all(), "a", "e").items(), sink.toString());
    }
  }

  @Nested
  class Ease extends FeedbackSinkContract<EaseRecommender> {
    @Override
    protected EaseRecommender create() {
      return EaseRecommender.fit(CATALOG, HISTORIES, EaseOptions.of(0.5));
    }

    @Override
    protected Feedback feedback(String userId) {
      return click("e", userId);
    }

    @Override
    protected Object trace(EaseRecommender sink, String userId) {
      sink.refit();
      return List.of(
          sink.userBytes(), ask(sink, 6, ItemFilter.all(), "a", "e").items(), sink.toString());
    }
  }

  private static List<Double> scores(SequenceRecommender recommender) {
    return SmallLog.scores(ask(recommender, 6, ItemFilter.all()));
  }

  /** Sums of everybody's events keep nothing of a user, and so have nothing to forget. */
  @Test
  void sumsTakePositiveFeedbackOfAnybodyWithConsent() {
    List<SequenceRecommender> sums =
        List.of(
            PopularityRecommender.fit(CATALOG, HISTORIES),
            TrendingRecommender.fit(CATALOG, HISTORIES, Duration.ofHours(1)));
    for (SequenceRecommender each : sums) {
      FeedbackSink sink = (FeedbackSink) each;
      final List<Double> before = scores(each);
      sink.observe(click("e", "ann").consent(false));
      sink.observe(Feedback.of("e").label("click", 0));
      sink.observe(click("not in the catalogue", "ann"));
      assertEquals(before, scores(each));
      sink.observe(Feedback.of("e").label("click", 1));
      sink.observe(click("e", "ann").withTime(Instant.EPOCH));
      assertNotEquals(before, scores(each));
      assertEquals(3, score(each, "e"), 1e-9);
      sink.forget("ann");
      assertEquals(3, score(each, "e"), 1e-9);
      assertThrows(NullPointerException.class, () -> sink.forget(nothing()));
    }
  }

  @SuppressWarnings({"NullAway", "DataFlowIssue"})
  private static String nothing() {
    return null;
  }

  private static double score(SequenceRecommender recommender, String itemId) {
    return ask(recommender, 1, ItemFilter.allow(List.of(itemId))).items().get(0).score();
  }

  @Test
  void aTrendFollowsTheTimeOfTheFeedback() {
    TrendingRecommender trend = TrendingRecommender.fit(CATALOG, List.of(), Duration.ofHours(1));
    trend.observe(click("a", "ann").withTime(Instant.EPOCH));
    trend.observe(click("b", "bob").withTime(Instant.EPOCH.plus(Duration.ofHours(2))));
    assertEquals(0.25, score(trend, "a"), 1e-9);
  }

  @Test
  void aPipelineTellsEveryBaseline() {
    PopularityRecommender popularity = PopularityRecommender.fit(CATALOG, List.of());
    TrendingRecommender trending = TrendingRecommender.fit(CATALOG, List.of(), Duration.ofHours(1));
    MarkovRecommender markov = MarkovRecommender.fit(CATALOG, List.of());
    ItemKnnRecommender knn = ItemKnnRecommender.fit(CATALOG, List.of());
    EaseRecommender ease = EaseRecommender.fit(CATALOG, List.of(), EaseOptions.of(1));
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("home")
            .source("popularity", popularity)
            .source("trending", trending)
            .source("markov", markov)
            .source("knn", knn)
            .source("ease", ease)
            .build()) {
      pipeline.observe(click("a", "ann"));
      pipeline.observe(click("b", "ann"));
      assertEquals(1, score(popularity, "b"));
      assertEquals(1, score(trending, "b"));
      for (SequenceRecommender each : List.of(markov, knn)) {
        ScoredItem top = ask(each, 1, ItemFilter.all(), "a").items().get(0);
        assertEquals("b", top.itemId());
        assertNotEquals(PopularityRecommender.SOURCE, top.source());
      }
      assertFalse(ease.isFitted());
      ease.refit();
      assertEquals("b", ask(ease, 1, ItemFilter.all(), "a").itemIds().get(0));
      pipeline.forget("ann");
      assertTrue(ease.isFitted());
      assertEquals(0, markov.userBytes() + knn.userBytes() + ease.userBytes());
      for (SequenceRecommender each : List.of(markov, knn, ease)) {
        assertEquals(List.of(0.0, 0.0), SmallLog.scores(ask(each, 2, ItemFilter.all(), "a")));
      }
    }
  }

  @Test
  void weightsFollowWithTheNextFitAndPopularityAtOnce() {
    EaseRecommender ease = EaseRecommender.fit(CATALOG, HISTORIES, EaseOptions.of(0.5));
    final List<ScoredItem> before = ask(ease, 6, ItemFilter.all(), "a").items();
    assertTrue(ease.isFitted());
    for (int i = 0; i < 9; i++) {
      ease.observe("user-" + i, List.of(Interaction.of("a"), Interaction.of("f")));
    }
    assertFalse(ease.isFitted());
    assertEquals(before, ask(ease, 6, ItemFilter.all(), "a").items());
    assertEquals("a", ask(ease, 1, ItemFilter.all()).itemIds().get(0), "most popular by now");
    assertEquals("a", ask(ease, 1, ItemFilter.all(), "f").itemIds().get(0), "nobody had f");
    ease.refit();
    assertEquals("f", ask(ease, 1, ItemFilter.all(), "a").itemIds().get(0));
    ease.forgetAll(IntStream.range(0, 9).mapToObj(i -> "user-" + i).toList());
    assertEquals(before, ask(ease, 6, ItemFilter.all(), "a").items());
  }

  @Test
  void aFitThatHasNoRoomLeavesTheWeights() {
    EaseOptions tight = EaseOptions.of(1).memoryLimit(EaseRecommender.estimatedBytes(5));
    EaseRecommender ease = EaseRecommender.fit(CATALOG, HISTORIES, tight);
    final List<ScoredItem> before = ask(ease, 6, ItemFilter.all(), "a").items();
    ease.observe("ann", Interaction.of("f"));
    assertEquals(
        "memoryLimit: 6 items take 576 bytes, expected at most 400",
        assertThrows(IllegalStateException.class, ease::refit).getMessage());
    assertEquals(before, ask(ease, 6, ItemFilter.all(), "a").items());
    assertFalse(ease.isFitted());
    ease.forget("ann");
    assertTrue(ease.isFitted());
  }

  @Test
  void withoutRoomForUsersOnlyEventsTogetherArePairs() {
    MarkovRecommender markov = MarkovRecommender.fit(CATALOG, List.of(), 0);
    markov.observe("ann", Interaction.of("a"));
    markov.observe("ann", Interaction.of("b"));
    assertEquals("MarkovRecommender[6 items, 0 pairs]", markov.toString());
    markov.observe("ann", List.of(Interaction.of("a"), Interaction.of("b")));
    assertEquals("MarkovRecommender[6 items, 1 pairs]", markov.toString());
    assertEquals(0, markov.userBytes());
    assertThrows(
        IllegalArgumentException.class, () -> MarkovRecommender.fit(CATALOG, List.of(), -1));
    assertThrows(IllegalArgumentException.class, () -> EaseOptions.of(1).userBytes(-1));
  }

  private static final int CHANGES = 2_000;

  /** Tells of an event, or forgets a user. */
  private static <R extends SequenceRecommender & FeedbackSink> Moments.Change<R> change(
      Observer<R> observer) {
    return (recommender, number) -> {
      Random random = new Random(number);
      String user = "user-" + random.nextInt(30);
      if (random.nextInt(9) == 0) {
        recommender.forget(user);
      } else {
        observer.observe(recommender, user, Interaction.of(Moments.item(random)));
      }
    };
  }

  /** Tells a recommender of an event. */
  private interface Observer<R> {
    void observe(R recommender, String user, Interaction event);
  }

  @Test
  void everyAnswerIsThatOfSomeMoment() throws Exception {
    Moments.assertEveryAnswerIsOfOne(
        () -> PopularityRecommender.fit(Moments.CATALOG, List.of()),
        CHANGES,
        change((recommender, user, event) -> recommender.observe(event)));
    Moments.assertEveryAnswerIsOfOne(
        () -> MarkovRecommender.fit(Moments.CATALOG, List.of()),
        CHANGES,
        change(MarkovRecommender::observe));
    Moments.assertEveryAnswerIsOfOne(
        () -> ItemKnnRecommender.fit(Moments.CATALOG, List.of()),
        CHANGES,
        change(ItemKnnRecommender::observe));
  }

  /** Fits while others observe: in the end the weights are those of all events. */
  @Test
  void noEventOfManyThreadsIsLost() throws Exception {
    EaseRecommender shared = EaseRecommender.fit(CATALOG, List.of(), EaseOptions.of(1));
    List<UserHistory> log = new ArrayList<>();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int writer = 0; writer < 4; writer++) {
      Random random = new Random(writer);
      for (int i = 0; i < 50; i++) {
        String user = "user-" + writer + "-" + i % 20;
        List<Interaction> events =
            random.ints(3, 0, 6).mapToObj(j -> Interaction.of(CATALOG.id(j))).toList();
        log.add(UserHistory.of(events).forUser(user));
        tasks.add(
            () -> {
              shared.observe(user, events);
              shared.refit();
              return ask(shared, 6, ItemFilter.all(), "a").items();
            });
      }
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (Future<Object> task : threads.invokeAll(tasks)) {
        task.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertTrue(shared.isFitted());
    EaseRecommender fitted = EaseRecommender.fit(CATALOG, log, EaseOptions.of(1));
    for (String item : List.of("a", "b", "c", "d", "e", "f")) {
      assertEquals(
          ask(fitted, 6, ItemFilter.all(), item).items(),
          ask(shared, 6, ItemFilter.all(), item).items());
    }
  }
}
