package io.recommender.pipeline;

import io.recommender.ItemFilter;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What changes about items while a model stays as it is: stock, visibility, price. Nothing is
 * rebuilt; the next call sees a change, in every source, through {@link #filter()}.
 *
 * <p>An item of which nothing was said is visible, in stock, and without a price.
 *
 * <p><b>Thread safety.</b> Thread-safe. A call that is under way may see a change or not.
 *
 * <p><b>Cost.</b> Each change and each question takes constant time; memory grows with the items of
 * which something was said.
 */
public final class CatalogOverlay {
  private static final State UNKNOWN = new State(false, true, 0, Double.NaN);

  private final ConcurrentHashMap<String, State> states = new ConcurrentHashMap<>();
  private final ItemFilter filter = this::accepts;

  /** Creates an overlay that says nothing. */
  public CatalogOverlay() {}

  /** Price NaN: unknown. Stock counts only if {@code counted}. */
  private record State(boolean counted, boolean visible, long stock, double price) {}

  /**
   * Sets how many of an item are left; none left hides it.
   *
   * @param itemId the item
   * @param stock at least 0
   * @throws IllegalArgumentException if the stock is negative
   */
  public void setStock(String itemId, long stock) {
    if (stock < 0) {
      throw new IllegalArgumentException(
          "stock of item '%s': expected at least 0, found %d".formatted(itemId, stock));
    }
    update(itemId, state -> new State(true, state.visible, stock, state.price));
  }

  /**
   * Sets whether an item may be shown.
   *
   * @param itemId the item
   * @param visible whether it may
   */
  public void setVisible(String itemId, boolean visible) {
    update(itemId, state -> new State(state.counted, visible, state.stock, state.price));
  }

  /**
   * Sets the price of an item.
   *
   * @param itemId the item
   * @param price finite
   * @throws IllegalArgumentException if the price is not finite
   */
  public void setPrice(String itemId, double price) {
    if (!Double.isFinite(price)) {
      throw new IllegalArgumentException(
          "price of item '%s': expected a finite number, found %s".formatted(itemId, price));
    }
    update(itemId, state -> new State(state.counted, state.visible, state.stock, price));
  }

  /**
   * Forgets what was said of an item.
   *
   * @param itemId the item
   */
  public void clear(String itemId) {
    states.remove(itemId);
  }

  private void update(String itemId, UnaryOperator<State> change) {
    states.compute(itemId, (id, state) -> change.apply(state == null ? UNKNOWN : state));
  }

  /**
   * Returns how many of an item are left, if that was said.
   *
   * @param itemId the item
   * @return the stock
   */
  public OptionalLong stock(String itemId) {
    State state = state(itemId);
    return state.counted ? OptionalLong.of(state.stock) : OptionalLong.empty();
  }

  /**
   * Returns whether an item may be shown; its stock does not matter here.
   *
   * @param itemId the item
   * @return whether it may
   */
  public boolean isVisible(String itemId) {
    return state(itemId).visible;
  }

  /**
   * Returns the price of an item, if it was said.
   *
   * @param itemId the item
   * @return the price
   */
  public OptionalDouble price(String itemId) {
    double price = state(itemId).price;
    return Double.isNaN(price) ? OptionalDouble.empty() : OptionalDouble.of(price);
  }

  /**
   * Returns the filter that accepts what is visible and in stock, at the moment it is asked.
   *
   * @return the filter; always the same instance
   */
  public ItemFilter filter() {
    return filter;
  }

  private boolean accepts(String itemId) {
    @Nullable State state = states.get(itemId);
    return state == null || (state.visible && (!state.counted || state.stock > 0));
  }

  private State state(String itemId) {
    return states.getOrDefault(itemId, UNKNOWN);
  }

  /** Tells the number of items of which something was said. */
  @Override
  public String toString() {
    return "CatalogOverlay[" + states.size() + " items]";
  }
}
