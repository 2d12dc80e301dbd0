package io.recommender.ann.neighbors;

/**
 * How {@link EaseRecommender} is fitted. Each method returns changed options, so they can be
 * written as a chain.
 *
 * <p><b>Immutable</b>.
 */
public final class EaseOptions {
  static final long MEMORY_LIMIT = 2L << 30;

  private final double lambda;
  private final long memoryLimit;
  private final long userBytes;

  private EaseOptions(double lambda, long memoryLimit, long userBytes) {
    this.lambda = lambda;
    this.memoryLimit = memoryLimit;
    this.userBytes = userBytes;
  }

  /**
   * Returns options.
   *
   * @param lambda how strongly large weights are held down, above 0: the fewer interactions, the
   *     more; several hundred for a log of a few million
   * @return options with a memory limit of 2 GiB, and 64 MiB of users
   */
  public static EaseOptions of(double lambda) {
    if (!(lambda > 0 && lambda < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "lambda: expected a finite number above 0, found " + lambda);
    }
    return new EaseOptions(lambda, MEMORY_LIMIT, EventCounts.DEFAULT_USER_BYTES);
  }

  /**
   * Sets how much memory a fit may take.
   *
   * @param bytes at least 1; 2 GiB unless set
   * @return changed options
   */
  public EaseOptions memoryLimit(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("memoryLimit: expected at least 1, found " + bytes);
    }
    return new EaseOptions(lambda, bytes, userBytes);
  }

  /**
   * Sets how many bytes may be kept of users, so that their next events are counted with those
   * before, and all can be forgotten.
   *
   * @param bytes at least 0; 64 MiB unless set. 0 keeps nothing of anybody, and only events that
   *     are observed together are of one user
   * @return changed options
   */
  public EaseOptions userBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("userBytes: expected at least 0, found " + bytes);
    }
    return new EaseOptions(lambda, memoryLimit, bytes);
  }

  /** {@return how strongly large weights are held down} */
  public double lambda() {
    return lambda;
  }

  /** {@return how much memory a fit may take, in bytes} */
  public long memoryLimit() {
    return memoryLimit;
  }

  /** {@return how many bytes may be kept of users} */
  public long userBytes() {
    return userBytes;
  }

  @Override
  public String toString() {
    return "EaseOptions[lambda=%s, memoryLimit=%d, userBytes=%d]"
        .formatted(lambda, memoryLimit, userBytes);
  }
}
