package io.recommender.ann;

import java.util.Arrays;

/**
 * How vectors become codes of four bits, or of eight in two planes of four.
 *
 * <p>A rotated relative vector is rounded to a grid of its own. The scale stored with the codes
 * makes the estimate of an inner product unbiased (Gao and Long, RaBitQ, SIGMOD 2024, extended to
 * several bits by Gao et al., 2025). At four bits the estimate is off by about a ninth of the
 * length of the relative vector, times that of the query, over the root of the dimension, whatever
 * the data.
 *
 * <p><b>Immutable</b>.
 */
final class NibbleSpace extends RotatedSpace {
  /** Fewer dimensions than this are hardly longer as floats. */
  static final int MIN_DIMENSION = 33;

  /** Half the range of codes of four and of eight bits. */
  static final float HALF_LOW = 7.5f;

  static final float HALF_HIGH = 127.5f;

  // Steps of the grid, in standard deviations: near the best one for a normal distribution.
  private static final double[] STEPS = {0.3, 0.335, 0.375};

  /** Words of four codes in a plane. */
  final int words;

  /** Planes of a row: 1 for codes of four bits, 2 for codes of eight. */
  final int planes;

  NibbleSpace(float[] mean, int planes, long seed) {
    super(mean, seed);
    this.planes = planes;
    words = length / 4;
  }

  /** Takes codes of projections. */
  NibbleSpace(float[] mean, int planes, long seed, PrincipalAxes axes) {
    super(mean, seed, axes);
    this.planes = planes;
    words = length / 4;
  }

  @Override
  NibbleRows rows(boolean euclidean, int shift) {
    return new NibbleRows(this, euclidean, shift);
  }

  /**
   * Writes the codes of a rotated relative vector.
   *
   * @param codes receives the planes, the upper four bits first, at an offset
   * @return what to multiply codes less half their range with
   */
  float encode(float[] rotated, short[] codes, int offset) {
    double squares = 0;
    float largest = 0;
    for (float value : rotated) {
      squares += (double) value * value;
      largest = Math.max(largest, Math.abs(value));
    }
    if (squares == 0) {
      Arrays.fill(codes, offset, offset + planes * words, (short) 0x8888);
      return 0;
    }
    if (planes == 2) {
      float step = largest / HALF_HIGH;
      return (float) (squares / write(rotated, step, codes, offset));
    }
    double deviation = Math.sqrt(squares / length);
    float best = 0;
    double bestCosine = -1;
    for (double candidate : STEPS) {
      float step = (float) (candidate * deviation);
      double cosine = cosine(rotated, step);
      if (cosine > bestCosine) {
        bestCosine = cosine;
        best = step;
      }
    }
    return (float) (squares / write(rotated, best, codes, offset));
  }

  private static double cosine(float[] rotated, float step) {
    float inverse = 1 / step;
    float products = 0;
    float squares = 0;
    for (float value : rotated) {
      float level = Math.max(0, Math.min(15, (int) (value * inverse + 8))) - HALF_LOW;
      products += value * level;
      squares += level * level;
    }
    return products / Math.sqrt(squares);
  }

  /** Writes codes and returns the inner product of the vector and what they stand for. */
  private double write(float[] rotated, float step, short[] codes, int offset) {
    float inverse = 1 / step;
    int levels = planes == 2 ? 256 : 16;
    float half = planes == 2 ? HALF_HIGH : HALF_LOW;
    double products = 0;
    for (int w = 0; w < words; w++) {
      int high = 0;
      int low = 0;
      for (int j = 0; j < 4; j++) {
        float value = rotated[j * words + w];
        int level = Math.max(0, Math.min(levels - 1, (int) (value * inverse + levels / 2)));
        products += (double) value * (level - half);
        high |= (planes == 2 ? level >> 4 : level) << 4 * j;
        low |= (level & 15) << 4 * j;
      }
      codes[offset + w] = (short) high;
      if (planes == 2) {
        codes[offset + words + w] = (short) low;
      }
    }
    return products;
  }

  /** Writes the rotated relative vector that the codes of a row stand for. */
  void decode(short[] codes, int offset, float scale, float[] rotated) {
    float half = planes == 2 ? HALF_HIGH : HALF_LOW;
    for (int w = 0; w < words; w++) {
      int high = codes[offset + w];
      int low = planes == 2 ? codes[offset + words + w] : 0;
      for (int j = 0; j < 4; j++) {
        int level = high >> 4 * j & 15;
        if (planes == 2) {
          level = level << 4 | low >> 4 * j & 15;
        }
        rotated[j * words + w] = scale * (level - half);
      }
    }
  }
}
