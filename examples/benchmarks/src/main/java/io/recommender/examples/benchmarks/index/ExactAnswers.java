package io.recommender.examples.benchmarks.index;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.ann.FlatIndex;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The scores that a true answer has, to measure recall by.
 *
 * <p>An answered item counts if its score is at least that of the k-th true one, less a tolerance
 * of {@value #TOLERANCE} of its magnitude: engines compute in float, and among items of equal score
 * any choice is right. Scores are computed anew from the vectors, in double precision.
 */
final class ExactAnswers {
  static final double TOLERANCE = 1e-6;

  private final BenchmarkData data;
  private final Metric metric;
  private final List<BitSet> versions;
  private final double[] thresholds;
  private final int[] sizes;

  private ExactAnswers(
      BenchmarkData data, Metric metric, List<BitSet> versions, double[] thresholds, int[] sizes) {
    this.data = data;
    this.metric = metric;
    this.versions = versions;
    this.thresholds = thresholds;
    this.sizes = sizes;
  }

  /**
   * Searches exactly, with {@link FlatIndex}.
   *
   * @param versions the items that may be answered, at least one, by {@link
   *     BenchmarkFilter#version} of the number of the query
   */
  static ExactAnswers of(BenchmarkData data, Metric metric, int k, List<BitSet> versions) {
    int count = data.queries().length;
    double[] thresholds = new double[count];
    int[] sizes = new int[count];
    for (int version = 0; version < versions.size(); version++) {
      List<Integer> queries = new ArrayList<>();
      for (int q = 0; q < count; q++) {
        if (BenchmarkFilter.version(q, versions.size()) == version) {
          queries.add(q);
        }
      }
      if (!queries.isEmpty()) {
        search(data, metric, k, versions.get(version), queries, thresholds, sizes);
      }
    }
    return new ExactAnswers(data, metric, versions, thresholds, sizes);
  }

  private static void search(
      BenchmarkData data,
      Metric metric,
      int k,
      BitSet allowed,
      List<Integer> queries,
      double[] thresholds,
      int[] sizes) {
    List<String> itemIds = new ArrayList<>();
    List<float[]> rows = new ArrayList<>();
    for (int i = allowed.nextSetBit(0); i >= 0; i = allowed.nextSetBit(i + 1)) {
      itemIds.add(Integer.toString(i));
      rows.add(data.base()[i]);
    }
    FlatIndex index = new FlatIndex(data.dimension(), metric.similarity());
    index.addAll(itemIds, rows.toArray(float[][]::new));
    float[][] asked = queries.stream().map(q -> data.queries()[q]).toArray(float[][]::new);
    List<List<ScoredItem>> found = index.searchAll(asked, k, ItemFilter.all());
    for (int i = 0; i < asked.length; i++) {
      int q = queries.get(i);
      double lowest = Double.POSITIVE_INFINITY;
      for (ScoredItem item : found.get(i)) {
        float[] row = data.base()[Integer.parseInt(item.itemId())];
        lowest = Math.min(lowest, metric.score(data.queries()[q], row));
      }
      thresholds[q] = lowest - TOLERANCE * Math.abs(lowest);
      sizes[q] = found.get(i).size();
    }
  }

  /**
   * Judges answers.
   *
   * @param answers the rows answered to query 0, 1 and so on; not necessarily to all queries
   */
  Verdict judge(int[][] answers) {
    long hits = 0;
    long expected = 0;
    int shortAnswers = 0;
    int forbidden = 0;
    for (int q = 0; q < answers.length; q++) {
      BitSet allowed = versions.get(BenchmarkFilter.version(q, versions.size()));
      BitSet seen = new BitSet();
      int right = 0;
      for (int row : answers[q]) {
        if (row < 0 || row >= data.base().length || !allowed.get(row)) {
          forbidden++;
        } else if (!seen.get(row)) {
          seen.set(row);
          double score = metric.score(data.queries()[q], data.base()[row]);
          right += score >= thresholds[q] ? 1 : 0;
        }
      }
      hits += Math.min(right, sizes[q]);
      expected += sizes[q];
      shortAnswers += seen.cardinality() < sizes[q] ? 1 : 0;
    }
    return new Verdict(hits / (double) expected, shortAnswers, forbidden);
  }

  /**
   * How good answers are.
   *
   * @param recall the share of the true items that were found
   * @param shortAnswers how many answers had fewer items than there are
   * @param forbidden how many answered items do not exist or do not pass the filter
   */
  record Verdict(double recall, int shortAnswers, int forbidden) {}
}
