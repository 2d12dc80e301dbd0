package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;

/**
 * Recommends what occurs most often in a log, the same to everybody.
 *
 * <p>The score of an item is the number of its interactions in the training histories; repeated
 * interactions of one user count each time. The source of every item is {@value #SOURCE}. The
 * history of a request is not read, but for a notice of items outside the catalogue.
 *
 * <p><b>Order.</b> By descending count, equal counts by catalogue ordinal. Items that never occur
 * come last, with score 0.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect.
 *
 * <p><b>Cost.</b> 12 bytes per item. A request takes k steps and one for each rejected item above
 * the last one returned; with an allow list, one for each item on it.
 */
public final class PopularityRecommender implements SequenceRecommender {
  /** The source of the items that this recommender proposes. */
  public static final String SOURCE = "popularity";

  private final Catalog catalog;
  private final PopularityRanking ranking;

  private PopularityRecommender(Catalog catalog, PopularityRanking ranking) {
    this.catalog = catalog;
    this.ranking = ranking;
  }

  /**
   * Counts a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once; interactions with items outside the
   *     catalogue are left out
   * @return the recommender
   */
  public static PopularityRecommender fit(Catalog catalog, Iterable<UserHistory> histories) {
    OrdinalLog log = OrdinalLog.of(catalog, histories);
    return new PopularityRecommender(
        catalog, new PopularityRanking(catalog, log.counts(catalog.size())));
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Answer answer = new Answer(request, catalog);
    answer.fill(ranking, ranking::count);
    return answer.build(KnownHistory.of(catalog, request.history()), false);
  }

  @Override
  public String toString() {
    return "PopularityRecommender[" + catalog.size() + " items]";
  }
}
