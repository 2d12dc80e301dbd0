package io.recommender.onnx;

import io.recommender.internal.JsonObject;

/**
 * How texts become the tokens of a graph.
 *
 * @param place of the manifest, for messages
 * @param tokenizer the name of its file
 * @param pairs whether two texts make one row
 * @param specialTokens whether the tokenizer adds its special tokens
 * @param truncation which text of a pair gives way
 * @param maxLength the most tokens, special ones included
 */
record TokenLayout(
    String place,
    String tokenizer,
    boolean pairs,
    boolean specialTokens,
    Truncation truncation,
    int maxLength,
    Manifest.Length length,
    Manifest.PaddingSide paddingSide,
    int paddingToken,
    int paddingType) {
  private static final int MAX_LENGTH = 1 << 20;

  enum Truncation {
    LONGEST_FIRST,
    ONLY_FIRST,
    ONLY_SECOND
  }

  /** Reads the members of a text that tell of tokens. */
  static TokenLayout read(JsonObject text, boolean pairs, Truncation truncation) {
    int maxLength = text.integer("maxLength", 1);
    if (maxLength > MAX_LENGTH) {
      throw BundleFailures.invalid(
          Manifest.FILE,
          "%s/maxLength: expected at most %d, found %d"
              .formatted(text.place(), MAX_LENGTH, maxLength));
    }
    return new TokenLayout(
        text.place(),
        BundleJson.fileName(text, "tokenizer"),
        pairs,
        text.bool("specialTokens", true),
        truncation,
        maxLength,
        text.oneOf("length", Manifest.Length.class, Manifest.Length.DYNAMIC),
        text.oneOf("paddingSide", Manifest.PaddingSide.class, Manifest.PaddingSide.RIGHT),
        text.integer("paddingToken", 0),
        text.integer("paddingType", 0, 0));
  }
}
