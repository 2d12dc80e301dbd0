package io.recommender.ann.internal;

import java.util.Arrays;

/**
 * Finds out whether SIMD kernels are compiled to SIMD instructions, by racing them against the
 * scalar ones. Where they are not, each vector operation allocates and is a hundred times slower.
 *
 * <p>Both start interpreted, and the JVM decides when to compile, so the race is repeated until the
 * candidate has won {@value #WINS} rounds against the best one of the others, for at most five
 * seconds. That is a fraction of a second where the instructions are there; only where they are not
 * does it take the whole time, once.
 */
final class KernelTrial {
  private static final long LIMIT_NANOS = 5_000_000_000L;
  private static final int LENGTH = 256;
  private static final int CALLS = 400;
  private static final int TILES = 10;
  private static final int WINS = 3;

  private final float[] query = new float[LENGTH];
  private final float[] rows = new float[4 * LENGTH];
  private final float[] out = new float[4];
  private final int[] queryCodes = new int[LENGTH];
  private final byte[] codes = new byte[LENGTH * VectorKernels.CODE_ROWS];
  private final float[] ones = new float[VectorKernels.CODE_ROWS];
  private final float[] bounds = new float[VectorKernels.CODE_ROWS];

  private KernelTrial() {
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (i % 31 - 15) / 16f;
      query[i % LENGTH] = (i % 17 - 8) / 8f;
      queryCodes[i % LENGTH] = i % 17;
    }
    Arrays.fill(ones, 1);
  }

  static boolean isFaster(VectorKernels candidate, VectorKernels scalar) {
    return isFaster(candidate, scalar, LIMIT_NANOS);
  }

  static boolean isFaster(VectorKernels candidate, VectorKernels scalar, long limitNanos) {
    KernelTrial trial = new KernelTrial();
    long start = System.nanoTime();
    long bestScalar = Long.MAX_VALUE;
    int wins = 0;
    do {
      bestScalar = Math.min(bestScalar, trial.round(scalar));
      if (trial.round(candidate) < bestScalar && ++wins == WINS) {
        return true;
      }
      // The compiler threads may need this processor.
      Thread.yield();
    } while (System.nanoTime() - start < limitNanos);
    return false;
  }

  private long round(VectorKernels kernels) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      kernels.dot4(query, 0, rows, 0, LENGTH, 2 * LENGTH, 3 * LENGTH, LENGTH, out, 0);
    }
    for (int i = 0; i < TILES; i++) {
      kernels.boundTile(queryCodes, codes, 0, LENGTH, ones, ones, ones, 0, ones, 1, bounds);
    }
    return System.nanoTime() - start;
  }
}
