package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What goes wrong inside costs its part of the answer and no more. */
class PipelineFailureTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x")).k(3).build();

  private static PipelineBuilder healthy() {
    return RecommenderPipeline.named("test")
        .executor(Runnable::run)
        .source("good", FakeRecommender.of("a", "b", "c", "d"));
  }

  static List<SequenceRecommender> broken() {
    return List.of(
        FakeRecommender.failing(new IllegalStateException("closed")),
        FakeRecommender.failing(new NoClassDefFoundError("native")),
        FakeRecommender.failing(new UnsatisfiedLinkError("native")),
        FakeRecommender.failing(
            new RecommenderException(RecommenderException.Kind.INFERENCE_FAILED, "no")),
        request ->
            Recommendations.of(request.k(), List.of(new ScoredItem("n", Double.NaN))).build(),
        request -> PipelineFailureTest.<Recommendations>nothing());
  }

  @SuppressWarnings("NullAway")
  private static <T> T nothing() {
    return (T) null;
  }

  @ParameterizedTest
  @MethodSource("broken")
  void theOthersAnswerForABrokenSource(SequenceRecommender source) {
    try (RecommenderPipeline pipeline = healthy().source("bad", source).build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("a", "b", "c").hasNotice(Notice.Code.STAGE_FAILED);
      assertTrue(
          answer.notices().get(0).message().startsWith("source:bad failed with "),
          answer.notices()::toString);
    }
  }

  @ParameterizedTest
  @MethodSource("broken")
  void theFallbackAnswersForBrokenSources(SequenceRecommender source) {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("bad", source)
            .fallback("popular", FakeRecommender.of("p", "q", "r"))
            .build()) {
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("p", "q", "r")
          .hasItemFrom("p", "popular")
          .hasNotice(Notice.Code.STAGE_FAILED)
          .hasNotice(Notice.Code.FALLBACK_USED)
          .hasNoNotice(Notice.Code.SHORTFALL);
    }
  }

  @ParameterizedTest
  @MethodSource("broken")
  void theNextFallbackAnswersForABrokenOne(SequenceRecommender fallback) {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("short", FakeRecommender.of("a"))
            .fallback("bad", fallback)
            .fallback("popular", FakeRecommender.of("a", "p", "q"))
            .build()) {
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("a", "p", "q")
          .hasNotice(Notice.Code.STAGE_FAILED);
    }
  }

  @ParameterizedTest
  @MethodSource("broken")
  void withNothingLeftTheCallerGetsOneTypedException(SequenceRecommender source) {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .executor(Runnable::run)
            .source("bad", source)
            .source("worse", FakeRecommender.failing(new IllegalStateException("closed")))
            .fallback("last", FakeRecommender.failing(new IllegalStateException("closed")))
            .build()) {
      RecommenderException failure =
          assertThrows(RecommenderException.class, () -> pipeline.recommend(REQUEST));
      assertEquals(RecommenderException.Kind.ALL_SOURCES_FAILED, failure.kind());
      assertEquals(2, failure.getSuppressed().length);
      assertTrue(failure.getMessage().startsWith("pipeline 'test': expected an answer"));
    }
  }

  @Test
  void anErrorThatIsNoLinkageErrorReachesTheCaller() {
    Error error = new AssertionError("a test failed in there");
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("good", FakeRecommender.of("a"))
            .source("bad", FakeRecommender.failing(error))
            .build()) {
      assertSame(error, assertThrows(AssertionError.class, () -> pipeline.recommend(REQUEST)));
    }
  }

  static List<Reranker> brokenRerankers() {
    return List.of(
        (request, candidates) -> {
          throw new IllegalStateException("closed");
        },
        (request, candidates) -> {
          throw new NoClassDefFoundError("native");
        },
        (request, candidates) -> List.of(new ScoredItem("a", Double.NaN)),
        (request, candidates) -> nothing());
  }

  @ParameterizedTest
  @MethodSource("brokenRerankers")
  void aBrokenRerankerChangesNothing(Reranker reranker) {
    try (RecommenderPipeline pipeline = healthy().reranker("bad", reranker).build()) {
      assertThat(pipeline.recommend(REQUEST))
          .containsExactly("a", "b", "c")
          .hasNotice(Notice.Code.STAGE_FAILED);
    }
    try (RecommenderPipeline pipeline =
        healthy().diversity(reranker).exploration(reranker).build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("a", "b", "c");
      assertEquals(2, answer.notices().size());
    }
  }

  @Test
  void whatARerankerMustNotReturnIsDroppedAndCounted() {
    Reranker first = (request, candidates) -> candidates.subList(0, 3);
    Reranker rogue =
        (request, candidates) ->
            List.of(
                new ScoredItem("new", 9),
                candidates.get(1),
                candidates.get(1),
                new ScoredItem("d", 8),
                candidates.get(0));
    try (RecommenderPipeline pipeline =
        healthy().reranker("first", first).reranker("rogue", rogue).build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer)
          .containsExactly("b", "a")
          .hasNotice(Notice.Code.ITEMS_DROPPED)
          .hasNotice(Notice.Code.SHORTFALL);
      Notice dropped = answer.notices().get(0);
      assertEquals(3, dropped.count());
      assertEquals(
          "reranker:rogue returned 3 items that were dropped: not among the candidates, or twice",
          dropped.message());
    }
  }

  @Test
  void whatASourceMustNotReturnIsDroppedAndCounted() {
    List<ScoredItem> items = new ArrayList<>();
    for (String itemId : List.of("a", "sold", "a", "b", "unknown", "c")) {
      items.add(new ScoredItem(itemId, 1));
    }
    SequenceRecommender rogue = request -> Recommendations.of(200, items).build();
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("rogue", rogue).depth(3))
            .catalog(Catalog.ofIds(List.of("a", "b", "c", "d", "sold")))
            .filter(ItemFilter.deny(Set.of("sold")))
            .build()) {
      Recommendations answer =
          pipeline.recommend(RecommendationRequest.of(UserHistory.empty()).k(2).build());
      assertThat(answer).containsExactly("a", "b").hasNotice(Notice.Code.ITEMS_DROPPED);
      assertEquals(3, answer.notices().get(0).count());
    }
  }

  @Test
  void aBrokenRuleIsLeftOut() {
    try (RecommenderPipeline pipeline =
        healthy()
            .rule(
                SlotRule.scale(
                    "price",
                    itemId -> {
                      throw new IllegalStateException("no price");
                    }))
            .rule(SlotRule.scale("nan", itemId -> Double.NaN))
            .rule(
                SlotRule.atMost(
                    "brand",
                    1,
                    itemId -> {
                      throw new IllegalStateException("no brand");
                    }))
            .rule(
                SlotRule.atLeast(
                    "new",
                    1,
                    itemId -> {
                      throw new NoClassDefFoundError("lib");
                    }))
            .rule(SlotRule.pin(1, "d"))
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("d", "a", "b");
      assertEquals(
          4,
          answer.notices().stream()
              .filter(notice -> notice.code() == Notice.Code.STAGE_FAILED)
              .count());
    }
  }

  @Test
  void whatATransformThrowsReachesTheCaller() {
    IllegalStateException failure = new IllegalStateException("not swallowed");
    try (RecommenderPipeline pipeline =
        healthy()
            .transform(
                history -> {
                  throw failure;
                })
            .build()) {
      assertSame(
          failure, assertThrows(IllegalStateException.class, () -> pipeline.recommend(REQUEST)));
    }
  }

  @Test
  void whatATransformInventsNeverReachesASource() {
    FakeRecommender source = FakeRecommender.of("a");
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source("fake", source)
            .catalog(Catalog.ofIds(List.of("a", "b")))
            .transform(
                history -> history.plus(Interaction.of("b")).plus(Interaction.of("invented")))
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).hasNotice(Notice.Code.ITEMS_DROPPED);
      assertEquals(List.of("x", "b"), source.requests().get(0).history().itemIds());
    }
  }

  @Test
  void noticesOfSourcesAreKeptButForTheirShortfall() {
    SequenceRecommender talkative =
        request ->
            Recommendations.of(request.k(), List.of(new ScoredItem("a", 1)))
                .notice(new Notice(Notice.Code.UNKNOWN_ITEMS, 2, "two"))
                .notice(new Notice(Notice.Code.SHORTFALL, 9, "nine"))
                .notice(new Notice(Notice.Code.DEFAULTED_FEATURE, 1, "price absent"))
                .modelVersion("m@1")
                .modelRuns(2)
                .build();
    try (RecommenderPipeline pipeline =
        healthy().source("one", talkative).source("two", talkative).build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).isComplete().hasNoNotice(Notice.Code.SHORTFALL);
      assertEquals(
          List.of(
              new Notice(Notice.Code.UNKNOWN_ITEMS, 2, "two"),
              new Notice(Notice.Code.DEFAULTED_FEATURE, 1, "'one': price absent"),
              new Notice(Notice.Code.DEFAULTED_FEATURE, 1, "'two': price absent")),
          answer.notices());
      assertEquals("test(m@1)", answer.modelVersion());
      assertEquals(4, answer.modelRuns());
    }
  }

  @Test
  void theShortfallNamesWhatRetrievedAndWhatDropped() {
    try (RecommenderPipeline pipeline =
        healthy()
            .reranker("half", (request, candidates) -> candidates.subList(0, 2))
            .rule(SlotRule.atMost("all", 1, itemId -> Optional.of("same")))
            .fallback("empty", FakeRecommender.of("a"))
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("a");
      assertEquals(
          List.of(
              new Notice(
                  Notice.Code.SHORTFALL,
                  2,
                  "3 requested, 1 answered: source:good retrieved 4, reranker:half dropped 2, "
                      + "fallback:empty retrieved 0, rule:all dropped 1")),
          answer.notices());
    }
  }

  /** Each item is in one of the numbers: the cut history is not, what two propose counts twice. */
  @Test
  void theShortfallAddsUp() {
    try (RecommenderPipeline pipeline =
        healthy()
            .transform(history -> UserHistory.empty())
            .source("other", FakeRecommender.of("b", "z"))
            .reranker("two", (request, candidates) -> candidates.subList(0, 2))
            .rule(SlotRule.pin(1, "p"))
            .build()) {
      Recommendations answer =
          pipeline.recommend(RecommendationRequest.of(UserHistory.of("x")).k(4).build());
      assertThat(answer).hasSize(3);
      assertEquals(
          List.of(
              new Notice(
                  Notice.Code.SHORTFALL,
                  1,
                  "4 requested, 3 answered: source:good retrieved 4, source:other retrieved 2, "
                      + "reranker:two dropped 3, pins added 1, 1 were retrieved before")),
          answer.notices());
    }
  }

  @Test
  void wrongDeclarationsAreRefused() {
    FakeRecommender fake = FakeRecommender.of("a");
    Map<String, PipelineBuilder> wrong =
        Map.of(
            "pipeline 'w': expected at least one source, found none",
            RecommenderPipeline.named("w"),
            "pipeline 'w': expected different sources and fallbacks, found 's' twice",
            RecommenderPipeline.named("w").source("s", fake).fallback("s", fake),
            "pipeline 'w': expected different rerankers, found 'r' twice",
            RecommenderPipeline.named("w")
                .source("s", fake)
                .reranker("r", (request, candidates) -> candidates)
                .reranker("r", (request, candidates) -> candidates),
            "pipeline 'w': expected different rules, found 'pin-1' twice",
            RecommenderPipeline.named("w")
                .source("s", fake)
                .rule(SlotRule.pin(1, "a"))
                .rule(SlotRule.pin(1, "b")),
            "pipeline 'w': expected different pinned items, found 'a' twice",
            RecommenderPipeline.named("w")
                .source("s", fake)
                .rule(SlotRule.pin(1, "a"))
                .rule(SlotRule.pin(2, "a")));
    wrong.forEach(
        (message, builder) ->
            assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, builder::build).getMessage()));
    assertThrows(IllegalArgumentException.class, () -> RecommenderPipeline.named(""));
    assertThrows(IllegalArgumentException.class, () -> CandidateSource.of("", fake));
    assertThrows(
        IllegalArgumentException.class, () -> CandidateSource.of("s", fake).weight(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> CandidateSource.of("s", fake).depth(0));
    assertThrows(
        IllegalArgumentException.class, () -> CandidateSource.of("s", fake).maxConcurrentCalls(0));
    assertThrows(IllegalArgumentException.class, () -> healthy().candidates(0));
    assertThrows(IllegalArgumentException.class, () -> healthy().threads(0));
    assertThrows(IllegalArgumentException.class, () -> healthy().deadline(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> SlotRule.boost("b", itemId -> true, 0.5));
    assertThrows(IllegalArgumentException.class, () -> SlotRule.pin(0, "a"));
    assertThrows(
        IllegalArgumentException.class, () -> SlotRule.atMost("", 1, itemId -> Optional.empty()));
    assertThrows(IllegalArgumentException.class, () -> SlotRule.atLeast("l", 0, itemId -> true));
    assertFalse(healthy().build().toString().isEmpty());
  }
}
