package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PipelineExplanationTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.of("x", "y")).k(3).build();

  private static void assertAbsent(
      RecommenderPipeline pipeline, String itemId, Absence.Reason reason, String stage) {
    Absence absence = pipeline.explainAbsence(REQUEST, itemId).orElseThrow();
    assertEquals(reason, absence.reason(), absence::toString);
    assertEquals(stage, absence.stage());
    assertEquals(itemId, absence.itemId());
    assertTrue(pipeline.explain(REQUEST, itemId).isEmpty());
  }

  @Test
  void everyAbsenceHasItsReason() {
    CatalogOverlay overlay = new CatalogOverlay();
    overlay.setStock("o", 0);
    List<String> known = List.of("a", "b", "c", "d", "e", "f", "g", "o", "s", "never");
    FakeRecommender source = FakeRecommender.of("a", "o", "s", "b", "c", "d", "e", "f", "g");
    PipelineBuilder builder =
        RecommenderPipeline.named("test")
            .executor(Runnable::run)
            .source("source", source)
            .catalog(Catalog.ofIds(known))
            .filter(ItemFilter.deny(Set.of("s")))
            .overlay(overlay)
            .candidates(6)
            .reranker(
                "picky",
                (request, candidates) ->
                    candidates.stream().filter(item -> !item.itemId().equals("b")).toList())
            .rule(
                SlotRule.atMost(
                    "kind", 1, itemId -> Optional.of("cd".contains(itemId) ? "c" : itemId)));
    RecommendationRequest filtered =
        REQUEST.toBuilder().filter(ItemFilter.deny(Set.of("a"))).build();
    try (RecommenderPipeline pipeline = builder.build()) {
      assertThat(pipeline.recommend(REQUEST)).containsExactly("a", "c", "e");
      assertAbsent(pipeline, "nowhere", Absence.Reason.UNKNOWN_ITEM, "catalog");
      assertAbsent(pipeline, "s", Absence.Reason.FILTERED, "filter:pipeline");
      assertAbsent(pipeline, "o", Absence.Reason.FILTERED, "filter:overlay");
      assertEquals("filter:request", pipeline.explainAbsence(filtered, "a").orElseThrow().stage());
      assertAbsent(pipeline, "never", Absence.Reason.NOT_PROPOSED, "source");
      assertAbsent(pipeline, "g", Absence.Reason.BELOW_CANDIDATES, "fusion");
      assertAbsent(pipeline, "b", Absence.Reason.DROPPED_BY_RERANKER, "reranker:picky");
      assertAbsent(pipeline, "d", Absence.Reason.LIMITED_BY_RULE, "rule:kind");
      assertAbsent(pipeline, "f", Absence.Reason.BELOW_K, "slots");
      assertTrue(pipeline.explainAbsence(REQUEST, "a").isEmpty());
    }
    builder.source("broken", FakeRecommender.failing(new IllegalStateException()));
    try (RecommenderPipeline pipeline = builder.build()) {
      assertAbsent(pipeline, "never", Absence.Reason.SOURCE_UNAVAILABLE, "source");
    }
  }

  @Test
  void anExplanationSaysWhoProposedAndWhatMoved() {
    PipelineBuilder builder =
        RecommenderPipeline.named("test")
            .executor(Runnable::run)
            .source("letters", FakeRecommender.of("a", "b", "c", "d", "e"))
            .source("other", FakeRecommender.of("c"))
            .rule(SlotRule.boost("b", itemId -> itemId.equals("b"), 1.01))
            .rule(SlotRule.pin(3, "promo"))
            .trace(false);
    try (RecommenderPipeline pipeline = builder.build()) {
      Explanation best = pipeline.explain(REQUEST, "c").orElseThrow();
      assertEquals(1, best.rank());
      assertEquals("rank 1: proposed by 'letters' at rank 3, 'other' at rank 1", best.message());
      assertEquals(
          "rank 2: proposed by 'letters' at rank 1",
          pipeline.explain(REQUEST, "a").orElseThrow().message());
      assertEquals(
          "rank 3: proposed by 'pin-3' at rank 3; slots put it at rank 3",
          pipeline.explain(REQUEST, "promo").orElseThrow().message());
      Explanation boosted = pipeline.explain(REQUEST.toBuilder().k(4).build(), "b").orElseThrow();
      assertEquals(
          "rank 4: proposed by 'letters' at rank 2; rule:b kept its rank and changed its score; "
              + "slots moved it from rank 3 to 4",
          boosted.message());
    }
  }
}
