package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How axes are found and chosen, and what estimates from projections come to. */
class PrincipalAxesTest {
  private static final int DIMENSION = 300;
  private static final int NODES = 1_500;

  /** Draws vectors of so many directions, with some noise in all others. */
  static float[][] vectors(int count, int dimension, int rank, double noise, long seed) {
    Random directions = new Random(7);
    float[][] mix = new float[rank][];
    Arrays.setAll(mix, i -> TestVectors.gaussian(dimension, directions));
    Random random = new Random(seed);
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      for (float[] direction : mix) {
        double part = random.nextGaussian();
        for (int i = 0; i < dimension; i++) {
          vector[i] += (float) (part * direction[i]);
        }
      }
      for (int i = 0; i < dimension; i++) {
        vector[i] += (float) (Math.sqrt(rank) * (noise * random.nextGaussian() + 1));
      }
    }
    return vectors;
  }

  private static double dot(float[] one, float[] other) {
    return VectorKernels.exactDot(one, other, 0, one.length);
  }

  private static float[][] rows(float[] axes, int dimension) {
    float[][] rows = new float[axes.length / dimension][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(axes, i * dimension, (i + 1) * dimension));
    return rows;
  }

  private static double share(float[][] axes, float[][] vectors) {
    double inside = 0;
    double all = 0;
    for (float[] vector : vectors) {
      all += dot(vector, vector);
      for (float[] axis : axes) {
        double part = dot(axis, vector);
        inside += part * part;
      }
    }
    return inside / all;
  }

  private static float[][] fading(int count, double power, long seed) {
    Random random = new Random(seed);
    float[][] vectors = new float[count][DIMENSION];
    for (float[] vector : vectors) {
      for (int i = 0; i < DIMENSION; i++) {
        vector[i] = (float) (random.nextGaussian() * Math.pow(1 + i, -power / 2) / 3);
      }
    }
    return vectors;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 1, 2})
  void axesHoldNearlyAsMuchAsTheBestOnes(double power) {
    float[][] vectors = fading(800, power, 3);
    AxesSearch search = new AxesSearch(vectors);
    float[][] axes = rows(search.axes(128, 5), DIMENSION);
    DMatrixRMaj covariance = new DMatrixRMaj(DIMENSION, DIMENSION);
    for (float[] vector : vectors) {
      for (int i = 0; i < DIMENSION; i++) {
        for (int j = 0; j < DIMENSION; j++) {
          covariance.add(i, j, (double) vector[i] * vector[j]);
        }
      }
    }
    var eigen = DecompositionFactory_DDRM.eig(DIMENSION, false, true);
    assertTrue(eigen.decompose(covariance));
    double[] values = new double[DIMENSION];
    Arrays.setAll(values, i -> eigen.getEigenvalue(i).getReal());
    Arrays.sort(values);
    double best = Arrays.stream(values).skip(DIMENSION - 128).sum() / Arrays.stream(values).sum();
    double found = share(axes, vectors);
    assertTrue(found <= best + 1e-5, () -> found + " is more than " + best);
    assertTrue(found >= 0.98 * best, () -> found + " is much less than " + best);
    assertTrue(search.share() <= found + 1e-5, "no more is said than there is");
    assertEquals(found, search.share(), 0.01);
    for (int i = 0; i < axes.length; i++) {
      for (int j = 0; j <= i; j++) {
        assertEquals(i == j ? 1 : 0, dot(axes[i], axes[j]), 1e-5);
      }
    }
  }

  @Test
  void noMoreAxesAreFoundThanThereAreDirections() {
    float[][] vectors = new float[600][DIMENSION];
    Random random = new Random(2);
    for (float[] vector : vectors) {
      for (int i = 0; i < 20; i++) {
        vector[3 * i] = (float) random.nextGaussian() / 5;
      }
    }
    float[][] axes = rows(new AxesSearch(vectors).axes(128, 5), DIMENSION);
    assertEquals(1, share(axes, vectors), 1e-5);
    for (float[] axis : axes) {
      double squares = dot(axis, axis);
      assertTrue(squares == 0 || Math.abs(squares - 1) < 1e-5, () -> "squares " + squares);
    }
  }

  @Test
  void mixedAxesSpanTheSame() {
    float[] axes = new AxesSearch(fading(800, 1, 3)).axes(128, 5);
    float[] mixed = axes.clone();
    PrincipalAxes.mix(128, mixed, 9);
    float[][] rows = rows(mixed, DIMENSION);
    float[][] vectors = fading(50, 1, 4);
    assertEquals(share(rows(axes, DIMENSION), vectors), share(rows, vectors), 1e-5);
    double[] parts = new double[rows.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = share(new float[][] {rows[i]}, fading(400, 1, 6));
      assertEquals(1, dot(rows[i], rows[i]), 1e-5);
    }
    double mean = Arrays.stream(parts).average().orElseThrow();
    double most = Arrays.stream(parts).max().orElseThrow();
    assertTrue(most < 5 * mean, () -> "uneven: " + most + " of " + mean);
  }

  private static HnswGraph graph(float[][] vectors) {
    HnswGraph graph = new HnswGraph(vectors[0].length, 4, vectors.length, true);
    for (float[] vector : vectors) {
      int node = graph.extend();
      graph.writeRow(node, vector);
      graph.setExtra(node, (float) (-dot(vector, vector) / 2));
    }
    return graph;
  }

  private static float[] mean(float[][] vectors) {
    float[] mean = new float[vectors[0].length];
    for (int i = 0; i < mean.length; i++) {
      int place = i;
      mean[i] =
          (float)
              Arrays.stream(vectors).mapToDouble(vector -> vector[place]).average().orElseThrow();
    }
    return mean;
  }

  private static @Nullable PrincipalAxes chosen(float[][] vectors, boolean euclidean) {
    NibbleSpace whole = new NibbleSpace(mean(vectors), 1, 3);
    return new AxesTrial(graph(vectors), whole, euclidean, vectors.length).choose();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theFewestAxesThatServeAreChosen(boolean euclidean) {
    PrincipalAxes few = chosen(vectors(NODES, DIMENSION, 20, 0.05, 1), euclidean);
    assertNotNull(few);
    assertEquals(128, few.count);
    assertTrue(few.widening >= 1 && few.widening < 20, () -> "widening " + few.widening);
    assertTrue(few.mostOutside < 0.1, () -> "outside " + few.mostOutside);
    float[][] broad = new float[NODES][600];
    Random random = new Random(3);
    for (float[] vector : broad) {
      for (int i = 0; i < 240; i++) {
        vector[2 * i] = (float) random.nextGaussian();
      }
    }
    PrincipalAxes more = chosen(broad, euclidean);
    assertNotNull(more);
    assertEquals(256, more.count);
    assertNull(chosen(vectors(NODES, DIMENSION, 300, 1, 1), euclidean), "no directions stand out");
    float[][] equal = new float[NODES][DIMENSION];
    for (float[] vector : equal) {
      Arrays.fill(vector, 2);
    }
    assertNull(chosen(equal, euclidean), "no directions at all");
    assertNotNull(chosen(vectors(20, DIMENSION, 5, 0, 1), euclidean), "few vectors");
  }

  @Test
  void onlyLongVectorsAreProjected() {
    assertFalse(AxesTrial.mayChoose(128));
    assertTrue(AxesTrial.mayChoose(129));
    assertTrue(AxesTrial.mayChoose(4096));
    assertFalse(AxesTrial.mayChoose(4097));
    assertTrue(AxesTrial.mayChoose(128, 129));
    assertFalse(AxesTrial.mayChoose(256, 384), "more than half");
    assertTrue(AxesTrial.mayChoose(256, 385));
    assertFalse(AxesTrial.mayChoose(127, 784));
    assertFalse(AxesTrial.mayChoose(0, 784));
  }

  /** A graph whose codes are those of projections. */
  private static HnswGraph projected(float[][] vectors, boolean euclidean) {
    HnswGraph graph = graph(vectors);
    PrincipalAxes axes = chosen(vectors, euclidean);
    assertNotNull(axes);
    NibbleSpace space = new NibbleSpace(mean(vectors), 1, 3, axes);
    graph.setCodes(space.rows(euclidean, graph.shift).extended(graph.view().upper().length));
    float[] rotated = new float[space.length];
    for (int node = 0; node < vectors.length; node++) {
      graph.codes(graph.view()).set(node, vectors[node], rotated);
    }
    return graph;
  }

  private static HnswGraph.Ranking ranking(boolean euclidean) {
    return euclidean ? HnswGraph.Ranking.PRODUCT_PLUS_EXTRA : HnswGraph.Ranking.PRODUCT;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void estimatesAreOffByNoMoreThanTheyAreSaidToBe(boolean euclidean) {
    float[][] vectors = vectors(NODES, DIMENSION, 20, 0.1, 1);
    HnswGraph graph = projected(vectors, euclidean);
    NibbleScorer scorer = new NibbleScorer(graph, ranking(euclidean), false);
    int[] nodes = new int[NODES];
    Arrays.setAll(nodes, i -> i);
    float[] scores = new float[NODES + 4];
    double squares = 0;
    double allowed = 0;
    for (float[] query : vectors(20, DIMENSION, 20, 0.1, 2)) {
      scorer.prepare(graph.view(), query);
      assertFalse(scorer.isMissed());
      scorer.score(graph.view(), nodes, 0, NODES, scores);
      for (int node = 0; node < NODES; node++) {
        double score =
            euclidean
                ? -VectorKernels.exactSquaredL2(query, vectors[node], 0, DIMENSION)
                : dot(query, vectors[node]);
        double off = Math.abs(scorer.told(scores[node]) - score);
        double error = scorer.error(graph.view(), node);
        assertTrue(off < 3 * error, () -> off + " with an error of " + error);
        squares += off * off;
        allowed += error * error;
      }
    }
    double ratio = Math.sqrt(squares / allowed);
    assertTrue(ratio < 1, () -> "off by " + ratio + " errors");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aQueryThatAxesMissIsComparedWithVectors(boolean euclidean) {
    float[][] vectors = vectors(NODES, DIMENSION, 20, 0.1, 1);
    HnswGraph graph = projected(vectors, euclidean);
    NibbleScorer scorer = new NibbleScorer(graph, ranking(euclidean), false);
    RowScorer exact = new RowScorer(graph, ranking(euclidean));
    int[] nodes = {3, 1, 4, 9};
    float[] scores = new float[8];
    float[] expected = new float[8];
    float[] elsewhere = TestVectors.gaussian(DIMENSION, new Random(1));
    for (int i = 0; i < DIMENSION; i++) {
      elsewhere[i] *= 20;
    }
    for (int turn = 0; turn < 2; turn++) {
      scorer.prepare(graph.view(), elsewhere);
      exact.prepare(graph.view(), elsewhere);
      assertTrue(scorer.isMissed());
      assertEquals(0, scorer.touch(graph.view(), nodes, 0, 4));
      scorer.score(graph.view(), nodes, 0, 4, scores);
      exact.score(graph.view(), nodes, 0, 4, expected);
      for (int i = 0; i < 4; i++) {
        assertEquals(expected[i], scores[i]);
        assertEquals(exact.told(expected[i]), scorer.told(scores[i]));
        assertEquals(0, scorer.error(graph.view(), nodes[i]));
        assertEquals(exact.own(graph.view(), nodes[i]), scorer.own(graph.view(), nodes[i]));
      }
      scorer.prepare(graph.view(), 5);
      assertFalse(scorer.isMissed(), "the next query is another one");
      assertTrue(scorer.error(graph.view(), 3) > 0);
    }
  }
}
