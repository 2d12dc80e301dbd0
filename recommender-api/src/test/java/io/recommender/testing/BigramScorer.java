package io.recommender.testing;

import io.recommender.spi.NextTokenScorer;
import java.util.List;

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
  public Decoding startAll(List<Prompt> prompts) {
    if (closed) {
      throw new IllegalStateException("BigramScorer is closed");
    }
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException("prompts: expected at least one, found none");
    }
    int[] last = new int[prompts.size()];
    int[] before = new int[prompts.size()];
    for (int i = 0; i < last.length; i++) {
      int[] tokens = prompts.get(i).tokens();
      for (int token : tokens) {
        if (token < 0 || token >= logits.length) {
          throw new IllegalArgumentException(
              "token: expected 0 to %d, found %d".formatted(logits.length - 1, token));
        }
      }
      prompts.get(i).alignedInputs().keySet().stream()
          .findFirst()
          .ifPresent(
              name -> {
                throw new IllegalArgumentException(
                    "aligned inputs: expected none, found '%s'".formatted(name));
              });
      last[i] = tokens[tokens.length - 1];
      before[i] = tokens.length > 1 ? tokens[tokens.length - 2] : -1;
    }
    return new Rows(last, before);
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
