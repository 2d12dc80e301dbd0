package io.recommender.examples.benchmarks.index;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Makes vectors that resemble learned embeddings of items: clusters of unequal size, most of the
 * variance in few directions, and no direction along an axis.
 *
 * <p>With n items there are n / {@value #ITEMS_PER_CLUSTER} clusters, at least 1 and at most
 * {@value #MAX_CLUSTERS}. Coordinate j (from 0) has standard deviation s(j) = 1 / sqrt(1 + j / 6).
 * A cluster has
 *
 * <ul>
 *   <li>a weight of 1 / (rank + 3)^0.8, a Zipf law,
 *   <li>a centre with coordinate j normal with deviation s(j),
 *   <li>a spread between 0.4 and 1, uniform.
 * </ul>
 *
 * A vector draws a cluster by weight, adds to its centre normal noise of deviation spread * s(j),
 * is rotated and scaled to length 1. The rotation consists of layers of Givens rotations by random
 * angles; each layer pairs the coordinates anew, and with log2(dimension) + 2 layers every
 * coordinate reaches every other. Queries are drawn as items are.
 *
 * <p>With {@link Norms#LOGNORMAL} an item is then multiplied by exp(0.3 g), g normal, as popular
 * items have longer vectors in many trained models; queries keep length 1.
 *
 * <p><b>Determinism.</b> The seed decides everything, on every JVM: all functions are those of
 * {@link StrictMath}.
 */
final class SyntheticVectors {
  private static final int ITEMS_PER_CLUSTER = 100;
  private static final int MAX_CLUSTERS = 2000;
  private static final double SPECTRUM = 6;
  private static final double ZIPF_EXPONENT = 0.8;
  private static final double ZIPF_SHIFT = 3;
  private static final double LEAST_SPREAD = 0.4;
  private static final double LOG_NORM_DEVIATION = 0.3;

  /** The lengths of the items. */
  enum Norms {
    /** All 1. */
    UNIT,
    /** Lognormal. */
    LOGNORMAL
  }

  private final SplittableRandom random;
  private final int dimension;
  private final double[] deviations;
  private final double[][] centres;
  private final double[] spreads;
  private final double[] cumulativeWeights;
  private final int[][] pairings;
  private final double[][] cosines;
  private final double[][] sines;
  private double spareGaussian = Double.NaN;

  private SyntheticVectors(int count, int dimension, long seed) {
    this.dimension = dimension;
    random = new SplittableRandom(seed);
    deviations = new double[dimension];
    for (int j = 0; j < dimension; j++) {
      deviations[j] = 1 / Math.sqrt(1 + j / SPECTRUM);
    }
    int clusters = Math.max(1, Math.min(MAX_CLUSTERS, count / ITEMS_PER_CLUSTER));
    centres = new double[clusters][dimension];
    spreads = new double[clusters];
    cumulativeWeights = new double[clusters];
    double total = 0;
    for (int c = 0; c < clusters; c++) {
      for (int j = 0; j < dimension; j++) {
        centres[c][j] = gaussian() * deviations[j];
      }
      spreads[c] = LEAST_SPREAD + (1 - LEAST_SPREAD) * random.nextDouble();
      total += StrictMath.pow(c + ZIPF_SHIFT, -ZIPF_EXPONENT);
      cumulativeWeights[c] = total;
    }
    int layers = 34 - Integer.numberOfLeadingZeros(dimension);
    pairings = new int[layers][];
    cosines = new double[layers][dimension / 2];
    sines = new double[layers][dimension / 2];
    for (int l = 0; l < layers; l++) {
      pairings[l] = permutation();
      for (int p = 0; p < dimension / 2; p++) {
        double angle = 2 * Math.PI * random.nextDouble();
        cosines[l][p] = StrictMath.cos(angle);
        sines[l][p] = StrictMath.sin(angle);
      }
    }
  }

  /**
   * Makes items and queries.
   *
   * @param count the number of items, at least 1
   * @param dimension the length of every vector, at least 1
   * @param queryCount the number of queries, at least 1
   * @param seed any number
   * @param norms the lengths of the items
   * @return the items and the queries
   */
  static BenchmarkData generate(int count, int dimension, int queryCount, long seed, Norms norms) {
    SyntheticVectors source = new SyntheticVectors(count, dimension, seed);
    float[][] base = new float[count][];
    for (int i = 0; i < count; i++) {
      double norm =
          norms == Norms.UNIT ? 1 : StrictMath.exp(LOG_NORM_DEVIATION * source.gaussian());
      base[i] = source.vector(norm);
    }
    float[][] queries = new float[queryCount][];
    for (int i = 0; i < queryCount; i++) {
      queries[i] = source.vector(1);
    }
    return new BenchmarkData(base, queries);
  }

  private float[] vector(double norm) {
    double drawn = random.nextDouble() * cumulativeWeights[cumulativeWeights.length - 1];
    int found = Arrays.binarySearch(cumulativeWeights, drawn);
    int cluster = Math.min(found < 0 ? -found - 1 : found, centres.length - 1);
    double[] vector = new double[dimension];
    double squares = 0;
    for (int j = 0; j < dimension; j++) {
      vector[j] = centres[cluster][j] + gaussian() * deviations[j] * spreads[cluster];
      squares += vector[j] * vector[j];
    }
    rotate(vector);
    double factor = norm / Math.sqrt(squares);
    float[] scaled = new float[dimension];
    for (int j = 0; j < dimension; j++) {
      scaled[j] = (float) (vector[j] * factor);
    }
    return scaled;
  }

  private void rotate(double[] vector) {
    for (int l = 0; l < pairings.length; l++) {
      int[] order = pairings[l];
      for (int p = 0; p < dimension / 2; p++) {
        double x = vector[order[2 * p]];
        double y = vector[order[2 * p + 1]];
        vector[order[2 * p]] = cosines[l][p] * x - sines[l][p] * y;
        vector[order[2 * p + 1]] = sines[l][p] * x + cosines[l][p] * y;
      }
    }
  }

  private int[] permutation() {
    int[] order = new int[dimension];
    for (int i = 0; i < dimension; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  /** Draws by Marsaglia's polar method, whose results do not depend on the version of the JDK. */
  private double gaussian() {
    if (!Double.isNaN(spareGaussian)) {
      double spare = spareGaussian;
      spareGaussian = Double.NaN;
      return spare;
    }
    while (true) {
      double x = 2 * random.nextDouble() - 1;
      double y = 2 * random.nextDouble() - 1;
      double square = x * x + y * y;
      if (square > 0 && square < 1) {
        double factor = Math.sqrt(-2 * StrictMath.log(square) / square);
        spareGaussian = y * factor;
        return x * factor;
      }
    }
  }
}
