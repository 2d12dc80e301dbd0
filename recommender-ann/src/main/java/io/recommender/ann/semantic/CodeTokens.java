package io.recommender.ann.semantic;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Which token of a model stands for which code.
 *
 * <pre>{@code
 * CodeTokens.offsets(1, 257, 513, 769);  // token = 1 + 256 * level + code
 * CodeTokens.identity();                 // codes are tokens already, such as those of titles
 * CodeTokens.of(new int[][] {...});      // any vocabulary, such as <a_0> = 32000, <a_1> = 32017
 * }</pre>
 *
 * <p><b>Immutable</b>.
 */
public final class CodeTokens {
  private static final CodeTokens IDENTITY = new CodeTokens(null, null);

  private final int @Nullable [] offsets;
  private final int @Nullable [][] table;

  private CodeTokens(int @Nullable [] offsets, int @Nullable [][] table) {
    this.offsets = offsets;
    this.table = table;
  }

  /** {@return the mapping for codes that are tokens} */
  public static CodeTokens identity() {
    return IDENTITY;
  }

  /**
   * Returns the mapping in which each level has a range of tokens.
   *
   * @param offsets the token of code 0 of each level; copied
   * @return the mapping
   */
  public static CodeTokens offsets(int... offsets) {
    return new CodeTokens(offsets.clone(), null);
  }

  /**
   * Returns a mapping by table.
   *
   * @param tokens the token of each code of each level; copied
   * @return the mapping
   */
  public static CodeTokens of(int[][] tokens) {
    return new CodeTokens(null, Arrays.stream(tokens).map(int[]::clone).toArray(int[][]::new));
  }

  /**
   * Returns the token of a code.
   *
   * @param level the level, from 0
   * @param code the code
   * @return the token
   */
  public int token(int level, int code) {
    if (offsets != null) {
      return offsets[level] + code;
    }
    return table != null ? table[level][code] : code;
  }

  /** Returns what is added to a code to get its token, if there is no table. */
  int offset(int level) {
    return offsets == null ? 0 : offsets[level];
  }

  /** Returns the tokens of a level, or null if they are codes with an offset. */
  int @Nullable [] table(int level) {
    return table == null ? null : table[level];
  }

  /**
   * Throws unless each code of a shape has a token of a vocabulary, which no other code of its
   * level has.
   */
  void check(CodeShape shape, int vocabularySize) {
    if (offsets != null || table != null) {
      int levels = offsets != null ? offsets.length : table.length;
      if (levels != shape.levels()) {
        throw new IllegalArgumentException(
            "tokens: expected those of %d levels, found %d".formatted(shape.levels(), levels));
      }
    }
    BitSet taken = new BitSet(vocabularySize);
    for (int level = 0; level < shape.levels(); level++) {
      int size = shape.size(level);
      if (table != null && table[level].length != size) {
        throw new IllegalArgumentException(
            "tokens of level %d: expected %d, found %d"
                .formatted(level, size, table[level].length));
      }
      taken.clear();
      for (int code = 0; code < size; code++) {
        int token = token(level, code);
        if (token < 0 || token >= vocabularySize) {
          throw new IllegalArgumentException(
              "token of code %d of level %d: expected 0 to %d, as the model has them, found %d"
                  .formatted(code, level, vocabularySize - 1, token));
        }
        if (taken.get(token)) {
          throw new IllegalArgumentException(
              "tokens of level %d: expected each once, found %d twice".formatted(level, token));
        }
        taken.set(token);
      }
    }
  }

  @Override
  public String toString() {
    if (offsets != null) {
      return "CodeTokens[offsets %s]".formatted(Arrays.toString(offsets));
    }
    return table != null ? "CodeTokens[%d levels]".formatted(table.length) : "CodeTokens[identity]";
  }
}
