package io.recommender.onnx;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.Generation.Cache;
import io.recommender.onnx.Generation.CacheKind;
import io.recommender.onnx.Generation.TokenInput;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import io.recommender.spi.PromptLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scores tokens with exported graphs: one that reads prompts, and usually one that reads what
 * follows them and keeps keys and values in tensors of the runtime from step to step.
 *
 * <p><b>Thread-safe</b>: each decoding works in buffers of its own.
 */
final class OnnxNextTokenScorer implements NextTokenScorer, Diagnosable {
  /** More idle buffers than this are left to the garbage collector. */
  private static final int IDLE_LANES = 64;

  /** Larger buffers are not kept. */
  private static final long MAX_IDLE_BYTES = 1L << 27;

  /** The buffers of a decoding. */
  record Lanes(TokenLane prompt, @Nullable TokenLane step) {}

  private final String name;
  private final Generation generation;
  private final TokenGraph prompt;
  private final @Nullable TokenGraph step;
  private final ArrayBlockingQueue<Lanes> idle = new ArrayBlockingQueue<>(IDLE_LANES);
  private final ModelLease lease;

  private OnnxNextTokenScorer(
      String name, Generation generation, TokenGraph prompt, @Nullable TokenGraph step) {
    this.name = name;
    lease = new ModelLease(name);
    this.generation = generation;
    this.prompt = prompt;
    this.step = step;
  }

  /**
   * Checks the graphs against the manifest and decodes a few tokens, to learn what their shapes
   * leave open.
   *
   * @param name what the model is called when it is closed
   * @param prompts the graph of prompts; closed with the scorer
   * @param steps the graph of what follows, if there is one; closed with the scorer
   */
  static OnnxNextTokenScorer of(
      String name, Generation generation, OnnxSession prompts, Optional<OnnxSession> steps) {
    List<Cache> caches = generation.caches();
    int size = generation.vocabularySize();
    TokenGraph prompt =
        TokenGraph.of(
            prompts,
            generation.inputs(),
            generation.logits(),
            size,
            List.of(),
            caches.stream().filter(Cache::fromPrompt).toList());
    TokenGraph step = null;
    if (steps.isPresent()) {
      Generation.Step said = generation.step().orElseThrow();
      List<Cache> written =
          caches.stream().filter(cache -> cache.kind() == CacheKind.ROWS).toList();
      step =
          TokenGraph.of(
              steps.get(), said.inputs(), Optional.of(said.logits()), size, caches, written);
    }
    OnnxNextTokenScorer scorer = new OnnxNextTokenScorer(name, generation, prompt, step);
    scorer.probe();
    return scorer;
  }

  @Override
  public Diagnosis diagnose(int sample) {
    Diagnosis.Builder diagnosis =
        Diagnosis.of("OnnxNextTokenScorer")
            .version(name)
            .fact("vocabulary", generation.vocabularySize())
            .fact("decodings in flight", lease.inside())
            .part(prompt.session().diagnose());
    TokenGraph following = step;
    if (following != null) {
      diagnosis.part(following.session().diagnose());
    }
    return diagnosis.build();
  }

