package io.recommender.ann.semantic;

import it.unimi.dsi.fastutil.longs.LongArrays;
import java.util.Arrays;

/**
 * Deals out the last codes of items that would have the same code.
 *
 * <p>Among items that share all codes but the last, the transport of items to codes is found that
 * costs least and takes no code more often than must be, smoothed by entropy (Cuturi 2013, Sinkhorn
 * distances), with a limit for each code instead of an equal share. What it moves most surely is
 * dealt out first.
 *
 * <p><b>Confined</b>.
 */
final class LastCodes {
  private static final int ROUNDS = 30;

  /** The logarithm below which a part does not count. */
  private static final double NOTHING = -40;

  /** Items and codes of one transport at most, as far as there are no more codes. */
  private static final int MOST_PAIRS = 1 << 22;

  /** How smooth the transport is, in parts of the mean cost. */
  private static final double SMOOTHNESS = 0.02;

  private final float[][][] codebooks;
  private final float[][] vectors;
  private final int[][] codes;
  private final float[][] entries;
  private final int last;

  /**
   * Takes codes.
   *
   * @param codes the codes of the vectors, to be changed
   */
  LastCodes(float[][][] codebooks, float[][] vectors, int[][] codes) {
    this.codebooks = codebooks;
    this.vectors = vectors;
    this.codes = codes;
    last = codebooks.length - 1;
    entries = codebooks[last];
  }

  /** Changes last codes where items collide. */
  void spread() {
    int[] orders = new int[codes.length];
    Arrays.setAll(orders, i -> i);
    int[] sorted = SortedCodes.sort(codes, orders);
    // Whole rounds of all codes, so that parts of a group together take each as often.
    int most = entries.length * Math.max(1, MOST_PAIRS / entries.length / entries.length);
    int from = 0;
    while (from < sorted.length) {
      int to = from + 1;
      boolean collides = false;
      while (to < sorted.length
          && Arrays.equals(codes[sorted[from]], 0, last, codes[sorted[to]], 0, last)) {
        collides |= codes[sorted[to - 1]][last] == codes[sorted[to]][last];
        to++;
      }
      for (int part = from; part < to && collides; part += most) {
        spread(Arrays.copyOfRange(sorted, part, Math.min(to, part + most)));
      }
      from = to;
    }
  }

  private void spread(int[] members) {
    Arrays.sort(members);
    int limit = (members.length + entries.length - 1) / entries.length;
    double[][] gains = gains(members);
    balance(gains, limit);
    long[] keys = new long[members.length * entries.length];
    for (int i = 0; i < members.length; i++) {
      for (int code = 0; code < entries.length; code++) {
        // Logarithms of parts are at most 0, so that those of the largest parts have least bits.
        int bits = Float.floatToIntBits((float) Math.min(0, gains[i][code])) & Integer.MAX_VALUE;
        keys[i * entries.length + code] =
            (long) bits << Integer.SIZE | (long) i * entries.length + code;
      }
    }
    LongArrays.radixSort(keys);
    int[] taken = new int[entries.length];
    int each = members.length / entries.length;
    int extra = members.length % entries.length;
    boolean[] isDone = new boolean[members.length];
    for (long key : keys) {
      int i = (int) key / entries.length;
      int code = (int) key % entries.length;
      if (!isDone[i] && (taken[code] < each || (taken[code] == each && extra > 0))) {
        isDone[i] = true;
        extra -= taken[code] == each ? 1 : 0;
        taken[code]++;
        codes[members[i]][last] = code;
      }
    }
  }

  /** Returns minus the squared distances of what is left of vectors to all entries, scaled. */
  private double[][] gains(int[] members) {
    double[][] gains = new double[members.length][entries.length];
    double sum = 0;
    for (int i = 0; i < members.length; i++) {
      float[] left = vectors[members[i]].clone();
      for (int level = 0; level < last; level++) {
        float[] entry = codebooks[level][codes[members[i]][level]];
        for (int d = 0; d < left.length; d++) {
          left[d] -= entry[d];
        }
      }
      for (int code = 0; code < entries.length; code++) {
        gains[i][code] = -Rows.distance(left, entries[code]);
        sum -= gains[i][code];
      }
    }
    double unit = SMOOTHNESS * sum / ((double) members.length * entries.length);
    for (double[] row : gains) {
      for (int code = 0; code < row.length; code++) {
        row[code] = unit > 0 ? row[code] / unit : 0;
      }
    }
    return gains;
  }

  /** Makes gains the logarithms of the parts of each item that go to each code. */
  private void balance(double[][] gains, int limit) {
    double[] prices = new double[entries.length];
    double[] loads = new double[entries.length];
    double[] norms = new double[gains.length];
    for (int round = 0; round < ROUNDS; round++) {
      Arrays.fill(loads, 0);
      for (int i = 0; i < gains.length; i++) {
        norms[i] = logOfSum(gains[i], prices);
        for (int code = 0; code < loads.length; code++) {
          loads[code] += exp(gains[i][code] - norms[i]);
        }
      }
      for (int code = 0; code < prices.length; code++) {
        prices[code] = Math.max(0, StrictMath.log(loads[code] / limit));
      }
    }
    for (int i = 0; i < gains.length; i++) {
      norms[i] = logOfSum(gains[i], prices);
      for (int code = 0; code < prices.length; code++) {
        gains[i][code] -= prices[code] + norms[i];
      }
    }
  }

  private static double logOfSum(double[] gains, double[] prices) {
    double most = Double.NEGATIVE_INFINITY;
    for (int code = 0; code < gains.length; code++) {
      most = Math.max(most, gains[code] - prices[code]);
    }
    double sum = 0;
    for (int code = 0; code < gains.length; code++) {
      sum += exp(gains[code] - prices[code] - most);
    }
    return most + StrictMath.log(sum);
  }

  private static double exp(double exponent) {
    return exponent < NOTHING ? 0 : StrictMath.exp(exponent);
  }
}
