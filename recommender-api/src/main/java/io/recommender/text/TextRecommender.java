package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.util.Objects;

/**
 * Recommends the items that a language model names.
 *
 * <pre>{@code
 * SequenceRecommender recommender =
 *     new TextRecommender(
 *         generator, PromptText.of("{user} bought {history}. Name {k} more."), catalog, "title");
 * }</pre>
 *
 * <p>The prompt gets the values of {@link PromptText#valuesOf}. What the model names is looked up
 * by id and title; what no item is called is left out and counted in a notice, and so is what the
 * filter rejects, because a model cannot be told of it. A title that several items have stands for
 * all of them.
 *
 * <p><b>Scores.</b> 1 for the first item, 1/2 for the second, and so on: a model names no scores.
 *
 * <p><b>Thread safety.</b> As that of the generator.
 *
 * <p><b>Lifetime.</b> Closing closes the generator.
 */
public final class TextRecommender implements SequenceRecommender {
  /** The source of items that a model named. */
  public static final String SOURCE = "text";

  private static final int DEFAULT_MAX_ITEMS = 20;

  private final TextGenerator generator;
  private final PromptText prompt;
  private final Catalog catalog;
  private final String title;
  private final TextAnswers.ItemNames names;

  /**
   * Creates a recommender.
   *
   * @param generator the model; closed with the recommender
   * @param prompt what it is asked
   * @param catalog the items
   * @param title the feature that names an item for people
   */
  public TextRecommender(
      TextGenerator generator, PromptText prompt, Catalog catalog, String title) {
    this.generator = Objects.requireNonNull(generator, "generator");
    this.prompt = Objects.requireNonNull(prompt, "prompt");
    this.catalog = catalog;
    this.title = title;
    names = new TextAnswers.ItemNames(catalog, title);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has a variable that this request has no value
   *     of; the message names it
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    String text =
        generator.generate(
            prompt.write(PromptText.valuesOf(request, catalog, title, DEFAULT_MAX_ITEMS)));
    return NamedItemsAnswer.of(request, catalog, TextAnswers.items(text, names))
        .modelRuns(1)
        .build();
  }

  @Override
  public void close() {
    generator.close();
  }
}
