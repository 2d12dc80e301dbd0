package io.recommender.ann.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BitKernelsTest {
  private static final int[] WORDS = IntStream.rangeClosed(1, 66).toArray();
  private static final int SHIFT = 3;
  private static final int FIRST = 6;
  private static final int CHUNKS = 3;
  private static final int ROWS = CHUNKS << SHIFT;
  private static final int UNTOUCHED = 123_456_789;

  /** What queries and codes look like. */
  enum Values {
    RANDOM,
    LARGEST,
    SMALLEST,
    OPPOSITE_ENDS,
    ZERO_CODES;

    byte integer(Random random) {
      int most = BitKernels.QUERY_MAX;
      return (byte)
          switch (this) {
            case RANDOM, ZERO_CODES -> random.nextInt(2 * most + 1) - most;
            case LARGEST -> most;
            case SMALLEST -> -most;
            case OPPOSITE_ENDS -> random.nextBoolean() ? most : -most;
          };
    }

    long word(Random random) {
      return switch (this) {
        case RANDOM, OPPOSITE_ENDS -> random.nextLong();
        case LARGEST, SMALLEST -> -1;
        case ZERO_CODES -> 0;
      };
    }
  }

  private static byte[] integers(int words, Values values, Random random) {
    byte[] integers = new byte[words * Long.SIZE];
    for (int i = 0; i < integers.length; i++) {
      integers[i] = values.integer(random);
    }
    return integers;
  }

  private static long[] planes(byte[] integers) {
    long[] planes = new long[BitKernels.PLANES * integers.length / Long.SIZE];
    BitKernels.toPlanes(integers, planes);
    return planes;
  }

  private static long[][] chunks(int stride, Values values, Random random) {
    long[][] chunks = new long[CHUNKS][FIRST + (stride << SHIFT)];
    for (long[] chunk : chunks) {
      Arrays.setAll(chunk, i -> values.word(random));
    }
    return chunks;
  }

  private static int sum(byte[] integers, long[][] chunks, int stride, int row) {
    long[] chunk = chunks[row >> SHIFT];
    int start = FIRST + (row & (1 << SHIFT) - 1) * stride;
    int sum = 0;
    for (int i = 0; i < integers.length; i++) {
      sum += (chunk[start + i / Long.SIZE] >>> i % Long.SIZE & 1) == 1 ? integers[i] : 0;
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource
  void everyNumberOfWordsGivesTheExactSum(Values values) {
    for (int words : WORDS) {
      Random random = new Random(words);
      // Factors lie between the rows.
      int stride = words + random.nextInt(3);
      byte[] integers = integers(words, values, random);
      long[] query = planes(integers);
      long[][] chunks = chunks(stride, values, random);
      for (int count = 0; count <= 33; count++) {
        int from = random.nextInt(3);
        int[] rows = random.ints(from + count, 0, ROWS).toArray();
        int[] found = new int[count + 1];
        found[count] = UNTOUCHED;
        BitKernels.dotBits(query, words, chunks, FIRST, SHIFT, stride, rows, from, count, found);
        for (int i = 0; i < count; i++) {
          int expected = sum(integers, chunks, stride, rows[from + i]);
          assertEquals(expected, found[i], "words " + words + ", count " + count);
        }
        assertEquals(UNTOUCHED, found[count]);
      }
    }
  }

  @Test
  void whatLiesAroundARowDoesNotCount() {
    int words = 5;
    int stride = 7;
    Random random = new Random(1);
    long[] query = planes(integers(words, Values.RANDOM, random));
    long[][] chunks = chunks(stride, Values.RANDOM, random);
    int[] rows = {5, 5, 5, 5, 5};
    int[] before = new int[5];
    BitKernels.dotBits(query, words, chunks, FIRST, SHIFT, stride, rows, 0, 5, before);
    int start = FIRST + 5 * stride;
    Arrays.fill(chunks[0], 0, start, -1);
    Arrays.fill(chunks[0], start + words, chunks[0].length, -1);
    int[] after = new int[5];
    BitKernels.dotBits(query, words, chunks, FIRST, SHIFT, stride, rows, 0, 5, after);
    assertArrayEquals(before, after);
  }

  @Test
  void digitsAreThoseOfTwosComplement() {
    byte[] integers = new byte[Long.SIZE];
    integers[0] = 5;
    integers[1] = -7;
    integers[63] = -1;
    assertArrayEquals(
        new long[] {1 | 2 | 1L << 63, 1L << 63, 1 | 1L << 63, 2 | 1L << 63}, planes(integers));
  }

  @Test
  void readingAheadReadsEachLineOfARowAndNothingBehindIt() {
    for (int length = 1; length <= 40; length++) {
      long[][] chunks = new long[2][length << 1];
      int[] rows = {3, 0, 1};
      for (int i = 0; i < length; i++) {
        // A row of a chunk that is filled to the end.
        chunks[1][length + i] = 1L << i;
      }
      long read = BitKernels.touch(length, chunks, 0, 1, length, rows, 0, 3);
      long expected = 1L + (1L << length - 1);
      for (int i = 8; i < length - 1; i += 8) {
        expected += 1L << i;
      }
      assertEquals(expected, read, "length " + length);
      long[][] cut = {chunks[0], Arrays.copyOf(chunks[1], 2 * length - 1)};
      int end = length;
      assertThrows(
          ArrayIndexOutOfBoundsException.class,
          () -> BitKernels.touch(end, cut, 0, 1, end, rows, 0, 3));
    }
  }
}
