package io.recommender;

/** What the scores of an answer mean. Whatever the kind, higher is better. */
public enum ScoreKind {
  /** An unbounded model output; differences matter, absolute values do not. */
  LOGIT,
  /** A probability in [0, 1]. */
  PROBABILITY,
  /** A natural logarithm of a probability, at most 0. */
  LOG_PROBABILITY,
  /** An inner product of vectors. */
  DOT,
  /** A cosine in [-1, 1]. */
  COSINE,
  /** A negative squared Euclidean distance, at most 0. */
  NEGATIVE_SQUARED_L2,
  /** Anything else, such as counts or fused ranks. */
  OTHER
}
