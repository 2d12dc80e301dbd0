package io.recommender.ann.internal;

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
  private static final int WINS = 3;

  private final float[] query = new float[LENGTH];
  private final float[] rows = new float[4 * LENGTH];
  private final float[] out = new float[4];

  private KernelTrial() {
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (i % 31 - 15) / 16f;
      query[i % LENGTH] = (i % 17 - 8) / 8f;
    }
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
    return System.nanoTime() - start;
  }
}
