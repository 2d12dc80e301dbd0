package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/** An answer in the making: what a table of counts found, then popularity, then the notices. */
final class Answer {
  private final RecommendationRequest request;
  private final Catalog catalog;
  private final List<ScoredItem> items = new ArrayList<>();
  private final IntOpenHashSet taken = new IntOpenHashSet();

  Answer(RecommendationRequest request, Catalog catalog) {
    this.request = request;
    this.catalog = catalog;
  }

  int missing() {
    return request.k() - items.size();
  }

  boolean isEmpty() {
    return items.isEmpty();
  }

  ItemFilter filter() {
    return request.filter();
  }

  void add(int ordinal, double score, String source) {
    taken.add(ordinal);
    items.add(new ScoredItem(catalog.id(ordinal), score, source));
  }

  void fill(PopularityRanking popularity, IntToDoubleFunction score) {
    if (missing() > 0) {
      for (int ordinal : popularity.top(missing(), request.filter(), taken).toIntArray()) {
        add(ordinal, score.applyAsDouble(ordinal), PopularityRecommender.SOURCE);
      }
    }
  }

  /** Fills up with the items that have the most events, scored below what a search finds. */
  void fill(SessionIndex popularity) {
    if (missing() > 0) {
      TopK best = new TopK(Math.min(missing(), catalog.size()));
      popularity.offerPopular(best, catalog, request.filter(), taken);
      best.sort();
      double unit = SessionSearch.LEAST_SCORE / (popularity.mostEvents() + 1.0);
      for (int i = 0; i < best.size(); i++) {
        add(best.row(i), unit * best.score(i), PopularityRecommender.SOURCE);
      }
    }
  }

  /** Completes the answer of a recommender that reads the history and may have had to give up. */
  Recommendations build(KnownHistory history, boolean fallbackUsed) {
    List<Notice> notices = new ArrayList<>();
    if (history.unknown() > 0) {
      notices.add(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              history.unknown(),
              "Interactions with items outside the catalogue were skipped."));
    }
    if (fallbackUsed) {
      notices.add(
          new Notice(
              Notice.Code.FALLBACK_USED,
              items.size(),
              "The history led to no item that is accepted; the most popular items answered."));
    }
    return build(notices);
  }

  private Recommendations build(List<Notice> notices) {
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items).scoreKind(ScoreKind.OTHER).notices(notices);
    if (missing() > 0) {
      answer.notice(
          new Notice(
              Notice.Code.SHORTFALL,
              missing(),
              "No more items of the catalogue passed the filter: expected %d, found %d."
                  .formatted(request.k(), items.size())));
    }
    return answer.build();
  }
}
