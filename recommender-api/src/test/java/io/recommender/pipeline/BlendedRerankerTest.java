package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Weighted means of branches, some of which may take no part. */
class BlendedRerankerTest extends RerankerContract {
  private static final List<ScoredItem> CANDIDATES =
      List.of(
          new ScoredItem("a", 3, "s"), new ScoredItem("b", 2, "s"), new ScoredItem("c", 1, "s"));
  private static final Reranker TABLE = by(Map.of("a", 0.5, "b", 0.3, "c", 0.2));
  private static final Reranker PHOTO = by(Map.of("a", 0.1, "b", 0.2, "c", 0.7));

  /** Scores by a table; an item without a number is dropped. */
  static Reranker by(Map<String, Double> scores) {
    return (request, candidates) ->
        candidates.stream()
            .filter(item -> scores.containsKey(item.itemId()))
            .map(item -> new ScoredItem(item.itemId(), scores.get(item.itemId())))
            .toList();
  }

  private static BlendedReranker blended() {
    return BlendedReranker.builder()
        .branch("table", 3, TABLE)
        .optionalBranch("photo", 1, PHOTO, "pixels")
        .build();
  }

  private static RecommendationRequest request(String... features) {
    RecommendationRequest.Builder request = RecommendationRequest.of(UserHistory.empty());
    for (String feature : features) {
      request.context(feature, new Feature.Scalar(1));
    }
    return request.build();
  }

  @Override
  protected Reranker create() {
    return blended();
  }

  @Override
  protected List<String> itemIds() {
    return List.of("a", "b", "c", "d", "e");
  }

  @Test
  void ranksByTheWeightedMean() {
    List<ScoredItem> ranked = blended().rerank(request("pixels"), CANDIDATES);
    assertEquals(List.of("a", "c", "b"), ranked.stream().map(ScoredItem::itemId).toList());
    assertEquals(0.75 * 0.5 + 0.25 * 0.1, ranked.get(0).score(), 1e-15);
    assertEquals(0.75 * 0.2 + 0.25 * 0.7, ranked.get(1).score(), 1e-15);
    assertEquals(0.75 * 0.3 + 0.25 * 0.2, ranked.get(2).score(), 1e-15);
    assertEquals(1, ranked.stream().mapToDouble(ScoredItem::score).sum(), 1e-15);
    assertEquals(Map.of("table", 0.2, "photo", 0.7), ranked.get(1).taskScores());
    assertEquals("s", ranked.get(1).source());
  }

  @Test
  void aBranchWithoutItsFeatureTakesNoPartAndThatIsSaid() {
    List<Notice> notices = new ArrayList<>();
    List<ScoredItem> ranked = blended().rerankWithNotices(request(), CANDIDATES, notices::add);
    assertEquals(List.of("a", "b", "c"), ranked.stream().map(ScoredItem::itemId).toList());
    assertEquals(0.3, ranked.get(1).score());
    assertEquals(Map.of("table", 0.3), ranked.get(1).taskScores());
    assertEquals(1, notices.size());
    assertEquals(Notice.Code.PART_LEFT_OUT, notices.get(0).code());
    assertTrue(notices.get(0).message().contains("'photo'"), notices.get(0).message());
    assertTrue(notices.get(0).message().contains("[pixels]"), notices.get(0).message());
  }

  @Test
  void withoutAnyBranchTheCandidatesStay() {
    Reranker photoOnly =
        BlendedReranker.builder().optionalBranch("photo", 1, PHOTO, "pixels", "flash").build();
    List<Notice> notices = new ArrayList<>();
    assertEquals(
        CANDIDATES, photoOnly.rerankWithNotices(request("pixels"), CANDIDATES, notices::add));
    assertTrue(notices.get(0).message().contains("[flash]"), notices.get(0).message());
  }

  @Test
  void whatABranchDropsIsDropped() {
    Reranker dropping =
        BlendedReranker.builder()
            .branch("table", 1, TABLE)
            .branch("stock", 1, by(Map.of("a", 0.0, "c", 0.9)))
            .build();
    List<ScoredItem> ranked = dropping.rerank(request(), CANDIDATES);
    assertEquals(List.of("c", "a"), ranked.stream().map(ScoredItem::itemId).toList());
  }

  @Test
  void equalMeansKeepTheOrderAndLargeScoresStayFinite() {
    Reranker large =
        BlendedReranker.builder()
            .branch("one", 1e300, by(Map.of("a", 1e308, "b", 1e308, "c", 1e308)))
            .branch("other", 1e300, by(Map.of("a", 1e308, "b", 1e308, "c", 1e308)))
            .build();
    List<ScoredItem> ranked = large.rerank(request(), CANDIDATES);
    assertEquals(List.of("a", "b", "c"), ranked.stream().map(ScoredItem::itemId).toList());
    assertEquals(1e308, ranked.get(0).score());
  }

  @Test
  void noticesOfBranchesArePassedOn() {
    Notice notice = new Notice(Notice.Code.TIMED_OUT, 1, "late");
    Reranker telling =
        new Reranker() {
          @Override
          public List<ScoredItem> rerank(
              RecommendationRequest request, List<ScoredItem> candidates) {
            return candidates;
          }

          @Override
          public List<ScoredItem> rerankWithNotices(
              RecommendationRequest request,
              List<ScoredItem> candidates,
              java.util.function.Consumer<? super Notice> notices) {
            notices.accept(notice);
            return candidates;
          }
        };
    List<Notice> notices = new ArrayList<>();
    BlendedReranker.builder()
        .branch("telling", 1, telling)
        .build()
        .rerankWithNotices(request(), CANDIDATES, notices::add);
    assertEquals(List.of(notice), notices);
  }

  @Test
  void everyBranchIsClosedThoughOneFails() {
    List<String> closed = new ArrayList<>();
    BlendedReranker.Builder builder = BlendedReranker.builder();
    for (String name : List.of("one", "two", "three")) {
      builder.branch(
          name,
          1,
          new Reranker() {
            @Override
            public List<ScoredItem> rerank(
                RecommendationRequest request, List<ScoredItem> candidates) {
              return candidates;
            }

            @Override
            public void close() {
              closed.add(name);
              if (!name.equals("three")) {
                throw new IllegalStateException(name);
              }
            }
          });
    }
    Reranker reranker = builder.build();
    IllegalStateException e = assertThrows(IllegalStateException.class, reranker::close);
    assertEquals("one", e.getMessage());
    assertEquals("two", e.getSuppressed()[0].getMessage());
    assertEquals(List.of("one", "two", "three"), closed);
  }

  @Test
  void whatCannotBeBlendedIsRefused() {
    BlendedReranker.Builder builder = BlendedReranker.builder();
    assertThrows(IllegalArgumentException.class, builder::build);
    for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> builder.branch("a", weight, TABLE));
    }
    assertThrows(IllegalArgumentException.class, () -> builder.optionalBranch("a", 1, TABLE));
    builder.branch("a", 1, TABLE);
    IllegalArgumentException twice =
        assertThrows(IllegalArgumentException.class, () -> builder.branch("a", 1, TABLE));
    assertEquals("branch 'a': expected once, found twice", twice.getMessage());
  }
}
