package io.recommender.ann.internal;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds out whether SIMD kernels are compiled to SIMD instructions, by racing them against the
 * scalar ones. Where they are not, each vector operation allocates and is a hundred times slower.
 *
 * <p>Both start interpreted, and the JVM decides when to compile, later if other processes want the
 * processors. So each kernel is run in short rounds, in turns with the scalar one, and only the
 * best round of each counts: an interruption makes a round longer and none shorter. The candidate
 * is refused only if one of its kernels is still {@value #CLEARLY} times slower than the scalar one
 * when the time is up; a difference that is smaller says nothing.
 *
 * <p><b>Cost.</b> As long as it takes to compile the kernels, which is half a second to a second of
 * processor time for each part, and would be spent by the first searches otherwise. Where the
 * instructions are missing, ten seconds of running, once; a round that was interrupted counts as
 * {@value #ROUND_MILLIS} ms.
 */
final class KernelTrial {
  private static final long LIMIT_NANOS = 10_000_000_000L;
  private static final long ROUND_MILLIS = 100;
  private static final long PAUSE_NANOS = 200_000;
  private static final long LONGEST_PAUSE_NANOS = 10 * PAUSE_NANOS;
  private static final int CLEARLY = 3;

  /** The scalar kernels leave the interpreter in the course of so many calls. */
  private static final int WARM_CALLS = 300;

  private static final int CALLS = 10;

  // A kernel is compiled once its loops have run so often. Those of what is left over count too,
  // and
  // cost nothing while each vector operation still does.
  private static final int LENGTH = 143;
  private static final int CODES = 64;
  private static final int NIBBLE_WORDS = 2 * VectorKernels.NIBBLE_WORDS;
  private static final int NIBBLE_SHIFT = 6;
  private static final int NIBBLE_ROWS = 16;

  private final float[] query = new float[LENGTH];
  private final float[] rows = new float[4 * LENGTH];
  private final float[] out = new float[4];
  private final int[] queryCodes = new int[CODES];
  private final byte[] codes = new byte[CODES * VectorKernels.CODE_ROWS];
  private final float[] ones = new float[VectorKernels.CODE_ROWS];
  private final float[] bounds = new float[VectorKernels.CODE_ROWS];
  private final short[] queryNibbles = new short[4 * VectorKernels.nibbleFactors(NIBBLE_WORDS)];
  private final short[][] chunks = {
    new short[NIBBLE_WORDS * NIBBLE_ROWS + VectorKernels.NIBBLE_WORDS]
  };
  private final int[] nibbleRows = new int[NIBBLE_ROWS];
  private final int[] sums = new int[NIBBLE_ROWS];
  private final List<Call> calls;
  private long spent;

  /** Calls one kernel once. */
  @FunctionalInterface
  private interface Call {
    void run(KernelTrial trial, VectorKernels kernels);
  }

  /** What is tried together. */
  enum Part {
    /** What compares rows with a query; that of blocks is made of the same operations. */
    ROWS(
        (trial, kernels) ->
            kernels.dot4(
                trial.query,
                0,
                trial.rows,
                0,
                LENGTH,
                2 * LENGTH,
                3 * LENGTH,
                LENGTH,
                trial.out,
                0),
        (trial, kernels) ->
            kernels.dotNibbles(
                trial.queryNibbles,
                NIBBLE_WORDS,
                trial.chunks,
                0,
                NIBBLE_SHIFT,
                NIBBLE_WORDS,
                trial.nibbleRows,
                0,
                NIBBLE_ROWS,
                trial.sums)),
    /** What rules out tiles of rows by their codes. */
    TILES(
        (trial, kernels) ->
            kernels.boundTile(
                trial.queryCodes,
                trial.codes,
                0,
                CODES,
                trial.ones,
                trial.ones,
                trial.ones,
                0,
                trial.ones,
                1,
                trial.bounds));

    private final List<Call> calls;

    Part(Call... calls) {
      this.calls = List.of(calls);
    }
  }

  private KernelTrial(Part part) {
    calls = part.calls;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (i % 31 - 15) / 16f;
      query[i % LENGTH] = (i % 17 - 8) / 8f;
      queryCodes[i % CODES] = i % 17;
    }
    for (int i = 0; i < nibbleRows.length; i++) {
      nibbleRows[i] = i;
    }
    Arrays.fill(ones, 1);
  }

  static boolean isFaster(Part part, VectorKernels candidate, VectorKernels scalar) {
    return isFaster(part, candidate, scalar, LIMIT_NANOS);
  }

  static boolean isFaster(
      Part part, VectorKernels candidate, VectorKernels scalar, long limitNanos) {
    return new KernelTrial(part).keepsUp(candidate, scalar, limitNanos);
  }

  private boolean keepsUp(VectorKernels candidate, VectorKernels scalar, long limitNanos) {
    long[] bestScalar = new long[calls.size()];
    long[] best = new long[calls.size()];
    Arrays.fill(bestScalar, Long.MAX_VALUE);
    Arrays.fill(best, Long.MAX_VALUE);
    for (int i = 0; i < WARM_CALLS; i += CALLS) {
      for (int c = 0; c < best.length; c++) {
        bestScalar[c] = Math.min(bestScalar[c], round(calls.get(c), scalar));
      }
    }
    boolean isSlow = true;
    while (isSlow && spent < limitNanos) {
      isSlow = false;
      long before = spent;
      for (int c = 0; c < best.length; c++) {
        // All by turns, so that they are compiled at the same time.
        if (best[c] / CLEARLY >= bestScalar[c]) {
          bestScalar[c] = Math.min(bestScalar[c], round(calls.get(c), scalar));
          best[c] = Math.min(best[c], round(calls.get(c), candidate));
          isSlow |= best[c] / CLEARLY >= bestScalar[c];
        }
      }
      if (isSlow) {
        // The compiler threads may need this processor, and what is run meanwhile is for nothing.
        long pause = Math.min(Math.max(PAUSE_NANOS, spent - before), LONGEST_PAUSE_NANOS);
        LockSupport.parkNanos(pause);
        spent += pause;
      }
    }
    return !isSlow;
  }

  private long round(Call call, VectorKernels kernels) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      call.run(this, kernels);
    }
    long nanos = System.nanoTime() - start;
    spent += Math.min(nanos, ROUND_MILLIS * 1_000_000);
    return nanos;
  }
}
