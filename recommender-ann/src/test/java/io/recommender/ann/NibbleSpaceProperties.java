package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * How far codes are from what they stand for. With r a rotated vector, s a step of the grid, c the
 * levels less half their range and e = r / s - c, an element of e is at most 1/2 where the grid
 * reaches, and how far the element is beyond it elsewhere. The scale |r|^2 / (r, c) makes what is
 * decoded, d, so long that (d, r) = |r|^2: then d - r is at right angles to r, and with x = s |e| /
 * |r| no longer than |r| x / sqrt(1 - x^2). Of three steps at four bits the best is taken, so each
 * of them bounds what came out.
 */
class NibbleSpaceProperties {
  private static final double[] STEPS_OF_FOUR_BITS = {0.3, 0.335, 0.375};
  private static final double ROUNDING = 1e-4;

  private static double norm(float[] vector) {
    return TestVectors.norm(vector);
  }

  private static double dot(float[] one, float[] other) {
    return VectorKernels.exactDot(one, other, 0, one.length);
  }

  /** Returns the longest error of a grid with a step, in parts of the length. */
  private static double bound(float[] rotated, double step, int levels) {
    double squares = 0;
    for (float value : rotated) {
      double beyond = Math.abs(value) - (levels - 1) / 2.0 * step;
      squares += Math.pow(Math.max(step / 2, beyond), 2);
    }
    double x = Math.sqrt(squares) / norm(rotated);
    return x < 1 ? x / Math.sqrt(1 - x * x) : Double.POSITIVE_INFINITY;
  }

  private static double bound(float[] rotated, int planes) {
    if (planes == 2) {
      double largest = 0;
      for (float value : rotated) {
        largest = Math.max(largest, Math.abs(value));
      }
      return bound(rotated, largest / NibbleSpace.HALF_HIGH, 256);
    }
    double deviation = norm(rotated) / Math.sqrt(rotated.length);
    double least = Double.POSITIVE_INFINITY;
    for (double step : STEPS_OF_FOUR_BITS) {
      least = Math.min(least, bound(rotated, step * deviation, 16));
    }
    return least;
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

  @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
  void anInnerProductIsOffByAtMostWhatTheStepImplies(
      @ForAll @IntRange(min = 1, max = 320) int dimension,
      @ForAll @IntRange(min = 1, max = 2) int planes,
      @ForAll @IntRange(min = 0, max = 4) int shape,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] mean = vector(dimension, shape, random);
    NibbleSpace space = new NibbleSpace(mean, planes, seed);
    float[] vector = vector(dimension, shape, random);
    float[] rotated = new float[space.length];
    space.rotate(vector, 1, rotated);
    short[] codes = new short[planes * space.words];
    float scale = space.encode(rotated, codes, 0);
    float[] decoded = new float[space.length];
    space.decode(codes, 0, scale, decoded);

    double length = norm(rotated);
    double part = bound(rotated, planes);
    assertTrue(part < (planes == 2 ? 0.05 : 0.5), () -> "the bound says little: " + part);
    assertEquals(length * length, dot(rotated, decoded), ROUNDING * length * length, "unbiased");
    float[] error = new float[space.length];
    for (int i = 0; i < error.length; i++) {
      error[i] = decoded[i] - rotated[i];
    }
    double most = (part + ROUNDING) * length;
    assertTrue(norm(error) <= most, () -> norm(error) + " is more than " + most);
    for (int i = 0; i < 4; i++) {
      float[] query = new float[space.length];
      space.rotate(vector(dimension, i, random), 0, query);
      double off = Math.abs(dot(query, decoded) - dot(query, rotated));
      double allowed = most * norm(query);
      assertTrue(off <= allowed, () -> off + " is more than " + allowed);
    }
  }

  /** What a walk adds: the query in integers, each of which is off by half a step of its own. */
  @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
  void anEstimateIsOffByAtMostWhatBothStepsImply(
      @ForAll @IntRange(min = 2, max = 320) int dimension,
      @ForAll @IntRange(min = 1, max = 2) int planes,
      @ForAll long seed) {
    Random random = new Random(seed);
    int count = 40;
    HnswGraph graph = new HnswGraph(dimension, 4, count, true);
    NibbleSpace space = new NibbleSpace(vector(dimension, 0, random), planes, seed);
    float[][] vectors = new float[count][];
    float[] rotated = new float[space.length];
    graph.setCodes(new NibbleRows(space, false, graph.shift));
    for (int node = 0; node < count; node++) {
      graph.extend();
      vectors[node] = vector(dimension, random.nextInt(3), random);
      graph.codes(graph.view()).set(node, vectors[node], rotated);
    }
    NibbleScorer scorer = new NibbleScorer(graph, HnswGraph.Ranking.PRODUCT, true);
    float[] query = vector(dimension, random.nextInt(3), random);
    scorer.prepare(graph.view(), query);
    float[] turned = new float[space.length];
    space.rotate(query, 0, turned);
    double largest = 0;
    for (float value : turned) {
      largest = Math.max(largest, Math.abs(value));
    }
    double rounding = largest / VectorKernels.NIBBLE_QUERY_MAX / 2 * Math.sqrt(space.length);
    int[] nodes = new int[count];
    Arrays.setAll(nodes, node -> node);
    float[] scores = new float[count + 4];
    scorer.score(graph.view(), nodes, 0, count, scores);
    for (int node = 0; node < count; node++) {
      space.rotate(vectors[node], 1, rotated);
      double length = norm(rotated);
      double part = bound(rotated, planes);
      double allowed = part * length * norm(query) + (1 + part) * length * rounding;
      allowed += ROUNDING * norm(query) * (length + norm(space.mean()));
      double off = Math.abs(scores[node] - dot(query, vectors[node]));
      double most = allowed;
      assertTrue(off <= most, () -> off + " is more than " + most);
    }
  }
}
