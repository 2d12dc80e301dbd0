package io.recommender.ann;

import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
  private static final int LEAST_LENGTH = 256;

  /** The covariance of vectors that are longer takes too much time and memory. */
  private static final int MOST_LENGTH = 4096;

  private static final int[] COUNTS = {128, 256};

  /** With more axes than this part of a vector's length projecting takes what reading saves. */
  private static final int PART = 2;

  /** Vectors whose directions are looked for: a part of all, at least and at most so many. */
  private static final int SAMPLE_PART = 16;

  private static final int LEAST_SAMPLE = 1024;
  private static final int MOST_SAMPLE = 2048;

  /** Fewer tell how far items lie from the axes. */
  private static final int MEASURED = 512;

  /** With less of the variance than this the trial is lost. */
  private static final double LEAST_SHARE = 0.7;

  /** Groups of queries; with the first it often shows that axes do not serve. */
  private static final int GROUPS = 3;

  /** Queries are compared with a part of many nodes, lest it take long. */
  private static final int MOST_COMPARED = 1 << 15;

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
  private static final double MOST_MISSED = 0.0125;

  private static final double NEARLY_ALL = 0.99;
  private static final double MORE = 2;

  /** Not those by which the axes were found, which lie nearer to them. */
  private static final double BETWEEN = 0.6;

  /** Less is not told from rounding errors. */
  private static final double LEAST_OUTSIDE = 0.01;

  private final HnswGraph graph;
  private final HnswGraph.View view;
  private final NibbleSpace whole;
  private final boolean euclidean;
  private final int nodes;
  private final ExactGroup exact;
  private final float[] working = new float[0];
  private final List<Group> groups = new ArrayList<>();

  /** Queries, the neighbours of each, and how many of the best codes of whole vectors find. */
  private record Group(float[][] queries, float[][][] near, int hits) {}

  /** What estimates of one form come to: the best that are found, and the greatest error. */
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
    HnswGraph.Ranking ranking =
        euclidean ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA : HnswGraph.Ranking.PRODUCT;
    exact = new ExactGroup(() -> new RowScorer(graph, ranking), Float.BYTES * graph.stride);
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
      PrincipalAxes.mix(count, rows, whole.seed());
      PrincipalAxes axes = tried(new PrincipalAxes(count, rows, 1, 1));
      if (axes != null) {
        return axes;
      }
    }
    return null;
  }

  /** Returns axes with what was measured of them, or null if they do not serve. */
  private @Nullable PrincipalAxes tried(PrincipalAxes axes) {
    float[] mean = whole.mean();
    NibbleSpace space = new NibbleSpace(mean, whole.planes, whole.seed(), axes);
    int asked = GROUPS * ExactGroup.SIZE * BEST;
    double allowed = MOST_MISSED * whole.length / axes.count * asked;
    double widening = 1;
    for (int i = 0; i < GROUPS; i++) {
      Group group = group(i);
      Outcome outcome = outcome(space, group.queries, group.near);
      allowed -= group.hits - outcome.hits;
      if (allowed < 0) {
        return null;
      }
      widening = Math.max(widening, outcome.widening);
    }
    return axes.with((float) widening, mostOutside(space));
  }

  private float[] vector(double place, int places) {
    float[] vector = new float[graph.dimension];
    graph.vector((int) (place * nodes / places), vector, working);
    return vector;
  }

  /** Returns relative vectors of an average length of 1; none if all are equal. */
  private float[][] sample(float[] mean) {
    int size = Math.max(LEAST_SAMPLE, Math.min(MOST_SAMPLE, nodes / SAMPLE_PART));
    float[][] sample = new float[Math.min(size, nodes)][];
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

  private Group group(int number) {
    if (number < groups.size()) {
      return groups.get(number);
    }
    float[][] queries = new float[ExactGroup.SIZE][];
    Arrays.setAll(queries, i -> vector(i * GROUPS + number, GROUPS * queries.length));
    int[] wanted = new int[queries.length];
    Arrays.fill(wanted, Math.min(NEAR, nodes));
    int[][] best = new int[queries.length][];
    int step = (nodes + MOST_COMPARED - 1) / MOST_COMPARED;
    exact.find(view, nodes, node -> node % step == 0, queries, 0, queries.length, wanted, best);
    float[][][] near = new float[queries.length][][];
    for (int q = 0; q < queries.length; q++) {
      near[q] = new float[best[q].length][graph.dimension];
      for (int i = 0; i < best[q].length; i++) {
        graph.vector(best[q][i], near[q][i], working);
      }
    }
    Group group = new Group(queries, near, outcome(whole, queries, near).hits);
    groups.add(group);
    return group;
  }

  private Outcome outcome(NibbleSpace space, float[][] queries, float[][][] near) {
    NibbleRows rows = space.rows(euclidean, 6).extended(1);
    float[] query = new float[space.length];
    float[] rotated = new float[space.length];
    int hits = 0;
    double widening = 1;
    for (int q = 0; q < queries.length; q++) {
      double product = space.dotMean(queries[q]);
      double part = euclidean ? 1 : space.partOfMean(product);
      double squaredLength = space.rotate(queries[q], part, query);
      int count = near[q].length;
      double[] estimates = new double[count];
      for (int i = 0; i < count; i++) {
        rows.set(i, near[q][i], rotated);
        rows.decode(i, rotated);
        estimates[i] =
            VectorKernels.exactDot(query, rotated, 0, rotated.length) + part * rows.bias(i);
        double error = estimates[i] - score(queries[q], near[q][i], squaredLength);
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
  private double score(float[] query, float[] near, double squaredLength) {
    return euclidean
        ? (squaredLength - VectorKernels.exactSquaredL2(query, near, 0, query.length)) / 2
        : VectorKernels.exactDot(query, near, 0, query.length) - whole.dotMean(query);
  }

  /** Returns how much of a query may lie outside: somewhat more than of nearly all items. */
  private float mostOutside(NibbleSpace space) {
    float[] projection = new float[space.length];
    double[] parts = new double[Math.min(MEASURED, nodes)];
    for (int i = 0; i < parts.length; i++) {
      float[] vector = vector(i + BETWEEN, parts.length);
      double part = euclidean ? 1 : space.partOfMean(space.dotMean(vector));
      double squaredLength = space.rotate(vector, part, projection);
      double inside = VectorKernels.exactDot(projection, projection, 0, projection.length);
      parts[i] = squaredLength > 0 ? 1 - inside / squaredLength : 0;
    }
    Arrays.sort(parts);
    double usual = parts[(int) (NEARLY_ALL * (parts.length - 1))];
    return (float) Math.min(1, Math.max(LEAST_OUTSIDE, MORE * usual));
  }
}
