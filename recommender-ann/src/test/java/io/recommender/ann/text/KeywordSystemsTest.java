package io.recommender.ann.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.text.PromptText;
import io.recommender.text.TextGenerator;
import io.recommender.text.TextReranker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/**
 * KALM4Rec: a new user's keywords find restaurants by the words of their reviews, and a language
 * model reorders them.
 */
class KeywordSystemsTest {
  private static final int RESTAURANTS = 40;
  private static final String PROMPT =
      "{examples}\n\nSomebody likes {wish}. Order these restaurants, best first:\n{candidates}";
  private static final List<String> EXAMPLES =
      List.of(
          "Somebody likes soup. Order: 1. Pho Bar 2. Grill. Answer: 1, 2",
          "Somebody likes meat and fire. Order: 1. Salad Bar 2. Grill. Answer: 2, 1");
  private static final Catalog CATALOG =
      Catalog.of(
          IntStream.range(0, RESTAURANTS)
              .mapToObj(i -> new Item("r" + i, Map.of("title", new Feature.Text("Place " + i))))
              .toList());

  private final KeywordIndex index = KeywordIndex.builder().build();
  private final KeywordModel byHand = new KeywordModel(1.2, 0.75);
  private final List<String> asked = new ArrayList<>();

  KeywordSystemsTest() {
    for (int i = 0; i < RESTAURANTS; i++) {
      Map<String, Double> reviews = new HashMap<>();
      reviews.put("food", 1.0 + i % 3);
      if (i % 2 == 0) {
        reviews.put("ramen", 0.5 + i % 7);
      }
      if (i % 3 == 0) {
        reviews.put("late night", 1.0 + i % 4);
      }
      if (i % 11 == 5) {
        reviews.put("vegan", 2.5);
      }
      reviews.put("street-" + i, 1.0);
      index.add("r" + i, reviews);
      byHand.add("r" + i, reviews);
    }
  }

  private static RecommendationRequest wish(int k, String... keywords) {
    return RecommendationRequest.of(UserHistory.empty())
        .k(k)
        .context("keywords", new Feature.Ids(List.of(keywords)))
        .context("wish", new Feature.Text(String.join(", ", keywords)))
        .build();
  }

  private SequenceRecommender retrieval() {
    return new RetrieverRecommender("keywords", index, RetrieverRecommender.keywords("keywords"));
  }

  private static int words(String prompt) {
    return prompt.split("\\s+").length;
  }

  private RecommenderPipeline pipeline(TextGenerator model, int budget) {
    return RecommenderPipeline.named("restaurants")
        .source("keywords", retrieval())
        .catalog(CATALOG)
        .candidates(20)
        .reranker(
            "model",
            new TextReranker(
                    prompt -> {
                      asked.add(prompt);
                      return model.generate(prompt);
                    },
                    PromptText.of(PROMPT),
                    CATALOG,
                    "title",
                    20)
                .examples(EXAMPLES)
                .tokenBudget(budget, KeywordSystemsTest::words))
        .build();
  }

  private List<String> scoredByHand() {
    Map<String, Double> keywords = Map.of("ramen", 1.0, "late night", 1.0, "vegan", 1.0);
    return byHand.search(keywords, 20, ItemFilter.all()).stream().map(ScoredItem::itemId).toList();
  }

  @Test
  void theTwentyBestAreThoseScoredByHand() {
    Map<String, Double> keywords = Map.of("ramen", 1.0, "late night", 1.0, "vegan", 1.0);
    assertEquals(
        byHand.search(keywords, 20, ItemFilter.all()),
        index.search(keywords, 20, ItemFilter.all()));
    Recommendations found = retrieval().recommend(wish(20, "ramen", "late night", "vegan"));
    assertEquals(scoredByHand(), found.itemIds());
    assertEquals(List.of(), found.notices());
  }

  @Test
  void theModelOnlyPermutesTheCandidates() {
    Recommendations answer =
        pipeline(prompt -> "3, 1, 20", 500).recommend(wish(20, "ramen", "late night", "vegan"));
    List<String> expected = new ArrayList<>(scoredByHand());
    String last = expected.remove(19);
    String third = expected.remove(2);
    String first = expected.remove(0);
    expected.addAll(0, List.of(third, first, last));
    assertEquals(expected, answer.itemIds());
    assertTrue(asked.get(0).startsWith(String.join("\n\n", EXAMPLES) + "\n\nSomebody likes ramen"));
    assertEquals(List.of(), answer.notices());
  }

  @Test
  void whatCannotBeReadLeavesTheOrderOfRetrievalAndANotice() {
    for (String text : List.of("", "As a language model…", "Place 41\nPlace 99", "0, 21, 400")) {
      Recommendations answer =
          pipeline(prompt -> text, 500).recommend(wish(20, "ramen", "late night", "vegan"));
      assertEquals(scoredByHand(), answer.itemIds());
      assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT), answer::toString);
    }
  }

  @Test
  void unknownKeywordsGiveNothingAndANotice() {
    Recommendations answer = pipeline(prompt -> "1", 500).recommend(wish(20, "sushi", "Ramen"));
    assertTrue(answer.isEmpty());
    assertEquals(List.of(), asked);
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL));
    assertTrue(
        answer
            .notices()
            .contains(
                new Notice(
                    Notice.Code.UNKNOWN_KEYWORDS,
                    2,
                    "'keywords': No item has the keywords Ramen, sushi.")),
        answer::toString);
  }

  /** Whatever the model writes and however little it takes. */
  @Property
  void noPromptExceedsTheBudgetAndNothingIsMadeUp(@ForAll String text, @ForAll long seed) {
    asked.clear();
    Random random = new Random(seed);
    int budget = 1 + random.nextInt(120);
    String mixed = random.nextBoolean() ? text : "Place " + random.nextInt(60) + "\n" + text;
    Recommendations answer =
        pipeline(prompt -> mixed, budget).recommend(wish(20, "ramen", "late night", "vegan"));
    assertEquals(Set.copyOf(scoredByHand()), Set.copyOf(answer.itemIds()));
    assertEquals(20, answer.size());
    asked.forEach(prompt -> assertTrue(words(prompt) <= budget, prompt));
    boolean isWhole = words(fullPrompt()) <= budget;
    assertEquals(!isWhole, answer.hasNotice(Notice.Code.PROMPT_SHORTENED));
  }

  private String fullPrompt() {
    List<String> lines = new ArrayList<>();
    for (String itemId : scoredByHand()) {
      lines.add(lines.size() + 1 + ". Place " + itemId.substring(1));
    }
    return PromptText.of(PROMPT)
        .write(
            Map.of(
                "examples", String.join("\n\n", EXAMPLES),
                "wish", "ramen, late night, vegan",
                "candidates", String.join("\n", lines)));
  }
}
