package io.recommender.onnx;

import io.recommender.Similarity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How a row of tokens and features becomes a vector, such as an item by the {@code encoder} of a
 * manifest of contract ITEM_ENCODER.
 *
 * @param text what the tokens are made of, if that is the features of an item
 * @param tokens how a text becomes tokens; none if there is no text
 */
record Encoder(
    Optional<Text> text, Optional<TokenLayout> tokens, List<Input> inputs, Vector vector) {

  enum Role {
    TOKEN_IDS,
    ATTENTION_MASK,
    TOKEN_TYPES,
    ITEM_POSITIONS,
    FEATURE,
    CATEGORY,
    PRESENT
  }

  enum Pooling {
    NONE,
    MEAN,
    MAX,
    CLS,
    LAST
  }

  /**
   * One feature within a text.
   *
   * @param prefix written before the value
   * @param otherwise stands in for an absent value; without it the feature is required
   */
  record Field(String feature, String prefix, Optional<String> otherwise) {}

  /**
   * How features become a text.
   *
   * @param pairFields the second text of a pair; none if texts are single
   */
  record Text(List<Field> fields, List<Field> pairFields, String separator, String listSeparator) {}

  /**
   * One input. Members that a role does not use have their defaults.
   *
   * @param defaultValue what an absent feature becomes; none if it is required
   * @param normalization of the numbers of a FEATURE
   * @param items how histories become tokens, of role ITEM_POSITIONS
   */
  record Input(
      Role role,
      String name,
      String feature,
      Map<String, Integer> vocabulary,
      OptionalDouble defaultValue,
      FeatureScaling normalization,
      Optional<Items> items) {
    Input(
        Role role,
        String name,
        String feature,
        Map<String, Integer> vocabulary,
        OptionalDouble defaultValue) {
      this(role, name, feature, vocabulary, defaultValue, FeatureScaling.NONE, Optional.empty());
    }
  }

  /**
   * How items become tokens one after the other.
   *
   * @param startToken stands before the first item
   * @param maxItems the most items of a history
   * @param maxValueTokens the most tokens of a value
   * @param paddingPosition the position in padded places
   */
  record Items(
      Optional<Integer> startToken,
      int maxItems,
      int maxValueTokens,
      boolean newestFirst,
      int paddingPosition) {}

  /** How items become tokens one after the other, if they do. */
  Optional<Items> items() {
    return inputs.stream().flatMap(input -> input.items().stream()).findFirst();
  }

  /** The output: a vector for each item, or states of its tokens that are pooled. */
  record Vector(
      String name, int dimension, Pooling pooling, boolean normalize, Similarity similarity) {}
}
