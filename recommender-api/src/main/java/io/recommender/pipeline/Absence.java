package io.recommender.pipeline;

import java.util.Objects;

/**
 * Why an item is not in an answer.
 *
 * <p><b>Immutable</b>.
 *
 * @param itemId the item
 * @param reason why
 * @param stage the name of the stage that kept it out, as in a trace; for a filter {@code
 *     filter:request}, {@code filter:pipeline} or {@code filter:overlay}
 * @param message one sentence for people
 */
public record Absence(String itemId, Reason reason, String stage, String message) {

  /** Why an item is not in an answer. More may come; handle unknown ones as information. */
  public enum Reason {
    /** The catalogue does not have it. */
    UNKNOWN_ITEM,
    /** A filter rejects it. */
    FILTERED,
    /** No source that answered proposed it, and at least one did not answer. */
    SOURCE_UNAVAILABLE,
    /** No source proposed it. */
    NOT_PROPOSED,
    /** The fusion put it below the number of candidates that go on. */
    BELOW_CANDIDATES,
    /** A reranker dropped it. */
    DROPPED_BY_RERANKER,
    /** A rule left it out. */
    LIMITED_BY_RULE,
    /** Better items fill the answer. */
    BELOW_K
  }

  /**
   * Checks that nothing is null.
   *
   * @param itemId the item
   * @param reason why
   * @param stage the name of the stage that kept it out
   * @param message one sentence for people
   */
  public Absence {
    Objects.requireNonNull(itemId, "itemId");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(stage, "stage");
    Objects.requireNonNull(message, "message");
  }
}
