package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.util.Arrays;

/**
 * Recommends what most often came directly after the last item of the history: a first-order Markov
 * chain, by counts.
 *
 * <p>The score of an item is how often it directly followed the last known item of the history in
 * the training histories, plus its popularity as a share below 1, which orders equal counts and
 * everything that never followed. Items that followed have source {@value #SOURCE}; the others have
 * source {@value PopularityRecommender#SOURCE}. If no item that followed is accepted, or the
 * history holds no known item, popularity answers alone and a notice says so.
 *
 * <p>Dividing the counts by their sum gives the maximum-likelihood transition probabilities, which
 * rank the same. This is the unfactorized, unpersonalized chain that Rendle, Freudenthaler and
 * Schmidt-Thieme, "Factorizing personalized Markov chains for next-basket recommendation" (WWW
 * 2010), start from.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Immutable.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect.
 *
 * <p><b>Cost.</b> 8 bytes per distinct pair of neighbours in the log and 16 per item. A request
 * takes k steps and one for each rejected item above the last one returned. Training takes 8 bytes
 * per interaction and sorts them.
 */
public final class MarkovRecommender implements SequenceRecommender {
  /** The source of the items that followed the last one. */
  public static final String SOURCE = "markov";

  private final Catalog catalog;
  private final PopularityRanking popularity;
  // The successors of item i are at starts[i] to starts[i + 1] - 1, in the order of the answer.
  private final int[] starts;
  private final int[] successors;
  private final int[] counts;

  private MarkovRecommender(Catalog catalog, PopularityRanking popularity, long[] pairs) {
    this.catalog = catalog;
    this.popularity = popularity;
    int distinct = 0;
    for (int i = 0; i < pairs.length; i++) {
      if (i == 0 || pairs[i] != pairs[i - 1]) {
        distinct++;
      }
    }
    starts = new int[catalog.size() + 1];
    successors = new int[distinct];
    counts = new int[distinct];
    int pair = -1;
    for (int i = 0; i < pairs.length; i++) {
      if (i == 0 || pairs[i] != pairs[i - 1]) {
        pair++;
        successors[pair] = (int) pairs[i];
        starts[(int) (pairs[i] >>> 32) + 1] = pair + 1;
      }
      counts[pair]++;
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] = Math.max(starts[i], starts[i - 1]);
      sort(starts[i - 1], starts[i]);
    }
  }

  /**
   * Counts a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once; interactions with items outside the
   *     catalogue are left out, and their neighbours become neighbours
   * @return the recommender
   */
  public static MarkovRecommender fit(Catalog catalog, Iterable<UserHistory> histories) {
    OrdinalLog log = OrdinalLog.of(catalog, histories);
    long[] pairs = new long[log.interactions()];
    int size = 0;
    for (int user = 0; user < log.users(); user++) {
      for (int i = log.start(user) + 1; i < log.start(user + 1); i++) {
        pairs[size++] = (long) log.ordinal(i - 1) << 32 | log.ordinal(i);
      }
    }
    pairs = Arrays.copyOf(pairs, size);
    Arrays.sort(pairs);
    return new MarkovRecommender(
        catalog, new PopularityRanking(catalog, log.counts(catalog.size())), pairs);
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    KnownHistory history = KnownHistory.of(catalog, request.history());
    Answer answer = new Answer(request, catalog);
    if (!history.isEmpty()) {
      int end = starts[history.last() + 1];
      for (int i = starts[history.last()]; i < end && answer.missing() > 0; i++) {
        if (request.filter().accepts(catalog.id(successors[i]))) {
          answer.add(successors[i], score(i), SOURCE);
        }
      }
    }
    boolean fallbackUsed = answer.isEmpty();
    answer.fill(popularity, popularity::share);
    return answer.build(history, fallbackUsed);
  }

  @Override
  public String toString() {
    return "MarkovRecommender[%d items, %d pairs]".formatted(catalog.size(), successors.length);
  }

  private double score(int i) {
    return counts[i] + popularity.share(successors[i]);
  }

  /** Brings the successors of one item into the order of the answer; they come by ordinal. */
  private void sort(int from, int to) {
    it.unimi.dsi.fastutil.Arrays.mergeSort(
        from,
        to,
        (i, j) -> Double.compare(score(j), score(i)),
        (i, j) -> {
          int successor = successors[i];
          successors[i] = successors[j];
          successors[j] = successor;
          int count = counts[i];
          counts[i] = counts[j];
          counts[j] = count;
        });
  }
}
