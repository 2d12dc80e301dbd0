package io.recommender.ann.internal;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What {@link PanamaVectorKernels} computes of logits.
 *
 * <p>Vectors that a method takes or returns become objects wherever it is not inlined, which a
 * large caller decides; so every step is written out. Two vectors at a time, because older
 * compilers do not overlap the turns of a loop of vectors themselves.
 */
final class PanamaLogits {
  private static final VectorSpecies<Float> SPECIES = PanamaVectorKernels.SPECIES;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, SPECIES.vectorShape());
  private static final int LANES = SPECIES.length();

  /** The least number of elements. */
  static final int LEAST = LANES;

  // The exponential is computed of what is subtracted, which turns every other sign.
  private static final FloatVector MINUS_LOG2_E =
      FloatVector.broadcast(SPECIES, -VectorKernels.LOG2_E);
  private static final FloatVector TO_EXPONENT =
      FloatVector.broadcast(SPECIES, VectorKernels.TO_EXPONENT);
  private static final FloatVector LN_2 = FloatVector.broadcast(SPECIES, 0.6931471805599453f);
  private static final FloatVector A_720TH = FloatVector.broadcast(SPECIES, 1f / 720);
  private static final FloatVector MINUS_A_120TH = FloatVector.broadcast(SPECIES, -1f / 120);
  private static final FloatVector A_24TH = FloatVector.broadcast(SPECIES, 1f / 24);
  private static final FloatVector MINUS_A_6TH = FloatVector.broadcast(SPECIES, -1f / 6);
  private static final FloatVector A_HALF = FloatVector.broadcast(SPECIES, 0.5f);
  private static final FloatVector MINUS_ONE = FloatVector.broadcast(SPECIES, -1);
  private static final FloatVector ONE = FloatVector.broadcast(SPECIES, 1);

  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  /**
   * The bits of the largest number that is subtracted: floats from 0 on are ordered as integers.
   */
  private static final IntVector MOST =
      IntVector.broadcast(INTS, Float.floatToRawIntBits(-VectorKernels.LEAST_EXPONENT));

  private PanamaLogits() {}

  static float logSumExp(float[] elements, int length) {
    float max = max(elements, length);
    if (max == Float.NEGATIVE_INFINITY) {
      return ScalarVectorKernels.sum(elements, length);
    }
    FloatVector allMax = FloatVector.broadcast(SPECIES, max);
    int largest = 0;
    double sum = 0;
    int i = 0;
    while (i + 2 * LANES <= length) {
      int bound = Math.min(length, i + VectorKernels.SUM_BLOCK) - 2 * LANES;
      FloatVector part0 = FloatVector.zero(SPECIES);
      FloatVector part1 = FloatVector.zero(SPECIES);
      // A vector that outlives the outer loop would become an object.
      IntVector all = IntVector.zero(INTS);
      for (; i <= bound; i += 2 * LANES) {
        IntVector bits0 = allMax.sub(load(elements, i)).reinterpretAsInts();
        IntVector bits1 = allMax.sub(load(elements, i + LANES)).reinterpretAsInts();
        all = all.max(bits0).max(bits1);
        FloatVector x0 = bits0.min(MOST).reinterpretAsFloats();
        FloatVector x1 = bits1.min(MOST).reinterpretAsFloats();
        FloatVector shifted0 = x0.fma(MINUS_LOG2_E, TO_EXPONENT);
        FloatVector shifted1 = x1.fma(MINUS_LOG2_E, TO_EXPONENT);
        FloatVector rest0 = shifted0.sub(TO_EXPONENT).fma(LN_2, x0);
        FloatVector rest1 = shifted1.sub(TO_EXPONENT).fma(LN_2, x1);
        FloatVector terms0 = rest0.fma(A_720TH, MINUS_A_120TH);
        FloatVector terms1 = rest1.fma(A_720TH, MINUS_A_120TH);
        terms0 = terms0.fma(rest0, A_24TH);
        terms1 = terms1.fma(rest1, A_24TH);
        terms0 = terms0.fma(rest0, MINUS_A_6TH);
        terms1 = terms1.fma(rest1, MINUS_A_6TH);
        terms0 = terms0.fma(rest0, A_HALF);
        terms1 = terms1.fma(rest1, A_HALF);
        terms0 = terms0.fma(rest0, MINUS_ONE);
        terms1 = terms1.fma(rest1, MINUS_ONE);
        terms0 = terms0.fma(rest0, ONE);
        terms1 = terms1.fma(rest1, ONE);
        FloatVector scale0 =
            shifted0.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector scale1 =
            shifted1.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        part0 = terms0.fma(scale0, part0);
        part1 = terms1.fma(scale1, part1);
      }
      sum += part0.add(part1).reduceLanes(VectorOperators.ADD);
      largest = Math.max(largest, all.reduceLanes(VectorOperators.MAX));
    }
    // The minimum above makes a number of a NaN whose sign is positive.
    if (largest > INFINITY) {
      return Float.NaN;
    }
    for (; i < length; i++) {
      sum += ScalarVectorKernels.exp(elements[i] - max);
    }
    return (float) (max + Math.log(sum));
  }

  /**
   * Returns the largest element, by comparing bits as integers, which takes one instruction where
   * floats take several. If one is not negative, that is the largest integer; if all are negative,
   * the smallest, because their order is reversed.
   */
  private static float max(float[] elements, int length) {
    IntVector last = load(elements, length - LANES).reinterpretAsInts();
    IntVector largest0 = last;
    IntVector largest1 = last;
    IntVector smallest0 = last;
    IntVector smallest1 = last;
    int i = 0;
    for (; i + 2 * LANES <= length; i += 2 * LANES) {
      IntVector bits0 = load(elements, i).reinterpretAsInts();
      IntVector bits1 = load(elements, i + LANES).reinterpretAsInts();
      largest0 = largest0.max(bits0);
      largest1 = largest1.max(bits1);
      smallest0 = smallest0.min(bits0);
      smallest1 = smallest1.min(bits1);
    }
    if (i + LANES <= length) {
      IntVector bits = load(elements, i).reinterpretAsInts();
      largest0 = largest0.max(bits);
      smallest0 = smallest0.min(bits);
    }
    int largest = largest0.max(largest1).reduceLanes(VectorOperators.MAX);
    int smallest = smallest0.min(smallest1).reduceLanes(VectorOperators.MIN);
    return Float.intBitsToFloat(largest >= 0 ? largest : smallest);
  }

  static int atLeast(float[] elements, int from, int to, float limit, int[] places) {
    FloatVector limits = FloatVector.broadcast(SPECIES, limit);
    int count = 0;
    int i = from;
    for (; i + LANES <= to; i += LANES) {
      if (load(elements, i).compare(VectorOperators.GE, limits).anyTrue()) {
        count = ScalarVectorKernels.atLeast(elements, i, i + LANES, limit, places, count);
      }
    }
    return ScalarVectorKernels.atLeast(elements, i, to, limit, places, count);
  }

  private static FloatVector load(float[] array, int offset) {
    return FloatVector.fromArray(SPECIES, array, offset);
  }
}
