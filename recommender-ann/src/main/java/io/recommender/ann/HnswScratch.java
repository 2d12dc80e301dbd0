package io.recommender.ann;

import io.recommender.Similarity;
import it.unimi.dsi.fastutil.ints.IntArrayList;

/** What one search of an index needs, kept for the next one. <b>Confined</b>. */
final class HnswScratch {
  /** How many rows a scan scores at once. */
  static final int BLOCK = 256;

  private final HnswGraph graph;
  private final Similarity similarity;
  private final HnswGraph.Ranking ranking;
  private final int[] block = new int[BLOCK];
  final HnswSearch search;
  final float[] query;
  final float[] scores = new float[BLOCK + 4];

  /** Nodes that may be returned. */
  final IntArrayList found = new IntArrayList();

  /** The norm of the query as it was given. */
  double norm;

  HnswScratch(HnswGraph graph, Similarity similarity) {
    this.graph = graph;
    this.similarity = similarity;
    ranking =
        similarity == Similarity.L2
            ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA
            : HnswGraph.Ranking.PRODUCT;
    search = new HnswSearch(graph, ranking);
    query = new float[graph.stride];
  }

  void prepare(float[] given, double norm) {
    this.norm = norm;
    double scale = similarity == Similarity.COSINE && norm > 0 ? norm : 1;
    for (int i = 0; i < given.length; i++) {
      query[i] = (float) (given[i] / scale);
    }
  }

  /** Scores consecutive nodes. */
  void scoreRange(HnswGraph.View view, int from, int count) {
    for (int i = 0; i < count; i++) {
      block[i] = from + i;
    }
    graph.score(view, ranking, query, block, 0, count, scores);
  }
}
