package io.recommender.ann;

/**
 * What scorers by codes have in common: the query in rotated form, and the step of the integers
 * that stand for its elements.
 *
 * <p><b>Confined</b>.
 */
abstract class CodeScorer implements NodeScorer {
  final HnswGraph graph;
  final boolean euclidean;

  /** Room for a row of the graph. */
  final float[] row;

  /** The query, relative to the mean for Euclidean distances. */
  float[] rotated = new float[0];

  int[] sums = new int[64];
  float step;
  float constant;

  /** What the biases of nodes are multiplied with. */
  float weight;

  double norm;

  private final boolean timesExtra;

  CodeScorer(HnswGraph graph, HnswGraph.Ranking ranking) {
    this.graph = graph;
    row = new float[graph.stride];
    euclidean = ranking == HnswGraph.Ranking.PRODUCT_PLUS_EXTRA;
    timesExtra = ranking == HnswGraph.Ranking.PRODUCT_TIMES_EXTRA;
  }

  /**
   * Takes a vector less a part of the mean in rotated form, and its length. By inner product the
   * part is the nearest one: then least is left to estimates.
   */
  final void rotate(RotatedSpace space, float[] vector) {
    double product = euclidean ? 0 : space.dotMean(vector);
    double part = euclidean ? 1 : space.partOfMean(product);
    norm = Math.sqrt(space.rotate(vector, part, rotated));
    constant = (float) product;
    weight = (float) part;
  }

  /**
   * Sets the step of the rotated query.
   *
   * @param most the integer that stands for the largest element
   * @return what makes elements integers, once they are {@linkplain #rounded rounded}
   */
  final float step(int most) {
    float largest = 0;
    for (float value : rotated) {
      largest = Math.max(largest, Math.abs(value));
    }
    step = largest / most;
    return step == 0 ? 0 : 1 / step;
  }

  /** Rounds as {@link Math#round} does, without its care for what is no element of a query. */
  static int rounded(float element) {
    return (int) (element + 1024.5f) - 1024;
  }

  /** Multiplies scores with the extras of their nodes, where these rank by that. */
  final void applyExtras(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    if (timesExtra) {
      for (int i = 0; i < count; i++) {
        scores[i] *= graph.extra(view, nodes[from + i]);
      }
    }
  }

  @Override
  public double told(float score) {
    return euclidean ? 2.0 * score - norm * norm : score;
  }
}
