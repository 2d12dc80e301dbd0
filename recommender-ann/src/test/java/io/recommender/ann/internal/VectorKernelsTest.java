package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorKernelsTest {
  private static final int[] LENGTHS =
      IntStream.concat(
              IntStream.rangeClosed(1, 130), IntStream.of(207, 256, 300, 512, 702, 768, 1024))
          .toArray();
  private static final int OFFSET = 3;

  private final VectorKernels scalar = new ScalarVectorKernels();
  private final VectorKernels kernels = VectorKernels.best();

  /** What the floats of a test look like. */
  enum Values {
    ORDINARY,
    ZEROS,
    DENORMAL,
    LARGE,
    EQUAL,
    MIXED;

    float[] fill(int length, Random random) {
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        float value = (float) random.nextGaussian();
        values[i] =
            switch (this) {
              case ORDINARY -> value;
              case ZEROS -> i % 2 == 0 ? 0f : -0f;
              case DENORMAL -> value * 1e-40f;
              case LARGE -> value * 1e16f;
              case EQUAL -> 0.7f;
              case MIXED -> value * (float) Math.pow(10, random.nextInt(20) - 10);
            };
      }
      return values;
    }
  }

  @Test
  void theExpectedKernelsWereChosen() {
    String expected = System.getProperty("recommender.test.expectKernels", "ScalarVectorKernels");
    assertEquals(expected, VectorKernels.best().toString());
    assertSame(VectorKernels.best(), VectorKernels.best());
  }

  @ParameterizedTest
  @EnumSource
  void everyLengthAgreesWithTheSpecification(Values values) {
    Random random = new Random(1);
    for (int length : LENGTHS) {
      float[] query = values.fill(OFFSET + length, random);
      float[] rows = values.fill(4 * length + 7, random);
      int[] starts = {OFFSET, 2 * length + 5, length + 4, 3 * length + 7};
      float[] dots = new float[5];
      float[] distances = new float[5];
      kernels.dot4(
          query, OFFSET, rows, starts[0], starts[1], starts[2], starts[3], length, dots, 1);
      kernels.squaredL2Of4(
          query, OFFSET, rows, starts[0], starts[1], starts[2], starts[3], length, distances, 1);
      for (int row = 0; row < 4; row++) {
        int start = starts[row];
        float dot = scalar.dot(query, OFFSET, rows, start, length);
        float distance = scalar.squaredL2(query, OFFSET, rows, start, length);
        double dotError = 0;
        double distanceError = 0;
        double exactDot = 0;
        double exactDistance = 0;
        for (int i = 0; i < length; i++) {
          double product = (double) query[OFFSET + i] * rows[start + i];
          double difference = (double) query[OFFSET + i] - rows[start + i];
          exactDot += product;
          exactDistance += difference * difference;
          dotError += Math.abs(product);
        }
        dotError = error(length, dotError);
        distanceError = error(length, exactDistance);
        assertEquals(exactDot, dot, dotError);
        assertEquals(exactDistance, distance, distanceError);
        assertEquals(exactDot, kernels.dot(query, OFFSET, rows, start, length), dotError);
        assertEquals(
            exactDistance, kernels.squaredL2(query, OFFSET, rows, start, length), distanceError);
        assertEquals(exactDot, dots[row + 1], dotError);
        assertEquals(exactDistance, distances[row + 1], distanceError);
        assertEquals(dot, dots[row + 1], 2 * dotError);
        assertEquals(distance, distances[row + 1], 2 * distanceError);
      }
      assertEquals(0, dots[0]);
      assertEquals(0, distances[0]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void scatteredRowsAgreeWithSingleRows(Values values) {
    Random random = new Random(5);
    int shift = 3;
    int first = 12;
    for (int length : LENGTHS) {
      int stride = length + random.nextInt(3);
      float[][] chunks = new float[3][];
      Arrays.setAll(chunks, i -> values.fill(first + (stride << shift), random));
      float[] query = values.fill(length, random);
      for (int count = 0; count <= 9; count++) {
        int from = random.nextInt(3);
        int[] rows = random.ints(from + count, 0, 24).toArray();
        float[] out = new float[12];
        kernels.dotRows(query, length, chunks, first, shift, stride, rows, from, count, out);
        for (int i = 0; i < count; i++) {
          float[] chunk = chunks[rows[from + i] >> shift];
          int start = first + (rows[from + i] & 7) * stride;
          double exact = 0;
          double magnitude = 0;
          for (int j = 0; j < length; j++) {
            exact += (double) query[j] * chunk[start + j];
            magnitude += Math.abs((double) query[j] * chunk[start + j]);
          }
          assertEquals(exact, out[i], error(length, magnitude));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void tilesAgreeWithSingleRows(Values values) {
    Random random = new Random(2);
    for (int length : LENGTHS) {
      int rowCount = VectorKernels.TILE_ROWS;
      int queryCount = VectorKernels.TILE_QUERIES;
      float[] queries = values.fill(OFFSET + queryCount * length, random);
      float[] rows = values.fill(rowCount * length, random);
      float[] packed = new float[rowCount * length];
      for (int r = 0; r < rowCount; r++) {
        for (int i = 0; i < length; i++) {
          packed[i * rowCount + r] = rows[r * length + i];
        }
      }
      for (VectorKernels tested : new VectorKernels[] {scalar, kernels}) {
        float[] dots = new float[queryCount * rowCount];
        float[] distances = new float[queryCount * rowCount];
        Arrays.fill(dots, Float.NaN);
        Arrays.fill(distances, Float.NaN);
        tested.dotTile(queries, OFFSET, packed, length, dots);
        tested.squaredL2Tile(queries, OFFSET, packed, length, distances);
        for (int q = 0; q < queryCount; q++) {
          float[] query = Arrays.copyOfRange(queries, OFFSET + q * length, queries.length);
          for (int r = 0; r < rowCount; r++) {
            double magnitude = 0;
            for (int i = 0; i < length; i++) {
              magnitude += Math.abs((double) query[i] * rows[r * length + i]);
            }
            double dot = VectorKernels.exactDot(query, rows, r * length, length);
            double distance = VectorKernels.exactSquaredL2(query, rows, r * length, length);
            assertEquals(dot, dots[q * rowCount + r], error(length, magnitude));
            assertEquals(distance, distances[q * rowCount + r], error(length, distance));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void boundsAreTheSameWithAllKernels(Values values) {
    Random random = new Random(5);
    int rowCount = VectorKernels.CODE_ROWS;
    for (int length = VectorKernels.CODE_GROUP; length <= 1024; length += length < 130 ? 8 : 149) {
      length -= length % VectorKernels.CODE_GROUP;
      int[] queryCodes = new int[length];
      byte[] codes = new byte[2 * rowCount * length];
      boolean isExtreme = length % 16 == 0;
      for (int i = 0; i < length; i++) {
        int code = code(random, isExtreme);
        queryCodes[i] = code << 16 | (code & 0xffff);
        for (int r = 0; r < rowCount; r++) {
          // Rows of an extreme length are the query itself, its opposite and random ones.
          int rowCode = isExtreme && r % 3 < 2 ? code * (1 - 2 * (r % 3)) : code(random, isExtreme);
          int at = r < rowCount / 2 ? 2 * r : 2 * r + 1 - rowCount;
          codes[(length + i) * rowCount + at] = (byte) rowCode;
        }
      }
      float[] scales = values.fill(rowCount + OFFSET, random);
      float[] residuals = values.fill(rowCount + OFFSET, random);
      float[] norms = values.fill(rowCount + OFFSET, random);
      float[] factors = values.fill(5, random);
      int from = rowCount * length;
      float[] expected = new float[rowCount];
      float[] found = new float[rowCount];
      float[] limits = {0, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.NaN, 1e7f};
      for (float limit : limits) {
        boolean hasAny =
            scalar.boundTile(
                queryCodes,
                codes,
                from,
                length,
                scales,
                residuals,
                norms,
                OFFSET,
                factors,
                limit,
                expected);
        assertEquals(
            hasAny,
            kernels.boundTile(
                queryCodes,
                codes,
                from,
                length,
                scales,
                residuals,
                norms,
                OFFSET,
                factors,
                limit,
                found));
        assertArrayEquals(expected, found);
      }
      int sum = 0;
      for (int i = 0; i < length; i++) {
        sum += (queryCodes[i] >> 16) * codes[from + i * rowCount];
      }
      float[] onlyTheSum = {1, 0, 0, 0, 0};
      float[] ones = new float[rowCount];
      float[] zeros = new float[rowCount];
      Arrays.fill(ones, 1);
      kernels.boundTile(
          queryCodes, codes, from, length, ones, zeros, zeros, 0, onlyTheSum, 0, found);
      assertEquals(sum, found[0]);
    }
  }

  private static int code(Random random, boolean isExtreme) {
    int most = VectorKernels.CODE_MAX;
    return isExtreme ? most - 2 * most * random.nextInt(2) : random.nextInt(2 * most + 1) - most;
  }

  @Test
  void equalVectorsHaveDistanceZero() {
    float[] vector = Values.MIXED.fill(130, new Random(3));
    for (int length : LENGTHS) {
      if (length <= vector.length) {
        assertEquals(0f, kernels.squaredL2(vector, 0, vector, 0, length));
        assertEquals(0.0, VectorKernels.exactSquaredL2(vector, vector, 0, length));
      }
    }
  }

  @Test
  void exactSumsAreThoseOfDoublePrecision() {
    Random random = new Random(4);
    for (int length : LENGTHS) {
      float[] query = Values.ORDINARY.fill(length, random);
      float[] rows = Values.ORDINARY.fill(length + 1, random);
      double dot = 0;
      double distance = 0;
      for (int i = 0; i < length; i++) {
        dot += (double) query[i] * rows[i + 1];
        distance += ((double) query[i] - rows[i + 1]) * ((double) query[i] - rows[i + 1]);
      }
      assertEquals(dot, VectorKernels.exactDot(query, rows, 1, length), 1e-11);
      assertEquals(distance, VectorKernels.exactSquaredL2(query, rows, 1, length), 1e-11);
    }
  }

  @ParameterizedTest
  @EnumSource
  void kernelsThatAreNotCompiledToInstructionsAreFoundOut(Slowed.Kind kind) {
    assertTrue(KernelTrial.isFaster(kind.part, kernels, new Slowed(kernels, kind)));
    assertFalse(KernelTrial.isFaster(kind.part, new Slowed(kernels, kind), kernels, 200_000_000));
  }

  /** A difference that is not a hundredfold is none. */
  @ParameterizedTest
  @EnumSource
  void kernelsThatAreAsFastAreAccepted(KernelTrial.Part part) {
    assertTrue(KernelTrial.isFaster(part, kernels, kernels));
  }

  private static double error(int length, double magnitude) {
    return VectorKernels.relativeError(length) * magnitude + VectorKernels.absoluteError(length);
  }
}
