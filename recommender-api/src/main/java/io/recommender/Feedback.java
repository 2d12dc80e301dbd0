package io.recommender;

import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What became of an item that was shown: for each task, such as {@code "click"}, whether it came
 * true.
 *
 * <pre>{@code
 * sink.observe(
 *     Feedback.of("sku-7").forUser("ann").withAttribution(answer.attributionId()).label("click", 1));
 * }</pre>
 *
 * <p><b>Immutable</b>; each method but the accessors returns a changed copy.
 */
public final class Feedback {
  private final String itemId;
  private final @Nullable String userId;
  private final String attributionId;
  private final Map<String, Outcome> outcomes;
  private final float @Nullable [] hidden;
  private final @Nullable Instant time;
  private final boolean consent;

  private Feedback(
      String itemId,
      @Nullable String userId,
      String attributionId,
      Map<String, Outcome> outcomes,
      float @Nullable [] hidden,
      @Nullable Instant time,
      boolean consent) {
    this.itemId = itemId;
    this.userId = userId;
    this.attributionId = attributionId;
    this.outcomes = outcomes;
    this.hidden = hidden;
    this.time = time;
    this.consent = consent;
  }

  /**
   * What was predicted and what happened.
   *
   * @param label what happened, in [0, 1]
   * @param prediction what a model predicted, in [0, 1]; NaN if that is not known
   */
  public record Outcome(float label, float prediction) {

    /**
     * Checks the ranges.
     *
     * @param label what happened, in [0, 1]
     * @param prediction what a model predicted, in [0, 1]; NaN if that is not known
     */
    public Outcome {
      if (!(label >= 0 && label <= 1)) {
        throw new IllegalArgumentException("label: expected a number in [0, 1], found " + label);
      }
      if (prediction < 0 || prediction > 1) {
        throw new IllegalArgumentException(
            "prediction: expected a number in [0, 1], found " + prediction);
      }
    }

    /** {@return whether the prediction is known} */
    public boolean isPredicted() {
      return !Float.isNaN(prediction);
    }
  }

  /**
   * Returns feedback on an item, with consent, of which nothing else is known.
   *
   * @param itemId the item, not empty
   * @return the feedback
   */
  public static Feedback of(String itemId) {
    if (itemId.isEmpty()) {
      throw new IllegalArgumentException("item id: expected a non-empty string");
    }
    return new Feedback(itemId, null, "", Map.of(), null, null, true);
  }

  /**
   * Returns this feedback as that of a known user.
   *
   * @param userId the user
   * @return a copy
   */
  public Feedback forUser(String userId) {
    Objects.requireNonNull(userId, "userId");
    return new Feedback(itemId, userId, attributionId, outcomes, hidden, time, consent);
  }

  /**
   * Returns this feedback on an item of an answer.
   *
   * @param attributionId the {@link Recommendations#attributionId} of the answer
   * @return a copy
   */
  public Feedback withAttribution(String attributionId) {
    Objects.requireNonNull(attributionId, "attributionId");
    return new Feedback(itemId, userId, attributionId, outcomes, hidden, time, consent);
  }

  /**
   * Returns this feedback with what happened to one more task.
   *
   * @param task the task, such as {@code "click"}
   * @param label what happened, in [0, 1]: 1 = it came true
   * @return a copy
   * @throws IllegalArgumentException if the label is not in [0, 1]
   */
  public Feedback label(String task, double label) {
    return withOutcome(task, new Outcome((float) label, Float.NaN));
  }

  /**
   * Returns this feedback with what was predicted and what happened for one more task.
   *
   * @param task the task, such as {@code "click"}
   * @param outcome the outcome, replacing one of the same task
   * @return a copy
   */
  public Feedback withOutcome(String task, Outcome outcome) {
    Map<String, Outcome> extended = new LinkedHashMap<>(outcomes);
    extended.put(Objects.requireNonNull(task, "task"), Objects.requireNonNull(outcome, "outcome"));
    return new Feedback(itemId, userId, attributionId, extended, hidden, time, consent);
  }

  /**
   * Returns this feedback with the hidden vector from which the predictions were made.
   *
   * @param hidden the vector, copied
   * @return a copy
   */
  public Feedback withHidden(float[] hidden) {
    return new Feedback(itemId, userId, attributionId, outcomes, hidden.clone(), time, consent);
  }

  /**
   * Returns this feedback at a time.
   *
   * @param time when it happened
   * @return a copy
   */
  public Feedback withTime(Instant time) {
    Objects.requireNonNull(time, "time");
    return new Feedback(itemId, userId, attributionId, outcomes, hidden, time, consent);
  }

  /**
   * Returns this feedback with or without consent to keep anything of it.
   *
   * @param consent whether there is consent
   * @return a copy
   */
  public Feedback consent(boolean consent) {
    return new Feedback(itemId, userId, attributionId, outcomes, hidden, time, consent);
  }

  /** {@return the item} */
  public String itemId() {
    return itemId;
  }

  /** {@return the user, if known} */
  public Optional<String> userId() {
    return Optional.ofNullable(userId);
  }

  /** {@return what names the answer that the item was in; empty if unknown} */
  public String attributionId() {
    return attributionId;
  }

  /** {@return the outcomes by task, in the order in which they were added; unmodifiable} */
  public Map<String, Outcome> outcomes() {
    return Collections.unmodifiableMap(outcomes);
  }

  /** {@return whether any task came true, in part at least} */
  public boolean isPositive() {
    return outcomes.values().stream().anyMatch(outcome -> outcome.label > 0);
  }

  /** {@return a copy of the hidden vector of the predictions, if known} */
  public Optional<float[]> hidden() {
    return Optional.ofNullable(hidden).map(float[]::clone);
  }

  /** {@return when it happened, if known} */
  public Optional<Instant> time() {
    return Optional.ofNullable(time);
  }

  /** {@return whether anything of it may be kept; true unless {@link #consent} said otherwise} */
  public boolean hasConsent() {
    return consent;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Feedback that
        && itemId.equals(that.itemId)
        && Objects.equals(userId, that.userId)
        && attributionId.equals(that.attributionId)
        && outcomes.equals(that.outcomes)
        && Arrays.equals(hidden, that.hidden)
        && Objects.equals(time, that.time)
        && consent == that.consent;
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        itemId, userId, attributionId, outcomes, Arrays.hashCode(hidden), time, consent);
  }

  /** Tells the item and the outcomes, never the user. */
  @Override
  public String toString() {
    return "Feedback[" + itemId + " " + outcomes + "]";
  }
}
