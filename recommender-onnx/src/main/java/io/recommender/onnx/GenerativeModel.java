package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.spi.NextTokenScorer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A model that writes the codes of the next item, and everything a beam search over the codes of
 * the catalogue needs to know about it: the codes of the items, the tokens of the codes, and how a
 * history is told.
 *
 * <p><b>Thread safety.</b> Thread-safe; callers do not wait for each other.
 *
 * <p><b>Lifetime.</b> Holds native memory until {@link #close()}, which waits for runs in flight.
 * Later ones throw {@link IllegalStateException}.
 *
 * <p>Made by {@link RecommenderBundle#openGenerative(java.nio.file.Path)}.
 */
public final class GenerativeModel implements AutoCloseable {

  /** Over what the probabilities of the next token add up to one. */
  public enum Normalization {
    /** The whole vocabulary. */
    VOCABULARY,
    /** The tokens that lead to an item of the catalogue. */
    CATALOG
  }

  private final Manifest manifest;
  private final Generation generation;
  private final Catalog catalog;
  private final int[][] codes;
  private final OnnxNextTokenScorer scorer;
  private final String fingerprint;
  private final String modelVersion;
  private final String device;
  private final Optional<GoldenRequests> golden;

  GenerativeModel(
      Manifest manifest,
      Catalog catalog,
      int[][] codes,
      OnnxNextTokenScorer scorer,
      String fingerprint,
      String modelVersion,
      Optional<GoldenRequests> golden) {
    this.manifest = manifest;
    generation = manifest.generation().orElseThrow();
    this.catalog = catalog;
    this.codes = codes;
    this.scorer = scorer;
    this.fingerprint = fingerprint;
    this.modelVersion = modelVersion;
    this.golden = golden;
    device = scorer.prompt().session().device();
  }

  /** {@return the model as what a decoder runs; closing either closes both} */
  public NextTokenScorer scorer() {
    return scorer;
  }

  /** {@return the items of the bundle, in the order of {@link #codes}} */
  public Catalog catalog() {
    return catalog;
  }

  /**
   * Returns the codes of an item. Items may share them.
   *
   * @param ordinal the place of the item in the catalogue
   * @return a code for each level, fewer if the codes of this item end earlier; a new array
   */
  public int[] codes(int ordinal) {
    return codes[ordinal].clone();
  }

  /** {@return the number of codes of each level, a new array} */
  public int[] codeSizes() {
    return generation.codes().sizes();
  }

  /** {@return the token of each code of each level, {@code [level][code]}, a new array} */
  public int[][] codeTokens() {
    int[][] tokens = generation.codes().tokens().clone();
    for (int level = 0; level < tokens.length; level++) {
      tokens[level] = tokens[level].clone();
    }
    return tokens;
  }

  /** {@return how the model is told a history} */
  public PromptLayout prompt() {
    return generation.prompt();
  }

  /** {@return over what the probabilities of the next token add up to one} */
  public Normalization normalization() {
    return generation.normalization();
  }

  /** {@return the token that the model writes after an item, if there is one} */
  public OptionalInt endToken() {
    return generation.endToken().stream().mapToInt(Integer::intValue).findFirst();
  }

  /**
   * {@return how many beams the golden requests were answered with, a number that suits the model,
   * if the bundle says so}
   */
  public OptionalInt beams() {
    return generation.beams() == 0 ? OptionalInt.empty() : OptionalInt.of(generation.beams());
  }

  /** {@return the items that answer when the model cannot, best first; possibly none} */
  public List<String> fallback() {
    return manifest.fallback();
  }

  /** {@return name, version and the start of the fingerprint: {@code shop@1+0a1b2c3d4e5f}} */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return fingerprint;
  }

  /** {@return the device the model runs on: {@code cpu} or {@code cuda:0}} */
  public String device() {
    return device;
  }

  /** {@return how often a graph of the model was run since it was opened} */
  public long modelRuns() {
    return scorer.runs();
  }

  /**
   * Answers the golden requests of the bundle, if it has any, one by one and as a batch, with a
   * recommender that decodes this model with {@link #beams} beams.
   *
   * @param recommender the recommender
   * @throws RecommenderException unless the answers are those of the training framework; the
   *     message names the request, what was expected and what was found
   */
  public void replay(SequenceRecommender recommender) {
    golden.ifPresent(requests -> requests.replay(recommender));
  }

  /** Releases the graphs. Closing twice has no effect. */
  @Override
  public void close() {
    scorer.close();
  }
}
