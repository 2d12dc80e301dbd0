package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;

/**
 * Scores that are told: in double precision from what is stored.
 *
 * <p><b>Confined</b>.
 */
final class ToldScorer {
  private final HnswGraph graph;
  private final Similarity similarity;
  private final NodeScorer ranker;
  private final float[] unit;
  private final float[] row;

  /**
   * Makes a scorer.
   *
   * @param ranker prepared for the query where the graph keeps no rows
   * @param unit the query, of length 1 for the cosine; not copied
   */
  ToldScorer(HnswGraph graph, Similarity similarity, NodeScorer ranker, float[] unit) {
    this.graph = graph;
    this.similarity = similarity;
    this.ranker = ranker;
    this.unit = unit;
    row = new float[graph.stride];
  }

  /** Returns the score of a node; zero is never negative. */
  double score(HnswGraph.View view, float[] query, int node) {
    if (!graph.keepsRows) {
      return ((NibbleScorer) ranker).exact(view, node, similarity);
    }
    float[] rows = view.vectors()[node >>> graph.shift];
    int offset = graph.offset(node);
    if (rows.length == 0) {
      rows = row;
      offset = 0;
      graph.copyRow(view, node, row, 0);
    }
    return switch (similarity) {
      case DOT -> VectorKernels.exactDot(query, rows, offset, graph.dimension) + 0.0;
      case COSINE -> {
        double cosine = VectorKernels.exactDot(unit, rows, offset, graph.dimension);
        yield Math.max(-1, Math.min(1, cosine)) + 0.0;
      }
      case L2 -> 0.0 - VectorKernels.exactSquaredL2(query, rows, offset, graph.dimension);
    };
  }
}
