package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderListener;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.Trace;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecommenderPipelineTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x", "y")).k(3).build();

  private static PipelineBuilder letters() {
    return RecommenderPipeline.named("test")
        .executor(Runnable::run)
        .source("letters", FakeRecommender.of("a", "b", "c", "d", "e"));
  }

  private static Recommendations answer(PipelineBuilder builder) {
    try (RecommenderPipeline pipeline = builder.build()) {
      return pipeline.recommend(REQUEST);
    }
  }

  @Test
  void aSingleSourceKeepsItsScores() {
    Recommendations answer = answer(letters());
    assertEquals(
        List.of(
            new ScoredItem("a", 5, "letters"),
            new ScoredItem("b", 4, "letters"),
            new ScoredItem("c", 3, "letters")),
        answer.items());
    assertThat(answer).hasNoNotices();
  }

  @Test
  void theKindOfScoreOfASingleSourceIsKeptUntilSomethingChangesScores() {
    PipelineBuilder builder =
        RecommenderPipeline.named("test")
            .source(
                "model",
                request ->
                    Recommendations.of(request.k(), List.of(new ScoredItem("a", 0.5)))
                        .scoreKind(ScoreKind.PROBABILITY)
                        .build());
    assertEquals(ScoreKind.PROBABILITY, answer(builder).scoreKind());
    assertEquals(
        ScoreKind.OTHER,
        answer(builder.rule(SlotRule.boost("all", itemId -> true, 2))).scoreKind());
  }

  @Test
  void severalSourcesAreFusedByRank() {
    Recommendations answer = answer(letters().source("other", FakeRecommender.of("d", "a", "z")));
    assertThat(answer).containsExactly("a", "d", "b").hasItemFrom("a", "letters");
    assertEquals(1.0 / 61 + 1.0 / 62, answer.items().get(0).score());
  }

  @Test
  void everySourceGetsAllFiltersTheSeedAndItsDepth() {
    FakeRecommender one = FakeRecommender.of("a");
    FakeRecommender other = FakeRecommender.of("b");
    CatalogOverlay overlay = new CatalogOverlay();
    overlay.setVisible("hidden", false);
    RecommendationRequest request =
        REQUEST.toBuilder()
            .filter(ItemFilter.deny(Set.of("asked")))
            .seed(7)
            .context("page", new Feature.Category("home"))
            .build();
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .executor(Runnable::run)
            .source(CandidateSource.of("one", one).depth(2))
            .source(CandidateSource.of("other", other).depth(50))
            .filter(ItemFilter.deny(Set.of("standing")))
            .overlay(overlay)
            .build()) {
      pipeline.recommend(request);
    }
    for (FakeRecommender source : List.of(one, other)) {
      RecommendationRequest seen = source.requests().get(0);
      assertTrue(seen.filter().accepts("a"));
      for (String itemId : List.of("asked", "standing", "hidden")) {
        assertTrue(!seen.filter().accepts(itemId), itemId);
      }
      assertEquals(7, seen.seed());
      assertEquals(request.context(), seen.context());
      assertEquals(request.history(), seen.history());
    }
    assertEquals(3, one.requests().get(0).k());
    assertEquals(50, other.requests().get(0).k());
  }

  @Test
  void changesOfTheOverlayShowInTheNextCall() {
    CatalogOverlay overlay = new CatalogOverlay();
    PipelineBuilder builder =
        letters()
            .overlay(overlay)
            .rule(
                SlotRule.scale(
                    "cheap", itemId -> overlay.price(itemId).stream().map(p -> 10 / p).sum() + 1));
    try (RecommenderPipeline pipeline = builder.build()) {
      assertThat(pipeline.recommend(REQUEST)).containsExactly("a", "b", "c");
      overlay.setStock("a", 0);
      overlay.setPrice("e", 1);
      assertThat(pipeline.recommend(REQUEST)).containsExactly("e", "b", "c");
      overlay.setStock("a", 1);
      overlay.clear("e");
      assertThat(pipeline.recommend(REQUEST)).containsExactly("a", "b", "c");
    }
  }

  @Test
  void theTransformedHistoryIsWhatSourcesAndRerankersSee() {
    FakeRecommender source = FakeRecommender.of("a");
    List<UserHistory> seen = new ArrayList<>();
    answer(
        RecommenderPipeline.named("test")
            .source("fake", source)
            .transform(HistoryTransform.newest(1))
            .reranker(
                "spy",
                (request, candidates) -> {
                  seen.add(request.history());
                  return candidates;
                }));
    assertEquals(List.of("y"), source.requests().get(0).history().itemIds());
    assertEquals(List.of("y"), seen.get(0).itemIds());
  }

  private static final Catalog BRANDS =
      Catalog.of(
          IntStream.range(0, 5)
              .mapToObj(
                  i ->
                      new Item(
                          "" + (char) ('a' + i),
                          Map.of("brand", new Feature.Category(i < 3 ? "one" : "two"))))
              .toList());

  @Test
  void limitsHoldWhateverDiversityDoes() {
    Recommendations answer =
        answer(
            letters()
                .diversity(Diversity.mmr(1, itemId -> Optional.empty()))
                .rule(SlotRule.atMost(1, "brand", BRANDS))
                .fallback("more", FakeRecommender.of("e", "f")));
    assertThat(answer).containsExactly("a", "d", "f").hasItemFrom("f", "more");
  }

  @Test
  void minimumsMoveTheBestOfTheirKindUp() {
    Recommendations answer =
        answer(letters().rule(SlotRule.atLeast("late", 1, itemId -> itemId.compareTo("c") > 0)));
    assertThat(answer).containsExactly("a", "b", "d").isSortedByScore();
    Recommendations unmet =
        answer(letters().rule(SlotRule.atLeast("absent", 2, itemId -> itemId.equals("e"))));
    assertThat(unmet).containsExactly("a", "b", "e").hasNotice(Notice.Code.RULE_UNMET);
    assertEquals("rule 'absent': 2 wanted, 1 found", unmet.notices().get(0).message());
  }

  @Test
  void pinsStandAtTheirPlaces() {
    assertThat(answer(letters().rule(SlotRule.pin(2, "e")))).containsExactly("a", "e", "b");
    Recommendations foreign = answer(letters().rule(SlotRule.pin(1, "promo")));
    assertThat(foreign)
        .containsExactly("promo", "a", "b")
        .hasItemFrom("promo", "pin-1")
        .isSortedByScore();
    assertThat(answer(letters().rule(SlotRule.pin(4, "promo")))).excludes("promo");
  }

  @Test
  void aPinBeyondAShortAnswerEndsIt() {
    Recommendations answer =
        answer(
            RecommenderPipeline.named("test")
                .source("one", FakeRecommender.of("a"))
                .rule(SlotRule.pin(3, "promo")));
    assertThat(answer).containsExactly("a", "promo").hasNotice(Notice.Code.SHORTFALL);
  }

  @Test
  void aPinNeverPassesAFilter() {
    Recommendations answer =
        answer(letters().filter(ItemFilter.deny(Set.of("promo"))).rule(SlotRule.pin(1, "promo")));
    assertThat(answer).containsExactly("a", "b", "c").hasNotice(Notice.Code.RULE_UNMET);
    Recommendations unknown = answer(letters().catalog(BRANDS).rule(SlotRule.pin(1, "promo")));
    assertThat(unknown).containsExactly("a", "b", "c").hasNotice(Notice.Code.RULE_UNMET);
  }

  @Test
  void boostsAndBurialsWorkOnScoresOfEitherSign() {
    List<ScoredItem> negative =
        List.of(new ScoredItem("a", -1), new ScoredItem("b", -2), new ScoredItem("c", -3));
    PipelineBuilder boosted =
        RecommenderPipeline.named("test")
            .source("log", FakeRecommender.ofScored(negative))
            .rule(SlotRule.boost("b", itemId -> itemId.equals("b"), 4));
    assertThat(answer(boosted)).containsExactly("b", "a", "c");
    PipelineBuilder buried = letters().rule(SlotRule.bury("a", itemId -> itemId.equals("a"), 2));
    assertThat(answer(buried)).containsExactly("b", "c", "a");
  }

  @Test
  void fallbacksFillInOrderBelowAllOthers() {
    Recommendations answer =
        answer(
            RecommenderPipeline.named("test")
                .source("short", FakeRecommender.ofScored(List.of(new ScoredItem("a", 0.1))))
                .fallback("first", FakeRecommender.of("a", "p"))
                .fallback("second", FakeRecommender.of("p", "q", "r")));
    assertThat(answer)
        .containsExactly("a", "p", "q")
        .isSortedByScore()
        .hasItemFrom("p", "first")
        .hasItemFrom("q", "second");
    assertEquals(
        List.of(
            new Notice(Notice.Code.FALLBACK_USED, 1, "fallback 'first' filled 1 of 3 places"),
            new Notice(Notice.Code.FALLBACK_USED, 1, "fallback 'second' filled 1 of 3 places")),
        answer.notices());
  }

  @Test
  void whatARerankerDroppedDoesNotComeBackByAFallback() {
    Recommendations answer =
        answer(
            letters()
                .reranker("first", (request, candidates) -> candidates.subList(0, 1))
                .fallback("same", FakeRecommender.of("b", "c", "z")));
    assertThat(answer).containsExactly("a", "z");
  }

  @Test
  void pagesNeverRepeat() {
    List<String> items = IntStream.range(0, 20).mapToObj(i -> "item-" + i).toList();
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .executor(Runnable::run)
            .source(CandidateSource.of("one", FakeRecommender.of(items)).depth(5))
            .source(CandidateSource.of("two", FakeRecommender.of(items.subList(7, 20))).depth(5))
            .rule(SlotRule.pin(1, "item-19"))
            .build()) {
      RecommendationRequest page = REQUEST.toBuilder().k(4).build();
      List<String> shown = new ArrayList<>();
      Recommendations answer = pipeline.recommend(page);
      while (!answer.isEmpty()) {
        shown.addAll(answer.itemIds());
        page = page.nextPage(answer);
        answer = pipeline.recommend(page);
      }
      assertEquals(20, shown.size());
      assertEquals(new HashSet<>(items), new HashSet<>(shown));
    }
  }

  @Test
  void theTraceTellsStagesAndProvenance() {
    Recommendations answer =
        answer(
            letters()
                .source("other", FakeRecommender.of("d", "a", "z"))
                .reranker(
                    "reverse",
                    (request, candidates) -> {
                      List<ScoredItem> reversed = new ArrayList<>(candidates);
                      Collections.reverse(reversed);
                      return reversed.subList(0, 5);
                    })
                .rule(SlotRule.pin(2, "promo")));
    Trace trace = answer.trace().orElseThrow();
    assertEquals(
        List.of("source:letters", "source:other", "fusion", "reranker:reverse", "slots"),
        trace.stages().stream().map(Trace.Stage::name).toList());
    assertEquals(6, trace.stage("fusion").orElseThrow().out());
    assertEquals(5, trace.stage("reranker:reverse").orElseThrow().out());
    assertThat(answer).containsExactly("e", "promo", "z");
    Trace.Provenance first = trace.items().get("e");
    assertEquals(List.of(new Trace.Proposal("letters", 5, 1)), first.proposals());
    assertEquals(
        List.of(
            new Trace.Adjustment("reranker:reverse", 6, 1, 1.0 / 65, 1.0 / 65),
            new Trace.Adjustment("slots", 1, 1, 1.0 / 65, 1.0 / 63)),
        first.adjustments());
    Trace.Provenance promo = trace.items().get("promo");
    assertEquals("pin-2", promo.proposals().get(0).source());
    assertEquals(0, promo.adjustments().get(0).fromRank());
    assertEquals(2, promo.adjustments().get(0).toRank());
    assertTrue(answer(letters().trace(false)).trace().isEmpty());
  }

  @Test
  void theAttributionIdFollowsFromRequestSeedAndVersions() {
    Instant time = Instant.parse("2026-01-01T00:00:00Z");
    PipelineBuilder builder = letters();
    try (RecommenderPipeline pipeline = builder.build()) {
      String id = pipeline.recommend(REQUEST).attributionId();
      assertTrue(id.matches("[0-9a-f]{32}"), id);
      assertEquals(id, pipeline.recommend(REQUEST.toBuilder().build()).attributionId());
      Set<String> ids = new HashSet<>();
      ids.add(id);
      for (RecommendationRequest other :
          List.of(
              REQUEST.toBuilder().seed(1).build(),
              REQUEST.toBuilder().k(4).build(),
              REQUEST.toBuilder().time(time).build(),
              REQUEST.toBuilder().context("a", new Feature.Scalar(1)).build(),
              REQUEST.toBuilder().history(UserHistory.of("x", "y").forUser("u")).build(),
              REQUEST.toBuilder().history(UserHistory.of("xy")).build())) {
        assertTrue(ids.add(pipeline.recommend(other).attributionId()));
      }
    }
    Recommendations versioned =
        answer(
            RecommenderPipeline.named("test")
                .source("letters", FakeRecommender.of("a").withModelVersion("m@2")));
    assertNotEquals(answer(letters()).attributionId(), versioned.attributionId());
    assertEquals("test(m@2)", versioned.modelVersion());
    assertEquals(
        "id-0", answer(letters().attribution(request -> "id-" + request.seed())).attributionId());
  }

  @Test
  void theAttributionIdIsTheSameOnEveryJavaPlatform() {
    UserHistory history =
        UserHistory.of(
                List.of(
                    Interaction.of("a")
                        .withTime(Instant.parse("2026-01-01T00:00:00Z"))
                        .withBehavior("buy")
                        .withDomain("books")
                        .withContext("rating", new Feature.Scalar(4.5)),
                    Interaction.of("b")))
            .forUser("u");
    RecommendationRequest request =
        RecommendationRequest.of(history)
            .k(7)
            .seed(11)
            .time(Instant.parse("2026-02-01T00:00:00Z"))
            .context("title", new Feature.Text("a title"))
            .context("page", new Feature.Category("home"))
            .context("tags", new Feature.Ids(List.of("x", "y")))
            .context("place", Feature.Tensor.vector(1, -2.5f))
            .build();
    try (RecommenderPipeline pipeline = letters().build()) {
      assertEquals("d3d52974aaac430bc550039fdb3b741b", pipeline.recommend(request).attributionId());
    }
  }

  @Test
  void listenersHearWhatHappensAndCannotHarm() {
    List<String> events = new ArrayList<>();
    RecommenderListener listener =
        new RecommenderListener() {
          @Override
          public void requestDone(String recommender, Recommendations answer, long nanoseconds) {
            events.add(REQUEST_DONE + " " + answer.size());
          }

          @Override
          public void requestFailed(String recommender, Throwable failure, long nanoseconds) {
            events.add(REQUEST_FAILED + " " + failure.getClass().getSimpleName());
          }

          @Override
          public void stageDone(String recommender, Trace.Stage stage) {
            events.add(STAGE_DONE + " " + stage.name());
          }

          @Override
          public void sourceFailed(String recommender, String stage, Throwable failure) {
            events.add(SOURCE_FAILED + " " + stage);
          }

          @Override
          public void fallbackUsed(String recommender, String fallback, int items) {
            events.add(FALLBACK_USED + " " + fallback + " " + items);
          }
        };
    RecommenderListener harmful =
        new RecommenderListener() {
          @Override
          public void requestDone(String recommender, Recommendations answer, long nanoseconds) {
            throw new IllegalStateException("harm");
          }

          @Override
          public void stageDone(String recommender, Trace.Stage stage) {
            throw new NoClassDefFoundError("harm");
          }
        };
    FakeRecommender broken = FakeRecommender.failing(new IllegalStateException());
    answer(
        letters()
            .source("broken", broken)
            .reranker("two", (request, candidates) -> candidates.subList(0, 2))
            .fallback("more", FakeRecommender.of("z"))
            .listener(harmful)
            .listener(listener));
    assertEquals(
        List.of(
            "recommender.stage.done source:letters",
            "recommender.source.failed source:broken",
            "recommender.stage.done fusion",
            "recommender.stage.done reranker:two",
            "recommender.stage.done fallback:more",
            "recommender.fallback.used more 1",
            "recommender.stage.done slots",
            "recommender.request.done 3"),
        events);
    events.clear();
    assertThrows(
        RecommenderException.class,
        () ->
            answer(RecommenderPipeline.named("test").source("broken", broken).listener(listener)));
    assertTrue(events.contains("recommender.request.failed RecommenderException"));
  }
}
