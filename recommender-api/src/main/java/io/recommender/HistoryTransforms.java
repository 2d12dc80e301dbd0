package io.recommender;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
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

  private static UserHistory shortened(UserHistory history, List<Interaction> kept) {
    return kept.size() == history.size() ? history : history.withInteractions(kept);
  }
}
