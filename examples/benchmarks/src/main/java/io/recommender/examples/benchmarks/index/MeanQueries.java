package io.recommender.examples.benchmarks.index;

import java.util.SplittableRandom;

/**
 * Makes queries that are the mean of a few items, as the vector of a user may be that of what was
 * bought. Items of different kinds have a mean that is unlike all items, and its nearest ones lie
 * in several regions: harder than queries that are drawn as items are.
 */
final class MeanQueries {
  private MeanQueries() {}

  /**
   * Makes queries.
   *
   * @param base the items, of which each may be drawn more than once
   * @param count how many queries
   * @param items how many items make one
   * @param seed decides which, on every JVM
   */
  static float[][] of(float[][] base, int count, int items, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int dimension = base[0].length;
    float[][] queries = new float[count][dimension];
    for (float[] query : queries) {
      double[] sum = new double[dimension];
      for (int i = 0; i < items; i++) {
        float[] item = base[random.nextInt(base.length)];
        for (int j = 0; j < dimension; j++) {
          sum[j] += item[j];
        }
      }
      for (int j = 0; j < dimension; j++) {
        query[j] = (float) (sum[j] / items);
      }
    }
    return queries;
  }
}
