package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Recommends what occurs most often in a log and in the events that came after it, the same to
 * everybody.
 *
 * <p>The score of an item is the number of its interactions; repeated interactions of one user
 * count each time. Events that are {@linkplain #observe observed} count as if they had been in the
 * log. The source of every item is {@value #SOURCE}. The history of a request is not read, but for
 * a notice of items outside the catalogue.
 *
 * <p><b>Order.</b> By descending count, equal counts by catalogue ordinal. Items that never occur
 * come last, with score 0.
 *
 * <p><b>Thread safety.</b> Thread-safe. An answer is that of some moment between two events;
 * answers wait for nothing, events for each other.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. Holds counts only, of which
 * nobody's share can be told.
 *
 * <p><b>Cost.</b> 12 bytes per item. A request takes k steps and one for each rejected item above
 * the last one returned; with an allow list, one for each item on it. An event copies about a
 * thousand numbers and two more per 256 items of the catalogue.
 */
public final class PopularityRecommender extends SavedRecommender {
  /** The source of the items that this recommender proposes. */
  public static final String SOURCE = "popularity";

  private static final String KIND = "popularity";
  private static final int FORMAT = 1;
  private static final String COUNTS = "counts";

  private final Object lock = new Object();
  private volatile PopularityRanking ranking; // set under lock

  private PopularityRecommender(Catalog catalog, PopularityRanking ranking) {
    super(catalog, new SavedFiles(KIND, FORMAT));
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
    int[] counts = new int[catalog.size()];
    for (UserHistory history : histories) {
      for (Interaction event : history.interactions()) {
        int ordinal = catalog.ordinal(event.itemId());
        if (ordinal != Catalog.UNKNOWN) {
          counts[ordinal]++;
        }
      }
    }
    return new PopularityRecommender(catalog, new PopularityRanking(catalog, counts));
  }

  /**
   * Counts an event. Later answers know of it.
   *
   * @param event what happened; nothing changes if its item is outside the catalogue
   */
  public void observe(Interaction event) {
    int ordinal = catalog.ordinal(event.itemId());
    if (ordinal != Catalog.UNKNOWN) {
      synchronized (lock) {
        ranking = ranking.plus(new int[] {ordinal}, 1);
      }
    }
  }

  /**
   * Counts an event of the item, if any task came true.
   *
   * @param feedback what became of an item, of anybody; nothing changes without consent
   */
  @Override
  public void observe(Feedback feedback) {
    if (feedback.hasConsent() && feedback.isPositive()) {
      observe(Interaction.of(feedback.itemId()));
    }
  }

  /** Changes nothing: nothing is kept of a user, and a count does not tell whose events it has. */
  @Override
  public void forget(String userId) {
    Objects.requireNonNull(userId, "userId");
  }

  @Override
  SnapshotWriter.Body body() {
    PopularityRanking now = ranking;
    SavedItems items = SavedItems.of(catalog, ordinal -> now.count(ordinal) > 0);
    return out -> {
      SectionWriter section = out.section(COUNTS);
      section.putInt(items.size());
      for (int i = 0; i < items.size(); i++) {
        section.putInt(now.count(items.ordinal(i)));
      }
      items.write(out, catalog);
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
  public static PopularityRecommender open(Path file, Catalog catalog) {
    SavedFiles files = new SavedFiles(KIND, FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SectionReader section = in.section(COUNTS);
      int[] saved = new int[section.getCount(Integer.BYTES)];
      section.getInts(saved, 0, saved.length);
      section.finish();
      int[] ordinals = SavedItems.read(in, saved.length, catalog);
      int[] counts = new int[catalog.size()];
      for (int i = 0; i < saved.length; i++) {
        in.check(COUNTS, saved[i] >= 1, "counts of at least 1, found " + saved[i]);
        if (ordinals[i] != Catalog.UNKNOWN) {
          counts[ordinals[i]] = saved[i];
        }
      }
      PopularityRecommender recommender =
          new PopularityRecommender(catalog, new PopularityRanking(catalog, counts));
      recommender.files.opened(in);
      return recommender;
    }
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    PopularityRanking now = ranking;
    Answer answer = new Answer(request, catalog);
    answer.fill(now, now::count);
    return answer.build(KnownHistory.of(catalog, request.history()), false);
  }

  @Override
  public String toString() {
    return "PopularityRecommender[" + catalog.size() + " items]";
  }
}
