package io.recommender;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one user: the interactions, oldest first, and possibly who it is.
 *
 * <p><b>Immutable</b>.
 */
public final class UserHistory {
  private static final UserHistory EMPTY = new UserHistory(null, List.of());

  private final @Nullable String userId;
  private final List<Interaction> interactions;

  private UserHistory(@Nullable String userId, List<Interaction> interactions) {
    this.userId = userId;
    this.interactions = interactions;
  }

  /** {@return the history of an anonymous user of whom nothing is known} */
  public static UserHistory empty() {
    return EMPTY;
  }

  /**
   * Returns the history of an anonymous user.
   *
   * @param itemIds the items, oldest first
   * @return the history
   */
  public static UserHistory of(String... itemIds) {
    return ofItems(Arrays.asList(itemIds));
  }

  /**
   * Returns the history of an anonymous user.
   *
   * @param itemIds the items, oldest first
   * @return the history
   */
  public static UserHistory ofItems(List<String> itemIds) {
    return new UserHistory(null, itemIds.stream().map(Interaction::of).toList());
  }

  /**
   * Returns the history of an anonymous user.
   *
   * @param interactions the interactions, oldest first; copied
   * @return the history
   */
  public static UserHistory of(List<Interaction> interactions) {
    return new UserHistory(null, List.copyOf(interactions));
  }

  /**
   * Returns this history as that of a known user.
   *
   * @param userId the user
   * @return a copy
   */
  public UserHistory forUser(String userId) {
    return new UserHistory(Objects.requireNonNull(userId, "userId"), interactions);
  }

  /**
   * Returns a history of the same user with other interactions.
   *
   * @param interactions the interactions, oldest first; copied
   * @return the history
   */
  public UserHistory withInteractions(List<Interaction> interactions) {
    return new UserHistory(userId, List.copyOf(interactions));
  }

  /**
   * Returns this history with one more interaction, the newest.
   *
   * @param interaction the interaction
   * @return a copy
   */
  public UserHistory plus(Interaction interaction) {
    Objects.requireNonNull(interaction, "interaction");
    Interaction[] extended = interactions.toArray(new Interaction[interactions.size() + 1]);
    extended[interactions.size()] = interaction;
    return new UserHistory(userId, List.of(extended));
  }

  /** {@return the user, if known} */
  public Optional<String> userId() {
    return Optional.ofNullable(userId);
  }

  /** {@return the interactions, oldest first; unmodifiable} */
  public List<Interaction> interactions() {
    return interactions;
  }

  /** {@return the items of the interactions, oldest first} */
  public List<String> itemIds() {
    return interactions.stream().map(Interaction::itemId).toList();
  }

  /** {@return the number of interactions} */
  public int size() {
    return interactions.size();
  }

  /** {@return whether there is no interaction} */
  public boolean isEmpty() {
    return interactions.isEmpty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UserHistory that
        && Objects.equals(userId, that.userId)
        && interactions.equals(that.interactions);
  }

  @Override
  public int hashCode() {
    return Objects.hash(userId, interactions);
  }

  /** Tells the number of interactions, never the items or the user. */
  @Override
  public String toString() {
    return "UserHistory[" + interactions.size() + " interactions]";
  }
}
