package io.recommender.ann.semantic;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The codes of items, packed one after the other in as many bytes as the largest code needs, sorted
 * so that a beginning that items share is a range of rows. A code that is the beginning of others
 * comes before them.
 *
 * <p><b>Thread safety.</b> Immutable once filled.
 */
abstract class CodeRows {
  private static final int MAX_CODES = Integer.MAX_VALUE - 16;

  /** The number of rows. */
  final int count;

  /** The length of each row, or of the longest if they are unequal. */
  final int levels;

  /** Where rows begin, if their lengths are unequal. */
  private final int @Nullable [] starts;

  private CodeRows(int count, int levels, int @Nullable [] starts) {
    this.count = count;
    this.levels = levels;
    this.starts = starts;
  }

  /**
   * Makes rows to be filled in order.
   *
   * @param codes how many codes they have together
   * @throws IllegalArgumentException if that is more than an array holds
   */
  static CodeRows allocate(CodeShape shape, int count, long codes) {
    if (codes > MAX_CODES) {
      throw new IllegalArgumentException(
          "codes: expected at most %d in one index, found %d".formatted(MAX_CODES, codes));
    }
    int[] starts = shape.hasUnequalLengths() ? new int[count + 1] : null;
    int largest = shape.largestSize();
    if (largest <= 1 << Byte.SIZE) {
      return new Bytes(count, shape.levels(), starts, (int) codes);
    }
    if (largest <= 1 << Character.SIZE) {
      return new Chars(count, shape.levels(), starts, (int) codes);
    }
    return new Ints(count, shape.levels(), starts, (int) codes);
  }

  /** Returns a code by its place among all. */
  abstract int at(int i);

  abstract void set(int i, int code);

  /**
   * Returns the first row of a range whose code at a level has a score that is not below a number.
   *
   * @param from the first row; all rows of the range go on at the level
   * @param to the end of the range, which is returned if there is no such row
   */
  final int nextAtLeast(float least, float[] scores, int level, int from, int to) {
    if (starts == null) {
      return nextAtLeast(least, scores, from * levels + level, levels, from, to);
    }
    int row = from;
    while (row < to && scores[at(starts[row] + level)] < least) {
      row++;
    }
    return row;
  }

  /**
   * As above, for rows of equal length: one call, whatever codes are packed in, reads many.
   *
   * @param place that of the code of the first row among all codes
   * @param step from there to that of the next row
   */
  abstract int nextAtLeast(float least, float[] scores, int place, int step, int from, int to);

  /** {@return the number of bytes of a code} */
  abstract int width();

  final int start(int row) {
    return starts == null ? row * levels : starts[row];
  }

  final int length(int row) {
    return starts == null ? levels : starts[row + 1] - starts[row];
  }

  final int code(int row, int level) {
    return at(start(row) + level);
  }

  /** {@return how many codes all rows have together} */
  final int codes() {
    return start(count);
  }

  final int[] copy(int row) {
    int[] code = new int[length(row)];
    int start = start(row);
    for (int level = 0; level < code.length; level++) {
      code[level] = at(start + level);
    }
    return code;
  }

  /** Fills a row; those before it are filled. */
  final void fill(int row, int[] code) {
    int start = start(row);
    for (int level = 0; level < code.length; level++) {
      set(start + level, code[level]);
    }
    if (starts != null) {
      starts[row + 1] = start + code.length;
    }
  }

  /** Fills a row; those before it are filled. */
  final void fill(int row, CodeRows source, int sourceRow) {
    int start = start(row);
    int from = source.start(sourceRow);
    int length = source.length(sourceRow);
    for (int level = 0; level < length; level++) {
      set(start + level, source.at(from + level));
    }
    if (starts != null) {
      starts[row + 1] = start + length;
    }
  }

  /** Compares two rows. */
  final int compare(int row, CodeRows other, int otherRow) {
    int length = length(row);
    int otherLength = other.length(otherRow);
    int start = start(row);
    int otherStart = other.start(otherRow);
    for (int level = 0; level < length && level < otherLength; level++) {
      int difference = at(start + level) - other.at(otherStart + level);
      if (difference != 0) {
        return difference;
      }
    }
    return length - otherLength;
  }

  /** Returns the first row that does not come before a prefix. */
  final int lowerBound(int[] prefix) {
    return firstAbove(prefix, -1);
  }

