package io.recommender.spi;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model that writes item codes is told a history: a prefix, the tokens of the codes of the
 * newest items, oldest first, each followed by its slot, with a separator between two, and a
 * suffix.
 *
 * <p><b>Immutable</b>, if nobody changes the arrays.
 *
 * @param maxItems how many items of a history are told, at least 1
 * @param prefix the tokens that come first, possibly none
 * @param separator the tokens between two items, possibly none
 * @param suffix the tokens that come last, possibly none
 * @param whenEmpty what takes the place of the prefix when there is no item to tell; without it the
 *     model cannot say anything then
 * @param alignedInputs what the model is told about each token beside the token
 * @param slot the token that follows the codes of each item and stands for its vectors; without it
 *     they belong to each of its codes
 * @param softInputs the vectors of items that the model is told
 */
public record PromptLayout(
    int maxItems,
    int[] prefix,
    int[] separator,
    int[] suffix,
    Optional<int[]> whenEmpty,
    List<AlignedInput> alignedInputs,
    OptionalInt slot,
    List<SoftInput> softInputs) {

  /** What a value of an aligned input says about a code. */
  public enum AlignedValue {
    /** The level of the code within its item: 0, 1, 2, 0, 1, 2. */
    CODE_POSITION,
    /** The number of the item within the prompt: 0, 0, 0, 1, 1, 1. */
    ITEM_INDEX
  }

  /**
   * An input with a value for each token, as DiscRec ("Disentangled Semantic-Collaborative Modeling
   * for Generative Recommendation", 2025) is told the structure of items.
   *
   * @param name the name in {@link NextTokenScorer.Prompt#alignedInputs}
   * @param value what it says of the tokens of codes, also of those that follow the prompt
   * @param other what it says of all other tokens
   */
  public record AlignedInput(String name, AlignedValue value, int other) {
    /**
     * Checks that nothing is null.
     *
     * @param name the name of the input
     * @param value what it says of the tokens of codes
     * @param other what it says of all other tokens
     */
    public AlignedInput {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(value, "value");
    }
  }

  /**
   * An input with a vector for each item, such as the one a conventional recommender has of it
   * ("LLaRA: Large Language-Recommendation Assistant", SIGIR 2024).
   *
   * @param name the name in {@link NextTokenScorer.Prompt#softTokens}
   * @param width the number of components
   */
  public record SoftInput(String name, int width) {
    /**
     * Checks both.
     *
     * @param name the name of the input
     * @param width the number of components, at least 1
     * @throws IllegalArgumentException if there are none
     */
    public SoftInput {
      Objects.requireNonNull(name, "name");
      if (width < 1) {
        throw new IllegalArgumentException("width: expected at least 1, found " + width);
      }
    }
  }

  /**
   * Checks the number of items and copies the lists.
   *
   * @param maxItems how many of the newest items are told, at least 1
   * @param prefix the tokens that come first
   * @param separator the tokens between two items
   * @param suffix the tokens that come last
   * @param whenEmpty what takes the place of the prefix when there is no item to tell
   * @param alignedInputs what the model is told about each token
   * @param slot the token that stands for the vectors of an item
   * @param softInputs the vectors of items that the model is told
   * @throws IllegalArgumentException if no item is told
   */
  public PromptLayout {
    if (maxItems < 1) {
      throw new IllegalArgumentException("maxItems: expected at least 1, found " + maxItems);
    }
    alignedInputs = List.copyOf(alignedInputs);
    softInputs = List.copyOf(softInputs);
  }

  /**
   * Describes a layout without vectors of items.
   *
   * @param maxItems how many of the newest items are told, at least 1
   * @param prefix the tokens that come first
   * @param separator the tokens between two items
   * @param suffix the tokens that come last
   * @param whenEmpty what takes the place of the prefix when there is no item to tell
   * @param alignedInputs what the model is told about each token
   * @throws IllegalArgumentException if no item is told
   */
  public PromptLayout(
      int maxItems,
      int[] prefix,
      int[] separator,
      int[] suffix,
      Optional<int[]> whenEmpty,
      List<AlignedInput> alignedInputs) {
    this(
        maxItems,
        prefix,
        separator,
        suffix,
        whenEmpty,
        alignedInputs,
        OptionalInt.empty(),
        List.of());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PromptLayout that
        && maxItems == that.maxItems
        && Arrays.equals(prefix, that.prefix)
        && Arrays.equals(separator, that.separator)
        && Arrays.equals(suffix, that.suffix)
        && Arrays.equals(whenEmpty.orElse(null), that.whenEmpty.orElse(null))
        && alignedInputs.equals(that.alignedInputs)
        && slot.equals(that.slot)
        && softInputs.equals(that.softInputs);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        maxItems,
        Arrays.hashCode(prefix),
        Arrays.hashCode(separator),
        Arrays.hashCode(suffix),
        Arrays.hashCode(whenEmpty.orElse(null)),
        alignedInputs,
        slot,
        softInputs);
  }

  @Override
  public String toString() {
    return "PromptLayout[maxItems=%d, prefix=%s, separator=%s, suffix=%s, whenEmpty=%s, %s, %s, %s]"
        .formatted(
            maxItems,
            Arrays.toString(prefix),
            Arrays.toString(separator),
            Arrays.toString(suffix),
            whenEmpty.map(Arrays::toString).orElse("none"),
            alignedInputs,
            slot,
            softInputs);
  }
}
