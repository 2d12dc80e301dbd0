package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static io.recommender.ann.neighbors.SmallLog.scores;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.testing.SequenceRecommenderContract;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Pairs by hand: a-b 2, a-d 1, b-d 3 (one of them past an unknown item), b-c 1, d-c 1, d-b 1. */
class MarkovRecommenderTest {
  private final MarkovRecommender recommender = MarkovRecommender.fit(CATALOG, HISTORIES);

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return MarkovRecommender.fit(CATALOG, HISTORIES);
    }

    @Override
    protected Catalog items() {
      return CATALOG;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Test
  void ranksByHowOftenAnItemFollowedTheLastOne() {
    Recommendations top = ask(recommender, 6, ItemFilter.all(), "e", "b");
    assertEquals(List.of("d", "c", "b", "a", "e", "f"), top.itemIds());
    assertEquals(List.of(3.8, 1.4, 0.8, 0.6, 0.2, 0.0), scores(top));
    assertEquals(
        List.of("markov", "markov", "popularity", "popularity", "popularity", "popularity"),
        top.items().stream().map(ScoredItem::source).toList());
    assertEquals(List.of(), top.notices());
  }

  @Test
  void equalCountsAreOrderedByPopularity() {
    assertEquals(
        List.of("b", "c", "d", "a", "e", "f"),
        ask(recommender, 6, ItemFilter.all(), "d").itemIds());
  }

  @Test
  void anItemThatNothingFollowedFallsBackToPopularity() {
    Recommendations top = ask(recommender, 2, ItemFilter.all(), "b", "e");
    assertEquals(List.of("b", "d"), top.itemIds());
    assertTrue(top.hasNotice(Notice.Code.FALLBACK_USED));
    assertFalse(top.hasNotice(Notice.Code.UNKNOWN_ITEMS));
  }

  @Test
  void unknownItemsAreSkippedAndCounted() {
    Recommendations top = ask(recommender, 1, ItemFilter.all(), "x", "b", "y");
    assertEquals(List.of("d"), top.itemIds());
    assertEquals(1, top.notices().size());
    assertEquals(Notice.Code.UNKNOWN_ITEMS, top.notices().get(0).code());
    assertEquals(2, top.notices().get(0).count());
  }

  @Test
  void anEmptyOrUnknownHistoryFallsBackToPopularity() {
    Recommendations anonymous = ask(recommender, 2, ItemFilter.all());
    assertEquals(List.of("b", "d"), anonymous.itemIds());
    assertTrue(anonymous.hasNotice(Notice.Code.FALLBACK_USED));
    Recommendations unknown = ask(recommender, 2, ItemFilter.all(), "x");
    assertEquals(anonymous.items(), unknown.items());
    assertTrue(unknown.hasNotice(Notice.Code.UNKNOWN_ITEMS));
    assertTrue(unknown.hasNotice(Notice.Code.FALLBACK_USED));
  }

  @Test
  void filtersWhileSelecting() {
    Recommendations top = ask(recommender, 2, ItemFilter.deny(List.of("d", "b")), "b");
    assertEquals(List.of("c", "a"), top.itemIds());
    Recommendations none = ask(recommender, 2, itemId -> false, "b");
    assertTrue(none.isEmpty());
    assertTrue(none.hasNotice(Notice.Code.SHORTFALL));
  }
}
