package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;

/** Ranks nodes by their vectors. <b>Confined</b>. */
final class RowScorer implements NodeScorer {
  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final int MAX_SHIFT = 30;

  private final HnswGraph graph;
  private final HnswGraph.Ranking ranking;
  private final float[] query;

  /** Rows from a file, and their numbers there. */
  private final float[][] copies = {new float[0]};

  private int[] numbers = new int[0];
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
    graph.copyRow(view, node, query, 0);
  }

  @Override
  public void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    if (graph.isMapped()) {
      multiplyCopies(view, nodes, from, count, scores);
    } else {
      graph.multiply(view, query, nodes, from, count, scores);
    }
    switch (ranking) {
      case PRODUCT -> {}
      case PRODUCT_PLUS_EXTRA -> {
        for (int i = 0; i < count; i++) {
          scores[i] += graph.extra(view, nodes[from + i]);
        }
      }
      case PRODUCT_TIMES_EXTRA -> {
        for (int i = 0; i < count; i++) {
          scores[i] *= graph.extra(view, nodes[from + i]);
        }
      }
    }
  }

  private void multiplyCopies(
      HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    if (numbers.length < count) {
      numbers = new int[2 * count];
      Arrays.setAll(numbers, i -> i);
      copies[0] = new float[2 * count * graph.stride];
    }
    for (int i = 0; i < count; i++) {
      graph.copyRow(view, nodes[from + i], copies[0], i * graph.stride);
    }
    KERNELS.dotRows(
        query, graph.stride, copies, 0, MAX_SHIFT, graph.stride, numbers, 0, count, scores);
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
