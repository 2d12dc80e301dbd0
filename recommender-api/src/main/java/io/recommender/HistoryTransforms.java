package io.recommender;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The transforms that {@link HistoryTransform} offers. */
final class HistoryTransforms {
  private HistoryTransforms() {}

  static HistoryTransform chain(HistoryTransform first, HistoryTransform next) {
    Objects.requireNonNull(next, "next");
    return history -> next.apply(first.apply(history));
  }

  static HistoryTransform newest(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("count: expected at least 1, found " + count);
    }
    return history ->
        history.size() <= count
            ? history
            : history.withInteractions(
                history.interactions().subList(history.size() - count, history.size()));
  }

  static HistoryTransform distinctItems() {
    return history -> {
      Set<String> seen = new HashSet<>();
      List<Interaction> kept = new ArrayList<>(history.size());
      for (int i = history.size() - 1; i >= 0; i--) {
        Interaction interaction = history.interactions().get(i);
        if (seen.add(interaction.itemId())) {
          kept.add(interaction);
        }
      }
      Collections.reverse(kept);
      return shortened(history, kept);
    };
  }

  static HistoryTransform where(Predicate<Interaction> kept) {
    Objects.requireNonNull(kept, "kept");
    return history -> shortened(history, history.interactions().stream().filter(kept).toList());
  }

  static HistoryTransform maxAge(Duration age, InstantSource now) {
    Objects.requireNonNull(now, "now");
    if (age.isNegative()) {
      throw new IllegalArgumentException("age: expected at least 0, found " + age);
    }
    return history -> {
      Instant oldest = now.instant().minus(age);
      return where(
              interaction -> interaction.time().map(time -> !time.isBefore(oldest)).orElse(true))
          .apply(history);
    };
  }

  static HistoryTransform edits(
      Function<? super UserHistory, List<HistoryEdit>> proposals,
      double threshold,
      Catalog catalog) {
    Objects.requireNonNull(proposals, "proposals");
    Objects.requireNonNull(catalog, "catalog");
    if (!(threshold >= 0)) {
      throw new IllegalArgumentException("threshold: expected at least 0, found " + threshold);
    }
    return history -> {
      @Nullable HistoryEdit[] chosen = new HistoryEdit[history.size()];
      boolean any = false;
      for (HistoryEdit edit : proposals.apply(history)) {
        if (edit.position() >= chosen.length) {
          throw new IllegalArgumentException(
              "edit: expected a position below %d, found %d"
                  .formatted(chosen.length, edit.position()));
        }
        HistoryEdit earlier = chosen[edit.position()];
        if (edit.confidence() >= threshold
            && edit.replacement().map(catalog::contains).orElse(true)
            && (earlier == null || edit.confidence() > earlier.confidence())) {
          chosen[edit.position()] = edit;
          any = true;
        }
      }
      return any ? edited(history, chosen) : history;
    };
  }

  private static UserHistory edited(UserHistory history, @Nullable HistoryEdit[] edits) {
    List<Interaction> result = new ArrayList<>(edits.length);
    boolean changed = false;
    for (int i = 0; i < edits.length; i++) {
      Interaction interaction = history.interactions().get(i);
      HistoryEdit edit = edits[i];
      if (edit == null) {
        result.add(interaction);
      } else if (edit.replacement().isPresent()) {
        changed |= !edit.replacement().get().equals(interaction.itemId());
        result.add(interaction.withItem(edit.replacement().get()));
      } else {
        changed = true;
      }
    }
    return changed ? history.withInteractions(result) : history;
  }

  static HistoryTransform additions(
      Function<? super UserHistory, List<HistoryAddition>> proposals,
      double threshold,
      int limit,
      Catalog catalog) {
    Objects.requireNonNull(proposals, "proposals");
    Objects.requireNonNull(catalog, "catalog");
    if (!(threshold >= 0)) {
      throw new IllegalArgumentException("threshold: expected at least 0, found " + threshold);
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit: expected at least 1, found " + limit);
    }
    return history -> {
      List<HistoryAddition> certain = new ArrayList<>();
      for (HistoryAddition addition : proposals.apply(history)) {
        if (addition.position() > history.size()) {
          throw new IllegalArgumentException(
              "addition: expected a position of at most %d, found %d"
                  .formatted(history.size(), addition.position()));
        }
        if (addition.confidence() >= threshold && catalog.contains(addition.itemId())) {
          certain.add(addition);
        }
      }
      certain.sort(Comparator.comparingDouble(HistoryAddition::confidence).reversed());
      Set<String> known = new HashSet<>(history.itemIds());
      List<HistoryAddition> added =
          new ArrayList<>(
              certain.stream()
                  .filter(addition -> known.add(addition.itemId()))
                  .limit(limit)
                  .toList());
      added.sort(Comparator.comparingInt(HistoryAddition::position));
      return added.isEmpty() ? history : extended(history, added);
    };
  }

  /** Merges interactions and additions, which are in order of their positions. */
  private static UserHistory extended(UserHistory history, List<HistoryAddition> additions) {
    List<Interaction> interactions = history.interactions();
    List<Interaction> result = new ArrayList<>(interactions.size() + additions.size());
    int next = 0;
    for (int i = 0; i <= interactions.size(); i++) {
      for (; next < additions.size() && additions.get(next).position() == i; next++) {
        result.add(interaction(additions.get(next), interactions));
      }
      if (i < interactions.size()) {
        result.add(interactions.get(i));
      }
    }
    return history.withInteractions(result);
  }

  private static Interaction interaction(HistoryAddition addition, List<Interaction> history) {
    Interaction added =
        Interaction.of(addition.itemId())
            .withContext(HistoryTransform.ADDED, new Feature.Scalar(addition.confidence()));
    if (addition.domain().isPresent()) {
      added = added.withDomain(addition.domain().get());
    }
    if (!history.isEmpty()) {
      Optional<Instant> time = history.get(Math.max(0, addition.position() - 1)).time();
      added = time.isPresent() ? added.withTime(time.get()) : added;
    }
    return added;
  }

  private static UserHistory shortened(UserHistory history, List<Interaction> kept) {
    return kept.size() == history.size() ? history : history.withInteractions(kept);
  }
}
