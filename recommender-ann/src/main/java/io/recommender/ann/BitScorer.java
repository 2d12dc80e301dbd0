package io.recommender.ann;

import io.recommender.ann.internal.BitKernels;

/**
 * Ranks nodes by an estimate from their codes of one bit, which reads a 32nd of their vectors.
 *
 * <p>With g the query in integers of step t, T the sum of those where the code of a node is set,
 * and s the node's scale, the estimate of the inner product of the query and the relative vector of
 * the node is s t (2 T - sum(g)).
 *
 * <p><b>Confined</b>.
 */
final class BitScorer extends CodeScorer {
  /**
   * The error of an estimate in scales of a node, for a query of length 1. With c the cosine
   * between signs and elements of a normal distribution, the root of 2 / pi, it is the root of 1 -
   * c².
   */
  private static final double ERROR = 0.603;

  private byte[] integers = new byte[0];
  private long[] planes = new long[0];
  private int sum;
  private double errorOfScale;

  /** Makes a scorer without a query, of a graph that has rows. */
  BitScorer(HnswGraph graph, HnswGraph.Ranking ranking) {
    super(graph, ranking);
  }

  private BitRows codes(HnswGraph.View view) {
    return (BitRows) graph.codes(view);
  }

  @Override
  public void prepare(HnswGraph.View view, float[] query) {
    BitSpace space = codes(view).space();
    if (rotated.length != space.length) {
      rotated = new float[space.length];
      integers = new byte[space.length];
      planes = new long[BitKernels.PLANES * space.words];
    }
    rotate(space, query);
    quantize();
  }

  @Override
  public void prepare(HnswGraph.View view, int node) {
    graph.copyRow(view, node, row, 0);
    prepare(view, row);
  }

  private void quantize() {
    float inverse = step(BitKernels.QUERY_MAX);
    sum = 0;
    for (int i = 0; i < rotated.length; i++) {
      int integer = rounded(rotated[i] * inverse);
      integers[i] = (byte) integer;
      sum += integer;
    }
    BitKernels.toPlanes(integers, planes);
    // Rounding adds a twelfth of a squared step for each element.
    double rounding = step * Math.sqrt(rotated.length / 12.0);
    errorOfScale = Math.hypot(ERROR * norm, rounding) * (euclidean ? 2 : 1);
  }

  @Override
  public void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    BitRows rows = codes(view);
    if (sums.length < count) {
      sums = new int[2 * count];
    }
    int[] sums = this.sums;
    rows.multiply(planes, nodes, from, count, sums);
    for (int i = 0; i < count; i++) {
      long factors = rows.factors(nodes[from + i]);
      float product = BitRows.scale(factors) * (step * (2 * sums[i] - sum));
      scores[i] = constant + product + weight * BitRows.bias(factors);
    }
    applyExtras(view, nodes, from, count, scores);
  }

  @Override
  public int touch(HnswGraph.View view, int[] nodes, int from, int count) {
    return codes(view).touch(nodes, from, count);
  }

  @Override
  public double error(HnswGraph.View view, int node) {
    return errorOfScale * codes(view).scale(node);
  }

  @Override
  public float own(HnswGraph.View view, int node) {
    return euclidean ? codes(view).bias(node) : 0;
  }
}
