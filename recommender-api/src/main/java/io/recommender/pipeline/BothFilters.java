package io.recommender.pipeline;

import io.recommender.ItemFilter;
import java.util.Optional;
import java.util.Set;

/** Accepts what two filters accept, without copying the sets they are made of. */
record BothFilters(ItemFilter first, ItemFilter second) implements ItemFilter {
  /** Up to so many items, sets are united, which tells sources more. */
  private static final int SMALL = 64;

  /** Joins the filter of a request and the standing one at a cost that does not grow with them. */
  static ItemFilter of(ItemFilter first, ItemFilter second) {
    boolean isSmall = denied(first) <= SMALL && denied(second) <= SMALL;
    return isSmall || first == ItemFilter.all() || second == ItemFilter.all()
        ? first.and(second)
        : new BothFilters(first, second);
  }

  private static int denied(ItemFilter filter) {
    return filter.denyList().map(Set::size).orElse(0);
  }

  @Override
  public boolean accepts(String itemId) {
    return first.accepts(itemId) && second.accepts(itemId);
  }

  @Override
  public Optional<Set<String>> allowList() {
    Optional<Set<String>> one = first.allowList();
    Optional<Set<String>> other = second.allowList();
    if (one.isPresent() && other.isPresent()) {
      return one.get().size() <= other.get().size() ? one : other;
    }
    return one.isPresent() ? one : other;
  }

  @Override
  public boolean isConstant() {
    return first.isConstant() && second.isConstant();
  }
}
