package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotationTest {

  @ParameterizedTest
  @ValueSource(ints = {64, 128, 256, 384, 640, 896, 1024})
  void keepsNormsAndInnerProducts(int length) {
    Rotation rotation = new Rotation(length, 7);
    assertEquals(length, rotation.length());
    Random random = new Random(length);
    for (int round = 0; round < 20; round++) {
      float[] one = gaussian(length, random);
      float[] other = gaussian(length, random);
      double norms = Math.sqrt(dot(one, one) * dot(other, other));
      double before = dot(one, other);
      double norm = dot(one, one);
      rotation.apply(one);
      rotation.apply(other);
      assertEquals(before, dot(one, other), 1e-5 * norms);
      assertEquals(norm, dot(one, one), 1e-5 * norm);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 128, 256, 384, 640, 896, 1024})
  void isTakenBack(int length) {
    Rotation rotation = new Rotation(length, 8);
    float[] vector = gaussian(length, new Random(length));
    float[] rotated = vector.clone();
    rotation.apply(rotated);
    assertFalse(Arrays.equals(vector, rotated));
    rotation.invert(rotated);
    assertArrayEquals(vector, rotated, 1e-5f);
    rotation.invert(rotated);
    rotation.apply(rotated);
    assertArrayEquals(vector, rotated, 2e-5f);
  }

  /** No element of a rotated unit vector is much larger than those of a random direction. */
  @ParameterizedTest
  @ValueSource(ints = {64, 128, 256, 384, 640, 896, 1024})
  void spreadsEveryOneHotVector(int length) {
    Rotation rotation = new Rotation(length, 9);
    double largest = 0;
    double fourth = 0;
    for (int hot = 0; hot < length; hot++) {
      float[] vector = new float[length];
      vector[hot] = 1;
      rotation.apply(vector);
      assertEquals(1, dot(vector, vector), 1e-5);
      for (float value : vector) {
        largest = Math.max(largest, Math.abs(value));
        fourth += Math.pow(value * Math.sqrt(length), 4);
      }
    }
    double allowed = 8 / Math.sqrt(length);
    double found = largest;
    assertTrue(largest <= allowed, () -> found + " > " + allowed);
    // That of a normal distribution is 3, that of a vector which is not spread is the length.
    double kurtosis = fourth / length / length;
    assertTrue(kurtosis < 5, () -> "kurtosis " + kurtosis);
  }

  @Test
  void theSeedDecidesTheMap() {
    float[] vector = gaussian(384, new Random(1));
    float[] first = vector.clone();
    float[] same = vector.clone();
    float[] other = vector.clone();
    new Rotation(384, 5).apply(first);
    new Rotation(384, 5).apply(same);
    new Rotation(384, 6).apply(other);
    assertArrayEquals(first, same);
    assertFalse(Arrays.equals(first, other));
  }

  private static float[] gaussian(int length, Random random) {
    float[] vector = new float[length];
    for (int i = 0; i < length; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  private static double dot(float[] one, float[] other) {
    return VectorKernels.exactDot(one, other, 0, one.length);
  }
}
