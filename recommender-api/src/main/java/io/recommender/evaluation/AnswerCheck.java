package io.recommender.evaluation;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Refuses an answer that breaks the promises of a recommender. */
final class AnswerCheck {
  private AnswerCheck() {}

  /**
   * Checks an answer.
   *
   * @throws IllegalStateException naming the recommender, the case and what is wrong; never the
   *     user
   */
  static void check(
      String recommender,
      int index,
      RecommendationRequest request,
      Recommendations answer,
      Catalog catalog) {
    List<ScoredItem> items = answer.items();
    if (items.size() > request.k()) {
      throw violation(
          recommender, index, "expected at most %d items, found %d", request.k(), items.size());
    }
    Set<String> seen = new HashSet<>(items.size() * 2);
    double last = Double.POSITIVE_INFINITY;
    for (int i = 0; i < items.size(); i++) {
      ScoredItem item = items.get(i);
      if (!catalog.contains(item.itemId())) {
        throw violation(
            recommender,
            index,
            "expected items of the catalogue, found '%s' at rank %d",
            item.itemId(),
            i + 1);
      }
      if (!seen.add(item.itemId())) {
        throw violation(
            recommender, index, "expected each item once, found '%s' again", item.itemId());
      }
      if (!request.filter().accepts(item.itemId())) {
        throw violation(
            recommender,
            index,
            "expected items that the filter accepts, found '%s' at rank %d",
            item.itemId(),
            i + 1);
      }
      if (item.score() > last) {
        throw violation(
            recommender,
            index,
            "expected descending scores, found %s after %s at rank %d",
            item.score(),
            last,
            i + 1);
      }
      last = item.score();
    }
  }

  private static IllegalStateException violation(
      String recommender, int index, String message, Object... arguments) {
    return new IllegalStateException(
        "recommender '%s', case %d: %s"
            .formatted(recommender, index, message.formatted(arguments)));
  }
}
