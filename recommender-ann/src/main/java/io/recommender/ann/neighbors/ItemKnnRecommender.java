package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;

/**
 * Recommends what the same people had: item-based nearest neighbours with cosine similarity.
 *
 * <p>Two items are as similar as the columns of the binary user-item matrix: the number of users
 * who had both, divided by the square root of the product of the numbers of users who had each. The
 * score of an item is the sum of its similarities, each rounded to a float, to the distinct known
 * items of the history, plus a billionth of its popularity as a share below 1, which orders equal
 * sums and everything that is similar to nothing. Items with a similarity above 0 have source
 * {@value #SOURCE}; the others have source {@value PopularityRecommender#SOURCE}. If no similar
 * item is accepted, or the history holds no known item, popularity answers alone and a notice says
 * so.
 *
 * <p>Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation
 * algorithms" (WWW 2001); Deshpande and Karypis, "Item-based top-N recommendation algorithms" (ACM
 * TOIS 2004), whose n is the limit of {@link #fit(Catalog, Iterable, int)}.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect.
 *
 * <p><b>Cost.</b> 8 bytes per neighbour of an item and 16 per item. A request visits the neighbours
 * of every item of the history. Training takes the sum of the squares of the lengths of the
 * histories.
 */
public final class ItemKnnRecommender implements SequenceRecommender {
  /** The source of the items that are similar to the history. */
  public static final String SOURCE = "item-knn";

  private static final double POPULARITY_WEIGHT = 1e-9;

  private final Catalog catalog;
  private final PopularityRanking popularity;
  // The neighbours of item i are at starts[i] to starts[i + 1] - 1, most similar first.
  private final int[] starts;
  private final int[] neighbors;
  private final float[] similarities;

  private ItemKnnRecommender(
      Catalog catalog,
      PopularityRanking popularity,
      int[] starts,
      int[] neighbors,
      float[] similarities) {
    this.catalog = catalog;
    this.popularity = popularity;
    this.starts = starts;
    this.neighbors = neighbors;
    this.similarities = similarities;
  }

  /**
   * Counts a log and keeps every neighbour, so that the scores are exact.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once; interactions with items outside the
   *     catalogue are left out
   * @return the recommender
   */
  public static ItemKnnRecommender fit(Catalog catalog, Iterable<UserHistory> histories) {
    return fit(catalog, histories, Integer.MAX_VALUE);
  }

  /**
   * Counts a log and keeps the most similar neighbours of each item.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once; interactions with items outside the
   *     catalogue are left out
   * @param neighbors how many neighbours of an item to keep, at least 1; of equally similar ones
   *     those of lower ordinals
   * @return the recommender
   * @throws IllegalArgumentException if neighbors is below 1
   */
  public static ItemKnnRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, int neighbors) {
    if (neighbors < 1) {
      throw new IllegalArgumentException("neighbors: expected at least 1, found " + neighbors);
    }
    OrdinalLog log = OrdinalLog.of(catalog, histories);
    UserItemMatrix matrix = new UserItemMatrix(log, catalog.size());
    int[] starts = new int[catalog.size() + 1];
    IntArrayList kept = new IntArrayList();
    FloatArrayList similarities = new FloatArrayList();
    int[] together = new int[catalog.size()];
    IntArrayList touched = new IntArrayList();
    for (int item = 0; item < catalog.size(); item++) {
      matrix.countTogether(item, together, touched);
      TopK best = new TopK(Math.min(neighbors, touched.size()));
      for (int i = 0; i < touched.size(); i++) {
        int other = touched.getInt(i);
        double product = (double) matrix.users(item) * matrix.users(other);
        best.offer(together[other] / Math.sqrt(product), other, other);
        together[other] = 0;
      }
      best.sort();
      for (int i = 0; i < best.size(); i++) {
        kept.add(best.row(i));
        similarities.add((float) best.score(i));
      }
      starts[item + 1] = kept.size();
    }
    return new ItemKnnRecommender(
        catalog,
        new PopularityRanking(catalog, log.counts(catalog.size())),
        starts,
        kept.toIntArray(),
        similarities.toFloatArray());
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    KnownHistory history = KnownHistory.of(catalog, request.history());
    Answer answer = new Answer(request, catalog);
    addSimilar(answer, similarTo(history));
    boolean fallbackUsed = answer.isEmpty();
    answer.fill(popularity, this::popularityScore);
    return answer.build(history, fallbackUsed);
  }

  @Override
  public String toString() {
    return "ItemKnnRecommender[%d items, %d neighbours]"
        .formatted(catalog.size(), neighbors.length);
  }

  private Int2DoubleOpenHashMap similarTo(KnownHistory history) {
    IntOpenHashSet seen = new IntOpenHashSet(history.ordinals().length);
    Int2DoubleOpenHashMap sums = new Int2DoubleOpenHashMap();
    for (int item : history.ordinals()) {
      if (seen.add(item)) {
        for (int i = starts[item]; i < starts[item + 1]; i++) {
          sums.addTo(neighbors[i], similarities[i]);
        }
      }
    }
    return sums;
  }

  private void addSimilar(Answer answer, Int2DoubleOpenHashMap sums) {
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), sums.size()));
    for (Int2DoubleMap.Entry entry : sums.int2DoubleEntrySet()) {
      int ordinal = entry.getIntKey();
      double score = entry.getDoubleValue() + popularityScore(ordinal);
      if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
        best.offer(score, ordinal, ordinal);
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), SOURCE);
    }
  }

  private double popularityScore(int ordinal) {
    return POPULARITY_WEIGHT * popularity.share(ordinal);
  }
}
