package io.recommender.testing;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A recommender for tests that ranks by a table: row = the newest known item, column = the item
 * scored. An empty or unknown history ranks by ordinal. <b>Thread-safe</b>.
 */
public final class TableRecommender implements SequenceRecommender {
  private final Catalog catalog;
  private final double[][] scores;
  private volatile boolean closed;

  /**
   * Creates a recommender.
   *
   * @param catalog the items
   * @param scores square, by ordinal
   */
  public TableRecommender(Catalog catalog, double[][] scores) {
    this.catalog = catalog;
    this.scores = scores;
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    if (closed) {
      throw new IllegalStateException("TableRecommender is closed");
    }
    int last = Catalog.UNKNOWN;
    int unknown = 0;
    for (String itemId : request.history().itemIds()) {
      int ordinal = catalog.ordinal(itemId);
      last = ordinal == Catalog.UNKNOWN ? last : ordinal;
      unknown += ordinal == Catalog.UNKNOWN ? 1 : 0;
    }
    List<ScoredItem> items = new ArrayList<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      if (request.filter().accepts(catalog.id(ordinal))) {
        double score = last == Catalog.UNKNOWN ? -ordinal : scores[last][ordinal];
        items.add(new ScoredItem(catalog.id(ordinal), score, "table"));
      }
    }
    items.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    List<ScoredItem> top = items.subList(0, Math.min(request.k(), items.size()));
    Recommendations.Builder answer = Recommendations.of(request.k(), top).modelVersion("table@1");
    if (unknown > 0) {
      answer.notice(new Notice(Notice.Code.UNKNOWN_ITEMS, unknown, unknown + " unknown items"));
    }
    if (top.size() < request.k()) {
      answer.notice(
          new Notice(Notice.Code.SHORTFALL, request.k() - top.size(), "no other item is accepted"));
    }
    return answer.build();
  }

  @Override
  public void close() {
    closed = true;
  }
}
