package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.util.List;

/** Six items and four users, small enough to count by hand; "x" is not in the catalogue. */
final class SmallLog {
  static final Catalog CATALOG = Catalog.ofIds(List.of("f", "b", "d", "a", "c", "e"));

  static final List<UserHistory> HISTORIES =
      List.of(
          UserHistory.of("a", "b", "d"),
          UserHistory.of("b", "x", "d", "c"),
          UserHistory.of("a", "d", "b", "d"),
          UserHistory.of("a", "b", "c", "e"),
          UserHistory.empty());

  private SmallLog() {}

  static Recommendations ask(
      SequenceRecommender recommender, int k, ItemFilter filter, String... history) {
    return recommender.recommend(
        RecommendationRequest.of(UserHistory.of(history)).k(k).filter(filter).build());
  }

  static List<Double> scores(Recommendations recommendations) {
    return recommendations.items().stream().map(ScoredItem::score).toList();
  }
}
