package io.recommender.pipeline;

import static io.recommender.testing.RecommendationsAssert.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.Catalog;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.testing.FakeRecommender;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sources that read histories of their own. */
class SourceTransformTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(
              UserHistory.of(
                  List.of(
                      Interaction.of("x").withDomain("books"),
                      Interaction.of("y").withDomain("films"),
                      Interaction.of("z").withDomain("books"))))
          .k(2)
          .build();

  private final FakeRecommender books = FakeRecommender.of("a", "b");
  private final FakeRecommender films = FakeRecommender.of("c");

  private static HistoryTransform domain(String domain) {
    return HistoryTransform.domains(List.of(domain));
  }

  private static HistoryTransform adding(String itemId) {
    return history -> {
      List<Interaction> interactions = new ArrayList<>(history.interactions());
      interactions.add(Interaction.of(itemId));
      return history.withInteractions(interactions);
    };
  }

  private static List<String> read(FakeRecommender source) {
    return source.requests().get(0).history().itemIds();
  }

  @Test
  void eachSourceReadsItsPartAndNobodyElseDoes() {
    FakeRecommender all = FakeRecommender.of("d");
    List<List<String>> ranked = new ArrayList<>();
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("books", books).transform(domain("books")))
            .source(CandidateSource.of("films", films).transform(domain("films")).weight(2))
            .source("all", all)
            .reranker(
                "spy",
                (request, candidates) -> {
                  ranked.add(request.history().itemIds());
                  return candidates;
                })
            .fallback("popular", FakeRecommender.of("p"))
            .build()) {
      assertThat(pipeline.recommend(REQUEST)).containsExactly("c", "a");
    }
    assertEquals(List.of("x", "z"), read(books));
    assertEquals(List.of("y"), read(films));
    assertEquals(List.of("x", "y", "z"), read(all));
    assertEquals(List.of(List.of("x", "y", "z")), ranked);
  }

  @Test
  void theTransformsOfThePipelineComeFirstAndThenThoseOfTheSourceInOrder() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .transform(HistoryTransform.newest(2))
            .source(
                CandidateSource.of("books", books)
                    .transform(adding("w"))
                    .transform(HistoryTransform.newest(2)))
            .source(CandidateSource.of("films", films).transform(history -> history))
            .build()) {
      pipeline.recommend(REQUEST);
    }
    assertEquals(List.of("z", "w"), read(books));
    assertEquals(List.of("y", "z"), read(films));
  }

  @Test
  void aTransformMakesACopy() {
    CandidateSource plain = CandidateSource.of("books", books);
    CandidateSource changed = plain.transform(domain("films")).depth(3).weight(2);
    assertSame(REQUEST.history(), plain.transform().apply(REQUEST.history()));
    assertEquals(List.of("y"), changed.transform().apply(REQUEST.history()).itemIds());
    assertThrows(NullPointerException.class, () -> plain.transform(null));
  }

  @Test
  void aTransformThatThrowsCostsItsSourceAlone() {
    HistoryTransform broken =
        history -> {
          throw new IllegalArgumentException("broken");
        };
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .source(CandidateSource.of("books", books).transform(broken))
            .source("films", films)
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertThat(answer).containsExactly("c");
      assertEquals(
          new Notice(
              Notice.Code.STAGE_FAILED,
              1,
              "source:books failed with IllegalArgumentException; the answer goes on without it"),
          answer.notices().get(0));
    }
    assertEquals(List.of(), books.requests());
  }

  @Test
  void whatIsAddedFromOutsideTheCatalogueIsDroppedAndToldOnce() {
    try (RecommenderPipeline pipeline =
        RecommenderPipeline.named("test")
            .catalog(Catalog.ofIds(List.of("a", "b", "c", "d")))
            .source(
                CandidateSource.of("books", books).transform(adding("d")).transform(adding("q")))
            .source("films", films)
            .build()) {
      Recommendations answer = pipeline.recommend(REQUEST);
      assertEquals(
          List.of(
              new Notice(
                  Notice.Code.ITEMS_DROPPED,
                  1,
                  "'books': 1 items that a history transform added are outside the catalogue and"
                      + " were dropped")),
          answer.notices());
    }
    assertEquals(List.of("x", "y", "z", "d"), read(books));
    assertEquals(List.of("x", "y", "z"), read(films));
  }
}
