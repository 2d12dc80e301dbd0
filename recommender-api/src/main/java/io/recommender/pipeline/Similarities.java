package io.recommender.pipeline;

import io.recommender.ScoredItem;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The cosines of one candidate with all, computed when asked for.
 *
 * <p>The vectors lie by dimension, not by candidate: a row of cosines is then a sum of rows, which
 * a JIT compiler turns into vector instructions without changing the order of any sum. A candidate
 * without a vector has cosine 0 with every other.
 *
 * <p><b>Confined</b>.
 */
final class Similarities {
  private static final float[] NONE = {};

  private final int size;
  private final int dimension;

  /** Row d holds component d of all candidates. */
  private final float[] columns;

  Similarities(List<ScoredItem> candidates, Function<? super String, Optional<float[]>> vectors) {
    size = candidates.size();
    float[][] rows = new float[size][];
    int length = 0;
    for (int i = 0; i < size; i++) {
      rows[i] = vectors.apply(candidates.get(i).itemId()).orElse(NONE);
      if (rows[i].length != 0) {
        if (length != 0 && rows[i].length != length) {
          throw new IllegalArgumentException(
              "vector of item '%s': length %d, expected %d"
                  .formatted(candidates.get(i).itemId(), rows[i].length, length));
        }
        length = rows[i].length;
      }
    }
    // Four rows are added at a time; the ones that make it even are zero.
    dimension = (length + 3) & ~3;
    columns = new float[dimension * size];
    for (int i = 0; i < size; i++) {
      for (int d = 0; d < rows[i].length; d++) {
        columns[d * size + i] = rows[i][d];
      }
    }
    normalize(candidates);
  }

  private void normalize(List<ScoredItem> candidates) {
    float[] norms = new float[size];
    for (int d = 0; d < dimension; d++) {
      int row = d * size;
      for (int i = 0; i < size; i++) {
        norms[i] += columns[row + i] * columns[row + i];
      }
    }
    for (int i = 0; i < size; i++) {
      if (!Float.isFinite(norms[i])) {
        throw new IllegalArgumentException(
            "vector of item '%s': expected a finite norm, found %s"
                .formatted(candidates.get(i).itemId(), norms[i]));
      }
      norms[i] = norms[i] > 0 ? (float) (1 / Math.sqrt(norms[i])) : 0;
    }
    for (int d = 0; d < dimension; d++) {
      int row = d * size;
      for (int i = 0; i < size; i++) {
        columns[row + i] *= norms[i];
      }
    }
  }

  /**
   * Computes the cosines of a candidate with all.
   *
   * @param candidate its place
   * @param cosines where to: one for each candidate
   */
  void row(int candidate, float[] cosines) {
    Arrays.fill(cosines, 0);
    for (int d = 0; d < dimension; d += 4) {
      add(
          cosines,
          d * size,
          columns[d * size + candidate],
          columns[(d + 1) * size + candidate],
          columns[(d + 2) * size + candidate],
          columns[(d + 3) * size + candidate]);
    }
  }

  private void add(float[] cosines, int row, float a, float b, float c, float d) {
    int second = row + size;
    int third = second + size;
    int fourth = third + size;
    for (int i = 0; i < size; i++) {
      cosines[i] +=
          a * columns[row + i]
              + b * columns[second + i]
              + c * columns[third + i]
              + d * columns[fourth + i];
    }
  }

  /** Returns the scores moved to [0, 1], the best 1 and the worst 0; all 1 if they are equal. */
  static double[] relevance(List<ScoredItem> candidates) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (ScoredItem candidate : candidates) {
      min = Math.min(min, candidate.score());
      max = Math.max(max, candidate.score());
    }
    double range = max / 2 - min / 2;
    double[] relevance = new double[candidates.size()];
    for (int i = 0; i < relevance.length; i++) {
      relevance[i] = range > 0 ? (candidates.get(i).score() / 2 - min / 2) / range : 1;
    }
    return relevance;
  }
}
