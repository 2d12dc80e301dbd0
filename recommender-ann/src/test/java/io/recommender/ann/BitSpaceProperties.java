package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.internal.BitKernels;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * How far codes of one bit are from what they stand for. With r a rotated vector of n elements, |r|
 * its length, s its scale and d what is decoded, the signs times s: (d, r) = |r|², and d - r is at
 * right angles to r, of a squared length of s² n - |r|².
 */
class BitSpaceProperties {
  private static final double ROUNDING = 1e-4;

  private static double dot(float[] one, float[] other) {
    return VectorKernels.exactDot(one, other, 0, one.length);
  }

  private static float[] vector(int dimension, int shape, Random random) {
    float[] vector = TestVectors.gaussian(dimension, random);
    for (int i = 0; i < dimension; i++) {
      switch (shape) {
        case 0 -> vector[i] += 3;
        case 1 -> vector[i] *= (float) Math.exp(2 * random.nextGaussian());
        case 2 -> vector[i] *= i == 0 ? 1_000 : 1;
        case 3 -> vector[i] *= 1e-12f;
        default -> vector[i] *= 1e12f;
      }
    }
    return vector;
  }

  private static float[] decoded(BitRows rows, int node) {
    float[] decoded = new float[rows.space().length];
    for (int i = 0; i < decoded.length; i++) {
      long word = rows.chunks()[node >>> rows.shift()][rows.offset(node) + i / Long.SIZE];
      decoded[i] = (word >>> i % Long.SIZE & 1) == 1 ? rows.scale(node) : -rows.scale(node);
    }
    return decoded;
  }

  /** What a walk adds: the query in integers, each of which is off by half a step of its own. */
  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void anEstimateIsOffByAtMostWhatSignsAndStepImply(
      @ForAll @IntRange(min = 1, max = 320) int dimension,
      @ForAll @IntRange(min = 0, max = 4) int shape,
      @ForAll boolean euclidean,
      @ForAll long seed) {
    Random random = new Random(seed);
    int count = 40;
    HnswGraph graph = new HnswGraph(dimension, 4, count, true);
    BitSpace space = new BitSpace(vector(dimension, shape, random), seed);
    graph.setCodes(space.rows(euclidean, graph.shift));
    float[][] vectors = new float[count][];
    float[] rotated = new float[space.length];
    int[] nodes = new int[count];
    for (int node = 0; node < count; node++) {
      graph.extend();
      nodes[node] = node;
      vectors[node] = vector(dimension, shape, random);
      graph.codes(graph.view()).set(node, vectors[node], rotated);
    }
    BitScorer scorer =
        new BitScorer(
            graph, euclidean ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA : HnswGraph.Ranking.PRODUCT);
    float[] query = vector(dimension, shape, random);
    scorer.prepare(graph.view(), query);
    float[] scores = new float[count + 4];
    scorer.score(graph.view(), nodes, 0, count, scores);
    BitRows rows = (BitRows) graph.codes(graph.view());
    float[] turned = new float[space.length];
    space.rotate(query, euclidean ? 1 : 0, turned);
    double largest = 0;
    for (float value : turned) {
      largest = Math.max(largest, Math.abs(value));
    }
    double rounding = largest / BitKernels.QUERY_MAX / 2 * space.length;
    for (int node = 0; node < count; node++) {
      space.rotate(vectors[node], 1, rotated);
      float[] decoded = decoded(rows, node);
      double squares = dot(rotated, rotated);
      assertEquals(squares, dot(rotated, decoded), ROUNDING * squares, "unbiased");
      double scale = rows.scale(node);
      double error = Math.sqrt(Math.max(0, scale * scale * space.length - squares));
      double allowed = Math.sqrt(dot(turned, turned)) * error + scale * rounding;
      double sizes = Math.sqrt(squares) + TestVectors.norm(space.mean());
      allowed += ROUNDING * (TestVectors.norm(query) + sizes) * (sizes + TestVectors.norm(query));
      double exact = euclidean ? -squaredDistance(query, vectors[node]) : dot(query, vectors[node]);
      double off = Math.abs(scorer.told(scores[node]) - exact);
      double most = (euclidean ? 2 : 1) * allowed;
      assertTrue(off <= most, () -> off + " is more than " + most);
    }
  }

  private static double squaredDistance(float[] one, float[] other) {
    return VectorKernels.exactSquaredL2(one, other, 0, one.length);
  }

  /** Of draws from a normal distribution 68 % are within one deviation and 95 % within two. */
  @Example
  void errorsAreAsLargeAsTheScorerSays() {
    for (int dimension : new int[] {33, 64, 100, 128, 300, 768}) {
      for (HnswGraph.Ranking ranking :
          new HnswGraph.Ranking[] {
            HnswGraph.Ranking.PRODUCT, HnswGraph.Ranking.PRODUCT_PLUS_EXTRA
          }) {
        assertErrors(dimension, ranking);
      }
    }
  }

  private static void assertErrors(int dimension, HnswGraph.Ranking ranking) {
    boolean euclidean = ranking == HnswGraph.Ranking.PRODUCT_PLUS_EXTRA;
    Random random = new Random(dimension);
    int count = 400;
    HnswGraph graph = new HnswGraph(dimension, 4, count, true);
    // That of the vectors: were it another, all would be alike, and the error less.
    float[] mean = new float[dimension];
    Arrays.fill(mean, 3);
    BitSpace space = new BitSpace(mean, 3);
    graph.setCodes(space.rows(euclidean, graph.shift));
    float[][] vectors = new float[count][];
    int[] nodes = new int[count];
    for (int node = 0; node < count; node++) {
      graph.extend();
      nodes[node] = node;
      vectors[node] = vector(dimension, 0, random);
      graph.codes(graph.view()).set(node, vectors[node], new float[space.length]);
    }
    BitScorer scorer = new BitScorer(graph, ranking);
    float[] scores = new float[count + 4];
    int[] within = new int[4];
    int queries = 20;
    for (int q = 0; q < queries; q++) {
      float[] query = vector(dimension, 0, random);
      scorer.prepare(graph.view(), query);
      scorer.score(graph.view(), nodes, 0, count, scores);
      for (int node = 0; node < count; node++) {
        double exact =
            euclidean ? -squaredDistance(query, vectors[node]) : dot(query, vectors[node]);
        double off = Math.abs(scorer.told(scores[node]) - exact);
        double error = scorer.error(graph.view(), node);
        for (int i = 0; i < within.length; i++) {
          within[i] += off <= i * error ? 1 : 0;
        }
      }
    }
    double all = queries * count;
    String what = dimension + " " + ranking + " " + Arrays.toString(within);
    assertEquals(0.683, within[1] / all, 0.06, what);
    assertEquals(0.954, within[2] / all, 0.03, what);
    assertTrue(within[3] / all >= 0.99, what);
  }

  @Example
  void aVectorThatIsTheMeanHasNoScale() {
    float[] mean = vector(100, 0, new Random(4));
    BitSpace space = new BitSpace(mean, 4);
    BitRows rows = space.rows(true, 3).extended(1);
    rows.set(5, mean, new float[space.length]);
    assertEquals(0, rows.scale(5));
    assertEquals(0, rows.bias(5) + 0f);
  }
}
