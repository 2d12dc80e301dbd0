package io.recommender.ann.text;

/**
 * The part of a score that depends on the length of an item and on how often it has a term.
 *
 * <p><b>Immutable</b>.
 */
final class KeywordScores {
  /** Weights up to this, as counts of words nearly always are, have their scores in a table. */
  static final int SMALL = 4;

  /** Whether scores depend on lengths. */
  final boolean byLength;

  /** The norm of an item without length, and what a unit of length adds to it. */
  private final double leastNorm;

  private final double normOfLength;

  KeywordScores(double k1, double b, double meanLength) {
    byLength = b > 0;
    leastNorm = k1 * (1 - b);
    normOfLength = k1 * b / meanLength;
  }

  double norm(float length) {
    return leastNorm + normOfLength * length;
  }

  /** Divides twice, because this rounds to an order that is that of the exact values. */
  static double score(double factor, double norm, float weight) {
    return factor / (1 + norm / weight);
  }

  /** Returns the score of a weight, from a table where it is small. */
  static double score(double factor, double norm, float weight, double[] ofSmall) {
    int small = (int) weight;
    return small > 0 && small <= SMALL && small == weight
        ? ofSmall[small]
        : score(factor, norm, weight);
  }

  /** Writes the scores of the weights 1 to {@link #SMALL} of a term in items of one norm. */
  static void ofSmall(double factor, double norm, double[] ofSmall) {
    for (int weight = SMALL; weight > 0; weight--) {
      ofSmall[weight] = score(factor, norm, weight);
    }
  }
}
