package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.List;

/** Makes an answer of the items that a model named: those that pass the filter, in its order. */
final class NamedItemsAnswer {
  private NamedItemsAnswer() {}

  /** Starts the answer, with notices of what no item is called and of what is missing. */
  static Recommendations.Builder of(
      RecommendationRequest request, Catalog catalog, TextAnswers.NamedItems named) {
    List<ScoredItem> items = new ArrayList<>();
    for (String itemId : named.itemIds()) {
      if (items.size() < request.k() && request.filter().accepts(itemId)) {
        items.add(new ScoredItem(itemId, 1.0 / (items.size() + 1), TextRecommender.SOURCE));
      }
    }
    Recommendations.Builder answer =
        Recommendations.of(request.k(), items).scoreKind(ScoreKind.OTHER);
    long unknown =
        request.history().itemIds().stream().filter(itemId -> !catalog.contains(itemId)).count();
    if (unknown > 0) {
      answer.notice(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              (int) unknown,
              "Interactions with items outside the catalogue were told by their ids."));
    }
    if (!named.unknown().isEmpty() || named.itemIds().isEmpty()) {
      answer.notice(
          new Notice(
              Notice.Code.UNREADABLE_TEXT,
              named.unknown().size(),
              "The model named %d items of the catalogue and %d that are none."
                  .formatted(named.itemIds().size(), named.unknown().size())));
    }
    int missing = request.k() - items.size();
    if (missing > 0) {
      answer.notice(
          new Notice(
              Notice.Code.SHORTFALL,
              missing,
              "The model named too few items that pass the filter: expected %d, found %d."
                  .formatted(request.k(), items.size())));
    }
    return answer;
  }
}
