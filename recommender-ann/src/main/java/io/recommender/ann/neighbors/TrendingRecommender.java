package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * Recommends what occurs most often lately, the same to everybody: popularity that fades with a
 * half-life.
 *
 * <p>The score of an item is the number of its events, each halved for every half-life that passed
 * from it to the newest event of all; {@link PopularityRecommender} is the same without end of
 * memory. The clock on the wall is not read, so the same events give the same answer. The source of
 * every item is {@value #SOURCE}. The history of a request is not read, but for a notice of items
 * outside the catalogue.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal. Items that never occur,
 * or not in the last thousand half-lives, come last, with score 0.
 *
 * <p><b>Thread safety.</b> Thread-safe, without a lock. No event is lost; an answer that is made
 * during updates has each of them or not, item by item.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. Holds sums only, of which
 * nobody's share can be told.
 *
 * <p><b>Cost.</b> 8 bytes per item. An update takes constant time, whatever was before. A request
 * looks at the highest score of each 256 items, and at these items if it is among the best so far;
 * with an allow list, at each item on it.
 */
public final class TrendingRecommender extends SavedRecommender {
  /** The source of the items that this recommender proposes. */
  public static final String SOURCE = "trending";

  private final double halfLife; // in milliseconds
  private final FadingCounts counts;
  private final AtomicLong newest = new AtomicLong(Long.MIN_VALUE);

  private TrendingRecommender(Catalog catalog, double halfLife) {
    super(catalog, new SavedFiles(TrendSnapshot.KIND, TrendSnapshot.FORMAT));
    this.halfLife = halfLife;
    counts = new FadingCounts(catalog.size());
  }

  /**
   * Counts a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the histories, read once, possibly none; interactions with items outside the
   *     catalogue are left out
   * @param halfLife after how long an event counts half, at least a millisecond
   * @return the recommender
   * @throws IllegalArgumentException if the half-life is too short
   */
  public static TrendingRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, Duration halfLife) {
    if (halfLife.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(
          "halfLife: expected at least a millisecond, found " + halfLife);
    }
    TrendingRecommender recommender =
        new TrendingRecommender(catalog, halfLife.getSeconds() * 1e3 + halfLife.getNano() / 1e6);
    for (UserHistory history : histories) {
      history.interactions().forEach(recommender::observe);
    }
    return recommender;
  }

  /**
   * Counts an event. Later answers know of it.
   *
   * @param event what happened; an older event than others counts as much as if it had come in
   *     time, one without a time happens at the newest time seen so far, or in 1970. Nothing
   *     changes if its item is outside the catalogue
   */
  public void observe(Interaction event) {
    int ordinal = catalog.ordinal(event.itemId());
    if (ordinal == Catalog.UNKNOWN) {
      return;
    }
    long latest = newest.get();
    long unknown = latest == Long.MIN_VALUE ? 0 : latest;
    long time = event.time().map(Times::milliseconds).orElse(unknown);
    newest.accumulateAndGet(time, Math::max);
    counts.add(ordinal, time / halfLife);
  }

  /**
   * Counts an event of the item, if any task came true, at the time of the feedback.
   *
   * @param feedback what became of an item, of anybody; nothing changes without consent
   */
  @Override
  public void observe(Feedback feedback) {
    if (feedback.hasConsent() && feedback.isPositive()) {
      Interaction event = Interaction.of(feedback.itemId());
      observe(feedback.time().map(event::withTime).orElse(event));
    }
  }

  /** Changes nothing: nothing is kept of a user, and a sum does not tell whose events it has. */
  @Override
  public void forget(String userId) {
    Objects.requireNonNull(userId, "userId");
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Answer answer = new Answer(request, catalog);
    counts.addTo(answer, catalog, newest.get() / halfLife);
    return answer.build(KnownHistory.of(catalog, request.history()), false);
  }

  @Override
  SnapshotWriter.Body body() {
    TrendSnapshot.Saved saved = saved();
    return out -> TrendSnapshot.write(out, saved, catalog);
  }

  private TrendSnapshot.Saved saved() {
    double[] logs = IntStream.range(0, catalog.size()).mapToDouble(counts::log).toArray();
    // After the sums, so that none of them is of a later time.
    return new TrendSnapshot.Saved(halfLife, newest.get(), logs);
  }

  /**
   * Opens saved sums, which go on as they were.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out
   * @return the recommender, with the half-life that was saved
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static TrendingRecommender open(Path file, Catalog catalog) {
    SavedFiles files = new SavedFiles(TrendSnapshot.KIND, TrendSnapshot.FORMAT);
    try (SnapshotReader in = files.open(file)) {
      TrendSnapshot.Saved saved = TrendSnapshot.read(in, catalog);
      TrendingRecommender recommender = new TrendingRecommender(catalog, saved.halfLife());
      for (int ordinal = 0; ordinal < saved.logs().length; ordinal++) {
        if (saved.logs()[ordinal] != Double.NEGATIVE_INFINITY) {
          recommender.counts.add(ordinal, saved.logs()[ordinal]);
        }
      }
      recommender.newest.set(saved.newest());
      recommender.files.opened(in);
      return recommender;
    }
  }

  @Override
  public String toString() {
    return "TrendingRecommender[%d items, half-life %s s]"
        .formatted(catalog.size(), halfLife / 1000);
  }
}
