package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NibbleKernelsTest {
  private static final int[] WORDS = {16, 32, 64, 96, 128, 256, 512, 1024};
  private static final int SHIFT = 3;
  private static final int FIRST = 24;
  private static final int CHUNKS = 3;
  private static final int ROWS = CHUNKS << SHIFT;
  private static final int UNTOUCHED = 123_456_789;

  private final VectorKernels scalar = new ScalarVectorKernels();
  private final VectorKernels kernels = VectorKernels.best();

  /** What queries and codes look like. */
  enum Values {
    RANDOM,
    LARGEST,
    SMALLEST,
    OPPOSITE_ENDS,
    ZERO_CODES;

    short factor(Random random) {
      int most = VectorKernels.NIBBLE_QUERY_MAX;
      return (short)
          switch (this) {
            case RANDOM, ZERO_CODES -> random.nextInt(2 * most + 1) - most;
            case LARGEST -> most;
            case SMALLEST -> -most;
            case OPPOSITE_ENDS -> random.nextBoolean() ? most : -most;
          };
    }

    int code(Random random) {
      return switch (this) {
        case RANDOM -> random.nextInt(16);
        case LARGEST, SMALLEST -> 15;
        case OPPOSITE_ENDS -> random.nextBoolean() ? 15 : 0;
        case ZERO_CODES -> 0;
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyNumberOfWordsGivesTheExactSum(Values values) {
    for (int words : WORDS) {
      Random random = new Random(words);
      // Planes that are not asked for lie between the rows.
      int stride = words + 16 * random.nextInt(3);
      short[] query = query(words, () -> values.factor(random));
      short[][] chunks = chunks(stride, () -> values.code(random));
      for (int count = 0; count <= 33; count++) {
        int from = random.nextInt(3);
        int[] rows = random.ints(from + count, 0, ROWS).toArray();
        int[] found = new int[(count + 3) / 4 * 4];
        int[] expected = new int[found.length];
        short[] factors = factors(query);
        kernels.dotNibbles(factors, words, chunks, FIRST, SHIFT, stride, rows, from, count, found);
        scalar.dotNibbles(
            factors, words, chunks, FIRST, SHIFT, stride, rows, from, count, expected);
        for (int i = 0; i < count; i++) {
          int sum = sum(query, words, chunks, stride, rows[from + i]);
          assertEquals(sum, expected[i], "scalar, words " + words + ", count " + count);
          assertEquals(sum, found[i], "words " + words + ", count " + count);
        }
      }
    }
  }

  @Test
  void whatLiesAroundARowDoesNotCount() {
    int words = 64;
    int stride = 2 * words;
    Random random = new Random(1);
    short[] query = factors(query(words, () -> Values.RANDOM.factor(random)));
    short[][] chunks = chunks(stride, () -> random.nextInt(16));
    int[] rows = {5};
    int[] before = new int[4];
    kernels.dotNibbles(query, words, chunks, FIRST, SHIFT, stride, rows, 0, 1, before);
    short[] chunk = chunks[0];
    int start = FIRST + 5 * stride;
    Arrays.fill(chunk, 0, start, (short) -1);
    Arrays.fill(chunk, start + words, chunk.length, (short) -1);
    int[] after = new int[4];
    kernels.dotNibbles(query, words, chunks, FIRST, SHIFT, stride, rows, 0, 1, after);
    assertEquals(before[0], after[0]);
  }

  @Test
  void theSecondPlaneOfARowIsReadByItself() {
    int words = 32;
    int stride = 2 * words;
    Random random = new Random(2);
    short[] query = factors(query(words, () -> Values.OPPOSITE_ENDS.factor(random)));
    short[][] chunks = chunks(stride, () -> random.nextInt(16));
    int[] rows = random.ints(7, 0, ROWS).toArray();
    int[] found = new int[8];
    int[] expected = new int[8];
    kernels.dotNibbles(query, words, chunks, FIRST + words, SHIFT, stride, rows, 0, 7, found);
    scalar.dotNibbles(query, words, chunks, FIRST + words, SHIFT, stride, rows, 0, 7, expected);
    assertArrayEquals(Arrays.copyOf(expected, 7), Arrays.copyOf(found, 7));
  }

  @Test
  void noRowsWriteNothing() {
    short[] query = factors(query(16, () -> 127));
    short[][] chunks = chunks(16, () -> 15);
    int[] out = {UNTOUCHED, UNTOUCHED};
    kernels.dotNibbles(query, 16, chunks, FIRST, SHIFT, 16, new int[0], 0, 0, out);
    assertArrayEquals(new int[] {UNTOUCHED, UNTOUCHED}, out);
  }

  @ParameterizedTest
  @EnumSource
  void aBlockThatLiesWordByWordGivesTheSumsOfItsRows(Values values) {
    for (int words : WORDS) {
      Random random = new Random(words);
      short[] query = query(words, () -> values.factor(random));
      int at = random.nextInt(40);
      short[] codes = new short[at + words * VectorKernels.NIBBLE_ROWS + 5];
      Arrays.fill(codes, (short) -1);
      int[] expected = new int[VectorKernels.NIBBLE_ROWS];
      for (int row = 0; row < expected.length; row++) {
        for (int w = 0; w < words; w++) {
          int word = 0;
          for (int j = 0; j < 4; j++) {
            int code = values.code(random);
            word |= code << 4 * j;
            expected[row] += code * query[j * words + w];
          }
          int lane = VectorKernels.nibbleLane(row);
          codes[at + w * VectorKernels.NIBBLE_ROWS + lane] = (short) word;
        }
      }
      for (VectorKernels one : List.of(scalar, kernels)) {
        int[] found = new int[expected.length + 2];
        Arrays.fill(found, UNTOUCHED);
        one.dotNibbleBlock(factors(query), words, codes, at, found, 1);
        int[] sums = Arrays.copyOfRange(found, 1, expected.length + 1);
        assertArrayEquals(expected, sums, "words " + words);
        assertEquals(UNTOUCHED, found[0]);
        assertEquals(UNTOUCHED, found[expected.length + 1]);
      }
    }
  }

  @Test
  void eachRowOfABlockHasALaneOfItsOwn() {
    int rows = VectorKernels.NIBBLE_ROWS;
    int[] lanes = IntStream.range(0, rows).map(VectorKernels::nibbleLane).sorted().toArray();
    assertArrayEquals(IntStream.range(0, rows).toArray(), lanes);
  }

  private static short[] factors(short[] query) {
    int words = query.length / 4;
    int part = VectorKernels.nibbleFactors(words);
    short[] factors = new short[4 * part];
    for (int i = 0; i < query.length; i++) {
      factors[i / words * part + i % words] = query[i];
    }
    VectorKernels.toNibbleFactors(factors);
    return factors;
  }

  private static short[] query(int words, IntSupplier factor) {
    short[] query = new short[4 * words];
    for (int i = 0; i < query.length; i++) {
      query[i] = (short) factor.getAsInt();
    }
    return query;
  }

  private static short[][] chunks(int stride, IntSupplier code) {
    short[][] chunks = new short[CHUNKS][FIRST + (stride << SHIFT) + VectorKernels.NIBBLE_WORDS];
    for (short[] chunk : chunks) {
      for (int i = 0; i < chunk.length; i++) {
        int word = 0;
        for (int j = 0; j < 4; j++) {
          word |= code.getAsInt() << 4 * j;
        }
        chunk[i] = (short) word;
      }
    }
    return chunks;
  }

  private static int sum(short[] query, int words, short[][] chunks, int stride, int row) {
    short[] chunk = chunks[row >> SHIFT];
    int start = FIRST + (row & (1 << SHIFT) - 1) * stride;
    int sum = 0;
    for (int i = 0; i < 4 * words; i++) {
      int code = chunk[start + i % words] >> 4 * (i / words) & 15;
      sum += code * query[i];
    }
    return sum;
  }
}
