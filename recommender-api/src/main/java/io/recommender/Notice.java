package io.recommender;

import java.util.Objects;

/**
 * Something a caller may want to know about an answer that is not an error.
 *
 * <p><b>Immutable</b>.
 *
 * @param code what it is about
 * @param count how many items, interactions or features it concerns
 * @param message one sentence for people; never holds a user id
 */
public record Notice(Code code, int count, String message) {

  /** What a notice is about. More codes may come; handle unknown ones as information. */
  public enum Code {
    /** Interactions with items outside the catalogue were skipped or sent as unknown. */
    UNKNOWN_ITEMS,
    /** Keywords of the query that no item has took no part. */
    UNKNOWN_KEYWORDS,
    /** The history had nothing the model could use, and the declared fallback answered. */
    FALLBACK_USED,
    /** Fewer items than requested: nothing more passed the filter, or nothing more exists. */
    SHORTFALL,
    /** A feature the model reads was absent and took its default. */
    DEFAULTED_FEATURE,
    /** A part of what ranks took no part, because the request lacks a feature that it reads. */
    PART_LEFT_OUT,
    /** The time allowed for the answer was over before all of it was found. */
    TIMED_OUT,
    /** A model's text, or a part of it, named no item. */
    UNREADABLE_TEXT,
    /** A model that may be asked several times did not come to an answer in as many. */
    STEPS_USED_UP,
    /** A prompt was shortened to what the model takes, or was too long even then. */
    PROMPT_SHORTENED,
    /** A source, a reranker, a rule or a fallback failed, and the answer goes on without it. */
    STAGE_FAILED,
    /** A source, a reranker or a fallback had as many calls as it may have and was not asked. */
    STAGE_SKIPPED,
    /** Items that a source or a reranker must not have returned were dropped. */
    ITEMS_DROPPED,
    /** A rule about the places of items could not be kept. */
    RULE_UNMET
  }

  /**
   * Checks that nothing is null.
   *
   * @param code what it is about
   * @param count how many items, interactions or features it concerns
   * @param message one sentence for people; never holds a user id
   */
  public Notice {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
  }
}
