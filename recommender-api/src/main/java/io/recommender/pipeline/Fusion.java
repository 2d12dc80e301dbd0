package io.recommender.pipeline;

import java.util.Arrays;

/**
 * Makes one ranking of the rankings of several sources.
 *
 * <p><b>Order.</b> By descending fused score; equal scores by the first source, in declared order,
 * that proposed the item, then by the rank it has there.
 *
 * <p><b>Immutable</b>.
 */
public final class Fusion {
  /** The constant of {@link #reciprocalRank()}, as in the paper. */
  public static final int DEFAULT_RANK_CONSTANT = 60;

  private final String name;
  private final Scoring scoring;

  private Fusion(String name, Scoring scoring) {
    this.name = name;
    this.scoring = scoring;
  }

  /** Gives every candidate a score. Sources are the first proposers, one for each weight. */
  @FunctionalInterface
  private interface Scoring {
    double[] scores(Candidates candidates, double[] weights);
  }

  /** How the scores of a source are made comparable with those of others. */
  public enum Normalization {
    /**
     * As they are: for sources whose scores have one scale, such as probabilities. An item that a
     * source does not propose gets 0 from it.
     */
    NONE,
    /** To [0, 1] over the list of each source, its worst 0 and its best 1; equal scores are 1. */
    MIN_MAX
  }

  /**
   * Sums weight / (60 + rank) over the sources: Cormack, Clarke and Büttcher, "Reciprocal Rank
   * Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009. Needs no
   * comparable scores.
   *
   * @return the fusion
   */
  public static Fusion reciprocalRank() {
    return reciprocalRank(DEFAULT_RANK_CONSTANT);
  }

  /**
   * Sums weight / (constant + rank) over the sources.
   *
   * @param constant at least 0; the larger, the less the first ranks stand out
   * @return the fusion
   * @throws IllegalArgumentException if the constant is negative
   */
  public static Fusion reciprocalRank(int constant) {
    if (constant < 0) {
      throw new IllegalArgumentException("constant: expected at least 0, found " + constant);
    }
    return new Fusion(
        "reciprocalRank(" + constant + ")",
        (candidates, weights) -> {
          double[] scores = new double[candidates.size()];
          for (int i = 0; i < scores.length; i++) {
            for (int source = 0; source < weights.length; source++) {
              int rank = candidates.rank(i, source);
              if (rank > 0) {
                scores[i] += weights[source] / ((double) constant + rank);
              }
            }
          }
          return scores;
        });
  }

  /**
   * Sums weight · score over the sources, with scores made comparable first.
   *
   * @param normalization how
   * @return the fusion
   */
  public static Fusion weighted(Normalization normalization) {
    boolean isMinMax = normalization == Normalization.MIN_MAX;
    return new Fusion(
        "weighted(" + normalization + ")",
        (candidates, weights) -> {
          double[] scores = new double[candidates.size()];
          for (int source = 0; source < weights.length; source++) {
            addWeighted(scores, candidates, source, weights[source], isMinMax);
          }
          return scores;
        });
  }

  private static void addWeighted(
      double[] scores, Candidates candidates, int source, double weight, boolean isMinMax) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < scores.length; i++) {
      if (candidates.rank(i, source) > 0) {
        min = Math.min(min, candidates.score(i, source));
        max = Math.max(max, candidates.score(i, source));
      }
    }
    // Halves, because the difference of two large numbers may be infinite.
    double range = max / 2 - min / 2;
    for (int i = 0; i < scores.length; i++) {
      if (candidates.rank(i, source) > 0) {
        double score = candidates.score(i, source);
        if (isMinMax) {
          score = range > 0 ? (score / 2 - min / 2) / range : 1;
        }
        double sum = scores[i] + weight * score;
        scores[i] = Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, sum));
      }
    }
  }

  /**
   * Takes turns: of the sources in declared order, each gives its best item that is not there yet,
   * as often as its weight says (with weights 2 and 1, two of three turns are the first one's). The
   * score is 1 / place.
   *
   * @return the fusion
   */
  public static Fusion interleaved() {
    return new Fusion("interleaved", Fusion::interleave);
  }

  /** Stride scheduling: a source's j-th turn is at time j / weight, equal times by source. */
  private static double[] interleave(Candidates candidates, double[] weights) {
    int[][] lists = new int[weights.length][];
    for (int source = 0; source < weights.length; source++) {
      lists[source] = byRank(candidates, source);
    }
    double[] scores = new double[candidates.size()];
    int[] turns = new int[weights.length];
    int[] next = new int[weights.length];
    for (int place = 1; place <= scores.length; ) {
      int turn = -1;
      for (int source = 0; source < weights.length; source++) {
        if (next[source] < lists[source].length
            && (turn < 0
                || (turns[source] + 1) / weights[source] < (turns[turn] + 1) / weights[turn])) {
          turn = source;
        }
      }
      turns[turn]++;
      while (next[turn] < lists[turn].length) {
        int item = lists[turn][next[turn]++];
        if (scores[item] == 0) {
          scores[item] = 1.0 / place++;
          break;
        }
      }
    }
    return scores;
  }

  private static int[] byRank(Candidates candidates, int source) {
    int[] list = new int[candidates.size()];
    double[] ranks = new double[candidates.size()];
    int count = 0;
    for (int i = 0; i < ranks.length; i++) {
      int rank = candidates.rank(i, source);
      ranks[i] = rank == 0 ? Double.NEGATIVE_INFINITY : -rank;
      count += rank == 0 ? 0 : 1;
    }
    System.arraycopy(Order.descending(ranks, ranks.length), 0, list, 0, count);
    return Arrays.copyOf(list, count);
  }

  double[] scores(Candidates candidates, double[] weights) {
    return scoring.scores(candidates, weights);
  }

  @Override
  public String toString() {
    return name;
  }
}
