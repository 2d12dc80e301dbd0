package io.recommender.ann.semantic;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.ScoreKind;
import io.recommender.SequenceRecommender;
import io.recommender.serving.Diagnosable;
import io.recommender.serving.Diagnosis;
import io.recommender.spi.GenerativeModel;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Decoding;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Recommends the items whose codes a model would write next: beam search that only ever writes
 * codes of items that exist and may be returned.
 *
 * <pre>{@code
 * try (SequenceRecommender recommender =
 *     BeamDecoder.builder(scorer, index, CodeTokens.offsets(1, 257, 513, 769), prompt)
 *         .options(BeamOptions.of(20))
 *         .fallback(popular)
 *         .build()) {
 *   recommender.recommend(UserHistory.of("sku-1", "sku-7"));
 * }
 * }</pre>
 *
 * <p>The model reads the prompt once. In each step it scores the next token of every beam; the best
 * continuations by the sum of log-probabilities are kept, as many as the options say, and every one
 * of them leads to an item of the {@link SemanticIdIndex} that is available and that the filter
 * accepts. So no item is made up, none is returned twice, and none is lost to a filter that acts
 * afterwards. An answer sees the index as it was at one moment; an item that is added is decoded in
 * the next one. What the index does not hold cannot be scored, whatever the model was trained on.
 *
 * <p>Generative retrieval with semantic ids is Rajput et al., "Recommender Systems with Generative
 * Retrieval" (NeurIPS 2023); decoding under a tree of what is allowed is De Cao et al.,
 * "Autoregressive Entity Retrieval" (ICLR 2021).
 *
 * <p><b>Scores.</b> Without length penalty, {@link ScoreKind#LOG_PROBABILITY} of the codes given
 * the prompt, over the vocabulary or the catalogue as the options say. They are the model's own:
 * filters and the width decide which items are found, not what these score. Unless the beams are as
 * many as the items, some that score as high may be missed.
 *
 * <p><b>Order.</b> By descending score; items of equal score, such as those of one code, as they
 * were first added to the index. Of equal beams, the one of the better parent is kept, then that of
 * the lower code.
 *
 * <p><b>Thread safety.</b> Thread-safe, as scorer, prompt and fallback have to be.
 *
 * <p><b>Lifetime.</b> Closing waits for calls in flight and closes the scorer, not the fallback.
 *
 * <p><b>Errors.</b> If the model fails or does not give finite numbers, the {@link
 * RecommenderException} of the scorer, or NON_FINITE_OUTPUT; the decoder stays usable.
 *
 * <p><b>Cost.</b> A run of the model for the prompt and one less than there are levels, or as many
 * with an end token. Where probabilities are over the catalogue and there is none, the rest of a
 * code that is the only one left is certain, and the model is not run for it: codes whose last
 * levels tell few items apart cost little more than short ones. Beside that, a step at 50 beams, a
 * million items and a vocabulary of 1,000 takes some ten microseconds. Memory: a few numbers for
 * each beam, and of one row of logits for each thread that decodes.
 */
public final class BeamDecoder implements SequenceRecommender, Diagnosable {
  /** The source of decoded items, unless another is set. */
  public static final String SOURCE = "beam";

  private final NextTokenScorer scorer;
  final SemanticIdIndex index;
  final CodeTokens tokens;
  final DecoderPrompt prompt;
  final BeamOptions options;
  final @Nullable SequenceRecommender fallback;
  private final int batchSize;
  final String source;
  final String modelVersion;
  private final LongSupplier clock;

  private final Queue<BeamSearch.Scratch> scratches = new ConcurrentLinkedQueue<>();
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean isClosed;

  private BeamDecoder(Builder builder) {
    scorer = builder.scorer;
    index = builder.index;
    tokens = builder.tokens;
    prompt = builder.prompt;
    options = builder.options;
    fallback = builder.fallback;
    batchSize = builder.batchSize;
    source = builder.source;
    modelVersion = builder.modelVersion;
    clock = builder.clock;
  }

  /**
   * Starts a decoder.
   *
   * @param scorer the model; closed with the decoder
   * @param index the items and their codes; may change at any time
   * @param tokens which token stands for which code
   * @param prompt what the model is given to read
   * @return a builder
   */
  public static Builder builder(
      NextTokenScorer scorer, SemanticIdIndex index, CodeTokens tokens, DecoderPrompt prompt) {
    return new Builder(scorer, index, tokens, prompt);
  }

  /**
   * Decodes a model as it says, with the items it says.
   *
   * @param model the model; closed with the decoder
   * @return a decoder whose {@link #index} has the items of the model, all available
   * @throws RecommenderException BUNDLE_INVALID if the model contradicts itself, or does not answer
   *     what the framework answered that trained it; the model is then closed
   */
  public static BeamDecoder of(GenerativeModel model) {
    return of(model, UnaryOperator.identity());
  }

  /**
   * Decodes a model as it says, with the items it says.
   *
   * @param model the model; closed with the decoder
   * @param options changes the options that suit the model, such as its number of beams
   * @return a decoder whose {@link #index} has the items of the model, all available
   * @throws RecommenderException BUNDLE_INVALID if the model contradicts itself, or does not answer
   *     what the framework answered that trained it; the model is then closed
   */
  public static BeamDecoder of(GenerativeModel model, UnaryOperator<BeamOptions> options) {
    try {
      return GenerativeModels.decode(model, options);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /** {@return the items and their codes, which may be changed at any time} */
  public SemanticIdIndex index() {
    return index;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if more items are asked for than there are beams
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    return recommendAll(List.of(request)).get(0);
  }

  /**
   * Answers several requests; those of a batch share the runs of the model.
   *
   * @param requests the requests, possibly none
   * @return one answer for each, in order
   * @throws IllegalArgumentException if more items are asked for than there are beams
   */
  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    Lock inUse = lock.readLock();
    inUse.lock();
    try {
      if (isClosed) {
        throw new IllegalStateException("BeamDecoder is closed");
      }
      for (RecommendationRequest request : requests) {
        if (request.k() > options.width()) {
          throw new IllegalArgumentException(
              "k: expected at most %d, the width of the beam, found %d"
                  .formatted(options.width(), request.k()));
        }
      }
      return answer(requests);
    } finally {
      inUse.unlock();
    }
  }

  private List<Recommendations> answer(List<RecommendationRequest> requests) {
    CodeVersion version = index.version();
    List<DecoderRequest> all = new ArrayList<>(requests.size());
    List<DecoderRequest> decoded = new ArrayList<>(requests.size());
    for (RecommendationRequest request : requests) {
      DecoderRequest asked = new DecoderRequest(this, request, version);
      all.add(asked);
      if (asked.isDecoded()) {
        decoded.add(asked);
      }
    }
    // What is of about the same length needs little padding.
    decoded.sort(Comparator.comparingInt(DecoderRequest::promptLength));
    for (int i = 0; i < decoded.size(); i += batchSize) {
      decode(decoded.subList(i, Math.min(decoded.size(), i + batchSize)));
    }
    return all.stream().map(DecoderRequest::answer).toList();
  }

  private void decode(List<DecoderRequest> batch) {
    BeamSearch.Scratch pooled = scratches.poll();
    BeamSearch.Scratch scratch =
        pooled != null ? pooled : new BeamSearch.Scratch(scorer.vocabularySize());
    long start = clock.getAsLong();
    IntArrayList parents = new IntArrayList();
    IntArrayList nextTokens = new IntArrayList();
    int runs = 1;
    try (Decoding decoding =
        scorer.startAll(batch.stream().map(DecoderRequest::promptToRun).toList())) {
      while (true) {
        parents.clear();
        nextTokens.clear();
        int row = 0;
        for (DecoderRequest asked : batch) {
          row += asked.step(decoding, row, scratch, parents, nextTokens, runs);
        }
        if (parents.isEmpty()) {
          break;
        }
        if (clock.getAsLong() - start >= options.timeoutNanos()) {
          batch.forEach(DecoderRequest::stop);
          break;
        }
        decoding.advance(parents.elements(), nextTokens.elements(), parents.size());
        runs++;
      }
    }
    scratches.add(scratch);
  }

  @Override
  public Diagnosis diagnose(int sample) {
    Lock inUse = lock.readLock();
    inUse.lock();
    try {
      if (isClosed) {
        throw new IllegalStateException("BeamDecoder is closed");
      }
      return Diagnosis.of("BeamDecoder")
          .version(modelVersion)
          .fact("items", index.size())
          .fact("distinct codes", index.distinctCodes())
          .fact("levels", index.shape().levels())
          .fact("beams", options.width())
          .fact("largest batch", batchSize)
          .bytes("memory estimated", SemanticIdIndex.estimatedBytes(index.size(), index.shape()))
          .part(scorer, sample)
          .build();
    } finally {
      inUse.unlock();
    }
  }

  @Override
  public void close() {
    Lock alone = lock.writeLock();
    alone.lock();
    try {
      if (!isClosed) {
        isClosed = true;
        scorer.close();
      }
    } finally {
      alone.unlock();
    }
  }

  @Override
  public String toString() {
    return "BeamDecoder[%s, %s]".formatted(index, options);
  }

  /** Collects the parts of a decoder. <b>Confined</b>. */
  public static final class Builder {
    static final int DEFAULT_WIDTH = 20;
    private static final int DEFAULT_BATCH = 16;

    private final NextTokenScorer scorer;
    private final SemanticIdIndex index;
    private final CodeTokens tokens;
    private final DecoderPrompt prompt;
    private BeamOptions options = BeamOptions.of(DEFAULT_WIDTH);
    private @Nullable SequenceRecommender fallback;
    private int batchSize = DEFAULT_BATCH;
    private String source = SOURCE;
    private String modelVersion = "";
    private LongSupplier clock = System::nanoTime;

    private Builder(
        NextTokenScorer scorer, SemanticIdIndex index, CodeTokens tokens, DecoderPrompt prompt) {
      this.scorer = Objects.requireNonNull(scorer, "scorer");
      this.index = Objects.requireNonNull(index, "index");
      this.tokens = Objects.requireNonNull(tokens, "tokens");
      this.prompt = Objects.requireNonNull(prompt, "prompt");
    }

    /**
     * Sets how items are decoded.
     *
     * @param options the options; a width of {@value #DEFAULT_WIDTH} unless set
     * @return this
     */
    public Builder options(BeamOptions options) {
      this.options = Objects.requireNonNull(options, "options");
      return this;
    }

    /**
     * Sets who answers if there is no prompt, as for an empty history, or no item was found.
     *
     * @param fallback who answers; not closed by the decoder
     * @return this
     */
    public Builder fallback(SequenceRecommender fallback) {
      this.fallback = Objects.requireNonNull(fallback, "fallback");
      return this;
    }

    /**
     * Sets how many requests share a run of the model in {@link BeamDecoder#recommendAll}.
     *
     * @param batchSize at least 1; {@value #DEFAULT_BATCH} unless set
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Builder batchSize(int batchSize) {
      if (batchSize < 1) {
        throw new IllegalArgumentException("batchSize: expected at least 1, found " + batchSize);
      }
      this.batchSize = batchSize;
      return this;
    }

    /**
     * Sets the source and the version that answers name.
     *
     * @param source the source of each item; {@value BeamDecoder#SOURCE} unless set
     * @param modelVersion the version of the model; empty unless set
     * @return this
     */
    public Builder named(String source, String modelVersion) {
      this.source = Objects.requireNonNull(source, "source");
      this.modelVersion = Objects.requireNonNull(modelVersion, "modelVersion");
      return this;
    }

    /** Sets what tells the time, in nanoseconds. */
    Builder clock(LongSupplier clock) {
      this.clock = clock;
      return this;
    }

    /**
     * Makes the decoder.
     *
     * @return the decoder, which owns the scorer
     * @throws IllegalArgumentException if a code has no token of the model's vocabulary or shares
     *     it with another code of its level, the end token is not of the vocabulary, or lengths are
     *     unequal and there is no end token
     */
    public BeamDecoder build() {
      int vocabularySize = scorer.vocabularySize();
      CodeShape shape = index.shape();
      tokens.check(shape, vocabularySize);
      int end = options.endToken().orElse(0);
      if (end >= vocabularySize) {
        throw new IllegalArgumentException(
            "endToken: expected 0 to %d, as the model has them, found %d"
                .formatted(vocabularySize - 1, end));
      }
      if (options.endToken().isEmpty() && shape.hasUnequalLengths()) {
        throw new IllegalArgumentException(
            "endToken: expected one, because codes of unequal length may begin one another,"
                + " found none");
      }
      return new BeamDecoder(this);
    }
  }
}
