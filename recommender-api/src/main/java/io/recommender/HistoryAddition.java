package io.recommender;

import java.util.Objects;
import java.util.Optional;

/**
 * A proposal to add to a history an item that was never interacted with, but might have been.
 *
 * <p><b>Immutable</b>.
 *
 * @param position the place of the interaction that it comes before, 0 = oldest; the size of the
 *     history: it comes last
 * @param itemId the item
 * @param domain the domain of the item, if it is known
 * @param confidence how sure the proposal is, in [0, 1]
 */
public record HistoryAddition(
    int position, String itemId, Optional<String> domain, double confidence) {

  /**
   * Checks the position and the confidence.
   *
   * @param position the place of the interaction that it comes before
   * @param itemId the item
   * @param domain the domain of the item, if it is known
   * @param confidence how sure the proposal is, in [0, 1]
   */
  public HistoryAddition {
    Objects.requireNonNull(itemId, "itemId");
    Objects.requireNonNull(domain, "domain");
    if (position < 0) {
      throw new IllegalArgumentException("position: expected at least 0, found " + position);
    }
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException(
          "confidence: expected a number in [0, 1], found " + confidence);
    }
  }
}
