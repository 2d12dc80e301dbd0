package io.recommender.ann.neighbors;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.UserHistory;
import io.recommender.ann.internal.SavedFiles;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Recommends what a linear model of item on item predicts, fitted in closed form: EASE, an
 * autoencoder without a hidden layer.
 *
 * <p>With X the binary user-item matrix and {@code P = (X'X + lambda I)^-1}, item i weighs {@code
 * -P[i][j] / P[j][j]} for item j and nothing for itself: of all weights with that diagonal, those
 * that give X back best, their squares held down by lambda. The score of an item is the sum of the
 * weights of the distinct items of the history for it, each rounded to a float; it may be negative,
 * and is 0 for an item nobody had. The source is {@value #SOURCE}. If the history holds no item
 * that anybody had, popularity answers alone and a notice says so.
 *
 * <p>Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).
 *
 * <p>Events that are {@linkplain #observe observed} change X'X and the popularity at once; the
 * weights follow with {@link #refit}, as if fitted to a log that has the events. Events of a user
 * count for the user's own requests at once, because they are in the history of the request.
 *
 * <p><b>Order.</b> By descending score, equal scores by catalogue ordinal.
 *
 * <p><b>Thread safety.</b> Thread-safe. An answer is that of one fit, or of one moment of the
 * popularity; answers wait for nothing, events for each other, and neither for a fit.
 *
 * <p><b>Lifetime.</b> Holds no native memory; closing has no effect. The items of each user with an
 * id are kept, under a hash of the id and within {@link EaseOptions#userBytes}, so that the next
 * event is counted with those before it and all can be {@linkplain #forget forgotten}. A user who
 * has to go because of newer ones stays in the counts, which name nobody, and begins anew, as
 * another one, with the next event. A file has the counts, lambda and these users; {@link #open}
 * fits the weights anew.
 *
 * <p><b>Cost.</b> With n items that somebody had: 4 n^2 bytes, and {@link #estimatedBytes} during a
 * fit, which inverts a matrix of n rows on one thread in time n^3; besides, 8 bytes for each other
 * item that an item shares a user with, 60 per item, 160 per user and 4 per event of the users that
 * are kept. A request adds up n weights for each item of the history. An event copies the counts of
 * every item of its user.
 */
public final class EaseRecommender extends EventRecommender {
  /** The source of the items that the model scores. */
  public static final String SOURCE = "ease";

  private static final String KIND = "ease";
  private static final int FORMAT = 1;
  private static final String PARAMETERS = "parameters";

  private final EaseOptions options;
  private final Object refitting = new Object();
  private volatile Fit fit; // set under refitting

  /** The weights, and the counts that they were fitted to. */
  private record Fit(EventCounts.Counts counts, EaseWeights weights) {}

  private EaseRecommender(Catalog catalog, EaseOptions options, EventCounts events) {
    super(catalog, new SavedFiles(KIND, FORMAT), events);
    this.options = options;
    fit = fit(events.now(), IllegalArgumentException::new);
  }

  private Fit fit(EventCounts.Counts counts, Function<String, RuntimeException> failure) {
    return new Fit(counts, EaseWeights.of(counts.pairs(), catalog.size(), options, failure));
  }

  /**
   * Returns how much memory a fit takes.
   *
   * @param items how many items somebody had
   * @return the bytes, 16 for each pair of items
   */
  public static long estimatedBytes(int items) {
    return 16L * items * items;
  }

  /**
   * Fits the weights to a log.
   *
   * @param catalog the items that may be recommended
   * @param histories the training histories, read once, possibly none; interactions with items
   *     outside the catalogue are left out. Histories with the same user id are those of one user
   * @param options lambda and how much memory may be taken
   * @return the recommender
   * @throws IllegalArgumentException if the items are too many for the memory limit, or lambda is
   *     below a billionth of the largest sum of a row of X'X
   */
  public static EaseRecommender fit(
      Catalog catalog, Iterable<UserHistory> histories, EaseOptions options) {
    Objects.requireNonNull(options, "options");
    return new EaseRecommender(
        catalog,
        options,
        EventCounts.of(catalog, histories, Pairing.TOGETHER, options.userBytes()));
  }

  /**
   * Fits the weights to all events so far, on the thread that calls, while others are answered by
   * the weights that were; nothing happens if there were no events since the last time. Fits take
   * turns.
   *
   * <p>P could also follow each event, which changes it by a matrix of rank two, in time n^2. With
   * 1,000, 2,000 and 4,000 items that takes 2, 41 and 220 ms, and a fit 0.5, 3.5 and 31 s (OpenJDK
   * 17, one core): less together only while fewer than a hundred or two events come between fits,
   * and it would keep P at 8 n^2 bytes and gather errors of rounding.
   *
   * @throws IllegalStateException if the items that somebody had by now are too many for the memory
   *     limit, or lambda is too small for the counts; the weights are as they were
   */
  public void refit() {
    synchronized (refitting) {
      EventCounts.Counts now = events.now();
      if (now != fit.counts()) {
        fit = fit(now, IllegalStateException::new);
      }
    }
  }

  /** {@return whether the weights are those of all events so far} */
  public boolean isFitted() {
    return events.now() == fit.counts();
  }

  /**
   * Takes the events of a user back and, if there were any, {@linkplain #refit fits} the weights
   * anew, which takes as long as a fit; for many users, call {@link #forgetAll}.
   *
   * @throws IllegalStateException as {@link #refit} does; the events are gone from the counts, and
   *     from the weights with the next fit
   */
  @Override
  public void forget(String userId) {
    forgetAll(List.of(userId));
  }

  /**
   * Takes the events of users back and, if there were any, {@linkplain #refit fits} the weights
   * anew, once for all of them.
   *
   * @param userIds the users; of those that are not known nothing changes
   * @throws IllegalStateException as {@link #forget} does
   */
  public void forgetAll(Collection<String> userIds) {
    boolean isChanged = false;
    for (String userId : List.copyOf(userIds)) {
      isChanged |= events.forget(userId);
    }
    if (isChanged) {
      refit();
    }
  }

  @Override
  SnapshotWriter.Body body() {
    EventCounts.Contents contents = events.contents();
    return out -> {
      out.section(PARAMETERS).putDouble(options.lambda());
      EventCountsSnapshot.write(out, contents, catalog);
    };
  }

  /**
   * Opens saved counts and fits the weights to them, with a memory limit of 2 GiB.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out
   * @return the recommender
   * @throws RecommenderException SNAPSHOT_INVALID if it is damaged or something else, naming the
   *     section; STORAGE_FAILED if it cannot be read
   */
  public static EaseRecommender open(Path file, Catalog catalog) {
    return open(file, catalog, EaseOptions.MEMORY_LIMIT);
  }

  /**
   * Opens saved counts and fits the weights to them, which takes as long as a fit.
   *
   * @param file what {@link #save} wrote
   * @param catalog the items that may be recommended; what was saved of others is left out
   * @param memoryLimit how much memory a fit may take, in bytes, at least 1
   * @return the recommender
   * @throws RecommenderException as {@link #open(Path, Catalog)} does
   * @throws IllegalArgumentException if the items are too many for the memory limit, or lambda is
   *     below a billionth of the largest sum of a row of X'X
   */
  public static EaseRecommender open(Path file, Catalog catalog, long memoryLimit) {
    SavedFiles files = new SavedFiles(KIND, FORMAT);
    try (SnapshotReader in = files.open(file)) {
      SectionReader section = in.section(PARAMETERS);
      double lambda = section.getDouble();
      section.finish();
      in.check(
          PARAMETERS,
          lambda > 0 && lambda < Double.POSITIVE_INFINITY,
          "a finite lambda above 0, found " + lambda);
      EventCounts events = EventCountsSnapshot.read(in, catalog, Pairing.TOGETHER);
      EaseOptions options =
          EaseOptions.of(lambda).memoryLimit(memoryLimit).userBytes(events.contents().userBytes());
      EaseRecommender recommender = new EaseRecommender(catalog, options, events);
      recommender.files.opened(in);
      return recommender;
    }
  }

  @Override
  public Recommendations recommend(RecommendationRequest request) {
    EaseWeights weights = fit.weights();
    KnownHistory history = KnownHistory.of(catalog, request.history());
    int[] rows = weights.rows(history);
    Answer answer = new Answer(request, catalog);
    if (rows.length > 0) {
      weights.addScored(answer, catalog, rows);
      return answer.build(history, false);
    }
    PopularityRanking popularity = events.now().popularity();
    answer.fill(popularity, popularity::share);
    return answer.build(history, true);
  }

  @Override
  public String toString() {
    return "EaseRecommender[%d items, %d of them had]"
        .formatted(catalog.size(), fit.weights().size());
  }
}
