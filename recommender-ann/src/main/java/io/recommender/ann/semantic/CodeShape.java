package io.recommender.ann.semantic;

import java.util.Arrays;

/**
 * What codes look like: how many levels they have and how many different codes a level has.
 *
 * <pre>{@code
 * CodeShape.of(4, 256);                    // four levels of 256 codes
 * CodeShape.of(new int[] {256, 256, 16});  // levels that differ
 * CodeShape.upTo(32, 30_522);              // titles of up to 32 tokens
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class CodeShape {
  private final int[] sizes;
  private final boolean hasUnequalLengths;

  private CodeShape(int[] sizes, boolean hasUnequalLengths) {
    if (sizes.length < 1) {
      throw new IllegalArgumentException("levels: expected at least 1, found none");
    }
    for (int level = 0; level < sizes.length; level++) {
      if (sizes[level] < 1) {
        throw new IllegalArgumentException(
            "size of level %d: expected at least 1, found %d".formatted(level, sizes[level]));
      }
    }
    this.sizes = sizes;
    this.hasUnequalLengths = hasUnequalLengths;
  }

  /**
   * Returns the shape of codes whose levels are all alike.
   *
   * @param levels how many codes each item has, at least 1
   * @param size how many codes a level has, at least 1: they count from 0 to size - 1
   * @return the shape
   * @throws IllegalArgumentException if a number is below 1
   */
  public static CodeShape of(int levels, int size) {
    return new CodeShape(filled(levels, size), false);
  }

  /**
   * Returns the shape of codes whose levels differ.
   *
   * @param sizes how many codes each level has, at least 1; copied
   * @return the shape
   * @throws IllegalArgumentException if there is no level or a size is below 1
   */
  public static CodeShape of(int[] sizes) {
    return new CodeShape(sizes.clone(), false);
  }

  /**
   * Returns the shape of sequences of unequal length, such as the tokens of titles. One may be the
   * beginning of another.
   *
   * @param maxLength the most tokens that an item has, at least 1
   * @param size how many tokens there are, at least 1: they count from 0 to size - 1
   * @return the shape
   * @throws IllegalArgumentException if a number is below 1
   */
  public static CodeShape upTo(int maxLength, int size) {
    return new CodeShape(filled(maxLength, size), true);
  }

  private static int[] filled(int levels, int size) {
    if (levels < 1) {
      throw new IllegalArgumentException("levels: expected at least 1, found " + levels);
    }
    int[] sizes = new int[levels];
    Arrays.fill(sizes, size);
    return sizes;
  }

  /** {@return the number of codes of an item, the largest if lengths are unequal} */
  public int levels() {
    return sizes.length;
  }

  /**
   * Returns how many codes a level has.
   *
   * @param level from 0 to levels - 1
   * @return the number of codes
   */
  public int size(int level) {
    return sizes[level];
  }

  /** {@return whether an item may have fewer codes than there are levels} */
  public boolean hasUnequalLengths() {
    return hasUnequalLengths;
  }

  /** {@return the largest number of codes of a level} */
  int largestSize() {
    return Arrays.stream(sizes).max().orElseThrow();
  }

  int[] sizes() {
    return sizes.clone();
  }

  /** Returns whether a code has this shape. */
  boolean fits(int[] code) {
    boolean isLong =
        hasUnequalLengths
            ? code.length >= 1 && code.length <= sizes.length
            : code.length == sizes.length;
    return isLong && wrongLevel(code) == code.length;
  }

  /** Throws if a code does not have this shape. */
  void check(String what, int[] code) {
    if (fits(code)) {
      return;
    }
    if (code.length == sizes.length || (hasUnequalLengths && code.length > 0)) {
      checkCodes(what, code);
    }
    throw new IllegalArgumentException(
        "%s: expected %s%d levels, found %d"
            .formatted(what, hasUnequalLengths ? "1 to " : "", sizes.length, code.length));
  }

  /** Checks the beginning of a code. */
  void checkPrefix(int[] prefix) {
    if (prefix.length > sizes.length) {
      throw new IllegalArgumentException(
          "prefix: expected at most %d levels, found %d".formatted(sizes.length, prefix.length));
    }
    checkCodes("prefix", prefix);
  }

  private void checkCodes(String what, int[] code) {
    int level = wrongLevel(code);
    if (level < Math.min(code.length, sizes.length)) {
      throw new IllegalArgumentException(
          "%s: expected 0 to %d at level %d, found %d"
              .formatted(what, sizes[level] - 1, level, code[level]));
    }
  }

  /** Returns the first level whose code is out of range, or how many levels were looked at. */
  private int wrongLevel(int[] code) {
    int levels = Math.min(code.length, sizes.length);
    for (int level = 0; level < levels; level++) {
      if (code[level] < 0 || code[level] >= sizes[level]) {
        return level;
      }
    }
    return levels;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodeShape shape
        && hasUnequalLengths == shape.hasUnequalLengths
        && Arrays.equals(sizes, shape.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes) * 2 + (hasUnequalLengths ? 1 : 0);
  }

  @Override
  public String toString() {
    boolean alike = Arrays.stream(sizes).allMatch(size -> size == sizes[0]);
    String codes = alike ? sizes.length + " x " + sizes[0] : Arrays.toString(sizes);
    return "CodeShape[%s%s]".formatted(hasUnequalLengths ? "up to " : "", codes);
  }
}
