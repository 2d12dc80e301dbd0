package io.recommender;

import java.util.Objects;

/**
 * A model, a bundle, a file or a device is not what it has to be.
 *
 * <p>Arguments of a caller that are wrong in themselves are an {@link IllegalArgumentException};
 * use after close is an {@link IllegalStateException}; everything that a model file or an engine
 * does wrong is this exception, whose message names what was expected and what was found. The
 * object that threw it stays usable unless the message says otherwise.
 */
public final class RecommenderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** A bundle is incomplete, damaged, inconsistent, or answers its golden requests wrongly. */
    BUNDLE_INVALID,
    /**
     * A tensor of the graph has another name, type or shape than the manifest needs, or a number or
     * tensor of an item or a request is absent or has another shape than the graph takes.
     */
    SHAPE_MISMATCH,
    /** The graph uses an operator or an opset that this runtime does not have. */
    UNSUPPORTED_OPERATOR,
    /** A history holds an item outside the catalogue and the policy is to fail. */
    UNKNOWN_ITEM,
    /** The device that was asked for cannot be used. */
    DEVICE_UNAVAILABLE,
    /** A run of the model failed. */
    INFERENCE_FAILED,
    /** A run of the model produced NaN or infinity. */
    NON_FINITE_OUTPUT,
    /** A file of an index is damaged, of another kind, or of a version that cannot be read. */
    SNAPSHOT_INVALID,
    /** What is to be saved is based on another state than the file has. */
    SNAPSHOT_STALE,
    /** The file system did not read or write a file of an index. */
    STORAGE_FAILED,
    /** A file of a pipeline is not one, or names a part that the application did not supply. */
    PIPELINE_INVALID,
    /** Every source of an answer failed, and no fallback answered. */
    ALL_SOURCES_FAILED,
    /** A model that was to take the place of another does not answer as it has to. */
    MODEL_REFUSED,
    /** More calls wait than are allowed to, or the time a call may wait was over. */
    OVERLOADED
  }

  /** What went wrong. */
  private final Kind kind;

  /**
   * Creates an exception.
   *
   * @param kind what went wrong
   * @param message what was expected and what was found
   */
  public RecommenderException(Kind kind, String message) {
    super(message);
    this.kind = Objects.requireNonNull(kind, "kind");
  }

  /**
   * Creates an exception with a cause.
   *
   * @param kind what went wrong
   * @param message what was expected and what was found
   * @param cause what the engine or the file system said
   */
  public RecommenderException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind, "kind");
  }

  /** {@return what went wrong} */
  public Kind kind() {
    return kind;
  }
}
