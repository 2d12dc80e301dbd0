package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lets a language model reorder candidates. Those that it names come first, in its order; the
 * others follow in theirs. So an answer that cannot be read leaves everything as it was, and an
 * item that was not a candidate never comes in.
 *
 * <pre>{@code
 * Reranker reranker =
 *     new TextReranker(generator, PromptText.of(prompt), catalog, "title", 20)
 *         .examples(examples)
 *         .tokenBudget(2048, tokenizer::count);
 * }</pre>
 *
 * <p>The prompt gets the values of {@link PromptText#valuesOf}, {@code candidates}: their titles
 * numbered from 1, one on each line, and {@code examples}. The model may answer with numbers, ids
 * or titles.
 *
 * <p>With a token budget, no longer prompt is ever sent. What is too much is left out in this
 * order: examples, the last first; items of the history but its last, the oldest first; candidates
 * but the best, the worst first. They keep their places behind those that the model names.
 *
 * <p><b>Notices.</b> An answer that names no candidate, and what it names beside them; a shortened
 * prompt. If even the shortest prompt is too long, the model is not asked and the order stays.
 *
 * <p><b>Scores.</b> Those of the candidates, dealt out anew in descending order: the first item
 * gets the highest.
 *
 * <p><b>Thread safety.</b> As that of the generator and the counter.
 *
 * <p><b>Lifetime.</b> Closing closes the generator, which changed copies share.
 */
public final class TextReranker implements Reranker {
  private static final Pattern NUMBERS_ONLY = Pattern.compile("[\\s\\d,;.>#\\[\\]()-]+");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,6}");
  private static final int MAX_ITEMS = 20;

  private final TextGenerator generator;
  private final PromptText prompt;
  private final Catalog catalog;
  private final String title;
  private final int most;
  private final TextAnswers.ItemNames names;
  private final List<String> examples;
  private final PromptBudget budget;

  /**
   * Creates a reranker.
   *
   * @param generator the model; closed with the reranker
   * @param prompt what it is asked
   * @param catalog the items
   * @param title the feature that names an item for people
   * @param most how many candidates the model is told at most, the best ones; at least 1
   */
  public TextReranker(
      TextGenerator generator, PromptText prompt, Catalog catalog, String title, int most) {
    this(
        Objects.requireNonNull(generator, "generator"),
        Objects.requireNonNull(prompt, "prompt"),
        catalog,
        title,
        most,
        new TextAnswers.ItemNames(catalog, title),
        List.of(),
        PromptBudget.NONE);
    if (most < 1) {
      throw new IllegalArgumentException("most: expected at least 1, found " + most);
    }
  }

  private TextReranker(
      TextGenerator generator,
      PromptText prompt,
      Catalog catalog,
      String title,
      int most,
      TextAnswers.ItemNames names,
      List<String> examples,
      PromptBudget budget) {
    this.generator = generator;
    this.prompt = prompt;
    this.catalog = catalog;
    this.title = title;
    this.most = most;
    this.names = names;
    this.examples = examples;
    this.budget = budget;
  }

  /**
   * Returns this reranker with examples of what is asked and answered, for {@code examples} in the
   * prompt, where a blank line is between them.
   *
   * @param examples the examples, the most important first
   * @return a copy with these examples instead of others
   * @throws IllegalArgumentException if the prompt has no such variable
   */
  public TextReranker examples(List<String> examples) {
    if (!prompt.variables().contains("examples")) {
      throw new IllegalArgumentException(
          "prompt: expected a variable 'examples', found " + new TreeSet<>(prompt.variables()));
    }
    return new TextReranker(
        generator, prompt, catalog, title, most, names, List.copyOf(examples), budget);
  }

  /**
   * Returns this reranker with a budget that no prompt exceeds.
   *
   * @param tokens how many tokens a prompt may take, at least 1
   * @param counter counts the tokens of a prompt, thread-safe; called a few times for a prompt that
   *     is too long
   * @return a copy
   * @throws IllegalArgumentException if the number is below 1
   */
  public TextReranker tokenBudget(int tokens, ToIntFunction<String> counter) {
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens: expected at least 1, found " + tokens);
    }
    PromptBudget changed = new PromptBudget(tokens, Objects.requireNonNull(counter, "counter"));
    return new TextReranker(generator, prompt, catalog, title, most, names, examples, changed);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    return rerankWithNotices(request, candidates, notice -> {});
  }

  @Override
  public List<ScoredItem> rerankWithNotices(
      RecommendationRequest request,
      List<ScoredItem> candidates,
      Consumer<? super Notice> notices) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    int told = Math.min(most, candidates.size());
    int history = Math.min(MAX_ITEMS, request.history().itemIds().size());
    int pastItems = Math.max(0, history - 1);
    PromptBudget.Fitted fitted =
        budget.fit(
            examples.size() + pastItems + told - 1,
            dropped -> write(request, candidates.subList(0, told), history, dropped));
    if (fitted == null) {
      notices.accept(
          new Notice(
              Notice.Code.PROMPT_SHORTENED,
              told,
              "The shortest prompt takes more than %d tokens: the model was not asked."
                  .formatted(budget.most())));
      return List.copyOf(candidates);
    }
    if (fitted.dropped() > 0) {
      notices.accept(
          new Notice(
              Notice.Code.PROMPT_SHORTENED,
              fitted.dropped(),
              "%d examples, items of the history and candidates were left out of the prompt, which"
                      .formatted(fitted.dropped())
                  + " may take %d tokens.".formatted(budget.most())));
    }
    int lost = Math.max(0, fitted.dropped() - examples.size() - pastItems);
    Set<Integer> order =
        order(generator.generate(fitted.text()), candidates.subList(0, told - lost), notices);
    for (int i = 0; i < candidates.size(); i++) {
      order.add(i);
    }
    double[] scores = candidates.stream().mapToDouble(ScoredItem::score).sorted().toArray();
    List<ScoredItem> ranked = new ArrayList<>(candidates.size());
    for (int place : order) {
      ScoredItem item = candidates.get(place);
      double score = scores[scores.length - 1 - ranked.size()];
      ranked.add(new ScoredItem(item.itemId(), score, item.source(), item.taskScores()));
    }
    return ranked;
  }

  /** Writes the prompt without a number of examples, items of the history and candidates. */
  private String write(
      RecommendationRequest request, List<ScoredItem> told, int history, int dropped) {
    int noExamples = Math.min(dropped, examples.size());
    int noItems = Math.min(dropped - noExamples, Math.max(0, history - 1));
    int noCandidates = dropped - noExamples - noItems;
    Map<String, String> values = PromptText.valuesOf(request, catalog, title, history - noItems);
    values.put(
        "candidates",
        PromptText.numbered(told.subList(0, told.size() - noCandidates), catalog, title));
    values.put("examples", String.join("\n\n", examples.subList(0, examples.size() - noExamples)));
    return prompt.write(values);
  }

  /** Returns the places of the candidates that a text names, in its order. */
  private Set<Integer> order(String text, List<ScoredItem> told, Consumer<? super Notice> notices) {
    Set<Integer> order = new LinkedHashSet<>();
    int others = 0;
    if (NUMBERS_ONLY.matcher(text).matches()) {
      Matcher number = NUMBER.matcher(text);
      while (number.find()) {
        int place = Integer.parseInt(number.group()) - 1;
        if (place >= 0 && place < told.size()) {
          order.add(place);
        } else {
          others++;
        }
      }
    } else {
      List<String> ids = told.stream().map(ScoredItem::itemId).toList();
      TextAnswers.NamedItems named = TextAnswers.items(text, names);
      others = named.unknown().size();
      Set<String> titles = new HashSet<>();
      ids.forEach(itemId -> titles.add(PromptText.titleOf(catalog, itemId, title)));
      for (String itemId : named.itemIds()) {
        int place = ids.indexOf(itemId);
        if (place >= 0) {
          order.add(place);
        } else if (!titles.contains(PromptText.titleOf(catalog, itemId, title))) {
          others++;
        }
      }
    }
    if (order.isEmpty() || others > 0) {
      notices.accept(
          new Notice(
              Notice.Code.UNREADABLE_TEXT,
              others,
              "The model named %d of %d candidates and %d that are none."
                  .formatted(order.size(), told.size(), others)));
    }
    return order;
  }

  @Override
  public void close() {
    generator.close();
  }
}
