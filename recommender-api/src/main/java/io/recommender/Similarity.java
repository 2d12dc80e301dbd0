package io.recommender;

/** How two vectors are compared. A higher score is always better. */
public enum Similarity {
  /** The inner product, on vectors of any length. */
  DOT,
  /** The cosine of the angle; a vector of zeros has cosine 0 with everything. */
  COSINE,
  /** The negative squared Euclidean distance. */
  L2;

  /** {@return what the scores of this similarity are} */
  public ScoreKind scoreKind() {
    return switch (this) {
      case DOT -> ScoreKind.DOT;
      case COSINE -> ScoreKind.COSINE;
      case L2 -> ScoreKind.NEGATIVE_SQUARED_L2;
    };
  }
}
