package io.recommender.ann.internal;

import java.util.SplittableRandom;

/**
 * A random orthogonal map: signs and Hadamard transforms, which spread the energy of any vector
 * evenly over its elements, at O(d log d) (Ailon and Chazelle, The fast Johnson-Lindenstrauss
 * transform and approximate nearest neighbors, 2009).
 *
 * <p>A Hadamard transform has a length that is a power of two. Where the padded length is not, the
 * transform goes over the first elements and over the last ones in turn.
 *
 * <p>Internal. May change in any release. <b>Immutable</b>.
 */
public final class Rotation {
  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final int ROUNDS = 4;

  private final int length;
  private final int block;
  private final float[][] signs;

  /**
   * Draws a map.
   *
   * @param length the number of elements, at least 8
   * @param seed decides the map
   */
  public Rotation(int length, long seed) {
    this.length = length;
    block = Integer.highestOneBit(length);
    SplittableRandom random = new SplittableRandom(seed);
    int rounds = block == length ? ROUNDS / 2 : ROUNDS;
    signs = new float[rounds][length];
    float scale = (float) (1 / Math.sqrt(block));
    for (int round = 0; round < rounds; round++) {
      int start = start(round);
      for (int i = 0; i < length; i++) {
        boolean inBlock = i >= start && i < start + block;
        float magnitude = inBlock ? scale : 1;
        signs[round][i] = random.nextBoolean() ? magnitude : -magnitude;
      }
    }
  }

  /** {@return the number of elements} */
  public int length() {
    return length;
  }

  private int start(int round) {
    return (round & 1) == 0 ? 0 : length - block;
  }

  /** Maps a vector in place. */
  public void apply(float[] vector) {
    for (int round = 0; round < signs.length; round++) {
      multiply(vector, signs[round]);
      KERNELS.hadamard(vector, start(round), block);
    }
  }

  /** Takes the map back, in place. */
  public void invert(float[] vector) {
    for (int round = signs.length - 1; round >= 0; round--) {
      KERNELS.hadamard(vector, start(round), block);
      multiply(vector, signs[round]);
    }
  }

  private static void multiply(float[] vector, float[] factors) {
    for (int i = 0; i < factors.length; i++) {
      vector[i] *= factors[i];
    }
  }
}
