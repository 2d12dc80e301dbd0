package io.recommender;

import java.util.Objects;
import java.util.Optional;

/**
 * A proposal to remove or to replace one interaction of a history.
 *
 * <p><b>Immutable</b>.
 *
 * @param position the interaction's place in the history, 0 = oldest
 * @param replacement the item instead; empty: the interaction goes
 * @param confidence how sure the proposal is, in [0, 1]
 */
public record HistoryEdit(int position, Optional<String> replacement, double confidence) {

  /**
   * Checks the position and the confidence.
   *
   * @param position the interaction's place in the history, 0 = oldest
   * @param replacement the item instead; empty: the interaction goes
   * @param confidence how sure the proposal is, in [0, 1]
   */
  public HistoryEdit {
    Objects.requireNonNull(replacement, "replacement");
    if (position < 0) {
      throw new IllegalArgumentException("position: expected at least 0, found " + position);
    }
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException(
          "confidence: expected a number in [0, 1], found " + confidence);
    }
  }

  /**
   * Proposes to remove an interaction.
   *
   * @param position its place, 0 = oldest
   * @param confidence in [0, 1]
   * @return the edit
   */
  public static HistoryEdit remove(int position, double confidence) {
    return new HistoryEdit(position, Optional.empty(), confidence);
  }

  /**
   * Proposes another item for an interaction, whose time, behaviour, domain and context stay.
   *
   * @param position its place, 0 = oldest
   * @param itemId the item instead
   * @param confidence in [0, 1]
   * @return the edit
   */
  public static HistoryEdit replace(int position, String itemId, double confidence) {
    return new HistoryEdit(position, Optional.of(itemId), confidence);
  }
}
