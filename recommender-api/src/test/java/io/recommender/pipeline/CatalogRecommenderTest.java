package io.recommender.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.SequenceRecommenderContract;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A reranker of the whole catalogue. */
class CatalogRecommenderTest extends SequenceRecommenderContract {
  private static final Catalog CATALOG = Catalog.ofIds(List.of("a", "b", "c", "d", "e", "f"));

  /** Equal scores for a pair each, in an order that is not that of the catalogue. */
  private static final Reranker PAIRS =
      (request, candidates) -> {
        List<ScoredItem> scored = new ArrayList<>();
        for (ScoredItem item : candidates) {
          int ordinal = CATALOG.ordinal(item.itemId());
          scored.add(new ScoredItem(item.itemId(), ordinal / 2, item.source()));
        }
        Collections.reverse(scored);
        return scored;
      };

  private static SequenceRecommender recommender(Reranker reranker) {
    return new CatalogRecommender("advisor", CATALOG, reranker, ScoreKind.PROBABILITY);
  }

  @Override
  protected SequenceRecommender create() {
    return recommender(PAIRS);
  }

  @Override
  protected Catalog items() {
    return CATALOG;
  }

  @Override
  protected boolean closes() {
    return false;
  }

  @Test
  void ranksWhatTheFilterAcceptsInOneCall() {
    AtomicInteger asked = new AtomicInteger();
    Recommendations answer =
        recommender(
                (request, candidates) -> {
                  asked.addAndGet(candidates.size());
                  return PAIRS.rerank(request, candidates);
                })
            .recommend(
                RecommendationRequest.of(UserHistory.empty())
                    .k(3)
                    .filter(itemId -> !itemId.equals("e"))
                    .build());
    assertEquals(5, asked.get());
    assertEquals(List.of("f", "c", "d"), answer.itemIds());
    assertEquals("advisor", answer.items().get(0).source());
    assertEquals(ScoreKind.PROBABILITY, answer.scoreKind());
    assertTrue(answer.notices().isEmpty());
  }

  @Test
  void passesNoticesOn() {
    Reranker blended =
        BlendedReranker.builder()
            .branch("pairs", 1, PAIRS)
            .optionalBranch("photo", 1, PAIRS, "pixels")
            .build();
    assertTrue(
        recommender(blended).recommend(UserHistory.empty()).hasNotice(Notice.Code.PART_LEFT_OUT));
  }
}