  private void probe() {
    int token = generation.codes().map(codes -> codes.tokens()[0][0]).orElse(0);
    try (Decoding decoding = startAll(List.of(probe(token, 2), probe(token, 1)))) {
      decoding.advance(new int[] {0, 1, 1}, new int[] {token, token, token}, 3);
      decoding.advance(new int[] {2, 0}, new int[] {token, token}, 2);
    } catch (RecommenderException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "expected graphs that decode two prompts as %s says, found: %s"
              .formatted(Manifest.FILE, e.getMessage()),
          e);
    }
  }

  private Prompt probe(int token, int length) {
    int[] tokens = new int[length];
    Arrays.fill(tokens, token);
    Map<String, int[]> aligned = new HashMap<>();
    generation
        .prompt()
        .alignedInputs()
        .forEach(input -> aligned.put(input.name(), new int[length + 2]));
    Map<String, SoftTokens> soft = new HashMap<>();
    generation
        .prompt()
        .softInputs()
        .forEach(
            input ->
                soft.put(
                    input.name(),
                    new SoftTokens(new int[] {0}, new float[][] {new float[input.width()]})));
    return new Prompt(tokens, aligned, soft);
  }

  Generation generation() {
    return generation;
  }

  TokenGraph prompt() {
    return prompt;
  }

  @Nullable TokenGraph step() {
    return step;
  }

  @Override
  public int vocabularySize() {
    return generation.vocabularySize();
  }

  @Override
  public Decoding startAll(List<Prompt> prompts) {
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException("prompts: expected at least one, found none");
    }
    prompts.forEach(this::check);
    return leased(
        () -> {
          Lanes lanes = acquire();
          OnnxDecoding decoding = new OnnxDecoding(this, lanes, List.copyOf(prompts));
          try {
            decoding.start();
            return decoding;
          } catch (RuntimeException | Error e) {
            decoding.close();
            throw e;
          }
        });
  }

  private void check(Prompt given) {
    for (int i = 0; i < given.tokens().length; i++) {
      checkToken(given.tokens()[i], "prompt, place " + i);
    }
    List<PromptLayout.AlignedInput> aligned = generation.prompt().alignedInputs();
    for (PromptLayout.AlignedInput input : aligned) {
      if (!given.alignedInputs().containsKey(input.name())) {
        throw new IllegalArgumentException(
            "prompt: expected the aligned input '%s', found %s"
                .formatted(input.name(), given.alignedInputs().keySet()));
      }
    }
    if (given.alignedInputs().size() != aligned.size()) {
      throw new IllegalArgumentException(
          "prompt: expected the aligned inputs %s, found %s"
              .formatted(
                  aligned.stream().map(PromptLayout.AlignedInput::name).toList(),
                  given.alignedInputs().keySet()));
    }
    List<PromptLayout.SoftInput> softInputs = generation.prompt().softInputs();
    for (TokenInput input : generation.inputs()) {
      if (input.role() == Generation.Role.SOFT_TOKENS) {
        soft(given, input);
      }
    }
    if (given.softTokens().size() != softInputs.size()) {
      throw new IllegalArgumentException(
          "prompt: expected the soft inputs %s, found %s"
              .formatted(
                  softInputs.stream().map(PromptLayout.SoftInput::name).toList(),
                  given.softTokens().keySet()));
    }
  }

  /** Returns the vectors of an input, all of its width. */
  SoftTokens soft(Prompt prompt, TokenInput input) {
    SoftTokens soft = prompt.softTokens().get(input.name());
    if (soft == null) {
      throw new IllegalArgumentException(
          "prompt: expected the soft input '%s', found %s"
              .formatted(input.name(), prompt.softTokens().keySet()));
    }
    for (float[] vector : soft.vectors()) {
      if (vector.length != input.width()) {
        throw new IllegalArgumentException(
            "input '%s': expected vectors of %d components, found one of %d"
                .formatted(input.name(), input.width(), vector.length));
      }
    }
    return soft;
  }

  void checkToken(int token, String where) {
    if (token < 0 || token >= vocabularySize()) {
      throw new IllegalArgumentException(
          "%s: expected a token of 0 to %d, found %d"
              .formatted(where, vocabularySize() - 1, token));
    }
  }

  /** Returns the values of an aligned input that reach at least so far. */
  static int[] aligned(Prompt prompt, TokenInput input, int length) {
    int[] values = prompt.alignedInputs().get(input.name());
    if (values == null || values.length < length) {
      throw new IllegalArgumentException(
          "input '%s': expected values for %d tokens, as many as there are now, found %d"
              .formatted(input.name(), length, values == null ? 0 : values.length));
    }
    return values;
  }

  /** Makes a call that {@link #close} waits for. */
  <T> T leased(Supplier<T> call) {
    lease.enter();
    try {
      return call.get();
    } finally {
      lease.leave();
    }
  }

  private Lanes acquire() {
    Lanes lanes = idle.poll();
    return lanes != null
        ? lanes
        : new Lanes(
            new TokenLane(prompt, vocabularySize()),
            step == null ? null : new TokenLane(step, vocabularySize()));
  }

  void release(Lanes lanes) {
    long bytes = lanes.prompt().capacity() + (lanes.step() == null ? 0 : lanes.step().capacity());
    if (bytes <= MAX_IDLE_BYTES) {
      idle.offer(lanes);
    }
  }

  /** The runs of all graphs. */
  long runs() {
    return prompt.session().runs() + (step == null ? 0 : step.session().runs());
  }

  @Override
  public void close() {
    TokenGraph following = step;
    lease.close(
        idle::clear,
        prompt.session()::close,
        () -> {
          if (following != null) {
            following.session().close();
          }
        });
  }
}
