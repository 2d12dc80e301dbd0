package io.recommender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RetrieverRecommenderTest {
  private static final Retriever RETRIEVER =
      new Retriever() {
        @Override
        public List<ScoredItem> retrieve(Query query, int k, ItemFilter filter) {
          return List.of(new ScoredItem("tent", 2), new ScoredItem("stove", 1)).stream()
              .filter(item -> filter.accepts(item.itemId()))
              .limit(k)
              .toList();
        }

        @Override
        public List<Notice> notices(Query query) {
          return List.of(new Notice(Notice.Code.UNKNOWN_KEYWORDS, 1, query.toString()));
        }
      };

  private final SequenceRecommender recommender =
      new RetrieverRecommender("words", RETRIEVER, RetrieverRecommender.text("query"));

  private static RecommendationRequest.Builder request(String text) {
    return RecommendationRequest.of(UserHistory.empty()).context("query", new Feature.Text(text));
  }

  @Test
  void recommendsWhatTheRetrieverFinds() {
    Recommendations found = recommender.recommend(request("tent").k(2).build());
    assertEquals(
        List.of(new ScoredItem("tent", 2, "words"), new ScoredItem("stove", 1, "words")),
        found.items());
    assertEquals(
        List.of(new Notice(Notice.Code.UNKNOWN_KEYWORDS, 1, "Text[text=tent]")), found.notices());
  }

  @Test
  void saysWhyThereAreFewer() {
    Recommendations found =
        recommender.recommend(
            request("tent").k(3).filter(ItemFilter.deny(List.of("tent"))).build());
    assertEquals(List.of("stove"), found.itemIds());
    assertEquals(
        new Notice(Notice.Code.SHORTFALL, 2, "Nothing more fits the query and passes the filter."),
        found.notices().get(1));
  }

  @Test
  void aRequestWithoutQueryGetsNothing() {
    RecommendationRequest without = RecommendationRequest.of(UserHistory.of("a")).k(4).build();
    for (RecommendationRequest request : List.of(without, request("  ").k(4).build())) {
      Recommendations found = recommender.recommend(request);
      assertTrue(found.isEmpty());
      assertEquals(
          List.of(new Notice(Notice.Code.SHORTFALL, 4, "The request has no query.")),
          found.notices());
    }
    SequenceRecommender never =
        new RetrieverRecommender("words", RETRIEVER, request -> Optional.empty());
    assertTrue(never.recommend(request("tent").build()).isEmpty());
  }

  @Test
  void keywordsOfARequestAreAQuery() {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty())
            .context("wanted", new Feature.Ids(List.of("tent", "red", "tent")))
            .context("none", new Feature.Ids(List.of()))
            .build();
    assertEquals(
        Optional.of(new Query.Keywords(Map.of("tent", 2.0, "red", 1.0))),
        RetrieverRecommender.keywords("wanted").apply(request));
    assertEquals(Optional.empty(), RetrieverRecommender.keywords("none").apply(request));
    assertEquals(Optional.empty(), RetrieverRecommender.keywords("absent").apply(request));
  }

  @Test
  void aRetrieverHasNothingToSayByDefault() {
    Retriever plain = (query, k, filter) -> List.of();
    assertEquals(List.of(), plain.notices(new Query.Text("tent")));
  }
}
