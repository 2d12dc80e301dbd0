package io.recommender.onnx;

import java.util.List;
import java.util.Optional;

/**
 * How a model that writes item codes is told a history: a prefix, the tokens of the codes of the
 * newest items, oldest first, with a separator between two, and a suffix. <b>Immutable</b>, if
 * nobody changes the arrays.
 *
 * @param maxItems how many items of a history are told
 * @param prefix the tokens that come first, possibly none
 * @param separator the tokens between two items, possibly none
 * @param suffix the tokens that come last, possibly none
 * @param whenEmpty what takes the place of the prefix when there is no item to tell; without it the
 *     model cannot say anything then
 * @param alignedInputs what the model is told about each token beside the token
 */
@SuppressWarnings("ArrayRecordComponent")
public record PromptLayout(
    int maxItems,
    int[] prefix,
    int[] separator,
    int[] suffix,
    Optional<int[]> whenEmpty,
    List<AlignedInput> alignedInputs) {

  /** What a value of an aligned input says about a code. */
  public enum AlignedValue {
    /** The level of the code within its item: 0, 1, 2, 0, 1, 2. */
    CODE_POSITION,
    /** The number of the item within the prompt: 0, 0, 0, 1, 1, 1. */
    ITEM_INDEX
  }

  /**
   * An input with a value for each token.
   *
   * @param name the name in {@link io.recommender.spi.NextTokenScorer.Prompt#alignedInputs}
   * @param value what it says of the tokens of codes, also of those that follow the prompt
   * @param other what it says of all other tokens
   */
  public record AlignedInput(String name, AlignedValue value, int other) {}
}
