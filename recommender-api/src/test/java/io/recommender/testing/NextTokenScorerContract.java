package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rules every {@link NextTokenScorer} keeps. Extend it and supply the scorer, of at least three
 * tokens and without aligned inputs.
 */
public abstract class NextTokenScorerContract {
  private NextTokenScorer scorer;

  /**
   * Makes the scorer under test.
   *
   * @return a new one, closed by the test
   */
  protected abstract NextTokenScorer create();

  /**
   * How much a row may differ from the same tokens sent as a prompt.
   *
   * @return the allowed difference of logits
   */
  protected float tolerance() {
    return 1e-4f;
  }

  /**
   * Whether tokens that follow a prompt are scored like the end of a longer prompt. An
   * encoder-decoder reads the two apart.
   *
   * @return the claim
   */
  protected boolean continuesPrompts() {
    return true;
  }

  @BeforeEach
  void open() {
    scorer = create();
  }

  @AfterEach
  void close() {
    scorer.close();
  }

  private float[] logitsAfter(int... prompt) {
    try (Decoding decoding = scorer.start(Prompt.of(prompt))) {
      assertEquals(1, decoding.rows());
      return logits(decoding, 0);
    }
  }

  /** What a row must have that wrote tokens after a prompt. */
  private float[] expected(int[] prompt, int... written) {
    if (continuesPrompts()) {
      return logitsAfter(IntStream.concat(IntStream.of(prompt), IntStream.of(written)).toArray());
    }
    try (Decoding decoding = scorer.start(Prompt.of(prompt))) {
      for (int token : written) {
        decoding.advance(new int[] {0}, new int[] {token}, 1);
      }
      return logits(decoding, 0);
    }
  }

  private static int[] prompt(int... tokens) {
    return tokens;
  }

  private float[] logits(Decoding decoding, int row) {
    float[] logits = new float[scorer.vocabularySize()];
    decoding.logits(row, logits);
    return logits;
  }

  @Test
  void logitsAreFinite() {
    for (float logit : logitsAfter(0, 1)) {
      assertTrue(Float.isFinite(logit));
    }
  }

  @Test
  void continuingEqualsALongerPrompt() {
    try (Decoding decoding = scorer.start(Prompt.of(1, 0))) {
      decoding.advance(new int[] {0, 0, 0}, new int[] {2, 0, 1}, 3);
      assertEquals(3, decoding.rows());
      assertArrayEquals(expected(prompt(1, 0), 2), logits(decoding, 0), tolerance());
      assertArrayEquals(expected(prompt(1, 0), 0), logits(decoding, 1), tolerance());
      assertArrayEquals(expected(prompt(1, 0), 1), logits(decoding, 2), tolerance());
    }
  }

  @Test
  void rowsCanBeDroppedDoubledAndReordered() {
    try (Decoding decoding = scorer.start(Prompt.of(1))) {
      decoding.advance(new int[] {0, 0}, new int[] {0, 2}, 2);
      decoding.advance(new int[] {1, 1, 0}, new int[] {2, 1, 1}, 3);
      assertArrayEquals(expected(prompt(1), 2, 2), logits(decoding, 0), tolerance());
      assertArrayEquals(expected(prompt(1), 2, 1), logits(decoding, 1), tolerance());
      assertArrayEquals(expected(prompt(1), 0, 1), logits(decoding, 2), tolerance());
      decoding.advance(new int[] {2}, new int[] {0}, 1);
      assertEquals(1, decoding.rows());
      assertArrayEquals(expected(prompt(1), 0, 1, 0), logits(decoding, 0), tolerance());
    }
  }

  @Test
  void onlyTheCountedEntriesAreUsed() {
    try (Decoding decoding = scorer.start(Prompt.of(1))) {
      decoding.advance(new int[] {0, 99}, new int[] {2, -1}, 1);
      assertEquals(1, decoding.rows());
    }
  }

  @Test
  void promptsOfUnequalLengthsGoTogether() {
    try (Decoding decoding =
        scorer.startAll(List.of(Prompt.of(0, 2, 1), Prompt.of(2), Prompt.of(1, 1)))) {
      assertEquals(3, decoding.rows());
      assertArrayEquals(logitsAfter(0, 2, 1), logits(decoding, 0), tolerance());
      assertArrayEquals(logitsAfter(2), logits(decoding, 1), tolerance());
      assertArrayEquals(logitsAfter(1, 1), logits(decoding, 2), tolerance());
      decoding.advance(new int[] {1, 0, 2, 1}, new int[] {0, 2, 1, 2}, 4);
      assertEquals(4, decoding.rows());
      assertArrayEquals(expected(prompt(2), 0), logits(decoding, 0), tolerance());
      assertArrayEquals(expected(prompt(0, 2, 1), 2), logits(decoding, 1), tolerance());
      assertArrayEquals(expected(prompt(1, 1), 1), logits(decoding, 2), tolerance());
      assertArrayEquals(expected(prompt(2), 2), logits(decoding, 3), tolerance());
      decoding.advance(new int[] {3, 1}, new int[] {1, 0}, 2);
      assertArrayEquals(expected(prompt(2), 2, 1), logits(decoding, 0), tolerance());
      assertArrayEquals(expected(prompt(0, 2, 1), 2, 0), logits(decoding, 1), tolerance());
    }
  }

  @Test
  void wrongPromptsAreRefused() {
    int size = scorer.vocabularySize();
    assertThrows(IllegalArgumentException.class, () -> scorer.startAll(List.of()));
    assertThrows(IllegalArgumentException.class, () -> scorer.start(Prompt.of()));
    assertThrows(IllegalArgumentException.class, () -> scorer.start(Prompt.of(size)));
    assertThrows(IllegalArgumentException.class, () -> scorer.start(Prompt.of(0, -1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> scorer.start(new Prompt(new int[] {0, 1}, Map.of("unknown", new int[] {0, 1}))));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Prompt(new int[] {0, 1}, Map.of("position", new int[] {0})));
  }

  @Test
  void decodingsAreIndependent() {
    try (Decoding one = scorer.start(Prompt.of(0));
        Decoding other = scorer.start(Prompt.of(2))) {
      one.advance(new int[] {0}, new int[] {1}, 1);
      other.advance(new int[] {0}, new int[] {1}, 1);
      assertArrayEquals(expected(prompt(0), 1), logits(one, 0), tolerance());
      assertArrayEquals(expected(prompt(2), 1), logits(other, 0), tolerance());
    }
  }

  @Test
  void closingTwiceHasNoEffect() {
    Decoding decoding = scorer.start(Prompt.of(0));
    decoding.close();
    assertDoesNotThrow(decoding::close);
    scorer.close();
    assertDoesNotThrow(scorer::close);
    assertThrows(IllegalStateException.class, () -> scorer.start(Prompt.of(0)));
  }
}
