package io.recommender;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Filters whose sets a backend can read: an allow list or a deny list. */
record SetFilter(Set<String> items, boolean allowing) implements ItemFilter {
  /** Up to so many items, deny lists are united: a copy that costs next to nothing. */
  private static final int MOST_UNITED = 128;

  static final ItemFilter ALL = denying(Set.of());

  static ItemFilter allowing(Set<String> items) {
    return new SetFilter(items, true);
  }

  static ItemFilter denying(Set<String> items) {
    return new SetFilter(items, false);
  }

  /**
   * Copies ids to a set that compares hash codes before strings. The sets of {@link Set#copyOf}
   * compare strings at once, which takes several times longer for the items a set does not have.
   */
  static Set<String> copy(Collection<String> itemIds) {
    Set<String> copy = new HashSet<>(Objects.requireNonNull(itemIds, "itemIds"));
    if (copy.contains(null)) {
      throw new NullPointerException("itemIds: expected no null");
    }
    return Collections.unmodifiableSet(copy);
  }

  /**
   * Keeps what is known of the two sets, so that conjunctions do not hide them from backends, at a
   * cost that does not grow with them. Only our own sets are merged: those of other filters may
   * change.
   */
  static ItemFilter intersection(ItemFilter first, ItemFilter second) {
    Objects.requireNonNull(second, "other");
    if (first == ALL) {
      return second;
    }
    if (second == ALL) {
      return first;
    }
    if (first instanceof SetFilter one
        && second instanceof SetFilter other
        && !one.allowing
        && !other.allowing
        && one.items.size() + other.items.size() <= MOST_UNITED) {
      Set<String> union = new HashSet<>(one.items);
      union.addAll(other.items);
      return denying(Collections.unmodifiableSet(union));
    }
    return conjunction(first, second);
  }

  @Override
  public boolean accepts(String itemId) {
    return items.contains(itemId) == allowing;
  }

  @Override
  public Optional<Set<String>> allowList() {
    return allowing ? Optional.of(items) : Optional.empty();
  }

  @Override
  public Optional<Set<String>> denyList() {
    return allowing ? Optional.empty() : Optional.of(items);
  }

  @Override
  public boolean isConstant() {
    return true;
  }

  /** Tells how many items there are, not which: there may be millions. */
  @Override
  public String toString() {
    return this == ALL
        ? "all"
        : (allowing ? "allow " : "deny ") + items.size() + (items.size() == 1 ? " item" : " items");
  }

  /**
   * Conjunctions within conjunctions are taken apart, so that a backend finds each part it knows.
   */
  private static Conjunction conjunction(ItemFilter first, ItemFilter second) {
    List<ItemFilter> parts = new ArrayList<>();
    for (ItemFilter one : List.of(first, second)) {
      if (one instanceof Conjunction conjunction) {
        parts.addAll(conjunction.parts);
      } else {
        parts.add(one);
      }
    }
    return new Conjunction(List.copyOf(parts));
  }

  private record Conjunction(List<ItemFilter> parts) implements ItemFilter {
    @Override
    public boolean accepts(String itemId) {
      for (int i = 0; i < parts.size(); i++) {
        if (!parts.get(i).accepts(itemId)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public Optional<Set<String>> allowList() {
      Optional<Set<String>> smallest = Optional.empty();
      for (ItemFilter part : parts) {
        Optional<Set<String>> one = part.allowList();
        if (one.isPresent() && (smallest.isEmpty() || one.get().size() < smallest.get().size())) {
          smallest = one;
        }
      }
      return smallest;
    }

    @Override
    public boolean isConstant() {
      for (int i = 0; i < parts.size(); i++) {
        if (!parts.get(i).isConstant()) {
          return false;
        }
      }
      return true;
    }

    @Override
    public String toString() {
      return parts.stream().map(ItemFilter::toString).collect(Collectors.joining(" and "));
    }
  }
}
