package io.recommender.pipeline;

import io.recommender.ScoredItem;
import io.recommender.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The candidates after a stage, best first.
 *
 * @param stage the name of the stage
 * @param numbers the number of each
 * @param items the same, with their scores; unmodifiable
 */
record Ranked(String stage, int[] numbers, List<ScoredItem> items) {

  int size() {
    return numbers.length;
  }

  boolean contains(int number) {
    for (int other : numbers) {
      if (other == number) {
        return true;
      }
    }
    return false;
  }

  /** Returns the smallest score, 0 without items. */
  double floor() {
    double floor = Double.POSITIVE_INFINITY;
    for (ScoredItem item : items) {
      floor = Math.min(floor, item.score());
    }
    return items.isEmpty() ? 0 : floor;
  }

  /**
   * Returns what each of some candidates went through.
   *
   * @param steps the stages in order, the last of which holds just those candidates
   * @param size the number of candidates there are
   * @return the adjustments of each item of the last stage, in its order
   */
  static List<List<Trace.Adjustment>> adjustments(List<Ranked> steps, int size) {
    Ranked last = steps.get(steps.size() - 1);
    List<List<Trace.Adjustment>> result = new ArrayList<>(last.size());
    for (int i = 0; i < last.size(); i++) {
      result.add(new ArrayList<>(steps.size() - 1));
    }
    int[] ranks = new int[size];
    int[] before = new int[last.size()];
    double[] scores = new double[last.size()];
    for (Ranked step : steps) {
      Arrays.fill(ranks, 0);
      for (int i = 0; i < step.size(); i++) {
        ranks[step.numbers[i]] = i + 1;
      }
      boolean isFirst = step == steps.get(0);
      for (int i = 0; i < last.size(); i++) {
        int rank = ranks[last.numbers[i]];
        if (rank == 0) {
          continue;
        }
        double score = step.items.get(rank - 1).score();
        if (!isFirst && (rank != before[i] || score != scores[i])) {
          result
              .get(i)
              .add(
                  new Trace.Adjustment(
                      step.stage, before[i], rank, before[i] == 0 ? score : scores[i], score));
        }
        before[i] = rank;
        scores[i] = score;
      }
    }
    return result;
  }
}
