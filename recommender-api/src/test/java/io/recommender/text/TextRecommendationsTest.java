package io.recommender.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.text.TextAnswers.ItemNames;
import io.recommender.text.TextAnswers.NamedItems;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToIntFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** P5's families of tasks: rating, next item, choice, direct, and what models write beside them. */
class TextRecommendationsTest {
  private static final Catalog FILMS =
      Catalog.of(
          List.of(
              film("f1", "Heat"),
              film("f2", "Alien"),
              film("f3", "Aliens"),
              film("f4", "Heat"),
              film("f5", "The Good, the Bad and the Ugly"),
              film("f6", "8 1/2"),
              Item.of("f7")));
  private static final ItemNames NAMES = new ItemNames(FILMS, "title");

  private static Item film(String id, String title) {
    return new Item(id, Map.of("title", new Feature.Text(title)));
  }

  private static TextRecommender answering(String text) {
    return new TextRecommender(prompt -> text, PromptText.of("{history}?"), FILMS, "title");
  }

  @Nested
  class RecommenderKeepsItsContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return answering("f1\nf2\nf3\nf4\nf5\nf6\nf7");
    }

    @Override
    protected Catalog items() {
      return FILMS;
    }

    @Override
    protected boolean closes() {
      return false;
    }
  }

  @Nested
  class RerankerKeepsItsContract extends RerankerContract {
    @Override
    protected Reranker create() {
      return new TextReranker(
          prompt -> "3, 1, 99, 3", PromptText.of("{candidates}"), FILMS, "title", 4);
    }

    @Override
    protected List<String> itemIds() {
      return List.of("f1", "f2", "f3", "f4", "f5", "f6", "f7");
    }
  }

  @Test
  void aPromptHasItsVariablesFilledIn() {
    PromptText prompt = PromptText.of("{{{user}}} saw {a_1}; {user}: {{}}");
    assertEquals(Set.of("user", "a_1"), prompt.variables());
    assertEquals(
        "{anne} saw Heat; anne: {}",
        prompt.write(Map.of("user", "anne", "a_1", "Heat", "more", "x")));
    assertEquals("plain", PromptText.of("plain").write(Map.of()));
    assertEquals(
        "prompt: expected a value of 'a_1', found values of [more, user]",
        assertThrows(
                IllegalArgumentException.class,
                () -> prompt.write(Map.of("user", "anne", "more", "x")))
            .getMessage());
    assertEquals(
        "prompt: expected a variable in braces, or two braces for one, found '{' at 2",
        assertThrows(IllegalArgumentException.class, () -> PromptText.of("a {b c}")).getMessage());
  }

  @Test
  void aRequestIsToldInWords() {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("f3", "f2", "gone").forUser("anne"))
            .k(3)
            .context("mood", new Feature.Category("calm"))
            .context("wish", new Feature.Text("something old"))
            .context("hour", new Feature.Scalar(7))
            .dialog(List.of(Turn.user("Hm.\n Well?"), Turn.assistant("Heat", "f1")))
            .build();
    assertEquals(
        Map.of(
            "dialog",
            "User: Hm. Well?\nAssistant: Heat",
            "user",
            "anne",
            "k",
            "3",
            "history",
            "Alien, gone",
            "last",
            "gone",
            "mood",
            "calm",
            "wish",
            "something old"),
        PromptText.valuesOf(request, FILMS, "title", 2));
    assertEquals(
        Map.of("user", "a stranger", "k", "10", "history", "", "dialog", ""),
        PromptText.valuesOf(
            RecommendationRequest.of(UserHistory.empty()).build(), FILMS, "title", 2));
  }

  @Test
  void ratingsAreNumbersInTheirRange() {
    assertEquals(OptionalDouble.of(4), TextAnswers.rating("4", 1, 5));
    assertEquals(OptionalDouble.of(4.5), TextAnswers.rating("I would say 4,5 of 5 stars.", 1, 5));
    assertEquals(OptionalDouble.of(5), TextAnswers.rating("11/10!", 1, 5));
    assertEquals(OptionalDouble.of(1), TextAnswers.rating("-3", 1, 5));
    assertEquals(OptionalDouble.empty(), TextAnswers.rating("five", 1, 5));
    assertEquals(OptionalDouble.empty(), TextAnswers.rating("", 1, 5));
    assertEquals(OptionalDouble.empty(), TextAnswers.rating("item_12", 1, 5));
    assertThrows(IllegalArgumentException.class, () -> TextAnswers.rating("1", 5, 1));
  }

  @Test
  void yesAndNoAreWords() {
    assertEquals(Optional.of(true), TextAnswers.yesNo("Yes, certainly. No doubt."));
    assertEquals(Optional.of(false), TextAnswers.yesNo("I know him: NO!"));
    assertEquals(Optional.empty(), TextAnswers.yesNo("yesterday, nobody"));
  }

  @Test
  void itemsAreFoundByTitleOrIdHoweverTheyAreListed() {
    assertEquals(List.of("f2", "f3"), TextAnswers.items("Alien, Aliens", NAMES).itemIds());
    assertEquals(
        List.of("f3", "f1", "f4", "f6", "f7"),
        TextAnswers.items(
                "1. Aliens (1986)\n 2) \"heat\"\n- 8 1/2\n\n* \u201cf7\u201d.\n[1] Aliens", NAMES)
            .itemIds());
    assertEquals(
        List.of("f5"), TextAnswers.items("The Good, the Bad  and the Ugly", NAMES).itemIds());
    assertEquals(
        new NamedItems(List.of("f2"), List.of("Jaws", "and Rocky")),
        TextAnswers.items("Jaws; Alien; and Rocky", NAMES));
    assertEquals(new NamedItems(List.of(), List.of()), TextAnswers.items(" \n", NAMES));
    assertEquals(List.of("f1", "f4"), NAMES.find(" HEAT "));
  }

  @Test
  void theModelsItemsAreReturnedInItsOrder() {
    AtomicReference<String> asked = new AtomicReference<>();
    TextRecommender recommender =
        new TextRecommender(
            prompt -> {
              asked.set(prompt);
              return "1. Aliens\n2. Heat\n3. Jaws";
            },
            PromptText.of("{user} saw {history}. {k} more?"),
            FILMS,
            "title");
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of("f2", "f9")).k(4).build();
    Recommendations answer = recommender.recommend(request);
    assertEquals("a stranger saw Alien, f9. 4 more?", asked.get());
    assertEquals(List.of("f3", "f1", "f4"), answer.itemIds());
    assertEquals(
        List.of(1.0, 0.5, 1.0 / 3), answer.items().stream().map(ScoredItem::score).toList());
    assertEquals(
        List.of(
            new Notice(
                Notice.Code.UNKNOWN_ITEMS,
                1,
                "Interactions with items outside the catalogue were told by their ids."),
            new Notice(
                Notice.Code.UNREADABLE_TEXT,
                1,
                "The model named 3 items of the catalogue and 1 that are none."),
            new Notice(
                Notice.Code.SHORTFALL,
                1,
                "The model named too few items that pass the filter: expected 4, found 3.")),
        answer.notices());
    assertEquals(
        List.of("f3", "f4"),
        recommender
            .recommend(request.toBuilder().filter(ItemFilter.deny(List.of("f1"))).build())
            .itemIds());
  }

  @Test
  void whatCannotBeReadIsANoticeAndNoError() {
    for (String text : List.of("", "I cannot help with that.", "{\"items\": [}", "\u0000\uD800")) {
      Recommendations answer =
          answering(text).recommend(RecommendationRequest.of(UserHistory.of("f1")).build());
      assertTrue(answer.isEmpty(), text);
      assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT), text);
      assertTrue(answer.hasNotice(Notice.Code.SHORTFALL), text);
    }
    TextRecommender direct =
        new TextRecommender(text -> "f1", PromptText.of("after {last}"), FILMS, "title");
    assertEquals(
        "prompt: expected a value of 'last', found values of [dialog, history, k, user]",
        assertThrows(IllegalArgumentException.class, () -> direct.recommend(UserHistory.empty()))
            .getMessage());
  }

  private static List<String> rerank(String text, int most, String... candidates) {
    List<ScoredItem> given = new ArrayList<>();
    for (String candidate : candidates) {
      given.add(new ScoredItem(candidate, -given.size(), "knn"));
    }
    List<ScoredItem> ranked =
        new TextReranker(prompt -> text, PromptText.of("{candidates}"), FILMS, "title", most)
            .rerank(RecommendationRequest.of(UserHistory.of("f1")).build(), given);
    for (int i = 0; i < ranked.size(); i++) {
      assertEquals(-i, ranked.get(i).score());
      assertEquals("knn", ranked.get(i).source());
    }
    return ranked.stream().map(ScoredItem::itemId).toList();
  }

  @Test
  void theModelReordersCandidatesByNumberIdOrTitle() {
    assertEquals(List.of("f3", "f2", "f5"), rerank("2 > 1 > 3", 5, "f2", "f3", "f5"));
    assertEquals(List.of("f5", "f2", "f3"), rerank("[3], [17]", 5, "f2", "f3", "f5"));
    assertEquals(List.of("f3", "f2", "f5"), rerank("Aliens\nf2\nJaws", 5, "f2", "f3", "f5"));
    assertEquals(List.of("f2", "f3", "f5"), rerank("No idea", 5, "f2", "f3", "f5"));
    assertEquals(List.of("f3", "f2", "f5"), rerank("3, 2", 2, "f2", "f3", "f5"));
    AtomicReference<String> asked = new AtomicReference<>();
    new TextReranker(
            prompt -> {
              asked.set(prompt);
              return "";
            },
            PromptText.of("{history}:\n{candidates}"),
            FILMS,
            "title",
            2)
        .rerank(
            RecommendationRequest.of(UserHistory.of("f2")).build(),
            List.of(new ScoredItem("f1", 3), new ScoredItem("f7", 2), new ScoredItem("f3", 1)));
    assertEquals("Alien:\n1. Heat\n2. f7", asked.get());
  }

  private static List<Notice> notices(String text) {
    List<Notice> notices = new ArrayList<>();
    new TextReranker(prompt -> text, PromptText.of("{candidates}"), FILMS, "title", 3)
        .rerankWithNotices(
            RecommendationRequest.of(UserHistory.empty()).build(),
            List.of(new ScoredItem("f1", 3), new ScoredItem("f2", 2), new ScoredItem("f3", 1)),
            notices::add);
    return notices;
  }

  @Test
  void whatWasNotOfferedIsCounted() {
    assertEquals(List.of(), notices("Heat"));
    assertEquals(List.of(), notices("3, 1"));
    assertEquals(
        List.of(
            new Notice(
                Notice.Code.UNREADABLE_TEXT,
                2,
                "The model named 1 of 3 candidates and 2 that are none.")),
        notices("Aliens\nf5\nJaws"));
    assertEquals(1, notices("2, 4").get(0).count());
    assertEquals(
        "The model named 0 of 3 candidates and 1 that are none.", notices("no").get(0).message());
    assertEquals(
        "The model named 0 of 3 candidates and 0 that are none.", notices("").get(0).message());
  }

  private static int words(String prompt) {
    return (int) Arrays.stream(prompt.split("\\s+")).filter(w -> !w.isEmpty()).count();
  }

  /** A word is a token, and titles are ids: each part takes as many words as can be counted. */
  @Test
  void aPromptKeepsItsBudgetByLeavingOutExamplesHistoryAndCandidatesInThatOrder() {
    List<String> asked = new ArrayList<>();
    TextReranker all =
        new TextReranker(
                prompt -> {
                  asked.add(prompt);
                  return "2";
                },
                PromptText.of("{examples} | {history} | {candidates}"),
                Catalog.ofIds(List.of()),
                "title",
                3)
            .examples(List.of("one", "two"));
    RecommendationRequest request = RecommendationRequest.of(UserHistory.of("a", "b")).build();
    List<ScoredItem> candidates =
        List.of(
            new ScoredItem("x", 4),
            new ScoredItem("y", 3),
            new ScoredItem("z", 2),
            new ScoredItem("not told", 1));
    List<String> expected =
        List.of(
            "one\n\ntwo | a, b | 1. x\n2. y\n3. z",
            "one | a, b | 1. x\n2. y\n3. z",
            " | a, b | 1. x\n2. y\n3. z",
            " | b | 1. x\n2. y\n3. z",
            " | b | 1. x\n2. y",
            " | b | 1. x");
    for (int dropped = 0; dropped < expected.size(); dropped++) {
      int most = words(expected.get(dropped));
      TextReranker reranker = all.tokenBudget(most, TextRecommendationsTest::words);
      List<Notice> notices = new ArrayList<>();
      List<ScoredItem> ranked = reranker.rerankWithNotices(request, candidates, notices::add);
      assertEquals(expected.get(dropped), asked.get(dropped));
      boolean canTellY = dropped < 5;
      assertEquals(canTellY ? "y" : "x", ranked.get(0).itemId());
      assertEquals(4, ranked.size());
      assertEquals(
          dropped > 0,
          notices.contains(
              new Notice(
                  Notice.Code.PROMPT_SHORTENED,
                  dropped,
                  dropped
                      + " examples, items of the history and candidates were left out of the prompt,"
                      + " which may take "
                      + most
                      + " tokens.")));
    }
    List<Notice> notices = new ArrayList<>();
    assertEquals(
        candidates,
        all.tokenBudget(4, TextRecommendationsTest::words)
            .rerankWithNotices(request, candidates, notices::add));
    assertEquals(expected.size(), asked.size());
    assertEquals(
        List.of(
            new Notice(
                Notice.Code.PROMPT_SHORTENED,
                3,
                "The shortest prompt takes more than 4 tokens: the model was not asked.")),
        notices);
    assertThrows(IllegalArgumentException.class, () -> all.tokenBudget(0, String::length));
    assertEquals(
        "prompt: expected a variable 'examples', found [candidates]",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new TextReranker(prompt -> "", PromptText.of("{candidates}"), FILMS, "title", 1)
                        .examples(List.of()))
            .getMessage());
  }

  /** Also with a counter by which a shorter text may take more tokens. */
  @Property
  void noPromptExceedsItsBudget(@ForAll long seed) {
    Random random = new Random(seed);
    int salt = random.nextInt();
    ToIntFunction<String> counter =
        random.nextBoolean()
            ? TextRecommendationsTest::words
            : text -> 10 + new Random(text.hashCode() + salt).nextInt(20);
    int most = 1 + random.nextInt(40);
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = random.nextInt(30); i >= 0; i--) {
      candidates.add(new ScoredItem("c" + i, i));
    }
    List<String> past = new ArrayList<>();
    for (int i = random.nextInt(30); i > 0; i--) {
      past.add("h" + i);
    }
    List<String> examples = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      examples.add("an example of words");
    }
    List<String> asked = new ArrayList<>();
    List<ScoredItem> ranked =
        new TextReranker(
                prompt -> {
                  asked.add(prompt);
                  return "2, 1, 99";
                },
                PromptText.of("{examples} {history} {candidates}"),
                Catalog.ofIds(List.of()),
                "title",
                20)
            .examples(examples)
            .tokenBudget(most, counter)
            .rerank(
                RecommendationRequest.of(UserHistory.of(past.toArray(String[]::new))).build(),
                candidates);
    assertTrue(asked.size() <= 1);
    assertTrue(asked.stream().allMatch(prompt -> counter.applyAsInt(prompt) <= most));
    assertEquals(
        candidates.stream().map(ScoredItem::itemId).sorted().toList(),
        ranked.stream().map(ScoredItem::itemId).sorted().toList());
  }

  @Property
  void whateverIsWrittenOnlyCandidatesComeOut(@ForAll String text, @ForAll long seed) {
    Random random = new Random(seed);
    List<String> candidates = new ArrayList<>(List.of("f1", "f2", "f3", "f5", "f7"));
    java.util.Collections.shuffle(candidates, random);
    String mixed = random.nextBoolean() ? text : text + "\n" + random.nextInt(9) + "\nf2\nHeat\nf6";
    List<String> ranked = rerank(mixed, 1 + random.nextInt(5), candidates.toArray(String[]::new));
    assertEquals(Set.copyOf(candidates), Set.copyOf(ranked));
    assertEquals(candidates.size(), ranked.size());
    Recommendations answer = answering(mixed).recommend(UserHistory.of("f1"));
    assertEquals(answer.size(), Set.copyOf(answer.itemIds()).size());
    assertTrue(answer.itemIds().stream().allMatch(FILMS::contains));
  }
}
