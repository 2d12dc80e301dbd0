package io.recommender.text;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.SequenceRecommender;
import io.recommender.spi.NextTokenScorer;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/**
 * Recommends by writing a reply whose tokens are words or items: the model decides at each step
 * which comes next, and the items of the reply are the recommendations, in its order.
 *
 * <pre>{@code
 * SequenceRecommender assistant =
 *     MixedReplyRecommender.of(scorer, films, "title", 50_257, request -> tokens(request), words)
 *         .endToken(50_256)
 *         .bias(request -> graph.closeness(request));
 * }</pre>
 *
 * <p>Wang et al., "RecInDial: A Unified Framework for Conversational Recommendation with Pretrained
 * Language Models", AACL 2022. The vocabulary has a token for each item behind those of words.
 * Before each step a number of the caller's is added to the logit of each item, such as how near it
 * is in a graph to the entities of the dialog.
 *
 * <p><b>Decoding.</b> The most probable token each time, of equals the smaller number. An item that
 * the filter rejects or that was written is passed over, and after k items none is written any
 * more; the words go on until the end token or the longest length.
 *
 * <p><b>Text.</b> Runs of words and titles of items with one space between them, so that no token
 * of an item can be seen.
 *
 * <p><b>Scores.</b> 1, 1/2, 1/3 and so on: a greedy reply has an order and no more.
 *
 * <p><b>Immutable</b>. <b>Thread safety.</b> As that of the scorer and the functions.
 *
 * <p><b>Lifetime.</b> Closing closes the scorer, which changed copies share.
 *
 * <p><b>Cost.</b> A run of the model for each token, and a look at each logit.
 */
public final class MixedReplyRecommender implements SequenceRecommender {
  private static final int DEFAULT_MAX_TOKENS = 128;
  private static final int NO_TOKEN = -1;
  private static final float[] NO_BIAS = {};

  private final NextTokenScorer scorer;
  private final Catalog catalog;
  private final String title;
  private final int firstItem;
  private final Function<? super RecommendationRequest, int[]> prompt;
  private final Function<? super int[], String> words;
  private final Function<? super RecommendationRequest, float[]> bias;
  private final int endToken;
  private final int maxTokens;

  private MixedReplyRecommender(
      NextTokenScorer scorer,
      Catalog catalog,
      String title,
      int firstItem,
      Function<? super RecommendationRequest, int[]> prompt,
      Function<? super int[], String> words,
      Function<? super RecommendationRequest, float[]> bias,
      int endToken,
      int maxTokens) {
    this.scorer = scorer;
    this.catalog = catalog;
    this.title = title;
    this.firstItem = firstItem;
    this.prompt = prompt;
    this.words = words;
    this.bias = bias;
    this.endToken = endToken;
    this.maxTokens = maxTokens;
  }

  /**
   * Returns a recommender without a bias and an end token, whose replies have at most {@value
   * #DEFAULT_MAX_TOKENS} tokens.
   *
   * @param scorer the model; closed with this
   * @param catalog the items
   * @param title the feature that names an item for people
   * @param firstItem the token of the item with ordinal 0; that of the others is as much higher as
   *     their ordinal
   * @param prompt the tokens of the dialog of a request, at least one
   * @param words the text of tokens of words
   * @return the recommender
   * @throws IllegalArgumentException if the vocabulary has no token for each item
   */
  public static MixedReplyRecommender of(
      NextTokenScorer scorer,
      Catalog catalog,
      String title,
      int firstItem,
      Function<? super RecommendationRequest, int[]> prompt,
      Function<? super int[], String> words) {
    if (firstItem < 0 || firstItem > scorer.vocabularySize() - catalog.size()) {
      throw new IllegalArgumentException(
          "firstItem: expected 0 to %d, so that each of %d items has a token among %d, found %d"
              .formatted(
                  scorer.vocabularySize() - catalog.size(),
                  catalog.size(),
                  scorer.vocabularySize(),
                  firstItem));
    }
    return new MixedReplyRecommender(
        scorer,
        catalog,
        Objects.requireNonNull(title, "title"),
        firstItem,
        Objects.requireNonNull(prompt, "prompt"),
        Objects.requireNonNull(words, "words"),
        request -> NO_BIAS,
        NO_TOKEN,
        DEFAULT_MAX_TOKENS);
  }

  /**
   * Returns this recommender with a bias.
   *
   * @param bias what is added to the logit of each item, by ordinal, for a request; empty: nothing.
   *     Finite
   * @return a copy
   */
  public MixedReplyRecommender bias(Function<? super RecommendationRequest, float[]> bias) {
    return new MixedReplyRecommender(
        scorer,
        catalog,
        title,
        firstItem,
        prompt,
        words,
        Objects.requireNonNull(bias, "bias"),
        endToken,
        maxTokens);
  }

