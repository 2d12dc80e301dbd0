package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lets a language model reorder candidates. Those that it names come first, in its order; the
 * others follow in theirs. So an answer that cannot be read leaves everything as it was, and an
 * item that was not a candidate never comes in.
 *
 * <p>The prompt gets the values of {@link PromptText#valuesOf} and {@code candidates}: their titles
 * numbered from 1, one on each line. The model may answer with numbers, ids or titles.
 *
 * <p><b>Scores.</b> Those of the candidates, dealt out anew in descending order: the first item
 * gets the highest.
 *
 * <p><b>Thread safety.</b> As that of the generator.
 *
 * <p><b>Lifetime.</b> Closing closes the generator.
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
    if (most < 1) {
      throw new IllegalArgumentException("most: expected at least 1, found " + most);
    }
    this.generator = Objects.requireNonNull(generator, "generator");
    this.prompt = Objects.requireNonNull(prompt, "prompt");
    this.catalog = catalog;
    this.title = title;
    this.most = most;
    names = new TextAnswers.ItemNames(catalog, title);
  }

  @Override
  public List<ScoredItem> rerank(RecommendationRequest request, List<ScoredItem> candidates) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<ScoredItem> told = candidates.subList(0, Math.min(most, candidates.size()));
    Map<String, String> values = PromptText.valuesOf(request, catalog, title, MAX_ITEMS);
    values.put("candidates", PromptText.numbered(told, catalog, title));
    Set<Integer> order = order(generator.generate(prompt.write(values)), told);
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

  /** Returns the places of the candidates that a text names, in its order. */
  private Set<Integer> order(String text, List<ScoredItem> told) {
    Set<Integer> order = new LinkedHashSet<>();
    if (NUMBERS_ONLY.matcher(text).matches()) {
      Matcher number = NUMBER.matcher(text);
      while (number.find()) {
        int place = Integer.parseInt(number.group()) - 1;
        if (place >= 0 && place < told.size()) {
          order.add(place);
        }
      }
      return order;
    }
    List<String> ids = told.stream().map(ScoredItem::itemId).toList();
    for (String itemId : TextAnswers.items(text, names).itemIds()) {
      int place = ids.indexOf(itemId);
      if (place >= 0) {
        order.add(place);
      }
    }
    return order;
  }

  @Override
  public void close() {
    generator.close();
  }
}
