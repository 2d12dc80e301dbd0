package io.recommender.onnx;

import io.recommender.text.PromptText;
import java.util.Map;
import java.util.Optional;

/**
 * How a request and an item become a score: the {@code crossEncoder} of a manifest of contract
 * CROSS_ENCODER.
 *
 * @param graph pairs of texts and features of the request to a vector of one number
 * @param shapes what features of the request have to look like, by input, where the manifest says
 * @param score what that number means; named as the output
 */
record CrossEncoder(Texts texts, Encoder graph, Map<String, int[]> shapes, Ranker.Task score) {

  /** Which text is the first of a pair. */
  enum Order {
    REQUEST_FIRST,
    ITEM_FIRST
  }

  /** What becomes of a candidate that has no text. */
  enum Missing {
    FAIL,
    LAST,
    DROP
  }

  /**
   * The items of a history within the text of a request.
   *
   * @param items how many are told, the newest
   */
  record Told(int items, PromptText template, String separator) {}

  /**
   * The two texts of a pair.
   *
   * @param defaults what stands in for an absent variable; without it the variable is required
   * @param history how {@code {history}} is written, if the request has it
   */
  record Texts(
      PromptText request,
      PromptText item,
      Map<String, String> defaults,
      Optional<Told> history,
      String listSeparator,
      Order order,
      Missing missing) {}
}
