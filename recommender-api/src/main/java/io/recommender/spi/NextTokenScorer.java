package io.recommender.spi;

import io.recommender.RecommenderException;
import java.util.Map;

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
   * @param promptTokens the tokens, each from 0 to vocabularySize - 1, at least one
   * @param alignedInputs further inputs by name, each as long as the prompt; usually none
   * @return a decoding whose only row has the logits of the token after the prompt
   * @throws IllegalArgumentException if a token is out of range, the prompt is empty or an aligned
   *     input has another length
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails
   */
  Decoding start(int[] promptTokens, Map<String, int[]> alignedInputs);

  /** Releases the model. */
  @Override
  void close();

  /** Rows of one prompt that grow by a token in each step. <b>Confined</b>. */
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
