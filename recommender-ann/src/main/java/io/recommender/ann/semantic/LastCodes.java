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

  /** A change of logarithms that does not count. */
  private static final double SETTLED = 1e-3;

  /** The logarithm below which a part does not count. */
  private static final double NOTHING = -40;

  /** A logarithm that is more than any part, and whose exponential is finite. */
  private static final double MUCH = 600;

  /** Items times codes of one transport. */
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
    spread(MOST_PAIRS);
  }

  /** As above, with so many items times codes in one transport. */
  void spread(int mostPairs) {
    int[] orders = new int[codes.length];
    Arrays.setAll(orders, i -> i);
    int[] sorted = SortedCodes.sort(codes, orders);
    int from = 0;
    while (from < sorted.length) {
      int to = from + 1;
      boolean collides = false;
      while (to < sorted.length
          && Arrays.equals(codes[sorted[from]], 0, last, codes[sorted[to]], 0, last)) {
        collides |= codes[sorted[to - 1]][last] == codes[sorted[to]][last];
        to++;
      }
      if (collides) {
        spread(sorted, from, to, Math.max(1, mostPairs / entries.length));
      }
      from = to;
    }
  }

  /** Deals out the codes of a group, in parts if it is large. */
  private void spread(int[] sorted, int from, int to, int most) {
    int[] taken = new int[entries.length];
    int each = (to - from) / entries.length;
    int extra = (to - from) % entries.length;
    for (int part = from; part < to; part += most) {
      int[] members = Arrays.copyOfRange(sorted, part, Math.min(to, part + most));
      Arrays.sort(members);
      double[] room = new double[entries.length];
      for (int code = 0; code < room.length; code++) {
        room[code] = Math.max(0, each + (extra > 0 ? 1 : 0) - taken[code]);
      }
      for (long pair : ranked(members, room)) {
        int i = (int) pair / entries.length;
        int code = (int) pair % entries.length;
        boolean isFree = taken[code] < each || (taken[code] == each && extra > 0);
        if (members[i] >= 0 && isFree) {
          extra -= taken[code] == each ? 1 : 0;
          taken[code]++;
          codes[members[i]][last] = code;
          members[i] = -1;
        }
      }
    }
  }

  /** Returns all pairs of a member and a code in the order in which they are dealt out. */
  private long[] ranked(int[] members, double[] room) {
    double[][] gains = gains(members);
    balance(gains, room);
    long[] pairs = new long[members.length * entries.length];
    for (int i = 0; i < members.length; i++) {
      for (int code = 0; code < entries.length; code++) {
        // Logarithms of parts are at most 0, so that those of the largest parts have least bits.
        int bits = Float.floatToIntBits((float) Math.min(0, gains[i][code])) & Integer.MAX_VALUE;
        pairs[i * entries.length + code] =
            (long) bits << Integer.SIZE | (long) i * entries.length + code;
      }
    }
    LongArrays.radixSort(pairs);
    return pairs;
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
  private void balance(double[][] gains, double[] room) {
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
      boolean isDone = true;
      for (int code = 0; code < prices.length; code++) {
        double before = prices[code];
        prices[code] =
            room[code] > 0
                ? Math.max(0, StrictMath.log(loads[code] / room[code]))
                : Double.POSITIVE_INFINITY;
        isDone &= prices[code] == before || Math.abs(prices[code] - before) < SETTLED;
      }
      if (isDone) {
        break;
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
    return exponent < NOTHING ? 0 : StrictMath.exp(Math.min(exponent, MUCH));
  }
}
