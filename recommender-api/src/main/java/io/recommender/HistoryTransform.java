package io.recommender;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Changes a history before any recommender reads it: cuts it, cleans it, or adds to it.
 *
 * <p>A transform is the same for every kind of recommender, and a lambda is one. It returns the
 * same instance when nothing changes, keeps the user, and stays oldest first. What it throws is not
 * swallowed.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 */
@FunctionalInterface
public interface HistoryTransform {
  /** The feature in the context of an added interaction: its confidence, a scalar in [0, 1]. */
  String ADDED = "added";

  /**
   * Transforms a history.
   *
   * @param history the history, oldest first; not changed
   * @return the transformed history, or the same instance if nothing changes
   */
  UserHistory apply(UserHistory history);

  /**
   * Returns this transform followed by another.
   *
   * @param next what reads the result of this one
   * @return both, one after the other
   */
  default HistoryTransform andThen(HistoryTransform next) {
    return HistoryTransforms.chain(this, next);
  }

  /**
   * Returns a transform that keeps the newest interactions.
   *
   * @param count how many, at least 1
   * @return the transform
   * @throws IllegalArgumentException if the count is below 1
   */
  static HistoryTransform newest(int count) {
    return HistoryTransforms.newest(count);
  }

  /**
   * Returns a transform that keeps only the newest interaction with each item.
   *
   * @return the transform
   */
  static HistoryTransform distinctItems() {
    return HistoryTransforms.distinctItems();
  }

  /**
   * Returns a transform that keeps what a predicate accepts.
   *
   * @param kept which interactions stay
   * @return the transform
   */
  static HistoryTransform where(Predicate<Interaction> kept) {
    return HistoryTransforms.where(kept);
  }

  /**
   * Returns a transform that keeps interactions of some behaviours, such as {@code "buy"}.
   * Interactions without a behaviour go.
   *
   * @param behaviors the behaviours that stay; copied
   * @return the transform
   */
  static HistoryTransform behaviors(Collection<String> behaviors) {
    Set<String> kept = Set.copyOf(behaviors);
    return where(interaction -> interaction.behavior().filter(kept::contains).isPresent());
  }

  /**
   * Returns a transform that keeps interactions in some domains, such as {@code "books"}.
   * Interactions without a domain go.
   *
   * @param domains the domains that stay; copied
   * @return the transform
   */
  static HistoryTransform domains(Collection<String> domains) {
    Set<String> kept = Set.copyOf(domains);
    return where(interaction -> interaction.domain().filter(kept::contains).isPresent());
  }

  /**
   * Returns a transform that drops what is older than an age. Interactions without a time stay.
   *
   * @param age how old an interaction may be
   * @param now what tells the time; read once for each history
   * @return the transform
   * @throws IllegalArgumentException if the age is negative
   */
  static HistoryTransform maxAge(Duration age, InstantSource now) {
    return HistoryTransforms.maxAge(age, now);
  }

  /**
   * Returns a transform that applies proposed edits, such as those of a language model that finds
   * interactions which do not fit, if they are certain enough. Of several edits of one position the
   * most certain is applied, of equally certain ones the first. A replacement that is not in the
   * catalogue is rejected, and the interaction stays as it was.
   *
   * <p>This is the selection of Wang et al., "LLM4DSR: Leveraging Large Language Model for
   * Denoising Sequential Recommendation", 2024; what proposes the edits is the caller's.
   *
   * @param proposals proposes edits for a history
   * @param threshold the least confidence of an applied edit; above 1 none is applied
   * @param catalog what a replacement has to be in
   * @return the transform; it throws {@link IllegalArgumentException} if an edit is of a position
   *     that the history does not have
   * @throws IllegalArgumentException if the threshold is negative or NaN
   */
  static HistoryTransform edits(
      Function<? super UserHistory, List<HistoryEdit>> proposals,
      double threshold,
      Catalog catalog) {
    return HistoryTransforms.edits(proposals, threshold, catalog);
  }

  /**
   * Returns a transform that adds proposed items, such as those of another domain that a language
   * model finds plausible, if they are certain enough. The most certain ones are added, of equally
   * certain ones the first, and no item twice. One that is not in the catalogue or is in the
   * history already is rejected.
   *
   * <p>An added interaction has {@link #ADDED} in its context, with the confidence, so that a model
   * can tell it from what happened; and the time of the interaction before it, or after it if it is
   * the first.
   *
   * <p>This is the augmentation of "LLM-EDT: Large Language Model Enhanced Cross-domain Sequential
   * Recommendation with Dual-phase Training", 2025; what proposes is the caller's, such as a {@link
   * HistoryAugmenter}.
   *
   * @param proposals proposes items for a history
   * @param threshold the least confidence of an added item; above 1 none is added
   * @param limit how many are added at most
   * @param catalog what an item has to be in
   * @return the transform; it throws {@link IllegalArgumentException} if a position is beyond the
   *     end of the history
   * @throws IllegalArgumentException if the threshold is negative or NaN, or the limit below 1
   */
  static HistoryTransform additions(
      Function<? super UserHistory, List<HistoryAddition>> proposals,
      double threshold,
      int limit,
      Catalog catalog) {
    return HistoryTransforms.additions(proposals, threshold, limit, catalog);
  }
}
