package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.TopK;
import java.nio.file.Path;

/**
 * Recommends what most often came directly after the last item of the history: a first-order Markov
 * chain, by counts that grow with every event.
 *
 * <p>The score of an item is how often it directly followed the last known item of the history in
 * the histories of users, plus its popularity as a share below 1, which orders equal counts and
 * everything that never followed. Items that followed have source {@value #SOURCE}; the others have
 * source {@value PopularityRecommender#SOURCE}. If no item that followed is accepted, or the
 * history holds no known item, popularity answers alone and a notice says so.
 *
 * <p>Dividing the counts by their sum gives the maximum-likelihood transition probabilities, which
 * rank the same. This is the unfactorized, unpersonalized chain that Rendle, Freudenthaler and
 * Schmidt-Thieme, "Factorizing personalized Markov chains for next-basket recommendation" (WWW
 * 2010), start from.
 *
 * <p>Observing the events of users gives the same answers as a log that has them, as long as no
 * user had to go.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Thread-safe. An answer is that of some moment between two changes;
 * answers wait for nothing, changes for each other.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. The items of each user with an
 * id are kept, under a hash of the id and within a number of bytes, so that the next event has one
 * before it and all can be {@linkplain #forget forgotten}. A user who has to go because of newer
 * ones stays in the counts, which name nobody, and begins anew with the next event.
 *
 * <p><b>Cost.</b> 8 bytes per distinct pair of neighbours in the log and 12 per item; 160 bytes per
 * user and 4 per event of the users that are kept. A request looks at all items that followed the
 * last one. An event copies the counts of the item before it, about a thousand numbers of the
 * popularity, and three more per 256 items of the catalogue. Training takes 8 bytes per interaction
 * and sorts them.
 */
public final class MarkovRecommender extends EventRecommender {
  /** The source of the items that followed the last one. */
  public static final String SOURCE = "markov";

  private static final String KIND = "markov";
  private static final int FORMAT = 1;

  private MarkovRecommender(Catalog catalog, EventCounts events) {
    super(catalog, new SavedFiles(KIND, FORMAT), events);
  }

  /**
   * Counts a log, and keeps 64 MiB of users.
   *
   * @param catalog the items that may be recommended
   * @param histories see {@link #fit(Catalog, Iterable, long)}
   * @return the recommender
   */
  public static MarkovRecommender fit(Catalog catalog, Iterable<UserHistory> histories) {
    return fit(catalog, histories, EventCounts.DEFAULT_USER_BYTES);
  }

  /**
   * Counts a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once, possibly none; interactions with items
   *     outside the catalogue are left out, and their neighbours become neighbours. Histories with
   *     the same user id are one history
   * @param userBytes how many bytes may be kept of users, at least 0; 0 keeps nothing of anybody,
   *     and only events that are observed together follow each other
   * @return the recommender
   * @throws IllegalArgumentException if userBytes is negative
   */
  public static MarkovRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, long userBytes) {
    return new MarkovRecommender(
        catalog, EventCounts.of(catalog, histories, Pairing.SUCCESSION, userBytes));
  }

  @Override
  SnapshotWriter.Body body() {
    EventCounts.Contents contents = events.contents();
    return out -> EventCountsSnapshot.write(out, contents, catalog);
  }

  /**
   * Opens saved counts, which go on as they were.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out, and of
   *     the users that are kept their events before and after it follow each other
   * @return the recommender
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static MarkovRecommender open(Path file, Catalog catalog) {
    SavedFiles files = new SavedFiles(KIND, FORMAT);
    try (SnapshotReader in = files.open(file)) {
      MarkovRecommender recommender =
          new MarkovRecommender(catalog, EventCountsSnapshot.read(in, catalog, Pairing.SUCCESSION));
      recommender.files.opened(in);
      return recommender;
    }
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    EventCounts.Counts now = events.now();
    PopularityRanking popularity = now.popularity();
    KnownHistory history = KnownHistory.of(catalog, request.history());
    Answer answer = new Answer(request, catalog);
    if (!history.isEmpty()) {
      addSuccessors(answer, now.pairs().row(history.last()), popularity);
    }
    boolean fallbackUsed = answer.isEmpty();
    answer.fill(popularity, popularity::share);
    return answer.build(history, fallbackUsed);
  }

  private void addSuccessors(Answer answer, PairCounts.Row row, PopularityRanking popularity) {
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), row.others().length));
    for (int i = 0; i < row.others().length; i++) {
      int ordinal = row.others()[i];
      double score = row.counts()[i] + popularity.share(ordinal);
      if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
        best.offer(score, ordinal, ordinal);
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), SOURCE);
    }
  }

  @Override
  public String toString() {
    return "MarkovRecommender[%d items, %d pairs]"
        .formatted(catalog.size(), events.now().pairs().pairs());
  }
}