  /**
   * Returns this recommender with a token that ends a reply and is not part of it.
   *
   * @param endToken a token of the vocabulary that is no item
   * @return a copy
   * @throws IllegalArgumentException if it is none
   */
  public MixedReplyRecommender endToken(int endToken) {
    if (endToken < 0 || endToken >= scorer.vocabularySize() || isItem(endToken)) {
      throw new IllegalArgumentException(
          "endToken: expected 0 to %d and no item, those from %d to %d, found %d"
              .formatted(
                  scorer.vocabularySize() - 1,
                  firstItem,
                  firstItem + catalog.size() - 1,
                  endToken));
    }
    return new MixedReplyRecommender(
        scorer, catalog, title, firstItem, prompt, words, bias, endToken, maxTokens);
  }

  /**
   * Returns this recommender with another longest length of a reply.
   *
   * @param maxTokens at least 1
   * @return a copy
   * @throws IllegalArgumentException if it is below 1
   */
  public MixedReplyRecommender maxTokens(int maxTokens) {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected at least 1, found " + maxTokens);
    }
    return new MixedReplyRecommender(
        scorer, catalog, title, firstItem, prompt, words, bias, endToken, maxTokens);
  }

  private boolean isItem(int token) {
    return token >= firstItem && token < firstItem + catalog.size();
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the bias is not as long as there are items, or not finite
   */
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    float[] added = checked(bias.apply(request));
    Reply reply = new Reply();
    int runs = 0;
    try (Decoding decoding = scorer.start(Prompt.of(prompt.apply(request)))) {
      float[] logits = new float[scorer.vocabularySize()];
      int[] parent = {0};
      while (runs < maxTokens) {
        decoding.logits(0, logits);
        runs++;
        int next = next(logits, added, request, reply.itemIds);
        if (next == NO_TOKEN || next == endToken) {
          break;
        }
        reply.add(next);
        if (runs < maxTokens) {
          decoding.advance(parent, new int[] {next}, 1);
        }
      }
    }
    TextAnswers.NamedItems named =
        new TextAnswers.NamedItems(List.copyOf(reply.itemIds), List.of());
    return NamedItemsAnswer.of(request, catalog, named).modelRuns(runs).text(reply.text()).build();
  }

  private float[] checked(float[] added) {
    if (added.length != 0 && added.length != catalog.size()) {
      throw new IllegalArgumentException(
          "bias: expected none or %d, one for each item, found %d"
              .formatted(catalog.size(), added.length));
    }
    for (int i = 0; i < added.length; i++) {
      if (!Float.isFinite(added[i])) {
        throw new IllegalArgumentException(
            "bias: expected finite numbers, found %s for item '%s'"
                .formatted(added[i], catalog.id(i)));
      }
    }
    return added;
  }

  /** Returns the token that comes next, or none if no token may. */
  private int next(
      float[] logits, float[] added, RecommendationRequest request, Set<String> written) {
    for (int token = 0; token < logits.length; token++) {
      if (Float.isNaN(logits[token]) || logits[token] == Float.POSITIVE_INFINITY) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "logits: expected finite numbers, found %s for token %d"
                .formatted(logits[token], token));
      }
    }
    for (int i = 0; i < added.length; i++) {
      logits[firstItem + i] += added[i];
    }
    if (written.size() == request.k()) {
      Arrays.fill(logits, firstItem, firstItem + catalog.size(), Float.NEGATIVE_INFINITY);
    }
    while (true) {
      int best = best(logits);
      if (best == NO_TOKEN || !isItem(best)) {
        return best;
      }
      String itemId = catalog.id(best - firstItem);
      if (!written.contains(itemId) && request.filter().accepts(itemId)) {
        return best;
      }
      logits[best] = Float.NEGATIVE_INFINITY;
    }
  }

  private static int best(float[] logits) {
    int best = NO_TOKEN;
    float most = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < logits.length; token++) {
      if (logits[token] > most) {
        best = token;
        most = logits[token];
      }
    }
    return best;
  }

  /** What has been written. */
  private final class Reply {
    private final Set<String> itemIds = new LinkedHashSet<>();
    private final List<String> parts = new ArrayList<>();
    private final List<Integer> run = new ArrayList<>();

    void add(int token) {
      if (isItem(token)) {
        endRun();
        String itemId = catalog.id(token - firstItem);
        itemIds.add(itemId);
        parts.add(PromptText.titleOf(catalog, itemId, title));
      } else {
        run.add(token);
      }
    }

    private void endRun() {
      if (!run.isEmpty()) {
        parts.add(words.apply(run.stream().mapToInt(token -> token).toArray()).strip());
        run.clear();
      }
    }

    String text() {
      endRun();
      return String.join(" ", parts);
    }
  }

  @Override
  public void close() {
    scorer.close();
  }

  @Override
  public String toString() {
    return "MixedReplyRecommender[%d items from token %d]".formatted(catalog.size(), firstItem);
  }
}
