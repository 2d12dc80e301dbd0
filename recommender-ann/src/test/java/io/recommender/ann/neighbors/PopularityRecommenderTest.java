package io.recommender.ann.neighbors;

import static io.recommender.ann.neighbors.SmallLog.CATALOG;
import static io.recommender.ann.neighbors.SmallLog.HISTORIES;
import static io.recommender.ann.neighbors.SmallLog.ask;
import static io.recommender.ann.neighbors.SmallLog.scores;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.testing.SequenceRecommenderContract;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PopularityRecommenderTest {
  private final PopularityRecommender recommender = PopularityRecommender.fit(CATALOG, HISTORIES);

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return PopularityRecommender.fit(CATALOG, HISTORIES);
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
  void countsEveryInteractionAndBreaksTiesByOrdinal() {
    Recommendations top = ask(recommender, 10, ItemFilter.all());
    assertEquals(List.of("b", "d", "a", "c", "e", "f"), top.itemIds());
    assertEquals(List.of(4.0, 4.0, 3.0, 2.0, 1.0, 0.0), scores(top));
    assertTrue(top.items().stream().map(ScoredItem::source).allMatch("popularity"::equals));
  }

  @Test
  void saysHowManyItemsAreMissing() {
    Recommendations top = ask(recommender, 10, ItemFilter.all());
    assertEquals(1, top.notices().size());
    assertEquals(Notice.Code.SHORTFALL, top.notices().get(0).code());
    assertEquals(4, top.notices().get(0).count());
    assertEquals(List.of(), ask(recommender, 6, ItemFilter.all()).notices());
  }

  @Test
  void saysThatItemsOfTheHistoryAreUnknown() {
    Recommendations top = ask(recommender, 2, ItemFilter.all(), "x", "a", "y");
    assertEquals(ask(recommender, 2, ItemFilter.all()).items(), top.items());
    assertEquals(Notice.Code.UNKNOWN_ITEMS, top.notices().get(0).code());
    assertEquals(2, top.notices().get(0).count());
  }

  @Test
  void filtersWhileSelecting() {
    assertEquals(List.of("d", "a"), ask(recommender, 2, ItemFilter.deny(List.of("b"))).itemIds());
    assertEquals(
        List.of("d", "c", "f"),
        ask(recommender, 5, ItemFilter.allow(List.of("f", "c", "nowhere", "d"))).itemIds());
    ItemFilter both = ItemFilter.allow(List.of("f", "c", "d")).and(ItemFilter.deny(List.of("d")));
    assertEquals(List.of("c", "f"), ask(recommender, 5, both).itemIds());
    assertEquals(List.of(), ask(recommender, 5, itemId -> false).itemIds());
  }

  @Test
  void asksTheFilterOnlyAboutWhatItWouldReturn() {
    List<String> asked = new ArrayList<>();
    ask(recommender, 2, asked::add);
    assertEquals(List.of("b", "d"), asked);
  }

  @Test
  void aCatalogueWithoutItemsGivesAnEmptyAnswer() {
    PopularityRecommender empty =
        PopularityRecommender.fit(Catalog.ofIds(List.of()), List.of(UserHistory.of("a")));
    Recommendations top = ask(empty, 3, ItemFilter.all());
    assertTrue(top.isEmpty());
    assertTrue(top.hasNotice(Notice.Code.SHORTFALL));
  }
}
