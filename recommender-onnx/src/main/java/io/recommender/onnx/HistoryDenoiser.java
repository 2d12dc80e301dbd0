package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.HistoryEdit;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Proposes to remove or to replace what does not fit into a history, as a cross-encoder reads it:
 * each item is scored by the others, and an edit is as certain as the item is improbable.
 *
 * <pre>{@code
 * HistoryTransform clean =
 *     HistoryDenoiser.of(reader, 0.8).replacedBy(others -> similar.find(others)).over(catalog);
 * }</pre>
 *
 * <p>This is the use that Wang et al., "LLM4DSR: Leveraging Large Language Model for Denoising
 * Sequential Recommendation", 2024, make of a language model; {@link HistoryTransform#edits}
 * selects.
 *
 * <p>The template of the request has to tell of the {@code {history}}, as many items as matter, and
 * to have defaults for all else. Items without a text are neither told nor edited.
 *
 * <p><b>Immutable</b>. <b>Thread safety.</b> Thread-safe, as the function that finds replacements.
 *
 * <p><b>Lifetime.</b> The cross-encoder stays the caller's; after its end {@link #apply} throws
 * {@link IllegalStateException}.
 *
 * <p><b>Cost.</b> A pair for each item of a history, and for each replacement that is considered,
 * in as few runs as the cross-encoder makes of them.
 */
public final class HistoryDenoiser implements Function<UserHistory, List<HistoryEdit>> {
  private final OnnxCrossEncoder reader;
  private final double threshold;
  private final Function<? super UserHistory, List<String>> replacements;

  private HistoryDenoiser(
      OnnxCrossEncoder reader,
      double threshold,
      Function<? super UserHistory, List<String>> replacements) {
    this.reader = reader;
    this.threshold = threshold;
    this.replacements = replacements;
  }

  /**
   * Returns what proposes to remove items.
   *
   * @param reader scores an item by a history; its score has to be a probability
   * @param threshold the least confidence of an edit, in [0, 1]; above 1 nothing is proposed and no
   *     model run
   * @return the denoiser
   * @throws IllegalArgumentException if the threshold is negative or NaN, or the score no
   *     probability
   */
  public static HistoryDenoiser of(OnnxCrossEncoder reader, double threshold) {
    if (!(threshold >= 0)) {
      throw new IllegalArgumentException("threshold: expected at least 0, found " + threshold);
    }
    if (!reader.isProbability()) {
      throw new IllegalArgumentException(
          reader.modelVersion() + ": expected a score LOGIT or PROBABILITY, found VALUE");
    }
    return new HistoryDenoiser(reader, threshold, history -> List.of());
  }

  /**
   * Adds where replacements come from. An item that does not fit is replaced by the one of them
   * that fits best, if that fits better, and removed otherwise.
   *
   * @param replacements finds items for the history without the item, such as its neighbours;
   *     thread-safe
   * @return a copy
   */
  public HistoryDenoiser replacedBy(Function<? super UserHistory, List<String>> replacements) {
    return new HistoryDenoiser(
        reader, threshold, Objects.requireNonNull(replacements, "replacements"));
  }

  /**
   * Returns the transform that applies the edits which are certain enough.
   *
   * @param catalog what a replacement has to be in
   * @return the transform
   */
  public HistoryTransform over(Catalog catalog) {
    return HistoryTransform.edits(this, threshold, catalog);
  }

  /**
   * Proposes edits.
   *
   * @param history the history
   * @return an edit for each item that has a text and less fits than the threshold demands
   * @throws IllegalStateException if the cross-encoder is closed
   */
  @Override
  public List<HistoryEdit> apply(UserHistory history) {
    if (threshold > 1 || history.size() < 2) {
      return List.of();
    }
    List<Integer> positions = new ArrayList<>();
    List<RecommendationRequest> requests = new ArrayList<>();
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < history.size(); i++) {
      Optional<Item> item = reader.readable(history.interactions().get(i).itemId());
      if (item.isPresent()) {
        positions.add(i);
        requests.add(RecommendationRequest.of(without(history, i)).build());
        items.add(item.get());
      }
    }
    double[] fits = reader.scoreEach(requests, items);
    List<HistoryEdit> edits = new ArrayList<>();
    for (int i = 0; i < fits.length; i++) {
      double confidence = 1 - fits[i];
      if (confidence >= threshold) {
        Optional<String> better = better(requests.get(i), items.get(i).id(), fits[i]);
        edits.add(new HistoryEdit(positions.get(i), better, confidence));
      }
    }
    return edits;
  }

  private static UserHistory without(UserHistory history, int position) {
    List<Interaction> others = new ArrayList<>(history.interactions());
    others.remove(position);
    return history.withInteractions(others);
  }

  private Optional<String> better(RecommendationRequest others, String itemId, double fit) {
    List<Item> candidates =
        replacements.apply(others.history()).stream()
            .filter(candidate -> !candidate.equals(itemId))
            .flatMap(candidate -> reader.readable(candidate).stream())
            .toList();
    double[] scores = reader.score(others, candidates);
    Optional<String> best = Optional.empty();
    double highest = fit;
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] > highest) {
        highest = scores[i];
        best = Optional.of(candidates.get(i).id());
      }
    }
    return best;
  }
}
