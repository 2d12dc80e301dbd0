package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * Makes a recommender of a reranker by giving it the whole catalogue: for small catalogues, such as
 * the crops of a region, whose items are all scored for each request. The history may be empty;
 * what the request is about is in its context.
 *
 * <pre>{@code
 * SequenceRecommender advisor =
 *     new CatalogRecommender("advisor", crops, blended, ScoreKind.PROBABILITY);
 * }</pre>
 *
 * <p><b>Order.</b> By descending score of the reranker, equal scores by catalogue ordinal. The
 * filter acts before the ranking, so k items come back whenever it accepts k and the reranker keeps
 * them. {@link ScoredItem#taskScores} are those of the reranker.
 *
 * <p><b>Cold start.</b> Without a history the request goes to the reranker like any other. Items of
 * the history outside the catalogue are counted in a notice; whether they matter is up to the
 * reranker.
 *
 * <p><b>Thread safety.</b> As that of the reranker.
 *
 * <p><b>Lifetime.</b> Closing closes the reranker.
 *
 * <p><b>Cost.</b> One call of the reranker with as many candidates as the filter accepts.
 */
public final class CatalogRecommender implements SequenceRecommender {
  private final String source;
  private final Catalog catalog;
  private final Reranker reranker;
  private final ScoreKind scoreKind;

  /**
   * Creates a recommender.
   *
   * @param source the source of the items that it proposes
   * @param catalog the items
   * @param reranker scores them; closed with the recommender
   * @param scoreKind what the scores of the reranker mean
   */
  public CatalogRecommender(
      String source, Catalog catalog, Reranker reranker, ScoreKind scoreKind) {
    this.source = Objects.requireNonNull(source, "source");
    this.catalog = Objects.requireNonNull(catalog, "catalog");
    this.reranker = Objects.requireNonNull(reranker, "reranker");
    this.scoreKind = Objects.requireNonNull(scoreKind, "scoreKind");
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    List<ScoredItem> candidates = new ArrayList<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      String itemId = catalog.id(ordinal);
      if (request.filter().accepts(itemId)) {
        candidates.add(new ScoredItem(itemId, 0, source));
      }
    }
    List<Notice> notices = new ArrayList<>();
    List<ScoredItem> ranked =
        new ArrayList<>(reranker.rerankWithNotices(request, candidates, notices::add));
    ranked.sort(
        Comparator.comparingDouble((ToDoubleFunction<ScoredItem>) ScoredItem::score)
            .reversed()
            .thenComparingInt(item -> catalog.ordinal(item.itemId())));
    List<ScoredItem> top = ranked.subList(0, Math.min(request.k(), ranked.size()));
    long unknown =
        request.history().itemIds().stream().filter(itemId -> !catalog.contains(itemId)).count();
    if (unknown > 0) {
      notices.add(
          new Notice(
              Notice.Code.UNKNOWN_ITEMS,
              (int) unknown,
              "%d interactions are with items outside the catalogue".formatted(unknown)));
    }
    if (top.size() < request.k()) {
      notices.add(
          new Notice(
              Notice.Code.SHORTFALL,
              request.k() - top.size(),
              "%d requested, %d found: no other item passes the filter and the reranker"
                  .formatted(request.k(), top.size())));
    }
    return Recommendations.of(request.k(), top).scoreKind(scoreKind).notices(notices).build();
  }

  @Override
  public void close() {
    reranker.close();
  }

  @Override
  public String toString() {
    return "CatalogRecommender[%s, %d items, %s]".formatted(source, catalog.size(), reranker);
  }
}
