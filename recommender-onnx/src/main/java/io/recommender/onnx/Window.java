package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The newest interactions of one request as ids, oldest first, without padding.
 *
 * <p><b>Confined</b>, reused from call to call.
 */
final class Window {
  private final Manifest.Sequence sequence;
  private final Manifest.UnknownItems policy;

  /** Filled from the end, so that the newest interaction is found first. */
  private final @Nullable Interaction[] steps;

  private final int[] ids;

  private final int[] ordinals;

  /** For each input, how many of its values were absent. */
  private final int[] absent;

  private int first;
  private int unknown;
  private int known;
  private @Nullable RecommendationRequest request;

  Window(Manifest manifest) {
    sequence = manifest.sequence();
    policy = manifest.unknownItems();
    steps = new Interaction[sequence.maxLength()];
    ids = new int[sequence.maxLength()];
    ordinals = new int[ids.length];
    Arrays.fill(ordinals, Catalog.UNKNOWN);
    absent = new int[manifest.inputs().size()];
    int suffix = sequence.suffix().length;
    System.arraycopy(sequence.suffix(), 0, ids, ids.length - suffix, suffix);
  }

  /** Takes the newest interactions of a request, as many as fit. */
  void assemble(RecommendationRequest request, Catalog catalog) {
    this.request = request;
    UserHistory history = request.history();
    List<Interaction> interactions = history.interactions();
    first = sequence.maxItems();
    unknown = 0;
    known = 0;
    for (int i = interactions.size() - 1; i >= 0 && first > 0; i--) {
      Interaction interaction = interactions.get(i);
      int ordinal = catalog.ordinal(interaction.itemId());
      if (ordinal != Catalog.UNKNOWN) {
        first--;
        ids[first] = Math.addExact(ordinal, sequence.idOffset());
        ordinals[first] = ordinal;
        steps[first] = interaction;
        known++;
        continue;
      }
      unknown++;
      switch (policy) {
        case SKIP -> {}
        case UNK -> {
          first--;
          ids[first] = sequence.unknownId().orElseThrow();
          ordinals[first] = Catalog.UNKNOWN;
          steps[first] = interaction;
        }
        case FAIL ->
            throw new RecommenderException(
                Kind.UNKNOWN_ITEM,
                "history, interaction %d of %d: expected an item of the catalogue, found '%s'"
                    .formatted(i + 1, interactions.size(), interaction.itemId()));
      }
    }
  }

  /** Forgets the request, so that a pooled window keeps no user's data alive. */
  void clear() {
    request = null;
    Arrays.fill(steps, null);
  }

  RecommendationRequest request() {
    return Objects.requireNonNull(request);
  }

  /** Whether no interaction is with an item of the catalogue. */
  boolean isEmpty() {
    return known == 0;
  }

  /** The number of ids, suffix included. */
  int size() {
    return ids.length - first;
  }

  /** The number of interactions outside the catalogue that were met. */
  int unknown() {
    return unknown;
  }

  void absent(int input, int values) {
    absent[input] = values;
  }

  /** How many values of an input were absent and took its default. */
  int absent(int input) {
    return absent[input];
  }

  /** The id of a place, oldest first. */
  int id(int place) {
    return ids[first + place];
  }

  /** The item of a place, or {@link Catalog#UNKNOWN} where it is none of the catalogue. */
  int ordinal(int place) {
    return ordinals[first + place];
  }

  /** The interaction of a place, or null in the suffix. */
  @Nullable Interaction step(int place) {
    return steps[first + place];
  }
}
