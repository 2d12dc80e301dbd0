package io.recommender.pipeline;

import java.util.Arrays;

/**
 * The choices of maximal marginal relevance, one after the other.
 *
 * <p>A candidate's value only falls as more are chosen, so its last known value is a bound. Only
 * the block of candidates with the greatest bound is compared with the choices that it was not yet
 * compared with; once the greatest bound is a value, it is chosen. That is the lazy greedy of
 * Minoux, "Accelerated greedy algorithms for maximizing submodular set functions", 1978, by blocks,
 * and its choices are those of comparing all.
 *
 * <p><b>Confined</b>.
 */
final class MarginalRelevance {
  private static final int BLOCK = Similarities.BLOCK;

  private final Similarities similarities;
  private final double lambda;

  /** Relevance times lambda; minus infinity once chosen, and beyond the last candidate. */
  private final double[] weighted;

  /** The greatest cosine with the choices that a block was compared with. */
  private final float[] closest;

  private final float[] cosines = new float[BLOCK];

  /** For each block: how many choices it was compared with, its best candidate, its bound. */
  private final int[] compared;

  private final int[] best;
  private final double[] bounds;
  private final int[] chosen;
  private int count;

  MarginalRelevance(Similarities similarities, double[] relevance, double lambda) {
    this.similarities = similarities;
    this.lambda = lambda;
    int blocks = similarities.blockCount();
    weighted = new double[blocks * BLOCK];
    Arrays.fill(weighted, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < relevance.length; i++) {
      weighted[i] = lambda * relevance[i];
    }
    closest = new float[blocks * BLOCK];
    compared = new int[blocks];
    best = new int[blocks];
    bounds = new double[blocks];
    chosen = new int[relevance.length];
    // Nothing is chosen yet: the first choice is by relevance alone.
    for (int block = 0; block < blocks; block++) {
      bound(block);
    }
  }

  /** Returns the next choice; to be called at most as often as there are candidates. */
  int next() {
    int block = greatest();
    while (compared[block] < count) {
      compare(block);
      block = greatest();
    }
    int choice = best[block];
    chosen[count++] = choice;
    weighted[choice] = Double.NEGATIVE_INFINITY;
    if (count == 1) {
      Arrays.fill(closest, -1);
      for (int each = 0; each < bounds.length; each++) {
        bound(each);
      }
    } else {
      bound(block);
    }
    return choice;
  }

  private int greatest() {
    int greatest = 0;
    for (int block = 1; block < bounds.length; block++) {
      if (bounds[block] > bounds[greatest]) {
        greatest = block;
      }
    }
    return greatest;
  }

  private void compare(int block) {
    int from = block * BLOCK;
    for (int i = compared[block]; i < count; i++) {
      similarities.cosines(chosen[i], block, cosines);
      for (int j = 0; j < BLOCK; j++) {
        closest[from + j] = Math.max(closest[from + j], cosines[j]);
      }
    }
    compared[block] = count;
    bound(block);
  }

  /** Finds the best candidate of a block by what is known; of equal ones, the first. */
  private void bound(int block) {
    int from = block * BLOCK;
    int index = from;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + BLOCK; i++) {
      double value = weighted[i] - (1 - lambda) * closest[i];
      if (value > most) {
        most = value;
        index = i;
      }
    }
    best[block] = index;
    bounds[block] = most;
  }
}
