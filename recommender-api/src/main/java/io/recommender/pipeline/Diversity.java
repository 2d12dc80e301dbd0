package io.recommender.pipeline;

import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Rerankers that put items first which are both relevant and unlike each other.
 *
 * <p>They choose as many items as the request asks for; the other candidates follow in the order
 * they had, so nothing is dropped. Relevance is the candidate's score, moved to [0, 1] over the
 * candidates; likeness is the cosine of the items' vectors. An item without a vector is like none.
 * Equal choices go to the candidate that comes first.
 *
 * <p><b>Thread safety.</b> The rerankers are thread-safe; the vectors are read by the calling
 * thread. Each reranker keeps working memory for up to eight threads, four bytes for each component
 * of the vectors of the most candidates it was given.
 */
public final class Diversity {
  /** Below this, rounding decides more than the vectors: cosines are floats. */
  private static final double SMALLEST_GAIN = 1e-6;

  private Diversity() {}

  /**
   * Returns maximal marginal relevance: each place goes to the item with the greatest relevance ·
   * lambda − likeness to the chosen ones · (1 − lambda), where the likeness is that of the most
   * alike. Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering
   * Documents and Producing Summaries", SIGIR 1998.
   *
   * <p><b>Cost.</b> At most n · k · d operations for k of n candidates with d dimensions.
   * Candidates that are not relevant enough to be chosen next are not compared, nor their vectors
   * read, so the usual cost is a fraction of that.
   *
   * @param lambda in [0, 1]: 1 = relevance alone, 0 = likeness alone
   * @param vectors the vector of an item, if it has one; all of one length; not changed
   * @return the reranker; it throws {@link IllegalArgumentException} if the lengths differ or a
   *     vector is not finite
   * @throws IllegalArgumentException if lambda is not in [0, 1]
   */
  public static Reranker mmr(double lambda, Function<? super String, Optional<float[]>> vectors) {
    if (!(lambda >= 0 && lambda <= 1)) {
      throw new IllegalArgumentException("lambda: expected a number in [0, 1], found " + lambda);
    }
    return reranker(
        vectors,
        (similarities, relevance, count) ->
            marginalRelevance(similarities, relevance, lambda, count));
  }

  private static int[] marginalRelevance(
      Similarities similarities, double[] relevance, double lambda, int count) {
    MarginalRelevance choice = new MarginalRelevance(similarities, relevance, lambda);
    int[] chosen = new int[count];
    for (int place = 0; place < count; place++) {
      chosen[place] = choice.next();
    }
    return chosen;
  }

  /**
   * Returns the greedy maximum of a determinantal point process with kernel L(i, j) = q(i) · q(j) ·
   * S(i, j), where S = (1 + cosine) / 2 and q = exp(relevance · theta / (2 · (1 − theta))): each
   * place goes to the item that makes the determinant of the chosen ones greatest. Where the
   * determinant would vanish, relevance decides. Chen, Zhang and Zhou, "Fast Greedy MAP Inference
   * for Determinantal Point Process to Improve Recommendation Diversity", NeurIPS 2018.
   *
   * <p><b>Cost.</b> n · k · (d + k) operations for k of n candidates with d dimensions.
   *
   * @param theta in [0, 1): the greater, the more relevance counts; 0 = diversity alone
   * @param vectors the vector of an item, if it has one; all of one length; not changed
   * @return the reranker; it throws {@link IllegalArgumentException} if the lengths differ or a
   *     vector is not finite
   * @throws IllegalArgumentException if theta is not in [0, 1)
   */
  public static Reranker dpp(double theta, Function<? super String, Optional<float[]>> vectors) {
    if (!(theta >= 0 && theta < 1)) {
      throw new IllegalArgumentException("theta: expected a number in [0, 1), found " + theta);
    }
    double alpha = theta / (2 * (1 - theta));
    return reranker(
        vectors,
        (similarities, relevance, count) -> determinant(similarities, relevance, alpha, count));
  }

  /**
   * Algorithm 1 of the paper, on the kernel divided by q(i) · q(j), which multiplies the gain of i
   * by a constant: so q enters only the comparison, as a logarithm, and never overflows.
   *
   * <p>Row p of {@code factors} is column p of the Cholesky factor for all candidates; {@code
   * gains} holds what is left of each one's diagonal.
   */
  private static int[] determinant(
      Similarities similarities, double[] relevance, double alpha, int count) {
    int size = relevance.length;
    int[] chosen = new int[count];
    boolean[] taken = new boolean[size];
    float[] cosines = new float[Similarities.BLOCK];
    double[] gains = new double[size];
    Arrays.fill(gains, 1);
    double[] factors = new double[(count - 1) * size];
    double[] row = new double[size];
    int place = 0;
    while (place < count) {
      int best = -1;
      double bestValue = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < size; i++) {
        if (!taken[i] && gains[i] > SMALLEST_GAIN) {
          double value = Math.log(gains[i]) + 2 * alpha * relevance[i];
          if (value > bestValue) {
            bestValue = value;
            best = i;
          }
        }
      }
      if (best < 0) {
        break;
      }
      chosen[place] = best;
      taken[best] = true;
      if (++place < count) {
        for (int block = 0; block < similarities.blockCount(); block++) {
          similarities.cosines(best, block, cosines);
          int from = block * Similarities.BLOCK;
          for (int i = from; i < Math.min(from + Similarities.BLOCK, size); i++) {
            row[i] = 0.5 + 0.5 * cosines[i - from];
          }
        }
        for (int p = 0; p < place - 1; p++) {
          subtract(row, factors, p * size, factors[p * size + best]);
        }
        double scale = 1 / Math.sqrt(gains[best]);
        int target = (place - 1) * size;
        for (int i = 0; i < size; i++) {
          double factor = row[i] * scale;
          factors[target + i] = factor;
          gains[i] -= factor * factor;
        }
      }
    }
    return Arrays.copyOf(chosen, place);
  }

  private static void subtract(double[] row, double[] factors, int from, double factor) {
    for (int i = 0; i < row.length; i++) {
      row[i] -= factor * factors[from + i];
    }
  }

  /** Chooses candidates by their likeness and relevance. */
  private interface Choice {
    int[] choose(Similarities similarities, double[] relevance, int count);
  }

  private static Reranker reranker(
      Function<? super String, Optional<float[]>> vectors, Choice choice) {
    Objects.requireNonNull(vectors, "vectors");
    Similarities.Spares spares = new Similarities.Spares();
    return (request, candidates) -> {
      if (candidates.isEmpty()) {
        return List.of();
      }
      Similarities similarities = spares.take();
      similarities.begin(candidates, vectors);
      int count = Math.min(request.k(), candidates.size());
      int[] chosen = choice.choose(similarities, Similarities.relevance(candidates), count);
      similarities.end();
      spares.giveBack(similarities);
      return chosenFirst(candidates, chosen);
    };
  }

  private static List<ScoredItem> chosenFirst(List<ScoredItem> candidates, int[] chosen) {
    List<ScoredItem> result = new ArrayList<>(candidates.size());
    boolean[] taken = new boolean[candidates.size()];
    for (int i : chosen) {
      taken[i] = true;
      result.add(candidates.get(i));
    }
    for (int i = 0; i < taken.length; i++) {
      if (!taken[i]) {
        result.add(candidates.get(i));
      }
    }
    return result;
  }
}
