package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.Feedback;
import io.recommender.FeedbackSink;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

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
public final class TrendingRecommender implements SequenceRecommender, FeedbackSink {
  /** The source of the items that this recommender proposes. */
  public static final String SOURCE = "trending";

  private final Catalog catalog;
  private final double halfLife; // in milliseconds
  private final FadingCounts counts;
  private final AtomicLong newest = new AtomicLong(Long.MIN_VALUE);

  private TrendingRecommender(Catalog catalog, Duration halfLife) {
    this.catalog = Objects.requireNonNull(catalog, "catalog");
    if (halfLife.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(
          "halfLife: expected at least a millisecond, found " + halfLife);
    }
    this.halfLife = halfLife.getSeconds() * 1e3 + halfLife.getNano() / 1e6;
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
    TrendingRecommender recommender = new TrendingRecommender(catalog, halfLife);
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
  public String toString() {
    return "TrendingRecommender[%d items, half-life %s s]"
        .formatted(catalog.size(), halfLife / 1000);
  }
}
