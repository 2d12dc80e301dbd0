package io.recommender.ann;

import io.recommender.Similarity;

/**
 * The query that is answered, what it is answered from, and until when.
 *
 * <p><b>Confined</b>.
 */
final class QueryInHand {
  private static final float[] NO_VECTOR = {};

  private final HnswGraph graph;
  private final Similarity similarity;
  private final SearchHits none = new SearchHits();

  /** The query, of length 1 for the cosine. */
  final float[] unit;

  /** The query as it came. */
  float[] vector = NO_VECTOR;

  double norm;
  HnswNodes.State now = HnswNodes.State.EMPTY;
  HnswGraph.View view;
  SearchHits hits = none;

  /** As {@link System#nanoTime}, or {@link Long#MAX_VALUE}. */
  long deadline;

  QueryInHand(HnswGraph graph, Similarity similarity) {
    this.graph = graph;
    this.similarity = similarity;
    unit = new float[graph.dimension];
    view = graph.empty;
  }

  void take(
      HnswNodes.State version, float[] query, double queryNorm, long timeout, SearchHits receiver) {
    deadline = timeout == Long.MAX_VALUE ? timeout : System.nanoTime() + timeout;
    now = version;
    view = graph.view();
    hits = receiver;
    vector = query;
    norm = queryNorm;
    double scale = similarity == Similarity.COSINE && norm > 0 ? norm : 1;
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (query[i] / scale);
    }
  }

  /** Keeps nothing, so that arrays that the index has replaced are not kept between queries. */
  void clear() {
    view = graph.empty;
    now = HnswNodes.State.EMPTY;
    hits = none;
    vector = NO_VECTOR;
  }

  boolean isLate() {
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
  }
}
