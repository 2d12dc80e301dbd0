package io.recommender.spi;

import io.recommender.RecommenderException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Scores the next token of a sequence: what a decoder that writes item codes needs from a model.
 *
 * <p>The search itself, its constraints and its bookkeeping are pure Java; an engine only has to
 * run a prompt once and then continue any set of rows by one token each.
 *
 * <p><b>Thread safety.</b> Any number of threads may {@link #start}; each {@link Decoding} is
 * confined to one thread at a time.
 *
 * <p><b>Lifetime.</b> Each decoding must be closed before the scorer is. Closing twice has no
 * effect.
 */
public interface NextTokenScorer extends AutoCloseable {

  /** {@return the number of tokens; every row of logits has this length} */
  int vocabularySize();

  /**
   * Runs a prompt and returns its continuation with one row.
   *
   * @param prompt the tokens, each from 0 to vocabularySize - 1
   * @return a decoding whose only row has the logits of the token after the prompt
   * @throws IllegalArgumentException if a token is out of range, or an input is missing, unknown or
   *     of another width
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails
   */
  default Decoding start(Prompt prompt) {
    return startAll(List.of(prompt));
  }

  /**
   * Runs several prompts at once, such as those of several users, and returns their continuations
   * together.
   *
   * @param prompts at least one; their lengths may differ
   * @return a decoding whose row i has the logits of the token after prompt i; each later row
   *     belongs to the prompt of its parent
   * @throws IllegalArgumentException if there is no prompt, a token is out of range, or an input is
   *     missing, unknown or of another width
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails
   */
  Decoding startAll(List<Prompt> prompts);

  /** Releases the model. */
  @Override
  void close();

  /**
   * The tokens that a sequence begins with. <b>Immutable</b>, if nobody changes the arrays.
   *
   * @param tokens at least one
   * @param alignedInputs further inputs by name, usually none: a value for each token of the prompt
   *     and, after those, one for each token that follows it, for models that want those too
   * @param softTokens vectors by the name of their input, usually none, for models that read some
   *     tokens as vectors
   */
  record Prompt(
      int[] tokens, Map<String, int[]> alignedInputs, Map<String, SoftTokens> softTokens) {
    /**
     * Creates a prompt.
     *
     * @param tokens at least one
     * @param alignedInputs further inputs by name
     * @param softTokens vectors by the name of their input
     * @throws IllegalArgumentException if there is no token, an aligned input is shorter, or a
     *     vector is for a token that is not there
     */
    public Prompt {
      if (tokens.length == 0) {
        throw new IllegalArgumentException("prompt: expected at least one token, found none");
      }
      alignedInputs = Map.copyOf(alignedInputs);
      softTokens = Map.copyOf(softTokens);
      alignedInputs.forEach(
          (name, values) -> {
            if (values.length < tokens.length) {
              throw new IllegalArgumentException(
                  "input '%s': expected at least %d values, one for each token, found %d"
                      .formatted(name, tokens.length, values.length));
            }
          });
      softTokens.forEach(
          (name, soft) -> {
            for (int place : soft.places()) {
              if (place < 0 || place >= tokens.length) {
                throw new IllegalArgumentException(
                    "input '%s': expected vectors for tokens 0 to %d, found one for %d"
                        .formatted(name, tokens.length - 1, place));
              }
            }
          });
    }

    /**
     * Creates a prompt without vectors.
     *
     * @param tokens at least one
     * @param alignedInputs further inputs by name
     * @throws IllegalArgumentException if there is no token or an aligned input is shorter
     */
    public Prompt(int[] tokens, Map<String, int[]> alignedInputs) {
      this(tokens, alignedInputs, Map.of());
    }

    /**
     * Returns a prompt without aligned inputs.
     *
     * @param tokens at least one
     * @return the prompt
     * @throws IllegalArgumentException if there is none
     */
    public static Prompt of(int... tokens) {
      return new Prompt(tokens, Map.of());
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Prompt prompt
          && Arrays.equals(tokens, prompt.tokens)
          && softTokens.equals(prompt.softTokens)
          && alignedInputs.keySet().equals(prompt.alignedInputs.keySet())
          && alignedInputs.entrySet().stream()
              .allMatch(
                  input ->
                      Arrays.equals(input.getValue(), prompt.alignedInputs.get(input.getKey())));
    }

    @Override
    public int hashCode() {
      return Objects.hash(Arrays.hashCode(tokens), alignedInputs.keySet(), softTokens);
    }

    @Override
    public String toString() {
      return "Prompt[tokens=%s, alignedInputs=%s, softTokens=%s]"
          .formatted(Arrays.toString(tokens), alignedInputs.keySet(), softTokens.keySet());
    }
  }

  /**
   * Vectors that stand for tokens of a prompt, such as those of items (LLaRA, SIGIR 2024): what the
   * model makes of them is its own. All other tokens have zeros. <b>Immutable</b>, if nobody
   * changes the arrays.
   *
   * @param places the token that each vector belongs to, ascending
   * @param vectors as many, all as wide as the input of the model
   */
  record SoftTokens(int[] places, float[][] vectors) {
    /**
     * Checks the numbers of both.
     *
     * @param places the token that each vector belongs to, ascending
     * @param vectors as many
     * @throws IllegalArgumentException if they are not as many, or the places do not ascend
     */
    public SoftTokens {
      if (places.length != vectors.length) {
        throw new IllegalArgumentException(
            "vectors: expected %d, as many as places, found %d"
                .formatted(places.length, vectors.length));
      }
      for (int i = 1; i < places.length; i++) {
        if (places[i] <= places[i - 1]) {
          throw new IllegalArgumentException(
              "places: expected ascending numbers, found %d after %d"
                  .formatted(places[i], places[i - 1]));
        }
      }
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof SoftTokens soft
          && Arrays.equals(places, soft.places)
          && Arrays.deepEquals(vectors, soft.vectors);
    }

    @Override
    public int hashCode() {
      return 31 * Arrays.hashCode(places) + Arrays.deepHashCode(vectors);
    }

    @Override
    public String toString() {
      return "SoftTokens[places=%s]".formatted(Arrays.toString(places));
    }
  }

  /** Rows that grow by a token in each step. <b>Confined</b>. */
  interface Decoding extends AutoCloseable {

    /** {@return the number of rows, at least 1} */
    int rows();

    /**
     * Copies the logits of a row.
     *
     * @param row from 0 to rows - 1
     * @param logits filled from 0 to vocabularySize - 1; unnormalised, natural log scale
     */
    void logits(int row, float[] logits);

    /**
     * Replaces the rows: new row i continues old row {@code parents[i]} with {@code tokens[i]}. A
     * parent may be continued several times or not at all. After an exception the decoding can only
     * be closed.
     *
     * @param parents old rows
     * @param tokens tokens, each from 0 to vocabularySize - 1
     * @param count how many entries of both arrays are used, at least 1; the new number of rows
     * @throws RecommenderException if the model fails
     */
    void advance(int[] parents, int[] tokens, int count);

    /** Frees what the rows hold. Closing twice has no effect. */
    @Override
    void close();
  }
}