  /** Returns the first row after all that begin with a prefix. */
  final int upperBound(int[] prefix) {
    return firstAbove(prefix, 0);
  }

  /** Returns the end of the rows that equal a code, which begin at its lower bound. */
  final int endOfEqual(int[] code, int lowerBound) {
    return skipEnded(lowerBound, upperBound(code), code.length);
  }

  private int firstAbove(int[] prefix, int least) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = low + high >>> 1;
      if (comparePrefix(middle, prefix) > least) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Returns the first row that does not come before a row of others. */
  final int lowerBound(CodeRows other, int otherRow) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = low + high >>> 1;
      if (compare(middle, other, otherRow) >= 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Compares a row with a prefix: 0 if it begins with it. */
  private int comparePrefix(int row, int[] prefix) {
    int length = length(row);
    int start = start(row);
    for (int level = 0; level < prefix.length; level++) {
      if (level == length) {
        return -1;
      }
      int code = at(start + level);
      if (code != prefix[level]) {
        return code < prefix[level] ? -1 : 1;
      }
    }
    return 0;
  }

  /**
   * Returns the first row of a range, whose rows share their beginning, that goes on at a level:
   * those that end there come first.
   */
  final int skipEnded(int from, int to, int level) {
    if (from >= to || length(from) > level) {
      return from;
    }
    int low = from + 1;
    int high = to;
    while (low < high) {
      int middle = low + high >>> 1;
      if (length(middle) == level) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Returns the end of the rows that have the same code as the first one of a range.
   *
   * @param from the first row; all rows of the range are equal before the level and go on at it
   * @param to the end of the range
   */
  final int runEnd(int from, int to, int level) {
    int code = code(from, level);
    int low = from + 1;
    int step = 1;
    // The last row known to have the code is low - 1.
    while (low < to && code(Math.min(to - 1, low + step - 1), level) == code) {
      low = Math.min(to, low + step);
      step <<= 1;
    }
    int high = Math.min(to, low + step);
    while (low < high) {
      int middle = low + high >>> 1;
      if (code(middle, level) == code) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static final class Bytes extends CodeRows {
    private final byte[] codes;

    Bytes(int count, int levels, int @Nullable [] starts, int codes) {
      super(count, levels, starts);
      this.codes = new byte[codes];
    }

    @Override
    int at(int i) {
      return codes[i] & 0xff;
    }

    @Override
    void set(int i, int code) {
      codes[i] = (byte) code;
    }

    @Override
    int nextAtLeast(float least, float[] scores, int place, int step, int from, int to) {
      int row = from;
      for (int i = place; row < to && scores[codes[i] & 0xff] < least; i += step) {
        row++;
      }
      return row;
    }

    @Override
    int width() {
      return Byte.BYTES;
    }
  }

  private static final class Chars extends CodeRows {
    private final char[] codes;

    Chars(int count, int levels, int @Nullable [] starts, int codes) {
      super(count, levels, starts);
      this.codes = new char[codes];
    }

    @Override
    int at(int i) {
      return codes[i];
    }

    @Override
    void set(int i, int code) {
      codes[i] = (char) code;
    }

    @Override
    int nextAtLeast(float least, float[] scores, int place, int step, int from, int to) {
      int row = from;
      for (int i = place; row < to && scores[codes[i]] < least; i += step) {
        row++;
      }
      return row;
    }

    @Override
    int width() {
      return Character.BYTES;
    }
  }

  private static final class Ints extends CodeRows {
    private final int[] codes;

    Ints(int count, int levels, int @Nullable [] starts, int codes) {
      super(count, levels, starts);
      this.codes = new int[codes];
    }

    @Override
    int at(int i) {
      return codes[i];
    }

    @Override
    void set(int i, int code) {
      codes[i] = code;
    }

    @Override
    int nextAtLeast(float least, float[] scores, int place, int step, int from, int to) {
      int row = from;
      for (int i = place; row < to && scores[codes[i]] < least; i += step) {
        row++;
      }
      return row;
    }

    @Override
    int width() {
      return Integer.BYTES;
    }
  }

  /** Returns how many codes rows have together. */
  static long sum(int[][] codes) {
    return Arrays.stream(codes).mapToLong(code -> code.length).sum();
  }
}
