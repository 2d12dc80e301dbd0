package io.recommender.text;

import java.util.function.IntFunction;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens a prompt may take.
 *
 * <p><b>Immutable</b>.
 *
 * @param most the number, at least 1
 * @param counter counts those of a text
 */
record PromptBudget(int most, ToIntFunction<String> counter) {
  static final PromptBudget NONE = new PromptBudget(Integer.MAX_VALUE, prompt -> 0);

  /**
   * A prompt that fits.
   *
   * @param text the prompt
   * @param dropped how many parts were left out of it
   */
  record Fitted(String text, int dropped) {}

  /**
   * Returns the prompt with the fewest parts left out, if more of them never make it longer; else
   * one that fits.
   *
   * @param parts how many parts can be left out
   * @param write writes the prompt without a number of parts
   * @return the prompt; null if it does not fit without any of them
   */
  @Nullable Fitted fit(int parts, IntFunction<String> write) {
    String whole = write.apply(0);
    if (counter.applyAsInt(whole) <= most) {
      return new Fitted(whole, 0);
    }
    Fitted best = fitted(parts, write);
    int tooFew = 0;
    int enough = parts;
    while (best != null && enough - tooFew > 1) {
      int middle = tooFew + enough >>> 1;
      Fitted fitted = fitted(middle, write);
      if (fitted == null) {
        tooFew = middle;
      } else {
        enough = middle;
        best = fitted;
      }
    }
    return best;
  }

  private @Nullable Fitted fitted(int dropped, IntFunction<String> write) {
    String text = write.apply(dropped);
    return counter.applyAsInt(text) <= most ? new Fitted(text, dropped) : null;
  }
}
