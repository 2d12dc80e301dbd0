package io.recommender.onnx;

import io.recommender.ItemIndexFactory;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a bundle is opened. Each method returns a changed copy.
 *
 * <p><b>Immutable</b>.
 */
public final class BundleOptions {
  /** The largest number of requests in one run of a model unless set otherwise. */
  public static final int DEFAULT_MAX_BATCH = 64;

  /** The largest number of tokens in one run of an encoder unless set otherwise. */
  public static final int DEFAULT_MAX_TOKENS = 512;

  private static final BundleOptions DEFAULTS = new BundleOptions(new Settings());

  private final Settings settings;

  private BundleOptions(Settings settings) {
    this.settings = settings;
  }

  /** What can be set; once it is in options, nobody changes it. */
  private static final class Settings {
    OnnxOptions onnx = OnnxOptions.defaults();
    @Nullable ItemIndexFactory index;
    double goldenRecall = 1;
    int maxBatch = DEFAULT_MAX_BATCH;
    int maxTokens = DEFAULT_MAX_TOKENS;
    SharedCall.Helpers helpers = SharedCall.Helpers.NONE;
    Diffusion.@Nullable Sampling sampling;

    Settings copy() {
      Settings copy = new Settings();
      copy.onnx = onnx;
      copy.index = index;
      copy.goldenRecall = goldenRecall;
      copy.maxBatch = maxBatch;
      copy.maxTokens = maxTokens;
      copy.helpers = helpers;
      copy.sampling = sampling;
      return copy;
    }
  }

  private BundleOptions with(Consumer<Settings> change) {
    Settings changed = settings.copy();
    change.accept(changed);
    return new BundleOptions(changed);
  }

  /** {@return the default options of the runtime, no index} */
  public static BundleOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets how the model is run.
   *
   * @param onnx the options
   * @return a copy
   */
  public BundleOptions onnx(OnnxOptions onnx) {
    Objects.requireNonNull(onnx, "onnx");
    return with(changed -> changed.onnx = onnx);
  }

  /**
   * Sets which index answers for a model that ends in a user vector. Such a bundle cannot be opened
   * without one; other bundles do not use it.
   *
   * @param index makes the index, such as {@code FlatIndex::new}
   * @return a copy
   */
  public BundleOptions index(ItemIndexFactory index) {
    Objects.requireNonNull(index, "index");
    return with(changed -> changed.index = index);
  }

  /**
   * Sets which part of the items of the golden requests an index has to find for the bundle to
   * open. An exact index finds them all; one that searches a graph may miss some. The items that it
   * finds have to have the scores of the golden requests all the same, and others none above
   * theirs.
   *
   * @param goldenRecall from 0 to 1; 1 if never set
   * @return a copy
   */
  public BundleOptions goldenRecall(double goldenRecall) {
    if (!(goldenRecall >= 0 && goldenRecall <= 1)) {
      throw new IllegalArgumentException(
          "goldenRecall: expected a number from 0 to 1, found " + goldenRecall);
    }
    return with(changed -> changed.goldenRecall = goldenRecall);
  }

  /**
   * Sets the largest number of requests, or items to encode, in one run of the model. Larger
   * batches are split, and so are those whose output would exceed 64 MiB. A graph with a fixed
   * batch keeps it.
   *
   * @param maxBatch at least 1
   * @return a copy
   */
  public BundleOptions maxBatch(int maxBatch) {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch: expected at least 1, found " + maxBatch);
    }
    return with(changed -> changed.maxBatch = maxBatch);
  }

  /**
   * Sets the largest number of tokens, padding included, in one run of an encoder of texts; a text
   * longer than that runs alone. On a CPU the default keeps the states of a layer in the cache, and
   * larger runs are slower; a GPU wants many times more.
   *
   * @param maxTokens at least 1
   * @return a copy
   */
  public BundleOptions maxTokens(int maxTokens) {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected at least 1, found " + maxTokens);
    }
    return with(changed -> changed.maxTokens = maxTokens);
  }

  /**
   * Sets how a model of contract {@code SEQ_DIFFUSION} samples the vector of a user, in place of
   * what its bundle says; other bundles do not use it. The golden requests are answered as the
   * bundle says.
   *
   * @param steps how many runs of the denoising graph a vector takes, at least 1 and at most as
   *     many as its noise schedule has times, which opening the bundle checks; fewer are faster
   * @param eta how much of the noise is drawn anew at each step: 0 for none (DDIM), so that only
   *     the vector that the steps begin with is random, 1 for all of it (DDPM)
   * @return a copy
   * @throws IllegalArgumentException if a number is out of its range
   */
  public BundleOptions sampling(int steps, double eta) {
    Diffusion.Sampling sampling = new Diffusion.Sampling(steps, eta);
    return with(changed -> changed.sampling = sampling);
  }

  /**
   * Sets who shares the work of one call to an encoder of items with the calling thread. A single
   * caller who encodes a catalogue on n cores is done soonest with n threads here and one thread
   * for each run ({@link OnnxOptions#intraOpThreads}), since those do not wait for each other
   * inside a run. Whoever has as many callers as cores gains nothing.
   *
   * <p>The calling thread takes part, and waits only for tasks that have begun. So every call comes
   * to its end, with the same vectors, if the executor refuses tasks, never begins them, is shut
   * down or runs them in the calling thread. A task that begins too late does nothing.
   *
   * <p><b>Lifetime.</b> The encoder keeps the executor for as long as it lives and never shuts it
   * down.
   *
   * <p><b>Errors.</b> {@link java.util.concurrent.RejectedExecutionException} is no error. What
   * else {@link Executor#execute} throws comes out of the call; the encoder stays usable.
   *
   * @param executor the executor, shared by any number of encoders
   * @param threads how many threads work on one call, the calling one included; at least 1, which
   *     is the default
   * @return a copy
   */
  public BundleOptions executor(Executor executor, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: expected at least 1, found " + threads);
    }
    SharedCall.Helpers helpers =
        new SharedCall.Helpers(Objects.requireNonNull(executor, "executor"), threads);
    return with(changed -> changed.helpers = helpers);
  }

  /** {@return how the model is run} */
  public OnnxOptions onnx() {
    return settings.onnx;
  }

  /** {@return which index answers for a model that ends in a user vector} */
  public Optional<ItemIndexFactory> index() {
    return Optional.ofNullable(settings.index);
  }

  /** {@return which part of the items of the golden requests an index has to find} */
  public double goldenRecall() {
    return settings.goldenRecall;
  }

  /** {@return the largest number of requests, or items to encode, in one run of the model} */
  public int maxBatch() {
    return settings.maxBatch;
  }

  /** How the vector of a user is sampled, if not as the bundle says. */
  Optional<Diffusion.Sampling> sampling() {
    return Optional.ofNullable(settings.sampling);
  }

  /** Who shares the work of a call to an encoder. */
  SharedCall.Helpers helpers() {
    return settings.helpers;
  }

  /** {@return the largest number of tokens in one run of an encoder of texts} */
  public int maxTokens() {
    return settings.maxTokens;
  }
}
