package io.recommender.pipeline;

import io.recommender.Catalog;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A rule of a shop about the places of items.
 *
 * <p>{@link #boost}, {@link #bury} and {@link #scale} change scores, in the order in which they are
 * given, before diversity. {@link #pin}, {@link #atMost} and {@link #atLeast} are kept in the
 * answer itself: they are applied last, so nothing undoes them, and to what fallbacks add as well.
 * Where they contradict each other a pin is stronger than a limit, and a limit than a minimum; the
 * answer says which could not be kept.
 *
 * <p>What a rule asks of the caller's functions it asks in the calling thread; a rule whose
 * function throws is left out of the answer, which says so.
 *
 * <p><b>Immutable</b>.
 */
public final class SlotRule {
  enum Kind {
    SCALE,
    PIN,
    AT_MOST,
    AT_LEAST
  }

  private final String name;
  private final Kind kind;
  private final int number;
  private final ToDoubleFunction<? super String> factor;
  private final Function<? super String, Optional<String>> value;
  private final Predicate<? super String> items;
  private final String itemId;

  private SlotRule(
      String name,
      Kind kind,
      int number,
      @Nullable ToDoubleFunction<? super String> factor,
      @Nullable Function<? super String, Optional<String>> value,
      @Nullable Predicate<? super String> items,
      String itemId) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name of a rule: expected a non-empty string");
    }
    this.name = name;
    this.kind = kind;
    this.number = number;
    this.factor = factor == null ? item -> 1 : factor;
    this.value = value == null ? item -> Optional.empty() : value;
    this.items = items == null ? item -> false : items;
    this.itemId = itemId;
  }

  /**
   * Returns a rule that raises some items: a score of 0 or more is multiplied by the factor, one
   * below 0 divided.
   *
   * @param name what the rule is called in answers; not empty
   * @param items which items
   * @param factor finite, at least 1
   * @return the rule
   * @throws IllegalArgumentException if the factor is out of range
   */
  public static SlotRule boost(String name, Predicate<? super String> items, double factor) {
    checkFactor(name, factor);
    Objects.requireNonNull(items, "items");
    return scale(name, item -> items.test(item) ? factor : 1);
  }

  /**
   * Returns a rule that lowers some items: a score of 0 or more is divided by the factor, one below
   * 0 multiplied.
   *
   * @param name what the rule is called in answers; not empty
   * @param items which items
   * @param factor finite, at least 1
   * @return the rule
   * @throws IllegalArgumentException if the factor is out of range
   */
  public static SlotRule bury(String name, Predicate<? super String> items, double factor) {
    checkFactor(name, factor);
    Objects.requireNonNull(items, "items");
    return scale(name, item -> items.test(item) ? 1 / factor : 1);
  }

  private static void checkFactor(String name, double factor) {
    if (!(factor >= 1 && factor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "factor of rule '%s': expected a finite number of at least 1, found %s"
              .formatted(name, factor));
    }
  }

  /**
   * Returns a rule that raises or lowers each item by its own factor, for example by its price: a
   * score of 0 or more is multiplied, one below 0 divided, so that a factor above 1 always raises.
   *
   * @param name what the rule is called in answers; not empty
   * @param factor the factor of an item, finite and above 0; any other fails the rule
   * @return the rule
   */
  public static SlotRule scale(String name, ToDoubleFunction<? super String> factor) {
    Objects.requireNonNull(factor, "factor");
    return new SlotRule(name, Kind.SCALE, 0, factor, null, null, "");
  }

  /**
   * Returns a rule that puts an item at a place, whether or not a source proposed it, if the filter
   * accepts it. The rule is called {@code pin-} and the place. If there are too few other items to
   * reach the place, it comes right after them.
   *
   * @param place 1 = first; beyond the k of a request the rule does nothing
   * @param itemId the item
   * @return the rule
   * @throws IllegalArgumentException if the place is below 1
   */
  public static SlotRule pin(int place, String itemId) {
    if (place < 1) {
      throw new IllegalArgumentException("place: expected at least 1, found " + place);
    }
    Objects.requireNonNull(itemId, "itemId");
    return new SlotRule("pin-" + place, Kind.PIN, place, null, null, null, itemId);
  }

  /**
   * Returns a rule that limits how many items of an answer share a value, such as a brand.
   *
   * @param name what the rule is called in answers; not empty
   * @param count the limit for each value, at least 1
   * @param value the value of an item; items without one are not limited
   * @return the rule
   * @throws IllegalArgumentException if the count is below 1
   */
  public static SlotRule atMost(
      String name, int count, Function<? super String, Optional<String>> value) {
    Objects.requireNonNull(value, "value");
    return new SlotRule(name, Kind.AT_MOST, checkCount(name, count), null, value, null, "");
  }

  /**
   * Returns a rule that limits how many items of an answer share a feature, by whose name it is
   * called.
   *
   * @param count the limit for each value, at least 1
   * @param feature the name of a text or category; items without it are not limited
   * @param catalog where the items are
   * @return the rule
   * @throws IllegalArgumentException if the count is below 1
   */
  public static SlotRule atMost(int count, String feature, Catalog catalog) {
    Objects.requireNonNull(catalog, "catalog");
    return atMost(
        feature, count, itemId -> catalog.find(itemId).flatMap(item -> item.text(feature)));
  }

  /**
   * Returns a rule that keeps places for some items: the best candidates among them move up into
   * the answer as far as needed.
   *
   * @param name what the rule is called in answers; not empty
   * @param count how many of an answer, at least 1
   * @param items which items
   * @return the rule
   * @throws IllegalArgumentException if the count is below 1
   */
  public static SlotRule atLeast(String name, int count, Predicate<? super String> items) {
    Objects.requireNonNull(items, "items");
    return new SlotRule(name, Kind.AT_LEAST, checkCount(name, count), null, null, items, "");
  }

  private static int checkCount(String name, int count) {
    if (count < 1) {
      throw new IllegalArgumentException(
          "count of rule '%s': expected at least 1, found %d".formatted(name, count));
    }
    return count;
  }

  /** {@return what the rule is called} */
  public String name() {
    return name;
  }

  Kind kind() {
    return kind;
  }

  /** {@return the place of a pin, the count of a limit or a minimum} */
  int number() {
    return number;
  }

  /** {@return the pinned item} */
  String itemId() {
    return itemId;
  }

  double factor(String itemId) {
    double result = factor.applyAsDouble(itemId);
    if (!(result > 0 && result < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "factor: expected a finite number above 0, found " + result);
    }
    return result;
  }

  Optional<String> value(String itemId) {
    return value.apply(itemId);
  }

  boolean concerns(String itemId) {
    return items.test(itemId);
  }

  @Override
  public String toString() {
    return "SlotRule[%s, %s]".formatted(name, kind);
  }
}
