package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Items by the classes of a request. */
class ClassRerankerTest extends RerankerContract {
  private static final Map<String, Map<String, Double>> SHARES =
      Map.of(
          "clay", Map.of("rice", 0.8, "maize", 0.2),
          "sand", Map.of("maize", 0.5, "lentil", 0.5));

  private static ClassReranker reranker(Map<String, Double> classes) {
    return ClassReranker.of(BlendedRerankerTest.by(classes), SHARES);
  }

  private static List<ScoredItem> rank(Map<String, Double> classes, String... itemIds) {
    return reranker(classes)
        .rerank(
            RecommendationRequest.of(UserHistory.empty()).build(),
            List.of(itemIds).stream().map(id -> new ScoredItem(id, 0, "s")).toList());
  }

  @Override
  protected Reranker create() {
    return reranker(Map.of("clay", 0.25, "sand", 0.75));
  }

  @Override
  protected List<String> itemIds() {
    return List.of("rice", "maize", "lentil", "coffee", "cotton");
  }

  @Test
  void ranksByTheMixtureOfTheClasses() {
    List<ScoredItem> ranked =
        rank(Map.of("clay", 0.25, "sand", 0.75), "coffee", "rice", "lentil", "maize");
    assertEquals(
        List.of("maize", "lentil", "rice", "coffee"),
        ranked.stream().map(ScoredItem::itemId).toList());
    assertEquals(0.425, ranked.get(0).score(), 1e-15);
    assertEquals(0.375, ranked.get(1).score(), 1e-15);
    assertEquals(0.2, ranked.get(2).score(), 1e-15);
    assertEquals(0, ranked.get(3).score());
    assertEquals(Map.of("clay", 0.25, "sand", 0.75), ranked.get(0).taskScores());
    assertEquals("s", ranked.get(0).source());
  }

  @Test
  void aClassThatIsDroppedHasNoPart() {
    List<ScoredItem> ranked = rank(Map.of("clay", 1.0), "lentil", "maize", "rice");
    assertEquals(
        List.of("rice", "maize", "lentil"), ranked.stream().map(ScoredItem::itemId).toList());
    assertEquals(0, ranked.get(2).score());
  }

  @Test
  void sharesOutOfTheirRangeAreRefused() {
    Reranker classifier = BlendedRerankerTest.by(Map.of());
    assertThrows(IllegalArgumentException.class, () -> ClassReranker.of(classifier, Map.of()));
    for (double share : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> ClassReranker.of(classifier, Map.of("clay", Map.of("rice", share))));
      assertEquals(
          "share of item 'rice' in class 'clay': expected a finite number of at least 0, found "
              + share,
          e.getMessage());
    }
  }
}
