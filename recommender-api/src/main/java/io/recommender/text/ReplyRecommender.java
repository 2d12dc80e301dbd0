package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Says something with what another recommender recommends: a language model writes the reply, and
 * the reply never names an item that is not in the answer.
 *
 * <pre>{@code
 * SequenceRecommender assistant =
 *     new ReplyRecommender(
 *         expert, generator, PromptText.of("{dialog}\nAssistant, about <item>:"), catalog, "title");
 * String reply = assistant.recommend(request).text();
 * }</pre>
 *
 * <p>The prompt gets the values of {@link PromptText#valuesOf}, {@code items}: the titles of the
 * answer numbered from 1, one on each line, and {@code best}: that of the first.
 *
 * <p><b>Places.</b> Where the model writes {@value #PLACE}, the titles of the items are filled in,
 * in order; places that are left over are taken out, with a notice.
 *
 * <p><b>Agreement.</b> A reply that names an item of the catalogue which is neither in the answer
 * nor one that the user named or had in the history is not given at all, with a notice: the items
 * are right without it. What other items have as a title is found as {@link ItemMentions} finds it.
 *
 * <p><b>Length.</b> With {@link #maxTokens} a reply that is too long ends after its last word that
 * fits.
 *
 * <p>Without items nothing is said, and the model is not asked unless it drafts first. Items,
 * scores and notices are those of the recommender.
 *
 * <p><b>Thread safety.</b> As that of the recommender and the generator.
 *
 * <p><b>Lifetime.</b> Closing closes both, which changed copies share.
 */
public final class ReplyRecommender implements SequenceRecommender {
  /** What stands for the title of the next item in what a model writes. */
  public static final String PLACE = "<item>";

  private static final int MAX_ITEMS = 20;
  private static final Pattern WORD_END = Pattern.compile("\\S+");

  private final SequenceRecommender recommender;
  private final TextGenerator generator;
  private final PromptText prompt;
  private final Catalog catalog;
  private final String title;
  private final ItemMentions mentions;
  private final PromptBudget length;
  private final boolean draftsFirst;

  /**
   * Creates a recommender.
   *
   * @param recommender finds the items; closed with this
   * @param generator writes the reply; closed with this
   * @param prompt what it is asked
   * @param catalog the items
   * @param title the feature that names an item for people
   */
  public ReplyRecommender(
      SequenceRecommender recommender,
      TextGenerator generator,
      PromptText prompt,
      Catalog catalog,
      String title) {
    this(
        Objects.requireNonNull(recommender, "recommender"),
        Objects.requireNonNull(generator, "generator"),
        Objects.requireNonNull(prompt, "prompt"),
        Objects.requireNonNull(catalog, "catalog"),
        Objects.requireNonNull(title, "title"),
        new ItemMentions(catalog, title),
        PromptBudget.NONE,
        false);
  }

  private ReplyRecommender(
      SequenceRecommender recommender,
      TextGenerator generator,
      PromptText prompt,
      Catalog catalog,
      String title,
      ItemMentions mentions,
      PromptBudget length,
      boolean draftsFirst) {
    this.recommender = recommender;
    this.generator = generator;
    this.prompt = prompt;
    this.catalog = catalog;
    this.title = title;
    this.mentions = mentions;
    this.length = length;
    this.draftsFirst = draftsFirst;
  }

  /**
   * Returns this recommender with a limit of its replies.
   *
   * @param tokens how many tokens a reply may have, at least 1
   * @param counter counts the tokens of a text, thread-safe; called a few times for a reply that is
   *     too long
   * @return a copy
   * @throws IllegalArgumentException if the number is below 1
   */
  public ReplyRecommender maxTokens(int tokens, ToIntFunction<String> counter) {
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens: expected at least 1, found " + tokens);
    }
    PromptBudget changed = new PromptBudget(tokens, Objects.requireNonNull(counter, "counter"));
    return new ReplyRecommender(
        recommender, generator, prompt, catalog, title, mentions, changed, draftsFirst);
  }

  /**
   * Returns this recommender with replies that are written before the items are found: the
   * recommender is asked with the draft as the last turn of the dialog, places included, and its
   * items are filled in. So what is said can decide what is recommended (Wang et al., "Towards
   * Unified Conversational Recommender Systems via Knowledge-Enhanced Prompt Learning" (UniCRS),
   * KDD 2022). The prompt has no {@code items} and no {@code best} then.
   *
   * @return a copy
   */
  public ReplyRecommender draftingFirst() {
    return new ReplyRecommender(
        recommender, generator, prompt, catalog, title, mentions, length, true);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has a variable that this request has no value
   *     of; the message names it
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    if (draftsFirst) {
      String draft = written(PromptText.valuesOf(request, catalog, title, MAX_ITEMS));
      List<Turn> dialog = new ArrayList<>(request.dialog());
      dialog.add(Turn.assistant(draft));
      Recommendations answer = recommender.recommend(request.toBuilder().dialog(dialog).build());
      return replied(request, answer, draft);
    }
    Recommendations answer = recommender.recommend(request);
    if (answer.isEmpty()) {
      return answer;
    }
    Map<String, String> values = PromptText.valuesOf(request, catalog, title, MAX_ITEMS);
    values.put("items", PromptText.numbered(answer.items(), catalog, title));
    values.put("best", PromptText.titleOf(catalog, answer.items().get(0).itemId(), title));
    return replied(request, answer, written(values));
  }

  private String written(Map<String, String> values) {
    return generator.generate(prompt.write(values)).strip();
  }

  private Recommendations replied(
      RecommendationRequest request, Recommendations answer, String written) {
    Recommendations.Builder replied = answer.toBuilder().modelRuns(answer.modelRuns() + 1);
    if (answer.isEmpty()) {
      return replied.build();
    }
    // Cut first: the beginning of a title may be another one.
    String text = shortened(filled(written, answer.items(), replied));
    Set<String> others = new HashSet<>(mentions.find(text));
    others.removeAll(known(request, answer));
    if (!others.isEmpty()) {
      replied.notice(
          new Notice(
              Notice.Code.UNREADABLE_TEXT,
              others.size(),
              "The reply named %d items that were not recommended, and is not given."
                  .formatted(others.size())));
      return replied.build();
    }
    return replied.text(text).build();
  }

  private String filled(String written, List<ScoredItem> items, Recommendations.Builder replied) {
    String[] parts = written.split(PLACE, -1);
    StringBuilder text = new StringBuilder(parts[0]);
    int empty = 0;
    for (int place = 0; place < parts.length - 1; place++) {
      if (place < items.size()) {
        text.append(PromptText.titleOf(catalog, items.get(place).itemId(), title));
      } else {
        empty++;
      }
      text.append(parts[place + 1]);
    }
    if (empty > 0) {
      replied.notice(
          new Notice(
              Notice.Code.UNREADABLE_TEXT,
              empty,
              "The reply has %d places for items more than there are items.".formatted(empty)));
    }
    return text.toString();
  }

  /** Returns the longest beginning of whole words that has no more tokens than it may. */
  private String shortened(String text) {
    int[] ends = WORD_END.matcher(text).results().mapToInt(MatchResult::end).toArray();
    PromptBudget.Fitted fitted =
        length.fit(
            ends.length,
            dropped ->
                dropped == 0
                    ? text
                    : text.substring(
                        0, dropped == ends.length ? 0 : ends[ends.length - dropped - 1]));
    return fitted == null ? "" : fitted.text();
  }

  /** The items that a reply may name. A title that two items have names both. */
  private Set<String> known(RecommendationRequest request, Recommendations answer) {
    Set<String> known = new HashSet<>(request.history().itemIds());
    for (ScoredItem item : answer) {
      known.add(item.itemId());
      known.addAll(mentions.find(PromptText.titleOf(catalog, item.itemId(), title)));
    }
    for (Turn turn : request.dialog()) {
      if (turn.role() == Turn.Role.USER) {
        known.addAll(turn.itemIds());
        known.addAll(mentions.find(turn.text()));
      }
    }
    return known;
  }

  @Override
  public void close() {
    try {
      recommender.close();
    } finally {
      generator.close();
    }
  }

  @Override
  public String toString() {
    return "ReplyRecommender[%s]".formatted(recommender);
  }
}
