package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrayList;

/** What one search of an index needs, kept for the next one. <b>Confined</b>. */
final class HnswScratch {
  /** How many rows a scan scores at once. */
  static final int BLOCK = 256;

  private final HnswGraph graph;
  private final VectorKernels kernels = VectorKernels.best();
  private final int[] block = new int[BLOCK];
  final HnswSearch search;
  final float[] query;
  final float[] scores = new float[BLOCK + 4];

  /** Nodes that may be returned. */
  final IntArrayList found = new IntArrayList();

  /** How many elements of the query and of rows count. */
  int length;

  /** The norm of the query as it was given. */
  double norm;

  HnswScratch(HnswGraph graph) {
    this.graph = graph;
    search = new HnswSearch(graph, false);
    query = new float[graph.stride];
  }

  void prepare(float[] given, double norm, Similarity similarity) {
    this.norm = norm;
    length = graph.dimension;
    if (similarity == Similarity.COSINE && norm > 0) {
      for (int i = 0; i < given.length; i++) {
        query[i] = (float) (given[i] / norm);
      }
      return;
    }
    System.arraycopy(given, 0, query, 0, given.length);
    if (similarity == Similarity.L2) {
      query[length++] = 1;
    }
  }

  /** Scores consecutive nodes. */
  void scoreRange(HnswGraph.View view, int from, int count) {
    for (int i = 0; i < count; i++) {
      block[i] = from + i;
    }
    kernels.dotRows(
        query, length, view.vectors(), graph.shift, graph.stride, block, 0, count, scores);
  }
}
