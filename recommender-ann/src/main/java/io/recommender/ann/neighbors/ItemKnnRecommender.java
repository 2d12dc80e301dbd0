package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.TopK;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.nio.file.Path;

/**
 * Recommends what the same people had: item-based nearest neighbours with cosine similarity, by
 * counts that grow with every event.
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
 * <p>Observing the events of users gives the same answers as a log that has them, as long as no
 * user had to go.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Thread-safe. An answer is that of some moment between two changes;
 * answers wait for nothing, changes for each other.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. The items of each user with an
 * id are kept, under a hash of the id and within a number of bytes, so that the next event is
 * counted with those before it and all can be {@linkplain #forget forgotten}. A user who has to go
 * because of newer ones stays in the counts, which name nobody, and begins anew, as another one,
 * with the next event.
 *
 * <p><b>Cost.</b> 8 bytes for each other item that an item shares a user with, and 60 per item; 160
 * bytes per user and 4 per event of the users that are kept. A request visits all that share a user
 * with an item of the history, and takes a square root for each. An event copies the counts of
 * every item of its user. Training takes the sum of the squares of the lengths of the histories.
 */
public final class ItemKnnRecommender extends EventRecommender {
  /** The source of the items that are similar to the history. */
  public static final String SOURCE = "item-knn";

  private static final double POPULARITY_WEIGHT = 1e-9;

  private static final String KIND = "item-knn";
  private static final int FORMAT = 1;
  private static final String PARAMETERS = "parameters";

  private final int neighbors;

  private ItemKnnRecommender(Catalog catalog, int neighbors, EventCounts events) {
    super(catalog, new SavedFiles(KIND, FORMAT), events);
    this.neighbors = neighbors;
  }

  /**
   * Counts a log, and lets every neighbour of an item count, so that the scores are exact.
   *
   * @param catalog the items that may be recommended
   * @param histories see {@link #fit(Catalog, Iterable, int, long)}
   * @return the recommender
   */
  public static ItemKnnRecommender fit(Catalog catalog, Iterable<UserHistory> histories) {
    return fit(catalog, histories, Integer.MAX_VALUE);
  }

  /**
   * Counts a log, and lets the most similar neighbours of each item count; keeps 64 MiB of users.
   *
   * @param catalog the items that may be recommended
   * @param histories see {@link #fit(Catalog, Iterable, int, long)}
   * @param neighbors see there
   * @return the recommender
   * @throws IllegalArgumentException if neighbors is below 1
   */
  public static ItemKnnRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, int neighbors) {
    return fit(catalog, histories, neighbors, EventCounts.DEFAULT_USER_BYTES);
  }

  /**
   * Counts a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once, possibly none; interactions with items
   *     outside the catalogue are left out. Histories with the same user id are those of one user
   * @param neighbors how many neighbours of an item of the history count, at least 1; of equally
   *     similar ones those of lower ordinals. All are kept, because an event may change which are
   *     the most similar
   * @param userBytes how many bytes may be kept of users, at least 0; 0 keeps nothing of anybody,
   *     and only events that are observed together are of one user
   * @return the recommender
   * @throws IllegalArgumentException if neighbors is below 1 or userBytes negative
   */
  public static ItemKnnRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, int neighbors, long userBytes) {
    if (neighbors < 1) {
      throw new IllegalArgumentException("neighbors: expected at least 1, found " + neighbors);
    }
    return new ItemKnnRecommender(
        catalog, neighbors, EventCounts.of(catalog, histories, Pairing.TOGETHER, userBytes));
  }

  @Override
  SnapshotWriter.Body body() {
    EventCounts.Contents contents = events.contents();
    return out -> {
      out.section(PARAMETERS).putInt(neighbors);
      EventCountsSnapshot.write(out, contents, catalog);
    };
  }

  /**
   * Opens saved counts, which go on as they were.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out
   * @return the recommender
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static ItemKnnRecommender open(Path file, Catalog catalog) {
    SavedFiles files = new SavedFiles(KIND, FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SectionReader section = in.section(PARAMETERS);
      int neighbors = section.getInt();
      section.finish();
      in.check(PARAMETERS, neighbors >= 1, "at least 1 neighbour, found " + neighbors);
      ItemKnnRecommender recommender =
          new ItemKnnRecommender(
              catalog, neighbors, EventCountsSnapshot.read(in, catalog, Pairing.TOGETHER));
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
    addSimilar(answer, similarTo(history, now.pairs()), popularity);
    boolean fallbackUsed = answer.isEmpty();
    answer.fill(popularity, ordinal -> popularityScore(popularity, ordinal));
    return answer.build(history, fallbackUsed);
  }

  @Override
  public String toString() {
    return "ItemKnnRecommender[%d items, %d neighbours]"
        .formatted(catalog.size(), events.now().pairs().pairs());
  }

  private Int2DoubleOpenHashMap similarTo(KnownHistory history, PairCounts pairs) {
    IntOpenHashSet seen = new IntOpenHashSet(history.ordinals().length);
    Int2DoubleOpenHashMap sums = new Int2DoubleOpenHashMap();
    for (int item : history.ordinals()) {
      if (seen.add(item)) {
        PairCounts.Row row = pairs.row(item);
        if (row.others().length > neighbors) {
          addNearest(sums, row, pairs);
        } else {
          for (int i = 0; i < row.others().length; i++) {
            sums.addTo(row.others()[i], (float) cosine(row, i, pairs));
          }
        }
      }
    }
    return sums;
  }

  private void addNearest(Int2DoubleOpenHashMap sums, PairCounts.Row row, PairCounts pairs) {
    TopK best = new TopK(neighbors);
    for (int i = 0; i < row.others().length; i++) {
      best.offer(cosine(row, i, pairs), row.others()[i], row.others()[i]);
    }
    for (int i = 0; i < best.size(); i++) {
      sums.addTo(best.row(i), (float) best.score(i));
    }
  }

  private static double cosine(PairCounts.Row row, int i, PairCounts pairs) {
    double product = (double) row.own() * pairs.row(row.others()[i]).own();
    return row.counts()[i] / Math.sqrt(product);
  }

  private void addSimilar(Answer answer, Int2DoubleOpenHashMap sums, PopularityRanking popularity) {
    ItemFilter filter = answer.filter();
    TopK best = new TopK(Math.min(answer.missing(), sums.size()));
    for (Int2DoubleMap.Entry entry : sums.int2DoubleEntrySet()) {
      int ordinal = entry.getIntKey();
      double score = entry.getDoubleValue() + popularityScore(popularity, ordinal);
      if (best.admits(score, ordinal) && filter.accepts(catalog.id(ordinal))) {
        best.offer(score, ordinal, ordinal);
      }
    }
    best.sort();
    for (int i = 0; i < best.size(); i++) {
      answer.add(best.row(i), best.score(i), SOURCE);
    }
  }

  private static double popularityScore(PopularityRanking popularity, int ordinal) {
    return POPULARITY_WEIGHT * popularity.share(ordinal);
  }
}
