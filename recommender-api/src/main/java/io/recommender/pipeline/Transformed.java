package io.recommender.pipeline;

import io.recommender.Catalog;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.UserHistory;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A history after a transform. <b>Immutable</b>.
 *
 * @param history the same instance as before if nothing changed
 * @param notice what was added and may not be there, if anything was
 */
record Transformed(UserHistory history, Optional<Notice> notice) {
  /** A transform may add items, but none that the catalogue does not have. */
  static Transformed of(HistoryTransform transform, UserHistory before, @Nullable Catalog catalog) {
    UserHistory after = transform.apply(before);
    if (catalog == null || after == before) {
      return new Transformed(after, Optional.empty());
    }
    Set<String> given = new HashSet<>(before.itemIds());
    List<Interaction> kept =
        after.interactions().stream()
            .filter(
                interaction ->
                    catalog.contains(interaction.itemId()) || given.contains(interaction.itemId()))
            .toList();
    int rejected = after.size() - kept.size();
    if (rejected == 0) {
      return new Transformed(after, Optional.empty());
    }
    String message =
        "%d items that a history transform added are outside the catalogue and were dropped"
            .formatted(rejected);
    return new Transformed(
        after.withInteractions(kept),
        Optional.of(new Notice(Notice.Code.ITEMS_DROPPED, rejected, message)));
  }
}
