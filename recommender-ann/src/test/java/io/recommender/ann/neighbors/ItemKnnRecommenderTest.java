package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static io.recommender.ann.neighbors.SmallLog.scores;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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

/**
 * Users by hand: a 3, b 4, c 2, d 3, e 1, f 0; together: ab 3, ad 2, bd 3, bc 2, cd 1, ac 1, *e 1.
 */
class ItemKnnRecommenderTest {
  private static final double TOLERANCE = 1e-6;

  private final ItemKnnRecommender recommender = ItemKnnRecommender.fit(CATALOG, HISTORIES);

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return ItemKnnRecommender.fit(CATALOG, HISTORIES);
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
  void scoresByTheCosineOfTheUsers() {
    Recommendations top = ask(recommender, 6, ItemFilter.all(), "c");
    assertEquals(List.of("b", "e", "d", "a", "c", "f"), top.itemIds());
    List<Double> scores = scores(top);
    assertEquals(2 / Math.sqrt(2 * 4), scores.get(0), TOLERANCE);
    assertEquals(1 / Math.sqrt(2 * 1), scores.get(1), TOLERANCE);
    assertEquals(1 / Math.sqrt(2 * 3), scores.get(2), TOLERANCE);
    assertEquals(1 / Math.sqrt(2 * 3), scores.get(3), TOLERANCE);
    assertEquals(0, scores.get(4), TOLERANCE);
    assertEquals(0, scores.get(5), TOLERANCE);
    assertEquals(
        List.of("item-knn", "item-knn", "item-knn", "item-knn", "popularity", "popularity"),
        top.items().stream().map(ScoredItem::source).toList());
  }

  @Test
  void addsUpTheSimilaritiesToTheDistinctItemsOfTheHistory() {
    Recommendations once = ask(recommender, 6, ItemFilter.all(), "c", "a");
    Recommendations repeated = ask(recommender, 6, ItemFilter.all(), "c", "a", "c", "c");
    assertEquals(once.items(), repeated.items());
    assertEquals("b", once.itemIds().get(0));
    assertEquals(2 / Math.sqrt(8) + 3 / Math.sqrt(12), once.items().get(0).score(), TOLERANCE);
  }

  @Test
  void equalSimilaritiesAreOrderedByPopularity() {
    // Both d and a share one of three users with c; d has four interactions, a has three.
    assertEquals(
        List.of("d", "a"), ask(recommender, 2, ItemFilter.allow(List.of("a", "d")), "c").itemIds());
  }

  @Test
  void keepsOnlyTheMostSimilarNeighboursIfTold() {
    ItemKnnRecommender limited = ItemKnnRecommender.fit(CATALOG, HISTORIES, 1);
    Recommendations top = ask(limited, 3, ItemFilter.all(), "c");
    assertEquals(
        List.of("item-knn", "popularity", "popularity"),
        top.items().stream().map(ScoredItem::source).toList());
    assertEquals("b", top.itemIds().get(0));
    assertThrows(
        IllegalArgumentException.class, () -> ItemKnnRecommender.fit(CATALOG, HISTORIES, 0));
  }

  @Test
  void anEmptyOrUnknownHistoryFallsBackToPopularity() {
    Recommendations anonymous = ask(recommender, 3, ItemFilter.all());
    assertEquals(List.of("b", "d", "a"), anonymous.itemIds());
    assertTrue(anonymous.hasNotice(Notice.Code.FALLBACK_USED));
    Recommendations unknown = ask(recommender, 3, ItemFilter.all(), "x", "y");
    assertEquals(anonymous.items(), unknown.items());
    assertEquals(2, unknown.notices().get(0).count());
    assertTrue(unknown.hasNotice(Notice.Code.UNKNOWN_ITEMS));
  }

  @Test
  void filtersWhileSelecting() {
    assertEquals(
        List.of("e", "d"), ask(recommender, 2, ItemFilter.deny(List.of("b")), "c").itemIds());
    Recommendations none = ask(recommender, 2, itemId -> false, "c");
    assertTrue(none.isEmpty());
    assertTrue(none.hasNotice(Notice.Code.SHORTFALL));
  }
}
