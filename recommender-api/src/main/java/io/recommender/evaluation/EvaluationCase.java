package io.recommender.evaluation;

import io.recommender.Feature;
import io.recommender.UserHistory;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One question of an evaluation: a history, and which items the user really chose after it.
 *
 * <p><b>Immutable</b>.
 */
public final class EvaluationCase {
  private final UserHistory history;
  private final UserHistory training;
  private final Map<String, Double> ratings;
  private final @Nullable Instant time;
  private final Map<String, Feature> context;

  private EvaluationCase(
      UserHistory history,
      UserHistory training,
      Map<String, Double> ratings,
      @Nullable Instant time,
      Map<String, Feature> context) {
    this.history = history;
    this.training = training;
    this.ratings = ratings;
    this.time = time;
    this.context = context;
  }

  /**
   * Returns a case whose history was all used for training.
   *
   * @param history what is shown to the recommender
   * @param ratings the test items with their ratings, 1 for one that is merely chosen; copied. An
   *     item is relevant if its rating reaches {@link MetricOptions#relevanceThreshold()}
   * @return the case
   */
  public static EvaluationCase of(UserHistory history, Map<String, Double> ratings) {
    Objects.requireNonNull(history, "history");
    ratings.forEach(
        (itemId, rating) -> {
          if (!Double.isFinite(rating)) {
            throw new IllegalArgumentException(
                "rating of item '%s': expected a finite number, found %s"
                    .formatted(itemId, rating));
          }
        });
    Map<String, Double> copy = Collections.unmodifiableMap(new LinkedHashMap<>(ratings));
    return new EvaluationCase(history, history, copy, null, Map.of());
  }

  /**
   * Returns this case with what of the user was used for training.
   *
   * @param training a part of the history, possibly none
   * @return a copy
   */
  public EvaluationCase trainedOn(UserHistory training) {
    Objects.requireNonNull(training, "training");
    return new EvaluationCase(history, training, ratings, time, context);
  }

  /**
   * Returns this case at a moment, which becomes the time of the request.
   *
   * @param time the moment
   * @return a copy
   */
  public EvaluationCase at(Instant time) {
    Objects.requireNonNull(time, "time");
    return new EvaluationCase(history, training, ratings, time, context);
  }

  /**
   * Returns this case with a context, which becomes that of the request: what the user was looking
   * for, where, on which device.
   *
   * @param context features by name; copied
   * @return a copy
   */
  public EvaluationCase withContext(Map<String, Feature> context) {
    return new EvaluationCase(history, training, ratings, time, Map.copyOf(context));
  }

  /** {@return what is shown to the recommender, oldest first} */
  public UserHistory history() {
    return history;
  }

  /** {@return what of the user was used for training, oldest first} */
  public UserHistory training() {
    return training;
  }

  /** {@return the test items with their ratings; unmodifiable} */
  public Map<String, Double> ratings() {
    return ratings;
  }

  /** {@return the moment of the request, if known} */
  public Optional<Instant> time() {
    return Optional.ofNullable(time);
  }

  /** {@return the context of the request; unmodifiable, possibly empty} */
  public Map<String, Feature> context() {
    return context;
  }

  /** Tells the numbers of interactions, never the items or the user. */
  @Override
  public String toString() {
    return "EvaluationCase[%d interactions, %d test items]"
        .formatted(history.size(), ratings.size());
  }
}
