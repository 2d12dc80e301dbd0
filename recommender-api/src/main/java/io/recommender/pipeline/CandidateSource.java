package io.recommender.pipeline;

import io.recommender.HistoryTransform;
import io.recommender.SequenceRecommender;
import java.util.Objects;

/**
 * A recommender that proposes candidates to a pipeline, under a name.
 *
 * <p><b>Immutable</b>; each of the methods {@link #weight}, {@link #depth}, {@link
 * #maxConcurrentCalls} and {@link #transform} returns a changed copy.
 */
public final class CandidateSource {
  /** How many candidates a source is asked for unless it says otherwise. */
  public static final int DEFAULT_DEPTH = 100;

  private final String name;
  private final SequenceRecommender recommender;
  private final double weight;
  private final int depth;
  private final int maxConcurrentCalls;
  private final HistoryTransform transform;

  private CandidateSource(
      String name,
      SequenceRecommender recommender,
      double weight,
      int depth,
      int maxConcurrentCalls,
      HistoryTransform transform) {
    this.name = name;
    this.recommender = recommender;
    this.weight = weight;
    this.depth = depth;
    this.maxConcurrentCalls = maxConcurrentCalls;
    this.transform = transform;
  }

  /**
   * Returns a source of weight 1 that is asked for {@value #DEFAULT_DEPTH} candidates.
   *
   * @param name what it is called in answers, traces and notices; not empty
   * @param recommender what answers; stays the caller's to close
   * @return the source
   * @throws IllegalArgumentException if the name is empty
   */
  public static CandidateSource of(String name, SequenceRecommender recommender) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name of a source: expected a non-empty string");
    }
    return new CandidateSource(
        name,
        Objects.requireNonNull(recommender, "recommender"),
        1,
        DEFAULT_DEPTH,
        0,
        history -> history);
  }

  /**
   * Returns this source with a weight, its part in the fusion. One of weight 0 leaves what others
   * propose in its order, but for ties that it breaks if it is declared before them.
   *
   * @param weight finite, at least 0
   * @return a copy
   * @throws IllegalArgumentException if the weight is not
   */
  public CandidateSource weight(double weight) {
    if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "weight of source '%s': expected a finite number of at least 0, found %s"
              .formatted(name, weight));
    }
    return new CandidateSource(name, recommender, weight, depth, maxConcurrentCalls, transform);
  }

  /**
   * Returns this source with a depth, the number of candidates it is asked for. A request for more
   * items than that asks for as many.
   *
   * @param depth at least 1
   * @return a copy
   * @throws IllegalArgumentException if the depth is below 1
   */
  public CandidateSource depth(int depth) {
    return new CandidateSource(
        name, recommender, weight, positive("depth", depth), maxConcurrentCalls, transform);
  }

  /**
   * Returns this source with a bulkhead: when that many calls are under way, it is not asked, and
   * the answer says so. Calls that a deadline gave up count until they end.
   *
   * @param maxConcurrentCalls at least 1
   * @return a copy
   * @throws IllegalArgumentException if the number is below 1
   */
  public CandidateSource maxConcurrentCalls(int maxConcurrentCalls) {
    return new CandidateSource(
        name,
        recommender,
        weight,
        depth,
        positive("maxConcurrentCalls", maxConcurrentCalls),
        transform);
  }

  /**
   * Returns this source with a transform of the history that it alone reads, after those of the
   * pipeline and those this source has: so that one source reads what was done with books, and
   * another what was bought. It runs as part of the call of the source. What it throws costs the
   * answer of this source and no more; items that it adds from outside the catalogue of the
   * pipeline are dropped.
   *
   * @param transform the transform
   * @return a copy
   */
  public CandidateSource transform(HistoryTransform transform) {
    return new CandidateSource(
        name, recommender, weight, depth, maxConcurrentCalls, this.transform.andThen(transform));
  }

  private int positive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s of source '%s': expected at least 1, found %d".formatted(what, name, value));
    }
    return value;
  }

  /** {@return what it is called} */
  public String name() {
    return name;
  }

  SequenceRecommender recommender() {
    return recommender;
  }

  HistoryTransform transform() {
    return transform;
  }

  double weight() {
    return weight;
  }

  int depth() {
    return depth;
  }

  /** {@return the limit, 0 if none was set} */
  int maxConcurrentCalls() {
    return maxConcurrentCalls;
  }

  @Override
  public String toString() {
    return "CandidateSource[%s, weight %s, depth %d]".formatted(name, weight, depth);
  }
}
