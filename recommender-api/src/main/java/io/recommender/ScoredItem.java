package io.recommender;

import java.util.Map;
import java.util.Objects;

/**
 * An item with the score that ranked it, where it came from, and the scores of single tasks.
 *
 * <p><b>Immutable</b>.
 *
 * @param itemId the item
 * @param score the score, finite; higher is better
 * @param source what proposed the item, such as {@code "shop-sasrec"} or {@code "fallback"}; empty
 *     if unknown
 * @param taskScores the scores of a multi-task model by task, possibly none
 */
public record ScoredItem(
    String itemId, double score, String source, Map<String, Double> taskScores) {

  /**
   * Checks that the score is finite and copies the task scores.
   *
   * @param itemId the item
   * @param score the score, finite; higher is better
   * @param source what proposed the item; empty if unknown
   * @param taskScores the scores of a multi-task model by task, possibly none
   */
  public ScoredItem {
    Objects.requireNonNull(itemId, "itemId");
    Objects.requireNonNull(source, "source");
    if (!Double.isFinite(score)) {
      throw new IllegalArgumentException(
          "score of item '%s': expected a finite number, found %s".formatted(itemId, score));
    }
    taskScores = Map.copyOf(taskScores);
  }

  /**
   * Returns an item with its score and source.
   *
   * @param itemId the item
   * @param score the score, finite
   * @param source what proposed the item
   */
  public ScoredItem(String itemId, double score, String source) {
    this(itemId, score, source, Map.of());
  }

  /**
   * Returns an item with its score, of unknown source.
   *
   * @param itemId the item
   * @param score the score, finite
   */
  public ScoredItem(String itemId, double score) {
    this(itemId, score, "", Map.of());
  }
}
