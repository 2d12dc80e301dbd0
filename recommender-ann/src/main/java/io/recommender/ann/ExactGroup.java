package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * Compares a few queries with all nodes together: each block of rows is read from memory once, and
 * is in the cache for all queries but the first.
 *
 * <p><b>Confined</b>.
 */
final class ExactGroup {
  /** The most queries of a group. */
  static final int SIZE = 16;

  /** As many bytes of rows stay in the first-level cache beside a query. */
  private static final int BLOCK_BYTES = 24 << 10;

  private static final int MOST = 64;

  private final NodeScorer[] scorers = new NodeScorer[SIZE];
  private final CandidatePool[] pools = new CandidatePool[SIZE];
  private final int[] block;
  private final float[] scores;

  /**
   * Prepares groups.
   *
   * @param scorer makes what scores nodes for a query
   * @param rowBytes what is read of a node
   */
  ExactGroup(Supplier<NodeScorer> scorer, int rowBytes) {
    block = new int[Math.max(4, Math.min(MOST, BLOCK_BYTES / rowBytes / 4 * 4))];
    scores = new float[block.length + 4];
    for (int i = 0; i < SIZE; i++) {
      scorers[i] = scorer.get();
      pools[i] = new CandidatePool();
    }
  }

  /**
   * Finds the best nodes for each query.
   *
   * @param nodes nodes with lower numbers are looked at
   * @param isThere which nodes count
   * @param queries the queries, of length 1 if only directions count; those from {@code from} to
   *     {@code to - 1} make the group
   * @param wanted how many nodes for each query
   * @param best receives the nodes for each query of the group, best first
   */
  void find(
      HnswGraph.View view,
      int nodes,
      IntPredicate isThere,
      float[][] queries,
      int from,
      int to,
      int[] wanted,
      int[][] best) {
    for (int q = from; q < to; q++) {
      scorers[q - from].prepare(view, queries[q]);
      pools[q - from].reset(wanted[q]);
    }
    int count = 0;
    for (int node = 0; node < nodes; node++) {
      if (isThere.test(node)) {
        block[count++] = node;
      }
      if (count == block.length || node == nodes - 1) {
        for (int i = 0; i < to - from; i++) {
          scorers[i].score(view, block, 0, count, scores);
          pools[i].addAll(block, 0, scores, count);
        }
        count = 0;
      }
    }
    for (int q = from; q < to; q++) {
      CandidatePool pool = pools[q - from];
      best[q] = new int[pool.size()];
      for (int rank = 0; rank < pool.size(); rank++) {
        best[q][rank] = pool.node(rank);
      }
    }
  }
}
