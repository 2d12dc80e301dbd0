package io.recommender.ann.internal;

import java.util.Arrays;
import java.util.List;

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
 * <p><b>Cost.</b> Until the last kernel is compiled. Where the instructions are missing, five
 * seconds of running, once; a round that was interrupted counts as {@value #ROUND_MILLIS} ms.
 */
final class KernelTrial {
  private static final long LIMIT_NANOS = 5_000_000_000L;
  private static final long ROUND_MILLIS = 10;
  private static final int CLEARLY = 3;

  /** The scalar kernels leave the interpreter in the course of so many calls. */
  private static final int WARM_CALLS = 300;

  private static final int CALLS = 10;
  private static final int LENGTH = 256;
  private static final int NIBBLE_WORDS = 4 * VectorKernels.NIBBLE_WORDS;
  private static final int NIBBLE_SHIFT = 6;
  private static final int NIBBLE_ROWS = 16;

  private final float[] query = new float[LENGTH];
  private final float[] rows = new float[4 * LENGTH];
  private final float[] out = new float[4];
  private final int[] queryCodes = new int[LENGTH];
  private final byte[] codes = new byte[LENGTH * VectorKernels.CODE_ROWS];
  private final float[] ones = new float[VectorKernels.CODE_ROWS];
  private final float[] bounds = new float[VectorKernels.CODE_ROWS];
  private final short[] queryNibbles = new short[4 * VectorKernels.nibbleFactors(NIBBLE_WORDS)];
  private final short[] nibbles = new short[NIBBLE_WORDS * (VectorKernels.NIBBLE_ROWS + 1)];
  private final short[][] chunks = {nibbles};
  private final int[] nibbleRows = new int[NIBBLE_ROWS];
  private final int[] sums = new int[VectorKernels.NIBBLE_ROWS];
  private long spent;

  /** Calls one kernel once. */
  @FunctionalInterface
  private interface Call {
    void run(VectorKernels kernels);
  }

  private final List<Call> calls =
      List.of(
          kernels ->
              kernels.dot4(query, 0, rows, 0, LENGTH, 2 * LENGTH, 3 * LENGTH, LENGTH, out, 0),
          kernels ->
              kernels.boundTile(queryCodes, codes, 0, LENGTH, ones, ones, ones, 0, ones, 1, bounds),
          kernels ->
              kernels.dotNibbles(
                  queryNibbles,
                  NIBBLE_WORDS,
                  chunks,
                  0,
                  NIBBLE_SHIFT,
                  NIBBLE_WORDS,
                  nibbleRows,
                  0,
                  NIBBLE_ROWS,
                  sums),
          kernels -> kernels.dotNibbleBlock(queryNibbles, NIBBLE_WORDS, nibbles, 0, sums));

  private KernelTrial() {
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (i % 31 - 15) / 16f;
      query[i % LENGTH] = (i % 17 - 8) / 8f;
      queryCodes[i % LENGTH] = i % 17;
    }
    for (int i = 0; i < nibbleRows.length; i++) {
      nibbleRows[i] = i;
    }
    Arrays.fill(ones, 1);
  }

  static boolean isFaster(VectorKernels candidate, VectorKernels scalar) {
    return isFaster(candidate, scalar, LIMIT_NANOS);
  }

  static boolean isFaster(VectorKernels candidate, VectorKernels scalar, long limitNanos) {
    KernelTrial trial = new KernelTrial();
    for (Call call : trial.calls) {
      if (!trial.keepsUp(call, candidate, scalar, limitNanos)) {
        return false;
      }
    }
    return true;
  }

  private boolean keepsUp(
      Call call, VectorKernels candidate, VectorKernels scalar, long limitNanos) {
    long bestScalar = Long.MAX_VALUE;
    for (int i = 0; i < WARM_CALLS; i += CALLS) {
      bestScalar = Math.min(bestScalar, round(call, scalar));
    }
    long best = Long.MAX_VALUE;
    do {
      bestScalar = Math.min(bestScalar, round(call, scalar));
      best = Math.min(best, round(call, candidate));
      if (best / CLEARLY < bestScalar) {
        return true;
      }
      // The compiler threads may need this processor.
      Thread.yield();
    } while (spent < limitNanos);
    return false;
  }

  private long round(Call call, VectorKernels kernels) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      call.run(kernels);
    }
    long nanos = System.nanoTime() - start;
    spent += Math.min(nanos, ROUND_MILLIS * 1_000_000);
    return nanos;
  }
}
