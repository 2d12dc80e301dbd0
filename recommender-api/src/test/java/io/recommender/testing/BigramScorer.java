package io.recommender.testing;

import io.recommender.spi.NextTokenScorer;
import java.util.Map;

/** A scorer whose logits depend on the last two tokens through a table; for tests of decoders. */
public final class BigramScorer implements NextTokenScorer {
  private final float[][] logits;
  private boolean closed;

  /**
   * Creates a scorer.
   *
   * @param logits row = last token, column = next token; each token before the last adds a tenth of
   *     its own row
   */
  public BigramScorer(float[][] logits) {
    this.logits = logits;
  }

  @Override
  public int vocabularySize() {
    return logits.length;
  }

  @Override
  public Decoding start(int[] promptTokens, Map<String, int[]> alignedInputs) {
    if (closed) {
      throw new IllegalStateException("BigramScorer is closed");
    }
    if (promptTokens.length == 0) {
      throw new IllegalArgumentException("prompt: expected at least one token, found none");
    }
    for (int token : promptTokens) {
      if (token < 0 || token >= logits.length) {
        throw new IllegalArgumentException(
            "token: expected 0 to %d, found %d".formatted(logits.length - 1, token));
      }
    }
    alignedInputs.forEach(
        (name, values) -> {
          if (values.length != promptTokens.length) {
            throw new IllegalArgumentException(
                "input '%s': expected length %d, found %d"
                    .formatted(name, promptTokens.length, values.length));
          }
        });
    int last = promptTokens[promptTokens.length - 1];
    int before = promptTokens.length > 1 ? promptTokens[promptTokens.length - 2] : -1;
    return new Rows(new int[] {last}, new int[] {before});
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class Rows implements Decoding {
    private int[] last;
    private int[] before;

    Rows(int[] last, int[] before) {
      this.last = last;
      this.before = before;
    }

    @Override
    public int rows() {
      return last.length;
    }

    @Override
    public void logits(int row, float[] to) {
      for (int token = 0; token < logits.length; token++) {
        to[token] =
            logits[last[row]][token] + (before[row] < 0 ? 0 : logits[before[row]][token] / 10);
      }
    }

    @Override
    public void advance(int[] parents, int[] tokens, int count) {
      int[] newLast = new int[count];
      int[] newBefore = new int[count];
      for (int i = 0; i < count; i++) {
        newLast[i] = tokens[i];
        newBefore[i] = last[parents[i]];
      }
      last = newLast;
      before = newBefore;
    }

    @Override
    public void close() {}
  }
}
