package io.recommender.onnx;

import io.recommender.ItemIndexFactory;
import java.util.Objects;
import java.util.Optional;
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

  private static final BundleOptions DEFAULTS =
      new BundleOptions(OnnxOptions.defaults(), null, 1, DEFAULT_MAX_BATCH, DEFAULT_MAX_TOKENS);

  private final OnnxOptions onnx;
  private final @Nullable ItemIndexFactory index;
  private final double goldenRecall;
  private final int maxBatch;
  private final int maxTokens;

  private BundleOptions(
      OnnxOptions onnx,
      @Nullable ItemIndexFactory index,
      double goldenRecall,
      int maxBatch,
      int maxTokens) {
    this.onnx = onnx;
    this.index = index;
    this.goldenRecall = goldenRecall;
    this.maxBatch = maxBatch;
    this.maxTokens = maxTokens;
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
    return new BundleOptions(
        Objects.requireNonNull(onnx, "onnx"), index, goldenRecall, maxBatch, maxTokens);
  }

  /**
   * Sets which index answers for a model that ends in a user vector. Such a bundle cannot be opened
   * without one; other bundles do not use it.
   *
   * @param index makes the index, such as {@code FlatIndex::new}
   * @return a copy
   */
  public BundleOptions index(ItemIndexFactory index) {
    return new BundleOptions(
        onnx, Objects.requireNonNull(index, "index"), goldenRecall, maxBatch, maxTokens);
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
    return new BundleOptions(onnx, index, goldenRecall, maxBatch, maxTokens);
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
    return new BundleOptions(onnx, index, goldenRecall, maxBatch, maxTokens);
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
    return new BundleOptions(onnx, index, goldenRecall, maxBatch, maxTokens);
  }

  /** {@return how the model is run} */
  public OnnxOptions onnx() {
    return onnx;
  }

  /** {@return which index answers for a model that ends in a user vector} */
  public Optional<ItemIndexFactory> index() {
    return Optional.ofNullable(index);
  }

  /** {@return which part of the items of the golden requests an index has to find} */
  public double goldenRecall() {
    return goldenRecall;
  }

  /** {@return the largest number of requests, or items to encode, in one run of the model} */
  public int maxBatch() {
    return maxBatch;
  }

  /** {@return the largest number of tokens in one run of an encoder of texts} */
  public int maxTokens() {
    return maxTokens;
  }
}
