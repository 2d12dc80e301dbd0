package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;
import io.recommender.spi.GenerativeModel;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.PromptLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
public final class OnnxGenerativeModel implements GenerativeModel {

  private final Manifest manifest;
  private final Generation generation;
  private final Catalog catalog;
  private final int[][] codes;
  private final boolean hasUnequalLengths;
  private final Map<String, float[][]> vectors;
  private final OnnxNextTokenScorer scorer;
  private final String fingerprint;
  private final String modelVersion;
  private final String device;
  private final Optional<GoldenRequests> golden;

  OnnxGenerativeModel(
      Manifest manifest,
      Catalog catalog,
      int[][] codes,
      Map<String, float[][]> vectors,
      OnnxNextTokenScorer scorer,
      String fingerprint,
      String modelVersion,
      Optional<GoldenRequests> golden) {
    this.manifest = manifest;
    generation = manifest.generation().orElseThrow();
    this.catalog = catalog;
    this.codes = codes;
    this.vectors = vectors;
    int levels = generation.codes().orElseThrow().tokens().length;
    hasUnequalLengths = Arrays.stream(codes).anyMatch(code -> code.length < levels);
    this.scorer = scorer;
    this.fingerprint = fingerprint;
    this.modelVersion = modelVersion;
    this.golden = golden;
    device = scorer.prompt().session().device();
  }

  @Override
  public NextTokenScorer scorer() {
    return scorer;
  }

  @Override
  public Catalog catalog() {
    return catalog;
  }

  @Override
  public int[] codes(int ordinal) {
    return codes[ordinal].clone();
  }

  @Override
  public boolean hasUnequalLengths() {
    return hasUnequalLengths;
  }

  @Override
  public int[] codeSizes() {
    return generation.codes().orElseThrow().sizes();
  }

  @Override
  public int[][] codeTokens() {
    int[][] tokens = generation.codes().orElseThrow().tokens().clone();
    for (int level = 0; level < tokens.length; level++) {
      tokens[level] = tokens[level].clone();
    }
    return tokens;
  }

  @Override
  public PromptLayout prompt() {
    return generation.prompt();
  }

  @Override
  public float[] vector(String softInput, int ordinal) {
    float[][] known = vectors.get(softInput);
    if (known == null) {
      throw new IllegalArgumentException(
          "expected an input with vectors of items in the bundle, one of %s, found '%s'"
              .formatted(vectors.keySet(), softInput));
    }
    return known[ordinal].clone();
  }

  @Override
  public Normalization normalization() {
    return generation.normalization();
  }

  @Override
  public OptionalInt endToken() {
    return generation.endToken().stream().mapToInt(Integer::intValue).findFirst();
  }

  @Override
  public OptionalInt beams() {
    return generation.beams() == 0 ? OptionalInt.empty() : OptionalInt.of(generation.beams());
  }

  @Override
  public List<String> fallback() {
    return manifest.fallback();
  }

  /** {@return name, version and the start of the fingerprint: {@code shop@1+0a1b2c3d4e5f}} */
  @Override
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

  @Override
  public void replay(SequenceRecommender recommender) {
    golden.ifPresent(requests -> requests.replay(recommender));
  }

  /** Releases the graphs. Closing twice has no effect. */
  @Override
  public void close() {
    scorer.close();
  }
}
