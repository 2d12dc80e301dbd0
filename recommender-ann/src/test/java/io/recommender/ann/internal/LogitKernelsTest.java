package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LogitKernelsTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;

  static List<VectorKernels> kernels() {
    return List.of(new ScalarVectorKernels(), VectorKernels.best());
  }

  private static double expected(float[] elements, int length) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < length; i++) {
      max = Math.max(max, elements[i]);
    }
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += Math.exp(elements[i] - max);
    }
    return max + Math.log(sum);
  }

  private static void assertClose(VectorKernels kernels, float[] elements, int length) {
    double expected = expected(elements, length);
    double allowed = 2e-6 + Math.ulp((float) expected);
    assertEquals(expected, kernels.logSumExp(elements, length), allowed, () -> "of " + length);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyLengthAgreesWithDoubles(VectorKernels kernels) {
    Random random = new Random(1);
    IntStream lengths = IntStream.of(1025, 2047, 2048, 2049, 4100, 32_100, 151_936);
    for (int length : IntStream.concat(IntStream.rangeClosed(1, 130), lengths).toArray()) {
      for (float spread : new float[] {0, 1e-3f, 1, 8, 100}) {
        float[] elements = new float[length + 3];
        for (int i = 0; i < elements.length; i++) {
          elements[i] = spread * (float) random.nextGaussian();
        }
        elements[length] = 1000;
        assertClose(kernels, elements, length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void largeAndMaskedElementsAreNoProblem(VectorKernels kernels) {
    float[] elements = new float[70];
    for (int at = 0; at < elements.length; at++) {
      Arrays.fill(elements, -INFINITY);
      elements[at] = 3e4f;
      assertEquals(3e4f, kernels.logSumExp(elements, elements.length));
      Arrays.fill(elements, -Float.MAX_VALUE);
      elements[at] = Float.MAX_VALUE;
      assertEquals(Float.MAX_VALUE, kernels.logSumExp(elements, elements.length));
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void whatIsNoNumberIsToldWhereverItIs(VectorKernels kernels) {
    Stream.of(Float.NaN, Float.intBitsToFloat(0xffc00000), INFINITY)
        .forEach(
            wrong -> {
              for (int length : new int[] {1, 5, 16, 33, 70}) {
                for (int at = 0; at < length; at++) {
                  float[] elements = new float[length];
                  elements[at] = wrong;
                  assertTrue(Float.isNaN(kernels.logSumExp(elements, length)), wrong + " " + at);
                  Arrays.fill(elements, -3);
                  elements[at] = wrong;
                  assertTrue(Float.isNaN(kernels.logSumExp(elements, length)), wrong + " " + at);
                }
              }
            });
    float[] masked = new float[40];
    Arrays.fill(masked, -INFINITY);
    assertEquals(-INFINITY, kernels.logSumExp(masked, masked.length));
    assertEquals(-INFINITY, kernels.logSumExp(masked, 3));
    masked[1] = Float.NaN;
    assertTrue(Float.isNaN(kernels.logSumExp(masked, masked.length)));
    assertTrue(Float.isNaN(kernels.logSumExp(masked, 3)));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void elementsAtLeastALimitAreListedWhereverTheyAre(VectorKernels kernels) {
    Random random = new Random(2);
    for (int length = 0; length < 150; length++) {
      float[] elements = new float[length + 1];
      for (int i = 0; i <= length; i++) {
        elements[i] = random.nextInt(8) == 0 ? Float.NaN : random.nextInt(100);
      }
      for (float limit : new float[] {-INFINITY, 50, 97, 99, 100, INFINITY, Float.NaN}) {
        for (int from = 0; from <= length; from++) {
          int[] expected =
              IntStream.range(from, length).filter(i -> elements[i] >= limit).toArray();
          int[] found = new int[length - from];
          int count = kernels.atLeast(elements, from, length, limit, found);
          assertArrayEquals(expected, Arrays.copyOf(found, count));
        }
      }
    }
  }
}
