package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Recommends what a language model names after it has looked things up: it may ask for what is
 * remembered as often as it is allowed to, and sees what was found before it goes on.
 *
 * <pre>{@code
 * SequenceRecommender assistant =
 *     new ReasoningRecommender(generator, PromptText.of(
 *         "{request}\nFound so far:\n{found}\nAnswer SEARCH: and a query, or name {k} items."),
 *         catalog, "title", memory).maxSteps(4);
 * }</pre>
 *
 * <p>The loop of Huang et al., "MR.Rec: Synergizing Memory and Reasoning for Personalized
 * Recommendation Assistant with LLMs", 2025.
 *
 * <p><b>Steps.</b> Each is one call of the model. If it writes a line that begins with {@value
 * #SEARCH}, in any case, the rest of the first such line is looked up, and the next prompt has the
 * query and what was found in {@code found}; whatever else it wrote is not kept. If it writes no
 * such line, that is the answer, read as {@link TextRecommender} does: items of the catalogue that
 * pass the filter. After the last step without an answer there are no items, and a notice says so.
 *
 * <p>The prompt gets the values of {@link PromptText#valuesOf} and {@code found}, which is empty at
 * first.
 *
 * <p><b>Thread safety.</b> As that of the generator and the lookup.
 *
 * <p><b>Lifetime.</b> Closing closes the generator, which changed copies share.
 */
public final class ReasoningRecommender implements SequenceRecommender {
  /** What a line begins with that asks for a search. */
  public static final String SEARCH = "SEARCH:";

  private static final int DEFAULT_MAX_STEPS = 4;
  private static final int MAX_ITEMS = 20;

  private final TextGenerator generator;
  private final PromptText prompt;
  private final Catalog catalog;
  private final String title;
  private final Lookup lookup;
  private final TextAnswers.ItemNames names;
  private final int maxSteps;

  /** Finds what a model asks for. */
  @FunctionalInterface
  public interface Lookup {
    /**
     * Finds texts, such as what is remembered of the user of the request. It sees to it that
     * nothing of anybody else is found.
     *
     * @param request the request that is being answered
     * @param query what the model asks for, possibly empty
     * @return the texts, the best first, possibly none
     */
    List<String> find(RecommendationRequest request, String query);
  }

  /**
   * Creates a recommender of 4 steps.
   *
   * @param generator the model; closed with the recommender
   * @param prompt what it is asked in each step
   * @param catalog the items
   * @param title the feature that names an item for people
   * @param lookup finds what it asks for
   */
  public ReasoningRecommender(
      TextGenerator generator, PromptText prompt, Catalog catalog, String title, Lookup lookup) {
    this(
        Objects.requireNonNull(generator, "generator"),
        Objects.requireNonNull(prompt, "prompt"),
        catalog,
        title,
        Objects.requireNonNull(lookup, "lookup"),
        new TextAnswers.ItemNames(catalog, title),
        DEFAULT_MAX_STEPS);
  }

  private ReasoningRecommender(
      TextGenerator generator,
      PromptText prompt,
      Catalog catalog,
      String title,
      Lookup lookup,
      TextAnswers.ItemNames names,
      int maxSteps) {
    this.generator = generator;
    this.prompt = prompt;
    this.catalog = catalog;
    this.title = title;
    this.lookup = lookup;
    this.names = names;
    this.maxSteps = maxSteps;
  }

  /**
   * Returns this recommender with another number of steps.
   *
   * @param maxSteps how often the model is called at most, at least 1
   * @return a copy
   * @throws IllegalArgumentException if it is below 1
   */
  public ReasoningRecommender maxSteps(int maxSteps) {
    if (maxSteps < 1) {
      throw new IllegalArgumentException("maxSteps: expected at least 1, found " + maxSteps);
    }
    return new ReasoningRecommender(generator, prompt, catalog, title, lookup, names, maxSteps);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has a variable that this request has no value
   *     of; the message names it
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    Map<String, String> values = PromptText.valuesOf(request, catalog, title, MAX_ITEMS);
    StringBuilder found = new StringBuilder();
    for (int step = 1; step <= maxSteps; step++) {
      values.put("found", found.toString());
      String written = generator.generate(prompt.write(values));
      String query = query(written);
      if (query == null) {
        return NamedItemsAnswer.of(request, catalog, TextAnswers.items(written, names))
            .modelRuns(step)
            .build();
      }
      found.append(SEARCH).append(' ').append(query).append('\n');
      lookup.find(request, query).forEach(text -> found.append("- ").append(text).append('\n'));
    }
    return NamedItemsAnswer.of(request, catalog, new TextAnswers.NamedItems(List.of(), List.of()))
        .modelRuns(maxSteps)
        .notice(
            new Notice(
                Notice.Code.STEPS_USED_UP,
                maxSteps,
                "The model searched %d times and did not come to an answer.".formatted(maxSteps)))
        .build();
  }

  private static @Nullable String query(String written) {
    for (String line : written.lines().toList()) {
      String bare = line.strip();
      if (bare.toUpperCase(Locale.ROOT).startsWith(SEARCH)) {
        return bare.substring(SEARCH.length()).strip();
      }
    }
    return null;
  }

  @Override
  public void close() {
    generator.close();
  }
}
