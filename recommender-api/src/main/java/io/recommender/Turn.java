package io.recommender;

import java.util.List;
import java.util.Objects;

/**
 * What one side said in a dialog, and which items it was about.
 *
 * <p><b>Immutable</b>.
 *
 * @param role who spoke
 * @param text what was said, possibly empty
 * @param itemIds the items that were shown or meant, in order, known to a catalogue or not
 */
public record Turn(Role role, String text, List<String> itemIds) {

  /** Who speaks. */
  public enum Role {
    /** The person who is advised. */
    USER,
    /** The one who advises; its items are those that were recommended. */
    ASSISTANT
  }

  /**
   * Copies the items.
   *
   * @param role who spoke
   * @param text what was said, possibly empty
   * @param itemIds the items that were shown or meant, in order
   */
  public Turn {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(text, "text");
    itemIds = List.copyOf(itemIds);
  }

  /**
   * Returns what the user said.
   *
   * @param text what was said
   * @param itemIds the items that were meant, if that is known
   * @return the turn
   */
  public static Turn user(String text, String... itemIds) {
    return new Turn(Role.USER, text, List.of(itemIds));
  }

  /**
   * Returns what the assistant said.
   *
   * @param text what was said
   * @param itemIds the items that it recommended
   * @return the turn
   */
  public static Turn assistant(String text, String... itemIds) {
    return new Turn(Role.ASSISTANT, text, List.of(itemIds));
  }
}
