package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExactAnswersTest {
  private static final float[][] BASE = {{1, 0}, {0.8f, 0}, {0.8f, 0}, {0.8f, 1e-9f}, {0.5f, 0}};
  private static final BenchmarkData DATA =
      new BenchmarkData(BASE, new float[][] {{1, 0}, {-1, 0}});

  @Test
  void itemsOfEqualScoreReplaceEachOther() {
    ExactAnswers truth = ExactAnswers.of(DATA, Metric.IP, 2, List.of(all()));
    assertEquals(1, truth.judge(new int[][] {{0, 1}}).recall());
    assertEquals(1, truth.judge(new int[][] {{0, 3}}).recall());
    assertEquals(1, truth.judge(new int[][] {{2, 1}}).recall());
    assertEquals(0.5, truth.judge(new int[][] {{0, 4}}).recall());
    assertEquals(0.75, truth.judge(new int[][] {{0, 1}, {4, 0}}).recall());
  }

  @Test
  void anItemCountsOnce() {
    ExactAnswers truth = ExactAnswers.of(DATA, Metric.L2, 2, List.of(all()));
    ExactAnswers.Verdict verdict = truth.judge(new int[][] {{0, 0}});
    assertEquals(new ExactAnswers.Verdict(0.5, 1, 0), verdict);
  }

  @Test
  void missingAndForbiddenItemsAreCounted() {
    BitSet allowed = new BitSet();
    allowed.set(1);
    allowed.set(4);
    ExactAnswers truth = ExactAnswers.of(DATA, Metric.COSINE, 3, List.of(allowed));
    assertEquals(new ExactAnswers.Verdict(1, 0, 0), truth.judge(new int[][] {{4, 1}, {1, 4}}));
    assertEquals(
        new ExactAnswers.Verdict(0.5, 1, 3), truth.judge(new int[][] {{4, 1}, {0, -1, 9}}));
  }

  @Test
  void everyQueryIsJudgedByTheVersionItWasAskedUnder() {
    int period = BenchmarkFilter.SEARCHES_OF_A_VERSION;
    float[][] queries = new float[2 * period + 1][];
    Arrays.fill(queries, new float[] {1, 0});
    BitSet first = new BitSet();
    first.set(0);
    BitSet second = new BitSet();
    second.set(4);
    ExactAnswers truth =
        ExactAnswers.of(new BenchmarkData(BASE, queries), Metric.IP, 1, List.of(first, second));
    int[][] answers = new int[queries.length][];
    Arrays.setAll(answers, q -> new int[] {q / period == 1 ? 4 : 0});
    assertEquals(new ExactAnswers.Verdict(1, 0, 0), truth.judge(answers));
    answers[period] = new int[] {0};
    answers[2 * period] = new int[] {4};
    double right = (queries.length - 2) / (double) queries.length;
    assertEquals(new ExactAnswers.Verdict(right, 2, 2), truth.judge(answers));
  }

  @Test
  void scoresAreThoseOfTheMetric() {
    float[] query = {3, 4};
    float[] row = {4, 3};
    assertEquals(24, Metric.IP.score(query, row));
    assertEquals(-2, Metric.L2.score(query, row));
    assertEquals(0.96, Metric.COSINE.score(query, row), 1e-15);
    assertEquals(0, Metric.COSINE.score(query, new float[2]));
  }

  private static BitSet all() {
    BitSet all = new BitSet();
    all.set(0, BASE.length);
    return all;
  }
}
