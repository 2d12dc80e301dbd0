package io.recommender.onnx;

import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.PromptLayout;
import java.util.List;
import java.util.Optional;

/**
 * The member {@code generation} of a manifest: how a model that writes item codes or text is run,
 * and what its tokens mean. {@code BUNDLE.md} has the meaning of each member.
 *
 * @param codes what the model writes, unless that is text
 * @param text how texts become tokens, if the model writes text
 * @param inputs those of the graph that reads prompts
 * @param logits the output of that graph, if the layout is DECODER_ONLY
 * @param step the graph that reads what follows a prompt; without one, the graph of prompts reads
 *     everything again
 * @param beams the number of beams that the golden requests were answered with, 0 if it is not said
 */
record Generation(
    Layout layout,
    int vocabularySize,
    Optional<Codes> codes,
    Optional<Text> text,
    PromptLayout prompt,
    PaddingSide paddingSide,
    int paddingToken,
    Normalization normalization,
    Optional<Integer> endToken,
    int beams,
    List<TokenInput> inputs,
    Optional<String> logits,
    Optional<Step> step,
    List<Cache> caches) {

  enum Layout {
    DECODER_ONLY,
    ENCODER_DECODER
  }

  enum PaddingSide {
    LEFT,
    RIGHT
  }

  enum Role {
    TOKEN_IDS,
    ATTENTION_MASK,
    POSITION_IDS,
    PARENTS,
    PROMPT_MASK,
    ALIGNED,
    SOFT_TOKENS,
    SOFT_MASK
  }

  enum CacheKind {
    /** One entry for each prompt, made by the graph of prompts. */
    PROMPT,
    /** One entry for each row, a place longer after each step. */
    ROWS
  }

  /**
   * The codes of the items.
   *
   * @param tokens the token of each code of each level
   * @param unique whether two items with the same codes are refused
   */
  record Codes(String file, int[][] tokens, boolean unique) {

    int[] sizes() {
      int[] sizes = new int[tokens.length];
      for (int level = 0; level < sizes.length; level++) {
        sizes[level] = tokens[level].length;
      }
      return sizes;
    }
  }

  /**
   * How a prompt becomes tokens, and how much is written.
   *
   * @param specialTokens whether the tokenizer adds its special tokens to a prompt
   * @param maxPromptTokens how many tokens a prompt may have, all included
   * @param maxNewTokens how many tokens are written at most
   */
  record Text(String tokenizer, boolean specialTokens, int maxPromptTokens, int maxNewTokens) {}

  /**
   * An input of tokens.
   *
   * @param other of role ALIGNED: the value of padding and of the token a decoder starts with
   * @param width of role SOFT_TOKENS: the number of components, else 1
   * @param file of role SOFT_TOKENS: the vectors of the items, if the bundle has them
   */
  record TokenInput(Role role, String name, int other, int width, Optional<String> file) {}

  /**
   * The graph that reads what follows a prompt.
   *
   * @param startToken what its rows begin with, if the layout is ENCODER_DECODER
   */
  record Step(String model, List<TokenInput> inputs, String logits, Optional<Integer> startToken) {}

  /**
   * A family of tensors that lives from run to run.
   *
   * @param inputs their names as inputs of the step
   * @param outputs their names as outputs of the graph of prompts, and of the step if of kind ROWS
   * @param heads their second extent, 0 if they have but three
   * @param size their last extent
   * @param fromPrompt whether the graph of prompts gives the first ones; else they begin empty
   */
  record Cache(
      CacheKind kind,
      List<String> inputs,
      List<String> outputs,
      int heads,
      int size,
      boolean fromPrompt) {}

  /** Whether the step reads the newest token alone. */
  boolean isIncremental() {
    return caches.stream().anyMatch(cache -> cache.kind() == CacheKind.ROWS);
  }

  /** Whether the rows of a prompt have to stand together, as many of each prompt. */
  boolean isGrid() {
    return caches.stream().anyMatch(cache -> cache.kind() == CacheKind.PROMPT)
        || step.stream()
            .flatMap(graph -> graph.inputs().stream())
            .anyMatch(input -> input.role() == Role.PROMPT_MASK);
  }
}
