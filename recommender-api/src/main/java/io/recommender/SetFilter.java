package io.recommender;

import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Filters whose sets a backend can read: an allow list or a deny list. */
record SetFilter(Set<String> items, boolean allowing) implements ItemFilter {
  static final ItemFilter ALL = denying(Set.of());

  static ItemFilter allowing(Set<String> items) {
    return new SetFilter(items, true);
  }

  static ItemFilter denying(Set<String> items) {
    return new SetFilter(items, false);
  }

  /** Keeps what is known of the two sets, so that conjunctions do not hide them from backends. */
  static ItemFilter intersection(ItemFilter first, ItemFilter second) {
    Objects.requireNonNull(second, "other");
    Optional<Set<String>> denied = first.denyList();
    Optional<Set<String>> alsoDenied = second.denyList();
    if (denied.isPresent() && denied.get().isEmpty()) {
      return second;
    }
    if (alsoDenied.isPresent() && alsoDenied.get().isEmpty()) {
      return first;
    }
    if (denied.isPresent() && alsoDenied.isPresent()) {
      Set<String> union = new HashSet<>(denied.get());
      union.addAll(alsoDenied.get());
      return denying(Set.copyOf(union));
    }
    return new Conjunction(first, second);
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

  private record Conjunction(ItemFilter first, ItemFilter second) implements ItemFilter {
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
  }
}
