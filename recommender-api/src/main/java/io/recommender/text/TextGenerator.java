package io.recommender.text;

import io.recommender.RecommenderException;

/**
 * Continues a text: a language model, whoever runs it. A lambda implements it, so a test needs no
 * model.
 *
 * <p><b>Thread safety.</b> Any number of threads may call at once.
 *
 * <p><b>Lifetime.</b> May hold native memory until {@link #close()}; later calls throw {@link
 * IllegalStateException}. Closing twice has no effect.
 */
@FunctionalInterface
public interface TextGenerator extends AutoCloseable {

  /**
   * Writes what follows a prompt.
   *
   * @param prompt the prompt
   * @return the text after it, possibly empty
   * @throws IllegalStateException if closed
   * @throws RecommenderException if the model fails; the generator stays usable
   */
  String generate(String prompt);

  /** Releases what this generator holds. Does nothing by default. */
  @Override
  default void close() {}
}
