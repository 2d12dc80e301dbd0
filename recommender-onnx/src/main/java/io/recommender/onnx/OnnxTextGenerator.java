package io.recommender.onnx;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.text.TextGenerator;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantReadWriteLock;

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
  private final Generation generation;
  private final Generation.Text text;
  private final int endToken;
  private final OnnxNextTokenScorer scorer;
  private final JsonTokenizer tokenizer;
  private final String modelVersion;
  private final String fingerprint;
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
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has no token, or more than the model was
   *     exported for
   */
  @Override
  public String generate(String prompt) {
    lease.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(modelVersion + " is closed");
      }
      return write(tokens(prompt));
    } finally {
      lease.readLock().unlock();
    }
  }

  private int[] tokens(String prompt) {
    long[] read = tokenizer.encode(prompt).ids();
    int[] prefix = generation.prompt().prefix();
    int[] suffix = generation.prompt().suffix();
    int length = prefix.length + read.length + suffix.length;
    if (length < 1 || length > text.maxPromptTokens()) {
      throw new IllegalArgumentException(
          "prompt: expected 1 to %d tokens, found %d".formatted(text.maxPromptTokens(), length));
    }
    int[] tokens = new int[length];
    System.arraycopy(prefix, 0, tokens, 0, prefix.length);
    for (int i = 0; i < read.length; i++) {
      tokens[prefix.length + i] = (int) read[i];
    }
    System.arraycopy(suffix, 0, tokens, prefix.length + read.length, suffix.length);
    return tokens;
  }

  private String write(int[] tokens) {
    long[] written = new long[text.maxNewTokens()];
    int count = 0;
    float[] logits = new float[generation.vocabularySize()];
    int[] parent = {0};
    try (Decoding decoding = scorer.start(Prompt.of(tokens))) {
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
