package io.recommender.spi;

import io.recommender.Catalog;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import java.util.List;
import java.util.OptionalInt;

/**
 * A model that writes the codes of the next item, and everything that decoding it needs to know:
 * the codes of the items, the tokens of the codes, and how a history is told.
 *
 * <p>An engine supplies it, a decoder takes it; neither knows the other.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 *
 * <p><b>Lifetime.</b> Until {@link #close()}, which waits for runs in flight; later ones throw
 * {@link IllegalStateException}.
 */
public interface GenerativeModel extends AutoCloseable {

  /** Over what the probabilities of the next token add up to one. */
  enum Normalization {
    /**
     * The whole vocabulary: what a model that was trained with cross-entropy says. Filters and the
     * catalogue then change which items are found, not what they score.
     */
    VOCABULARY,
    /**
     * The tokens that lead to an item of the catalogue, available or not, accepted or not. One that
     * alone leads on has probability one.
     */
    CATALOG
  }

  /** {@return the model as what a decoder runs; closing either closes both} */
  NextTokenScorer scorer();

  /** {@return the items, in the order of {@link #codes}} */
  Catalog catalog();

  /**
   * Returns the codes of an item. Items may share them.
   *
   * @param ordinal the place of the item in the catalogue
   * @return a code for each level, fewer if lengths are unequal; a new array
   */
  int[] codes(int ordinal);

  /** {@return the number of codes of each level, a new array} */
  int[] codeSizes();

  /** {@return whether an item may have fewer codes than there are levels} */
  boolean hasUnequalLengths();

  /** {@return the token of each code of each level, {@code [level][code]}, a new array} */
  int[][] codeTokens();

  /** {@return how the model is told a history} */
  PromptLayout prompt();

  /**
   * Returns what a soft input of {@link #prompt} is told of an item.
   *
   * @param softInput the name of the input
   * @param ordinal the place of the item in the catalogue
   * @return the vector, a new array
   * @throws IllegalArgumentException if there are no vectors for that input
   */
  default float[] vector(String softInput, int ordinal) {
    throw new IllegalArgumentException(
        "expected the name of an input with vectors of items, found '%s'".formatted(softInput));
  }

  /** {@return over what the probabilities of the next token add up to one} */
  Normalization normalization();

  /** {@return the token that the model writes after an item, if there is one} */
  OptionalInt endToken();

  /** {@return a number of beams that suits the model, if it says so} */
  OptionalInt beams();

  /** {@return the items that answer when the model cannot, best first; possibly none} */
  List<String> fallback();

  /** {@return name and version} */
  String modelVersion();

  /**
   * Compares the answers of a decoder with those of the framework that trained the model, if they
   * are known. A decoder asks for this when it is made of the model.
   *
   * @param decoder a recommender that decodes this model with {@link #beams} beams
   * @throws RecommenderException BUNDLE_INVALID unless the answers are equal; the message names the
   *     request, what was expected and what was found
   */
  void replay(SequenceRecommender decoder);

  /** Releases the model. */
  @Override
  void close();
}
