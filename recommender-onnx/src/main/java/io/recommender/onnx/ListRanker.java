package io.recommender.onnx;

import io.recommender.internal.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * How a list is picked from candidates: the {@code list} of a manifest of contract
 * LISTWISE_RERANKER.
 *
 * @param ranker the inputs, and the logits as its scores
 * @param minLength how many items are picked before the end may be, as far as there are candidates
 * @param maxLength how many items are picked at most
 */
record ListRanker(Ranker ranker, Selected selected, int minLength, int maxLength) {
  private static final int MAX_LENGTH = 1 << 20;

  /**
   * The input that tells what was picked.
   *
   * @param start what it begins with
   * @param offset its number of the first candidate
   */
  record Selected(String name, int start, int offset) {}

  /**
   * Reads the member of a manifest.
   *
   * @param hasItems whether the bundle has items
   */
  static ListRanker read(JsonObject node, boolean hasItems) {
    try (JsonObject list = node) {
      Ranker ranker =
          new Ranker(
              RankerReader.inputs(list),
              list.string("logits"),
              Ranker.Layout.CANDIDATES,
              0,
              Optional.empty(),
              List.of(),
              Optional.empty(),
              List.of());
      RankerReader.checkInputs(list.place(), ranker, hasItems);
      Selected selected;
      try (JsonObject told = list.object("selected")) {
        selected =
            new Selected(
                told.string("name"),
                told.integer("start", Integer.MIN_VALUE),
                told.integer("offset", Integer.MIN_VALUE));
      }
      if (ranker.inputs().stream().anyMatch(input -> input.name().equals(selected.name()))) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "/list/selected/name: input '%s' occurs twice".formatted(selected.name()));
      }
      int minLength = list.integer("minLength", 0, 0);
      int maxLength = list.integer("maxLength", 1, MAX_LENGTH);
      if (minLength > maxLength) {
        throw BundleFailures.invalid(
            Manifest.FILE,
            "/list/minLength: expected at most maxLength %d, found %d"
                .formatted(maxLength, minLength));
      }
      return new ListRanker(ranker, selected, minLength, maxLength);
    }
  }
}
