package io.recommender;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Decides which items may be recommended. A filter acts inside retrieval, so a source asked for k
 * items returns k whenever k items are accepted.
 *
 * <p>A lambda over any live state is a filter: {@code id -> stock.getOrDefault(id, 0) > 0}. It is
 * asked again in each call, so changes of stock or price show at once. {@link #allow} and {@link
 * #deny} also tell a backend the set itself, which lets it skip what cannot pass.
 *
 * <p><b>Thread safety.</b> Backends may call a filter from several threads at once.
 *
 * <p><b>Cost.</b> A filter is asked about the items that would otherwise be returned, best first,
 * until enough are accepted: of one that accepts a share of the items, k divided by that share at
 * least, and the whole catalogue where fewer than k are accepted. One that {@link #isConstant} may
 * be asked about the whole catalogue once, to be remembered. It should answer in well under a
 * microsecond.
 */
@FunctionalInterface
public interface ItemFilter {

  /**
   * Returns whether an item may be recommended. Must not throw.
   *
   * @param itemId an item of the catalogue
   * @return whether it may be recommended
   */
  boolean accepts(String itemId);

  /**
   * Returns a set outside which nothing is accepted, if there is one. Items in it must still be
   * asked about with {@link #accepts}.
   *
   * @return the set; not changed by the caller
   */
  default Optional<Set<String>> allowList() {
    return Optional.empty();
  }

  /**
   * Returns the set of all items that are not accepted, if this filter is exactly that.
   *
   * @return the set; not changed by the caller. Empty set: everything is accepted
   */
  default Optional<Set<String>> denyList() {
    return Optional.empty();
  }

  /**
   * Returns whether this filter always answers the same for an item. Then a backend may remember
   * the answers for as long as the filter is used, which makes one that is used again, such as that
   * of a category, much faster.
   *
   * @return whether it does; not, unless a filter says so
   */
  default boolean isConstant() {
    return false;
  }

  /**
   * Returns the filters that all have to accept an item, if this one accepts exactly what they all
   * accept. Then a backend may remember the answers of those that are constant and ask only the
   * others: those of a category, say, where this is the category and what is in stock.
   *
   * @return the parts, at least two and always the same, in the order in which they are asked;
   *     empty if this filter is one of its own kind
   */
  default List<ItemFilter> parts() {
    return List.of();
  }

  /**
   * Returns a filter that accepts what both accept. A part that is kept and used in many
   * conjunctions is remembered by backends as if it were used alone; see {@link #parts}.
   *
   * @param other the other filter
   * @return the conjunction
   */
  default ItemFilter and(ItemFilter other) {
    return SetFilter.intersection(this, other);
  }

  /** {@return the filter that accepts everything} */
  static ItemFilter all() {
    return SetFilter.ALL;
  }

  /**
   * Returns a filter that accepts only the given items.
   *
   * @param itemIds the items, copied; unknown ones do no harm
   * @return the filter
   */
  static ItemFilter allow(Collection<String> itemIds) {
    return SetFilter.allowing(SetFilter.copy(itemIds));
  }

  /**
   * Returns a filter that accepts everything but the given items.
   *
   * @param itemIds the items, copied; unknown ones do no harm
   * @return the filter
   */
  static ItemFilter deny(Collection<String> itemIds) {
    return SetFilter.denying(SetFilter.copy(itemIds));
  }

  /**
   * Returns a filter that accepts everything but what the user already had.
   *
   * @param history the history
   * @return the filter
   */
  static ItemFilter unseen(UserHistory history) {
    return deny(Objects.requireNonNull(history, "history").itemIds());
  }
}
