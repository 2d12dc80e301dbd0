package io.recommender.onnx;

import io.recommender.Item;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.util.Arrays;
import java.util.List;

/**
 * Picks the candidate of the highest logit, again and again, until the end has a higher one. What
 * was picked is not picked again; of equal logits the earlier candidate is picked, and the end last
 * of all.
 *
 * <p>A score is the natural logarithm of the probability of the list up to there: the logarithm of
 * the softmax over what may be picked, summed. So scores never rise.
 *
 * <p><b>Confined</b>.
 */
final class PointerLoop implements ListModel.Picker {
  private final String model;
  private final String output;
  private final List<Item> candidates;
  private final int minLength;
  private final int[] order;
  private final double[] scores;
  private final boolean[] picked;
  private int length;

  PointerLoop(String model, String output, List<Item> candidates, int minLength, int maxLength) {
    this.model = model;
    this.output = output;
    this.candidates = candidates;
    this.minLength = minLength;
    order = new int[Math.min(maxLength, candidates.size())];
    scores = new double[order.length];
    picked = new boolean[candidates.size()];
  }

  /** Places of candidates as they were picked. */
  int[] order() {
    return Arrays.copyOf(order, length);
  }

  /** The score of each that was picked. */
  double[] scores() {
    return Arrays.copyOf(scores, length);
  }

  @Override
  public int pick(float[] logits) {
    int end = candidates.size();
    int best = -1;
    for (int i = 0; i < end; i++) {
      if (picked[i]) {
        continue;
      }
      if (Float.isNaN(logits[i]) || logits[i] == Float.POSITIVE_INFINITY) {
        throw notFinite("item '" + candidates.get(i).id() + "'", logits[i]);
      }
      if (logits[i] > Float.NEGATIVE_INFINITY && (best < 0 || logits[i] > logits[best])) {
        best = i;
      }
    }
    if (Float.isNaN(logits[end])) {
      throw notFinite("the end of the list", logits[end]);
    }
    boolean mayEnd = length >= minLength;
    if (best < 0 || (mayEnd && logits[end] > logits[best])) {
      return -1;
    }
    double sum = mayEnd ? Math.exp((double) logits[end] - logits[best]) : 0;
    for (int i = 0; i < end; i++) {
      sum += picked[i] ? 0 : Math.exp((double) logits[i] - logits[best]);
    }
    picked[best] = true;
    order[length] = best;
    scores[length] = (length == 0 ? 0 : scores[length - 1]) - Math.log(sum);
    length++;
    return best;
  }

  private RecommenderException notFinite(String of, float found) {
    return new RecommenderException(
        Kind.NON_FINITE_OUTPUT,
        "%s: output '%s' of %s: expected a number, found %s".formatted(model, output, of, found));
  }
}
