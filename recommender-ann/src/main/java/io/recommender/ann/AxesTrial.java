package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Decides on how many {@linkplain PrincipalAxes principal axes} vectors are projected before they
 * become codes, if on any: on the fewest with which estimates order the nearest neighbours of some
 * items about as well as those from codes of whole vectors do.
 *
 * <p><b>Confined</b>.
 */
final class AxesTrial {
  /** Rotated vectors that are shorter have codes of few cache lines anyway. */
  private static final int LEAST_LENGTH = 384;

  /** The covariance of vectors that are longer takes too much time and memory. */
  private static final int MOST_LENGTH = 4096;

  private static final int[] COUNTS = {128, 256};

  /** With more axes than this part of a vector's length projecting takes what reading saves. */
  private static final int PART = 2;

  private static final int SAMPLE = 2048;

  /** Fewer tell how far items lie from the axes. */
  private static final int MEASURED = 512;

  /** With less of the variance than this the trial is lost. */
  private static final double LEAST_SHARE = 0.7;

  private static final int QUERIES = 48;

  /** Neighbours of each query: the best, and those that estimates may mistake for them. */
  private static final int NEAR = 60;

  private static final int BEST = 10;

  /** As many as a walk would rank that is to find most of the best. */
  private static final int RANKED = 20;

  /**
   * The part of the best that may be missed in addition, for each time that codes are shorter.
   * Measured: with a third of the codes and 0.048 missed, walks to recall 0.99 took as long as
   * before; with a third and 0.031, and with a sixth and 0.082, they took 0.85.
   */
  private static final double MOST_MISSED = 0.015;

  private static final double NEARLY_ALL = 0.99;
  private static final double MORE = 1.5;

  /** Less is not told from rounding errors. */
  private static final double LEAST_OUTSIDE = 0.01;

  private final HnswGraph graph;
  private final HnswGraph.View view;
  private final NibbleSpace whole;
  private final boolean euclidean;
  private final int nodes;
  private final float[] vector;
  private final float[] working = new float[0];
  private float[][] queries = new float[0][];
  private float[][][] near = new float[0][][];
  private int hitsOfWhole;

  /** What estimates of one form come to. */
  private record Outcome(int hits, double widening) {}

  /**
   * Prepares a trial.
   *
   * @param whole codes of whole vectors
   * @param nodes how many nodes there are, whose rows have been written
   */
  AxesTrial(HnswGraph graph, NibbleSpace whole, boolean euclidean, int nodes) {
    this.graph = graph;
    this.whole = whole;
    this.euclidean = euclidean;
    this.nodes = nodes;
    view = graph.view();
    vector = new float[graph.dimension];
  }

  /** Returns whether vectors of a dimension may be projected on so many axes. */
  static boolean mayChoose(int axes, int dimension) {
    boolean isCount = Arrays.stream(COUNTS).anyMatch(count -> count == axes);
    return isCount && mayChoose(dimension) && PART * axes <= RotatedSpace.length(dimension);
  }

  /** Returns whether vectors of a dimension may be projected. */
  static boolean mayChoose(int dimension) {
    int length = RotatedSpace.length(dimension);
    return length >= LEAST_LENGTH && length <= MOST_LENGTH;
  }

  /** Returns the axes, or null for none. */
  @Nullable PrincipalAxes choose() {
    float[] mean = whole.mean();
    float[][] sample = sample(mean);
    if (sample.length == 0) {
      return null;
    }
    AxesSearch search = new AxesSearch(sample);
    for (int count : COUNTS) {
      if (PART * count > whole.length) {
        return null;
      }
      float[] rows = search.axes(count, whole.seed());
      // Twice as many axes have at most twice as much.
      if (2 * search.share() < LEAST_SHARE) {
        return null;
      }
      if (search.share() < LEAST_SHARE) {
        continue;
      }
      if (queries.length == 0) {
        findNeighbours();
        hitsOfWhole = outcome(whole).hits;
      }
      PrincipalAxes.mix(count, rows, whole.seed());
      PrincipalAxes axes = new PrincipalAxes(count, rows, 1, 1);
      Outcome outcome = outcome(new NibbleSpace(mean, whole.planes, whole.seed(), axes));
      double missed = (double) (hitsOfWhole - outcome.hits) / (BEST * queries.length);
      if (missed <= MOST_MISSED * whole.length / count) {
        return axes.with((float) outcome.widening, mostOutside(axes, mean));
      }
    }
    return null;
  }

