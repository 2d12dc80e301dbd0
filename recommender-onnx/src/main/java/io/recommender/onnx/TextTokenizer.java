package io.recommender.onnx;

/**
 * Turns texts into tokens.
 *
 * <p><b>Thread-safe</b>, but must not be used during or after {@link #close()}.
 */
interface TextTokenizer extends AutoCloseable {

  /**
   * The tokens of a text, or of a pair of texts.
   *
   * @param ids the tokens, no padding
   * @param types which of the texts each token belongs to
   * @param items which item of a history each token belongs to, from 1; 0 for none
   * @param truncated whether the text had more
   */
  record Tokens(long[] ids, long[] types, long[] items, boolean truncated) {
    Tokens(long[] ids, long[] types, boolean truncated) {
      this(ids, types, new long[ids.length], truncated);
    }

    int length() {
      return ids.length;
    }
  }

  Tokens encode(String text);

  /** The tokens of one text of a pair, without special ones, as many as a pair may have. */
  Tokens part(String text);

  /** The tokens of a pair of texts. */
  Tokens join(Tokens first, Tokens second);

  default Tokens encode(String text, String pair) {
    return join(part(text), part(pair));
  }

  /** The largest token there is. */
  int largestToken();

  @Override
  void close();
}
