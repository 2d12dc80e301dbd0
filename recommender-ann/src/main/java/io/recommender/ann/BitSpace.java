package io.recommender.ann;

/**
 * How vectors become codes of one bit: the signs of a rotated relative vector.
 *
 * <p>The scale stored with the codes makes the estimate of an inner product unbiased. It is off by
 * about three quarters of the length of the relative vector, times that of the query, over the root
 * of the dimension, whatever the data: seven times what codes of four bits are off by, at a quarter
 * of their size.
 *
 * <p><b>Immutable</b>.
 */
final class BitSpace extends RotatedSpace {
  /** Words of codes of a row. */
  final int words;

  BitSpace(float[] mean, long seed) {
    super(mean, seed);
    words = words(dimension);
  }

  static int words(int dimension) {
    return length(dimension) / Long.SIZE;
  }

  @Override
  BitRows rows(boolean euclidean, int shift) {
    return new BitRows(this, euclidean, shift);
  }

  /**
   * Writes the codes of a rotated relative vector: a bit is set where an element is positive.
   *
   * @param codes receives them at an offset, the first element in the lowest bit of the first word
   * @return what the signs are to be multiplied with
   */
  float encode(float[] rotated, long[] codes, int offset) {
    double squares = 0;
    double magnitudes = 0;
    for (int w = 0; w < words; w++) {
      long word = 0;
      for (int bit = 0; bit < Long.SIZE; bit++) {
        float value = rotated[w * Long.SIZE + bit];
        squares += (double) value * value;
        magnitudes += Math.abs(value);
        word |= (value > 0 ? 1L : 0) << bit;
      }
      codes[offset + w] = word;
    }
    return magnitudes == 0 ? 0 : (float) (squares / magnitudes);
  }
}