  private float[] vector(int place, int places) {
    float[] vector = new float[graph.dimension];
    graph.vector((int) ((long) place * nodes / places), vector, working);
    return vector;
  }

  /** Returns relative vectors of an average length of 1; none if all are equal. */
  private float[][] sample(float[] mean) {
    float[][] sample = new float[Math.min(SAMPLE, nodes)][];
    double squares = 0;
    for (int i = 0; i < sample.length; i++) {
      sample[i] = vector(i, sample.length);
      squares += VectorKernels.exactSquaredL2(sample[i], mean, 0, mean.length);
    }
    if (squares == 0) {
      return new float[0][];
    }
    double factor = Math.sqrt(sample.length / squares);
    for (float[] row : sample) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) ((row[i] - mean[i]) * factor);
      }
    }
    return sample;
  }

  private void findNeighbours() {
    queries = new float[Math.min(QUERIES, nodes)][];
    Arrays.setAll(queries, i -> vector(i, queries.length));
    int[] wanted = new int[queries.length];
    Arrays.fill(wanted, Math.min(NEAR, nodes));
    int[][] best = new int[queries.length][];
    HnswGraph.Ranking ranking =
        euclidean ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA : HnswGraph.Ranking.PRODUCT;
    ExactGroup group = new ExactGroup(() -> new RowScorer(graph, ranking));
    for (int from = 0; from < queries.length; from += ExactGroup.SIZE) {
      int to = Math.min(queries.length, from + ExactGroup.SIZE);
      group.find(view, nodes, node -> true, queries, from, to, wanted, best);
    }
    near = new float[queries.length][][];
    for (int q = 0; q < queries.length; q++) {
      near[q] = new float[best[q].length][graph.dimension];
      for (int i = 0; i < best[q].length; i++) {
        graph.vector(best[q][i], near[q][i], working);
      }
    }
  }

  private Outcome outcome(NibbleSpace space) {
    NibbleRows rows = space.rows(euclidean, 6).extended(1);
    float[] query = new float[space.length];
    float[] rotated = new float[space.length];
    int hits = 0;
    double widening = 1;
    for (int q = 0; q < queries.length; q++) {
      double squaredLength = space.rotate(queries[q], euclidean, query);
      int count = near[q].length;
      double[] estimates = new double[count];
      for (int i = 0; i < count; i++) {
        rows.set(i, near[q][i], rotated);
        rows.decode(i, rotated);
        estimates[i] = VectorKernels.exactDot(query, rotated, 0, rotated.length) + rows.bias(i);
        double error = estimates[i] - score(q, i, squaredLength);
        double usual = NibbleScorer.LOW_ERROR * rows.scale(i) * Math.sqrt(squaredLength);
        if (usual > 0) {
          widening = Math.max(widening, Math.abs(error) / usual);
        }
      }
      int[] order = new int[count];
      Arrays.setAll(order, i -> i);
      IntArrays.quickSort(order, (a, b) -> Double.compare(estimates[b], estimates[a]));
      for (int rank = 0; rank < Math.min(RANKED, count); rank++) {
        hits += order[rank] < BEST ? 1 : 0;
      }
    }
    return new Outcome(hits, Math.min(PrincipalAxes.MOST_WIDENING, widening));
  }

  /** Returns what an estimate of a neighbour should be. */
  private double score(int query, int neighbour, double squaredLength) {
    float[] a = queries[query];
    float[] b = near[query][neighbour];
    return euclidean
        ? (squaredLength - VectorKernels.exactSquaredL2(a, b, 0, a.length)) / 2
        : VectorKernels.exactDot(a, b, 0, a.length) - whole.dotMean(a);
  }

  /** Returns how much of a query may lie outside: somewhat more than of nearly all items. */
  private float mostOutside(PrincipalAxes axes, float[] mean) {
    NibbleSpace space = new NibbleSpace(mean, whole.planes, whole.seed(), axes);
    float[] projection = new float[space.length];
    double[] parts = new double[Math.min(MEASURED, nodes)];
    for (int i = 0; i < parts.length; i++) {
      double squaredLength = space.rotate(vector(i, parts.length), euclidean, projection);
      double inside = VectorKernels.exactDot(projection, projection, 0, projection.length);
      parts[i] = squaredLength > 0 ? 1 - inside / squaredLength : 0;
    }
    Arrays.sort(parts);
    double usual = parts[(int) (NEARLY_ALL * (parts.length - 1))];
    return (float) Math.min(1, Math.max(LEAST_OUTSIDE, MORE * usual));
  }
}
