package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Ranks nodes by an estimate from their codes, which reads an eighth or a quarter of their vectors.
 *
 * <p>With g the query in integers of step t, T the inner product of g and the codes of a node, h
 * half the range of a code, and s the node's scale, the estimate of the inner product of the query,
 * less a part of the mean, and the relative vector of the node is s t (T - h sum(g)). What that
 * part adds is known: the node's bias.
 *
 * <p>A query that lies {@linkplain PrincipalAxes#misses too far from the axes} of the codes is
 * compared with vectors instead.
 *
 * <p><b>Confined</b>.
 */
final class NibbleScorer extends CodeScorer {
  /** The error of an estimate in scales of a node, for a query of length 1: four bits, eight. */
  static final double LOW_ERROR = 0.33;

  private static final double HIGH_ERROR = 0.6;

  private final boolean fine;
  private final HnswGraph.Ranking ranking;
  private float[] decoded = new float[0];
  private short[] factors = new short[0];
  private int[] lowSums = new int[0];
  private float half;

  /** Compares vectors with queries of which axes miss too much. */
  private @Nullable RowScorer whole;

  private boolean isMissed;

  /**
   * Makes a scorer without a query.
   *
   * @param fine whether to use both planes where there are two
   */
  NibbleScorer(HnswGraph graph, HnswGraph.Ranking ranking, boolean fine) {
    super(graph, ranking);
    this.fine = fine;
    this.ranking = ranking;
  }

  private NibbleRows rows(HnswGraph.View view) {
    return (NibbleRows) graph.codes(view);
  }

  @Override
  public void prepare(HnswGraph.View view, float[] query) {
    NibbleSpace space = ensure(view);
    rotate(space, query);
    if (!isMissed(space)) {
      quantize(space);
    } else {
      whole().prepare(view, query);
    }
  }

  @Override
  public void prepare(HnswGraph.View view, int node) {
    NibbleSpace space = ensure(view);
    if (graph.keepsRows) {
      graph.copyRow(view, node, row, 0);
      prepare(view, row);
      return;
    }
    prepareCodes(view, node);
  }

  /** Takes what the codes of a node stand for as the query. */
  void prepareCodes(HnswGraph.View view, int node) {
    NibbleSpace space = ensure(view);
    isMissed = false;
    rows(view).decode(node, rotated);
    constant = 0;
    weight = 1;
    if (!euclidean) {
      double product = space.squaredMean() + rows(view).bias(node);
      double part = space.partOfMean(product);
      space.addRotatedMean(rotated, 1 - part);
      constant = (float) product;
      weight = (float) part;
    }
    norm = Math.sqrt(VectorKernels.exactDot(rotated, rotated, 0, rotated.length));
    quantize(space);
  }

  private boolean isMissed(NibbleSpace space) {
    PrincipalAxes axes = space.axes();
    isMissed =
        axes != null
            && axes.misses(
                norm * norm, VectorKernels.exactDot(rotated, rotated, 0, rotated.length));
    return isMissed;
  }

  /** Returns whether codes say too little of the query, so that vectors are compared. */
  boolean isMissed() {
    return isMissed;
  }

  /** Returns whether the query in hand can be compared with copies of codes of a space. */
  boolean canScore(HnswGraph.View view, NibbleSpace space) {
    return !isMissed && rows(view).space() == space;
  }

  private RowScorer whole() {
    if (whole == null) {
      whole = new RowScorer(graph, ranking);
    }
    return whole;
  }

  private NibbleSpace ensure(HnswGraph.View view) {
    NibbleSpace space = rows(view).space();
    if (rotated.length != space.length) {
      rotated = new float[space.length];
      factors = new short[4 * VectorKernels.nibbleFactors(space.words)];
    }
    return space;
  }

  private void quantize(NibbleSpace space) {
    float inverse = step(VectorKernels.NIBBLE_QUERY_MAX);
    int sum = 0;
    int part = factors.length / 4;
    Arrays.fill(factors, (short) 0);
    for (int j = 0; j < 4; j++) {
      for (int w = 0; w < space.words; w++) {
        int factor = rounded(rotated[j * space.words + w] * inverse);
        factors[j * part + w] = (short) factor;
        sum += factor;
      }
    }
    VectorKernels.toNibbleFactors(factors);
    boolean both = fine && space.planes == 2;
    half = sum * (both ? NibbleSpace.HALF_HIGH : NibbleSpace.HALF_LOW);
    if (!both && space.planes == 2) {
      step *= 16;
    }
  }

  @Override
  public void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
    if (isMissed) {
      whole().score(view, nodes, from, count, scores);
      return;
    }
    score(rows(view), nodes, from, count, scores);
    applyExtras(view, nodes, from, count, scores);
  }

  /**
   * Scores packed nodes, whose codes are of the space of the query.
   *
   * @param block the first block of them
   * @param blocks how many blocks
   */
  void score(PackedNodes packed, int block, int blocks, float[] scores) {
    int count = blocks * PackedNodes.BLOCK;
    if (sums.length < count) {
      sums = new int[2 * count];
    }
    int[] sums = this.sums;
    packed.multiply(factors, 0, block, blocks, sums);
    if (fine && packed.space().planes == 2) {
      if (lowSums.length < sums.length) {
        lowSums = new int[sums.length];
      }
      packed.multiply(factors, 1, block, blocks, lowSums);
      for (int i = 0; i < count; i++) {
        sums[i] = 16 * sums[i] + lowSums[i];
      }
    }
    float[] scales = packed.scales();
    float[] biases = packed.biases();
    int at = block * PackedNodes.BLOCK;
    float constant = this.constant;
    float weight = this.weight;
    float step = this.step;
    float half = this.half;
    for (int i = 0; i < count; i++) {
      scores[i] = constant + scales[at + i] * (step * (sums[i] - half)) + weight * biases[at + i];
    }
  }

  private void score(NibbleRows rows, int[] nodes, int from, int count, float[] scores) {
    if (sums.length < count + 4) {
      sums = new int[2 * count + 4];
    }
    int[] sums = this.sums;
    rows.multiply(factors, 0, nodes, from, count, sums);
    if (fine && rows.space().planes == 2) {
      addLowPlane(rows, nodes, from, count, sums);
    }
    float[][] nodeFactors = rows.factors();
    int bits = rows.shift();
    int mask = (1 << bits) - 1;
    float constant = this.constant;
    for (int i = 0; i < count; i++) {
      int node = nodes[from + i];
      float[] chunk = nodeFactors[node >>> bits];
      int at = 2 * (node & mask);
      scores[i] = constant + chunk[at] * (step * (sums[i] - half)) + weight * chunk[at + 1];
    }
  }

  private void addLowPlane(NibbleRows rows, int[] nodes, int from, int count, int[] sums) {
    if (lowSums.length < sums.length) {
      lowSums = new int[sums.length];
    }
    rows.multiply(factors, 1, nodes, from, count, lowSums);
    for (int i = 0; i < count; i++) {
      sums[i] = 16 * sums[i] + lowSums[i];
    }
  }

  @Override
  public int touch(HnswGraph.View view, int[] nodes, int from, int count) {
    return isMissed ? 0 : rows(view).touch(fine, nodes, from, count);
  }

  @Override
  public double error(HnswGraph.View view, int node) {
    if (isMissed) {
      return 0;
    }
    NibbleRows rows = rows(view);
    double perScale = norm * (euclidean ? 2 : 1);
    if (rows.space().planes == 2) {
      perScale *= fine ? HIGH_ERROR : 16 * LOW_ERROR;
    } else {
      perScale *= LOW_ERROR;
    }
    PrincipalAxes axes = rows.space().axes();
    return perScale * rows.scale(node) * (axes == null ? 1 : axes.widening);
  }

  @Override
  public float own(HnswGraph.View view, int node) {
    if (isMissed) {
      return whole().own(view, node);
    }
    return euclidean ? rows(view).bias(node) : 0;
  }

  @Override
  public double told(float score) {
    return isMissed ? whole().told(score) : super.told(score);
  }

  /** Returns the score of a node as users see it, from the vector that its codes stand for. */
  double exact(HnswGraph.View view, int node, Similarity similarity) {
    NibbleRows rows = rows(view);
    if (decoded.length != rotated.length) {
      decoded = new float[rotated.length];
    }
    rows.decode(node, decoded);
    double beside = constant + (double) weight * rows.bias(node);
    return switch (similarity) {
      case DOT -> VectorKernels.exactDot(rotated, decoded, 0, rotated.length) + beside + 0.0;
      case COSINE -> {
        double cosine = VectorKernels.exactDot(rotated, decoded, 0, rotated.length) + beside;
        yield Math.max(-1, Math.min(1, cosine)) + 0.0;
      }
      case L2 -> 0.0 - VectorKernels.exactSquaredL2(rotated, decoded, 0, rotated.length);
    };
  }
}
