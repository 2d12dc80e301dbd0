package io.recommender;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One event of a user with an item: a click, a purchase, a rating.
 *
 * <p><b>Immutable</b>; each {@code with} method returns a changed copy.
 */
public final class Interaction {
  private final String itemId;
  private final @Nullable Instant time;
  private final @Nullable String behavior;
  private final @Nullable String domain;
  private final Map<String, Feature> context;

  private Interaction(
      String itemId,
      @Nullable Instant time,
      @Nullable String behavior,
      @Nullable String domain,
      Map<String, Feature> context) {
    this.itemId = itemId;
    this.time = time;
    this.behavior = behavior;
    this.domain = domain;
    this.context = context;
  }

  /**
   * Returns an interaction of which only the item is known.
   *
   * @param itemId the item, known to the catalogue or not; not empty
   * @return the interaction
   */
  public static Interaction of(String itemId) {
    if (itemId.isEmpty()) {
      throw new IllegalArgumentException("item id: expected a non-empty string");
    }
    return new Interaction(itemId, null, null, null, Map.of());
  }

  /**
   * Returns this interaction with another item.
   *
   * @param itemId the item, not empty
   * @return a copy
   */
  public Interaction withItem(String itemId) {
    return new Interaction(of(itemId).itemId, time, behavior, domain, context);
  }

  /**
   * Returns this interaction at a time.
   *
   * @param time when it happened
   * @return a copy
   */
  public Interaction withTime(Instant time) {
    Objects.requireNonNull(time, "time");
    return new Interaction(itemId, time, behavior, domain, context);
  }

  /**
   * Returns this interaction with its kind, such as {@code "click"} or {@code "buy"}.
   *
   * @param behavior the kind
   * @return a copy
   */
  public Interaction withBehavior(String behavior) {
    Objects.requireNonNull(behavior, "behavior");
    return new Interaction(itemId, time, behavior, domain, context);
  }

  /**
   * Returns this interaction in a domain, such as {@code "books"}.
   *
   * @param domain the domain
   * @return a copy
   */
  public Interaction withDomain(String domain) {
    Objects.requireNonNull(domain, "domain");
    return new Interaction(itemId, time, behavior, domain, context);
  }

  /**
   * Returns this interaction with one more feature of its context, such as a rating.
   *
   * @param name the name of the feature
   * @param feature its value, replacing one of the same name
   * @return a copy
   */
  public Interaction withContext(String name, Feature feature) {
    Map<String, Feature> extended = new HashMap<>(context);
    extended.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(feature, "feature"));
    return new Interaction(itemId, time, behavior, domain, Map.copyOf(extended));
  }

  /** {@return the item} */
  public String itemId() {
    return itemId;
  }

  /** {@return when it happened, if known} */
  public Optional<Instant> time() {
    return Optional.ofNullable(time);
  }

  /** {@return the kind of interaction, if known} */
  public Optional<String> behavior() {
    return Optional.ofNullable(behavior);
  }

  /** {@return the domain, if known} */
  public Optional<String> domain() {
    return Optional.ofNullable(domain);
  }

  /** {@return the features of the context by name} */
  public Map<String, Feature> context() {
    return context;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Interaction that
        && itemId.equals(that.itemId)
        && Objects.equals(time, that.time)
        && Objects.equals(behavior, that.behavior)
        && Objects.equals(domain, that.domain)
        && context.equals(that.context);
  }

  @Override
  public int hashCode() {
    return Objects.hash(itemId, time, behavior, domain, context);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Interaction[").append(itemId);
    time().ifPresent(value -> text.append(" at ").append(value));
    behavior().ifPresent(value -> text.append(' ').append(value));
    domain().ifPresent(value -> text.append(" in ").append(value));
    return text.append(']').toString();
  }
}
