package io.recommender.ann;

import java.util.Arrays;

/** Ranks nodes by their vectors. <b>Confined</b>. */
final class RowScorer implements NodeScorer {
  private final HnswGraph graph;
  private final HnswGraph.Ranking ranking;
  private final float[] query;
  private double squaredNorm;

  RowScorer(HnswGraph graph, HnswGraph.Ranking ranking) {
    this.graph = graph;
    this.ranking = ranking;
    query = new float[graph.stride];
  }

  @Override
  public void prepare(HnswGraph.View view, float[] given) {
    System.arraycopy(given, 0, query, 0, graph.dimension);
    Arrays.fill(query, graph.dimension, query.length, 0);
    squaredNorm = 0;
    if (ranking == HnswGraph.Ranking.PRODUCT_PLUS_EXTRA) {
      for (float value : query) {
        squaredNorm += (double) value * value;
      }
    }
  }

  @Override
  public void prepare(HnswGraph.View view, int node) {
    System.arraycopy(
        view.vectors()[node >>> graph.shift], graph.offset(node), query, 0, graph.stride);
  }

  @Override
  public void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    graph.score(view, ranking, query, nodes, from, count, scores);
  }

  @Override
  public int touch(HnswGraph.View view, int[] nodes, int from, int count) {
    // Rows are long, and four are read at once anyway.
    return 0;
  }

  @Override
  public double told(float score) {
    return ranking == HnswGraph.Ranking.PRODUCT_PLUS_EXTRA ? 2.0 * score - squaredNorm : score;
  }

  @Override
  public double error(HnswGraph.View view, int node) {
    return 0;
  }

  @Override
  public float own(HnswGraph.View view, int node) {
    return ranking == HnswGraph.Ranking.PRODUCT_PLUS_EXTRA ? graph.extra(view, node) : 0;
  }
}
