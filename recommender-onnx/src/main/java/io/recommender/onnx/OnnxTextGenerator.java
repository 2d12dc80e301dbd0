package io.recommender.onnx;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import io.recommender.spi.PromptLayout.SoftInput;
import io.recommender.text.TextGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Continues texts with an exported language model, token by token, each the most probable one.
 *
 * <pre>{@code
 * try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(Path.of("bundles/p5"))) {
 *   generator.generate("Which item will the user buy next? red shoe, blue shoe,");
 * }
 * }</pre>
 *
 * <p>The same prompt always gives the same text. Of equally probable tokens the one of the smaller
 * number is taken. Writing ends with the end token or after as many tokens as the bundle says.
 * Special tokens are not part of the text.
 *
 * <p><b>Thread safety.</b> Thread-safe.
 *
 * <p><b>Lifetime.</b> Until {@link #close()}, which waits for calls in flight.
 *
 * <p><b>Cost.</b> A run of the model for the prompt and one for each token that is written.
 */
public final class OnnxTextGenerator implements TextGenerator, Diagnosable {
  private static final Pattern PLACE = Pattern.compile("<<([^<>]+)>>");

  private final Generation generation;
  private final Generation.Text text;
  private final int endToken;
  private final OnnxNextTokenScorer scorer;
  private final JsonTokenizer tokenizer;
  private final String modelVersion;
  private final String fingerprint;

  /** What is written into a prompt for a vector; null if the model reads none. */
  private final @Nullable String slot;

  private final ReentrantReadWriteLock lease = new ReentrantReadWriteLock();

  /** Guarded by {@link #lease}. */
  private boolean closed;

  OnnxTextGenerator(
      Generation generation,
      OnnxNextTokenScorer scorer,
      JsonTokenizer tokenizer,
      String modelVersion,
      String fingerprint) {
    this.generation = generation;
    this.scorer = scorer;
    this.tokenizer = tokenizer;
    this.modelVersion = modelVersion;
    this.fingerprint = fingerprint;
    text = generation.text().orElseThrow();
    endToken = generation.endToken().orElse(-1);
    if (tokenizer.largestToken() >= generation.vocabularySize()) {
      throw BundleFailures.mismatch(
          text.tokenizer(),
          "expected tokens of 0 to %d, the vocabularySize in %s, found %d"
              .formatted(generation.vocabularySize() - 1, Manifest.FILE, tokenizer.largestToken()));
    }
    slot = generation.prompt().softInputs().isEmpty() ? null : slot();
  }

  private String slot() {
    OptionalInt token = generation.prompt().slot();
    return token.stream()
        .boxed()
        .flatMap(id -> tokenizer.addedToken(id).stream())
        .findFirst()
        .orElseThrow(
            () ->
                BundleFailures.invalid(
                    Manifest.FILE,
                    "/generation/prompt/slot: expected one of added_tokens in %s, because there is an input of role SOFT_TOKENS, found %s"
                        .formatted(
                            text.tokenizer(),
                            token.isPresent() ? Integer.toString(token.getAsInt()) : "none")));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has no token, or more than the model was
   *     exported for
   */
  @Override
  public String generate(String prompt) {
    return leased(() -> write(read(prompt, List.of())));
  }

  /**
   * Writes what follows a prompt in which some places are vectors, such as what an {@link
   * OnnxItemEncoder} makes of an item (Yang et al., "Item-Language Model for Conversational
   * Recommendation" (ILM), 2024): {@code "Which is calmer, <<first>> or <<second>>?"}.
   *
   * @param prompt the prompt, in which {@code <<name>>} is the place of the vectors of that name,
   *     any number of times
   * @param slots vectors by name, one after the other, each as wide as the input of role {@code
   *     SOFT_TOKENS}: of Q vectors of width H the first is at 0 to H - 1. The place becomes Q
   *     tokens
   * @return the text after it, possibly empty
   * @throws IllegalArgumentException if a place has no vectors or vectors no place, naming it; if
   *     vectors are not finite or do not fill a whole number of tokens; or as {@link
   *     #generate(String)}
   * @throws IllegalStateException if closed, or the model reads no vectors
   * @throws RecommenderException if the model fails; the generator stays usable
   */
  public String generate(String prompt, Map<String, float[]> slots) {
    return leased(() -> write(prompt(prompt, slots)));
  }

  private <T> T leased(Supplier<T> work) {
    lease.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(modelVersion + " is closed");
      }
      return work.get();
    } finally {
      lease.readLock().unlock();
    }
  }

  /** Returns a prompt with vectors at its named places. */
  Prompt prompt(String text, Map<String, float[]> slots) {
    if (slot == null) {
      throw new IllegalStateException(
          modelVersion + ": expected a model that reads vectors, found one that does not");
    }
    SoftInput input = generation.prompt().softInputs().get(0);
    List<float[]> vectors = new ArrayList<>();
    Set<String> unused = new TreeSet<>(slots.keySet());
    StringBuilder written = new StringBuilder();
    Matcher place = PLACE.matcher(text);
    while (place.find()) {
      String name = place.group(1);
      float[] rows = slots.get(name);
      if (rows == null) {
        throw new IllegalArgumentException(
            "prompt: expected vectors for the place '%s', found those of %s"
                .formatted(name, new TreeSet<>(slots.keySet())));
      }
      place.appendReplacement(written, "");
      for (float[] vector : rows(name, rows, input.width())) {
        written.append(slot);
        vectors.add(vector);
      }
      unused.remove(name);
    }
    place.appendTail(written);
    if (!unused.isEmpty()) {
      throw new IllegalArgumentException(
          "prompt: expected a place for the vectors of %s, found none".formatted(unused));
    }
    return read(written.toString(), vectors);
  }

  private static float[][] rows(String name, float[] vectors, int width) {
    if (vectors.length == 0 || vectors.length % width != 0) {
      throw new IllegalArgumentException(
          "vectors of '%s': expected a multiple of %d components, found %d"
              .formatted(name, width, vectors.length));
    }
    float[][] rows = new float[vectors.length / width][];
    for (int row = 0; row < rows.length; row++) {
      rows[row] = Arrays.copyOfRange(vectors, row * width, (row + 1) * width);
      for (float component : rows[row]) {
        if (!Float.isFinite(component)) {
          throw new IllegalArgumentException(
              "vectors of '%s': expected finite components, found %s".formatted(name, component));
        }
      }
    }
    return rows;
  }

  /** Returns the tokens of a text; the vectors are for those that are a slot, in order. */
  private Prompt read(String prompt, List<float[]> vectors) {
    long[] ids = tokenizer.encode(prompt).ids();
    int[] prefix = generation.prompt().prefix();
    int[] suffix = generation.prompt().suffix();
    int length = prefix.length + ids.length + suffix.length;
    if (length < 1 || length > text.maxPromptTokens()) {
      throw new IllegalArgumentException(
          "prompt: expected 1 to %d tokens, found %d".formatted(text.maxPromptTokens(), length));
    }
    int[] tokens = new int[length];
    System.arraycopy(prefix, 0, tokens, 0, prefix.length);
    for (int i = 0; i < ids.length; i++) {
      tokens[prefix.length + i] = (int) ids[i];
    }
    System.arraycopy(suffix, 0, tokens, prefix.length + ids.length, suffix.length);
    if (slot == null) {
      return Prompt.of(tokens);
    }
    int[] places = new int[0];
    if (!vectors.isEmpty()) {
      int token = generation.prompt().slot().orElseThrow();
      places = IntStream.range(0, length).filter(i -> tokens[i] == token).toArray();
      if (places.length != vectors.size()) {
        throw new IllegalArgumentException(
            "prompt: expected '%s' at no other place than those of vectors, %d, found it at %d"
                .formatted(slot, vectors.size(), places.length));
      }
    }
    SoftTokens soft = new SoftTokens(places, vectors.toArray(float[][]::new));
    return new Prompt(
        tokens, Map.of(), Map.of(generation.prompt().softInputs().get(0).name(), soft));
  }

  private String write(Prompt prompt) {
    long[] written = new long[text.maxNewTokens()];
    int count = 0;
    float[] logits = new float[generation.vocabularySize()];
    int[] parent = {0};
    try (Decoding decoding = scorer.start(prompt)) {
      while (true) {
        decoding.logits(0, logits);
        int next = best(logits);
        if (next == endToken) {
          break;
        }
        written[count++] = next;
        if (count == written.length) {
          break;
        }
        decoding.advance(parent, new int[] {next}, 1);
      }
    }
    return tokenizer.decode(Arrays.copyOf(written, count));
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int token = 0; token < logits.length; token++) {
      if (Float.isNaN(logits[token]) || logits[token] == Float.POSITIVE_INFINITY) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "logits: expected finite numbers, found %s for token %d"
                .formatted(logits[token], token));
      }
      if (logits[token] > logits[best]) {
        best = token;
      }
    }
    return best;
  }

  @Override
  public Diagnosis diagnose(int sample) {
    lease.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(modelVersion + " is closed");
      }
      return Diagnosis.of("OnnxTextGenerator")
          .version(modelVersion)
          .fact("longest prompt", text.maxPromptTokens() + " tokens")
          .fact("longest text", text.maxNewTokens() + " tokens")
          .part(scorer.diagnose(sample))
          .build();
    } finally {
      lease.readLock().unlock();
    }
  }

  /** {@return name, version and the start of the fingerprint: {@code p5@1+0a1b2c3d4e5f}} */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return fingerprint;
  }

  /** {@return the device the model runs on: {@code cpu} or {@code cuda:0}} */
  public String device() {
    return scorer.prompt().session().device();
  }

  /** {@return how often a graph of the model was run since it was opened} */
  public long modelRuns() {
    return scorer.runs();
  }

  @Override
  public void close() {
    lease.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        try {
          scorer.close();
        } finally {
          tokenizer.close();
        }
      }
    } finally {
      lease.writeLock().unlock();
    }
  }
}
