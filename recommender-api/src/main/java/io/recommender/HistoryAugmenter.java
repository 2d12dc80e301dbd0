package io.recommender;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Proposes items of one domain for a history that is mostly of others, as a recommender expects
 * them: after each interaction in another domain, what a user with that past would turn to.
 *
 * <pre>{@code
 * HistoryTransform more =
 *     HistoryAugmenter.of(model, "books", item -> domains.get(item)).over(catalog, 0.4, 5);
 * }</pre>
 *
 * <p>The recommender is any: a sequence model or a decoder from a bundle, a language model that
 * names items, neighbours. How certain an item is comes from its score, where the scores are
 * probabilities or their logarithms; for other scores {@link #confidence} says it. What a fallback
 * answered is not proposed.
 *
 * <p><b>Privacy.</b> The requests have no consent to be kept.
 *
 * <p><b>Immutable</b>. <b>Thread safety.</b> Thread-safe, as the recommender and the functions.
 *
 * <p><b>Lifetime.</b> The recommender stays the caller's.
 *
 * <p><b>Cost.</b> A request for each interaction in another domain, all in one batch.
 */
public final class HistoryAugmenter implements Function<UserHistory, List<HistoryAddition>> {
  private final SequenceRecommender model;
  private final String domain;
  private final Function<? super String, Optional<String>> domains;
  private final int perInteraction;
  private final @Nullable ToDoubleFunction<? super ScoredItem> confidence;

  private HistoryAugmenter(
      SequenceRecommender model,
      String domain,
      Function<? super String, Optional<String>> domains,
      int perInteraction,
      @Nullable ToDoubleFunction<? super ScoredItem> confidence) {
    this.model = model;
    this.domain = domain;
    this.domains = domains;
    this.perInteraction = perInteraction;
    this.confidence = confidence;
  }

  /**
   * Returns what proposes an item of a domain after each interaction in another.
   *
   * @param model the recommender that is asked; it sees the history up to the interaction, and a
   *     filter of items of the domain that are not in the history
   * @param domain the domain of the items
   * @param domains tells the domain of an item; also that of an interaction that has none
   * @return the augmenter
   */
  public static HistoryAugmenter of(
      SequenceRecommender model,
      String domain,
      Function<? super String, Optional<String>> domains) {
    return new HistoryAugmenter(
        Objects.requireNonNull(model, "model"),
        Objects.requireNonNull(domain, "domain"),
        Objects.requireNonNull(domains, "domains"),
        1,
        null);
  }

  /**
   * Sets how many items are proposed after an interaction.
   *
   * @param perInteraction at least 1, which it is if never set
   * @return a copy
   */
  public HistoryAugmenter perInteraction(int perInteraction) {
    if (perInteraction < 1) {
      throw new IllegalArgumentException(
          "perInteraction: expected at least 1, found " + perInteraction);
    }
    return new HistoryAugmenter(model, domain, domains, perInteraction, confidence);
  }

  /**
   * Sets how certain an item of an answer is.
   *
   * @param confidence gives a number in [0, 1]; what is outside is cut
   * @return a copy
   */
  public HistoryAugmenter confidence(ToDoubleFunction<? super ScoredItem> confidence) {
    return new HistoryAugmenter(
        model, domain, domains, perInteraction, Objects.requireNonNull(confidence, "confidence"));
  }

  /**
   * Returns the transform that adds what is certain enough.
   *
   * @param catalog what an item has to be in
   * @param threshold the least confidence of an added item
   * @param limit how many are added at most
   * @return the transform
   * @throws IllegalArgumentException as {@link HistoryTransform#additions} does
   */
  public HistoryTransform over(Catalog catalog, double threshold, int limit) {
    return HistoryTransform.additions(this, threshold, limit, catalog);
  }

  /**
   * Proposes items.
   *
   * @param history the history
   * @return the items, those after the oldest interaction first; best first after each
   * @throws IllegalStateException if the scores of the recommender are no probabilities and nothing
   *     else says how certain they are
   */
  @Override
  public List<HistoryAddition> apply(UserHistory history) {
    Set<String> known = new HashSet<>(history.itemIds());
    ItemFilter filter =
        itemId ->
            !known.contains(itemId) && domains.apply(itemId).filter(domain::equals).isPresent();
    List<Integer> positions = new ArrayList<>();
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < history.size(); i++) {
      Interaction interaction = history.interactions().get(i);
      Optional<String> found = interaction.domain().or(() -> domains.apply(interaction.itemId()));
      if (!found.equals(Optional.of(domain))) {
        positions.add(i + 1);
        requests.add(
            RecommendationRequest.of(
                    history.withInteractions(history.interactions().subList(0, i + 1)))
                .k(perInteraction)
                .filter(filter)
                .consent(false)
                .build());
      }
    }
    List<HistoryAddition> additions = new ArrayList<>();
    if (requests.isEmpty()) {
      return additions;
    }
    List<Recommendations> answers = model.recommendAll(requests);
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i).isEmpty() || answers.get(i).hasNotice(Notice.Code.FALLBACK_USED)) {
        continue;
      }
      ToDoubleFunction<? super ScoredItem> certainty = certainty(answers.get(i));
      for (ScoredItem item : answers.get(i)) {
        double certain = Math.max(0, Math.min(1, certainty.applyAsDouble(item)));
        additions.add(
            new HistoryAddition(positions.get(i), item.itemId(), Optional.of(domain), certain));
      }
    }
    return additions;
  }

  private ToDoubleFunction<? super ScoredItem> certainty(Recommendations answer) {
    if (confidence != null) {
      return confidence;
    }
    return switch (answer.scoreKind()) {
      case PROBABILITY -> ScoredItem::score;
      case LOG_PROBABILITY -> item -> Math.exp(item.score());
      default ->
          throw new IllegalStateException(
              "scores of the model: expected probabilities, found %s; HistoryAugmenter.confidence says how certain they are"
                  .formatted(answer.scoreKind()));
    };
  }
}
