package io.recommender.ann.semantic;

import io.recommender.spi.GenerativeModel.Normalization;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How items are decoded. Each method returns changed options, so they can be written as a chain.
 *
 * <pre>{@code
 * BeamOptions options = BeamOptions.of(20).timeout(Duration.ofMillis(50));
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class BeamOptions {

  private final int width;
  private final Normalization normalization;
  private final double lengthPenalty;
  private final int branches;
  private final int endToken;
  private final @Nullable Duration timeout;
  private final long timeoutNanos;

  private BeamOptions(
      int width,
      Normalization normalization,
      double lengthPenalty,
      int branches,
      int endToken,
      @Nullable Duration timeout,
      long timeoutNanos) {
    this.width = width;
    this.normalization = normalization;
    this.lengthPenalty = lengthPenalty;
    this.branches = branches;
    this.endToken = endToken;
    this.timeout = timeout;
    this.timeoutNanos = timeoutNanos;
  }

  /**
   * Returns options.
   *
   * @param width how many beginnings of items are kept in each step, at least 1 and at least the k
   *     of every request: more finds more of the items that the model likes best, and costs about
   *     so much more
   * @return options with probabilities over the vocabulary, without length penalty, limit of
   *     branches, end token or timeout
   */
  public static BeamOptions of(int width) {
    return new BeamOptions(
        atLeastOne("width", width),
        Normalization.VOCABULARY,
        0,
        Integer.MAX_VALUE,
        -1,
        null,
        Long.MAX_VALUE);
  }

  private static int atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": expected at least 1, found " + value);
    }
    return value;
  }

  /**
   * Sets how many beginnings of items are kept in each step.
   *
   * @param width at least 1
   * @return changed options
   */
  public BeamOptions width(int width) {
    return new BeamOptions(
        atLeastOne("width", width),
        normalization,
        lengthPenalty,
        branches,
        endToken,
        timeout,
        timeoutNanos);
  }

  /**
   * Sets over what probabilities add up to one, as the model was trained.
   *
   * @param normalization the choice
   * @return changed options
   */
  public BeamOptions normalization(Normalization normalization) {
    Objects.requireNonNull(normalization, "normalization");
    return new BeamOptions(
        width, normalization, lengthPenalty, branches, endToken, timeout, timeoutNanos);
  }

  /**
   * Sets by what power of its length the score of an item is divided, the end token counted. It
   * matters where lengths are unequal: with 0 a score is the log-probability of the item and longer
   * items have lower ones, with 1 it is that of a token on average.
   *
   * @param lengthPenalty finite; 0 unless set
   * @return changed options
   */
  public BeamOptions lengthPenalty(double lengthPenalty) {
    if (!Double.isFinite(lengthPenalty)) {
      throw new IllegalArgumentException(
          "lengthPenalty: expected a finite number, found " + lengthPenalty);
    }
    return new BeamOptions(
        width, normalization, lengthPenalty, branches, endToken, timeout, timeoutNanos);
  }

  /**
   * Limits how many continuations of one beginning are kept in a step after the first, so that
   * beams do not all come from one family and answers are more diverse (after Li, Monroe and
   * Jurafsky, "A Simple, Fast Diverse Decoding Algorithm for Neural Generation", 2016, with a limit
   * in place of their penalty).
   *
   * @param branches at least 1; no limit unless set
   * @return changed options
   */
  public BeamOptions branches(int branches) {
    return new BeamOptions(
        width,
        normalization,
        lengthPenalty,
        atLeastOne("branches", branches),
        endToken,
        timeout,
        timeoutNanos);
  }

  /**
   * Sets the token that the model writes after an item, whose log-probability then belongs to that
   * of the item. Needed where lengths are unequal, because one item may be the beginning of
   * another; elsewhere it costs one run of the model.
   *
   * @param endToken a token of the vocabulary that is no code
   * @return changed options
   */
  public BeamOptions endToken(int endToken) {
    if (endToken < 0) {
      throw new IllegalArgumentException("endToken: expected at least 0, found " + endToken);
    }
    return new BeamOptions(
        width, normalization, lengthPenalty, branches, endToken, timeout, timeoutNanos);
  }

  /**
   * Limits the time of an answer. It is looked at between runs of the model; what has been found by
   * then is returned, or the answer of the fallback if nothing has.
   *
   * @param timeout more than zero
   * @return changed options
   */
  public BeamOptions timeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("timeout: expected more than zero, found " + timeout);
    }
    long nanos;
    try {
      nanos = timeout.toNanos();
    } catch (ArithmeticException e) {
      nanos = Long.MAX_VALUE;
    }
    return new BeamOptions(width, normalization, lengthPenalty, branches, endToken, timeout, nanos);
  }

  /** {@return how many beginnings of items are kept in each step} */
  public int width() {
    return width;
  }

  /** {@return over what probabilities add up to one} */
  public Normalization normalization() {
    return normalization;
  }

  /** {@return by what power of its length the score of an item is divided} */
  public double lengthPenalty() {
    return lengthPenalty;
  }

  /** {@return how many continuations of one beginning are kept in a step} */
  public int branches() {
    return branches;
  }

  /** {@return the token that ends an item, if there is one} */
  public OptionalInt endToken() {
    return endToken < 0 ? OptionalInt.empty() : OptionalInt.of(endToken);
  }

  /** {@return the limit of the time of an answer, if there is one} */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(timeout);
  }

  /** {@return the timeout, or the largest number} */
  long timeoutNanos() {
    return timeoutNanos;
  }

  @Override
  public String toString() {
    return "BeamOptions[width=%d, %s, lengthPenalty=%s, branches=%s, endToken=%s, timeout=%s]"
        .formatted(
            width,
            normalization,
            lengthPenalty,
            branches == Integer.MAX_VALUE ? "all" : branches,
            endToken < 0 ? "none" : endToken,
            timeout == null ? "none" : timeout);
  }
}
