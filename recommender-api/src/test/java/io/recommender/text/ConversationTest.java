package io.recommender.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.PopularityMetrics;
import io.recommender.evaluation.RankedLists;
import io.recommender.evaluation.Split;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.FakeRecommender;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.testing.TableRecommender;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Dialogs in, items and texts out. */
class ConversationTest {
  private static final Catalog FILMS =
      Catalog.of(
          List.of(
              film("f1", "Heat"),
              film("f2", "Alien"),
              film("f3", "Aliens"),
              film("f4", "Heat"),
              film("f5", "The Good, the Bad and the Ugly"),
              film("f6", "8 1/2"),
              film("f7", "The Good"),
              film("f8", "?!"),
              Item.of("f9")));
  private static final ItemMentions MENTIONS = new ItemMentions(FILMS, "title");

  private static Item film(String id, String title) {
    return new Item(id, Map.of("title", new Feature.Text(title)));
  }

  private static RecommendationRequest.Builder saying(Turn... turns) {
    return RecommendationRequest.of(UserHistory.empty()).k(3).dialog(List.of(turns));
  }

  private static ReplyRecommender replying(SequenceRecommender recommender, String text) {
    return new ReplyRecommender(
        recommender, prompt -> text, PromptText.of("{dialog}"), FILMS, "title");
  }

  private static SequenceRecommender table() {
    int size = FILMS.size();
    double[][] scores = new double[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        scores[i][j] = (i * 7 + j * 3) % 11;
      }
    }
    return new TableRecommender(FILMS, scores);
  }

  @Nested
  class DialogKeepsTheContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return new DialogRecommender(table(), MENTIONS);
    }

    @Override
    protected Catalog items() {
      return FILMS;
    }
  }

  @Nested
  class ReplyKeepsTheContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return replying(table(), "Try <item>.");
    }

    @Override
    protected Catalog items() {
      return FILMS;
    }
  }

  @Nested
  class DraftKeepsTheContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return replying(table(), "Try <item>.").draftingFirst();
    }

    @Override
    protected Catalog items() {
      return FILMS;
    }
  }

  @Test
  void titlesAreFoundAsWholeWordsTheLongestFirst() {
    assertEquals(
        List.of("f5", "f2", "f1", "f4", "f6"),
        MENTIONS.find("the GOOD the bad; and the ugly? No: alien's heat, 8 1 2, and Alien again"));
    assertEquals(List.of("f7"), MENTIONS.find("The Good, the Bad and - the - Ugliest"));
    assertEquals(List.of("f7", "f3"), MENTIONS.find("the good, the bad aliens"));
    assertEquals(List.of(), MENTIONS.find("alienation in the heatwave ?! f9"));
    assertEquals(List.of(), MENTIONS.find(""));
  }

  @Test
  void whatTheUserNamesBecomesHistoryAndNothingComesAgain() {
    FakeRecommender expert = FakeRecommender.of("f1", "f2", "f3", "f5", "f6");
    DialogRecommender dialog = new DialogRecommender(expert, MENTIONS);
    RecommendationRequest request =
        saying(
                Turn.user("I liked Alien and 8 1/2.", "f9"),
                Turn.assistant("Then Aliens!", "f3"),
                Turn.user("Not that one. Something like heat or alien."))
            .history(UserHistory.of("f6", "f7"))
            .filter(itemId -> !itemId.equals("f8"))
            .build();
    Recommendations answer = dialog.recommend(request);
    assertEquals(List.of("f5"), answer.itemIds());
    RecommendationRequest passed = expert.requests().get(0);
    assertEquals(List.of("f6", "f7", "f9", "f2", "f1", "f4"), passed.history().itemIds());
    assertEquals(request.dialog(), passed.dialog());
    for (String no : List.of("f1", "f2", "f3", "f4", "f6", "f8", "f9")) {
      assertFalse(passed.filter().accepts(no), no);
    }
    assertTrue(passed.filter().accepts("f7"), "an item of the history alone may come again");
    RecommendationRequest silent = saying().build();
    assertSame(silent, dialog.asHistory(silent));
  }

  @Test
  void placesAreFilledWithTheTitlesOfTheItemsInOrder() {
    List<String> prompts = new ArrayList<>();
    SequenceRecommender assistant =
        new ReplyRecommender(
            FakeRecommender.of("f2", "f6", "f9").withModelVersion("expert@1"),
            prompt -> {
              prompts.add(prompt);
              return " Try <item>, <item> or <item>.\n";
            },
            PromptText.of("{dialog}\n{items}\n{best}"),
            FILMS,
            "title");
    Recommendations answer =
        assistant.recommend(
            saying(Turn.user("Hello,\n you"), Turn.assistant("What do you like?")).build());
    assertEquals("Try Alien, 8 1/2 or f9.", answer.text());
    assertEquals(List.of("f2", "f6", "f9"), answer.itemIds());
    assertEquals("expert@1", answer.modelVersion());
    assertEquals(1, answer.modelRuns());
    assertTrue(answer.notices().isEmpty());
    assertEquals(
        List.of("User: Hello, you\nAssistant: What do you like?\n1. Alien\n2. 8 1/2\n3. f9\nAlien"),
        prompts);
  }

  @Test
  void placesThatAreLeftOverAreTakenOutWithANotice() {
    Recommendations answer =
        replying(FakeRecommender.of("f2"), "<item> or <item>!").recommend(saying().build());
    assertEquals("Alien or !", answer.text());
    assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT));
    assertTrue(answer.hasNotice(Notice.Code.SHORTFALL), "that of the recommender stays");
  }

  @Test
  void whatIsDraftedFirstIsReadByTheRecommenderAndThenFilled() {
    List<String> prompts = new ArrayList<>();
    FakeRecommender expert = FakeRecommender.of("f2", "f6", "f9");
    ReplyRecommender drafting =
        new ReplyRecommender(
                expert,
                prompt -> {
                  prompts.add(prompt);
                  return "Try <item> or <item>.\n";
                },
                PromptText.of("{dialog}\nAssistant:"),
                FILMS,
                "title")
            .draftingFirst();
    Turn asked = Turn.user("A film?");
    Recommendations answer = drafting.recommend(saying(asked).build());
    assertEquals(List.of("User: A film?\nAssistant:"), prompts);
    assertEquals("Try Alien or 8 1/2.", answer.text());
    assertEquals(
        List.of(asked, Turn.assistant("Try <item> or <item>.")), expert.requests().get(0).dialog());
    assertTrue(answer.notices().isEmpty());

    Recommendations one = drafting.recommend(saying(asked).k(1).build());
    assertEquals("Try Alien or .", one.text());
    assertTrue(one.hasNotice(Notice.Code.UNREADABLE_TEXT), "two places, one item");

    Recommendations none = drafting.recommend(saying(asked).filter(itemId -> false).build());
    assertEquals("", none.text());
    assertEquals(1, none.modelRuns(), "the draft was written all the same");

    ReplyRecommender tooCurious =
        new ReplyRecommender(expert, prompt -> "", PromptText.of("{best}"), FILMS, "title")
            .draftingFirst();
    RecommendationRequest request = saying(asked).build();
    String message =
        assertThrows(IllegalArgumentException.class, () -> tooCurious.recommend(request))
            .getMessage();
    assertTrue(message.contains("best"), message);
  }

  @Test
  void aReplyThatNamesAnotherItemIsNotGiven() {
    SequenceRecommender lying = replying(FakeRecommender.of("f2"), "See <item>, not Aliens.");
    Recommendations answer = lying.recommend(saying(Turn.user("A film?")).build());
    assertEquals("", answer.text());
    assertEquals(List.of("f2"), answer.itemIds());
    assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT));
    assertEquals(
        "See Alien, not Aliens.",
        lying.recommend(saying(Turn.user("I know aliens.")).build()).text());
    assertEquals(
        "See Heat.",
        replying(FakeRecommender.of("f1"), "See <item>.").recommend(saying().build()).text(),
        "two films have that title");
  }

  @Test
  void aReplyThatIsTooLongEndsAfterAWord() {
    ToIntFunction<String> words = text -> text.isBlank() ? 0 : text.strip().split("\\s+").length;
    ReplyRecommender all = replying(FakeRecommender.of("f2"), "Try  <item> tonight, it is calm.");
    List<String> expected = List.of("", "Try", "Try  Alien", "Try  Alien tonight,");
    for (int tokens = 1; tokens <= 3; tokens++) {
      assertEquals(
          expected.get(tokens), all.maxTokens(tokens, words).recommend(saying().build()).text());
    }
    String whole = "Try  Alien tonight, it is calm.";
    assertEquals(whole, all.maxTokens(6, words).recommend(saying().build()).text());
    assertEquals(whole, all.recommend(saying().build()).text());
    assertEquals(
        "", all.maxTokens(1, text -> 1 + text.length()).recommend(saying().build()).text());
    assertThrows(IllegalArgumentException.class, () -> all.maxTokens(0, words));
    Recommendations cut =
        replying(FakeRecommender.of("f5"), "<item> it is")
            .maxTokens(2, words)
            .recommend(saying().build());
    assertEquals("", cut.text(), "the first words of the title are another title");
    assertTrue(cut.hasNotice(Notice.Code.UNREADABLE_TEXT));
  }

  @Test
  void withoutItemsTheModelIsNotAsked() {
    SequenceRecommender assistant =
        new ReplyRecommender(
            FakeRecommender.of(),
            prompt -> {
              throw new AssertionError("asked");
            },
            PromptText.of("{dialog}"),
            FILMS,
            "title");
    Recommendations answer = assistant.recommend(saying().build());
    assertEquals("", answer.text());
    assertTrue(answer.isEmpty());
  }

  @Test
  void aDialogAndATextAreKeptByBuilders() {
    RecommendationRequest request = saying(Turn.user("Hi", "f1")).seed(3).build();
    assertEquals(request.dialog(), request.toBuilder().k(7).build().dialog());
    Recommendations answer =
        Recommendations.of(2, List.of(new ScoredItem("f1", 1)))
            .text("Heat!")
            .modelRuns(2)
            .attributionId("a")
            .build();
    Recommendations copy = answer.toBuilder().build();
    assertEquals("Heat!", copy.text());
    assertEquals("a", copy.attributionId());
    assertEquals(2, copy.modelRuns());
    assertEquals(answer.items(), copy.items());
  }

  /** CARE: an expert by the films that were named, a model that selects of its candidates. */
  @Test
  void careSelectsOfTheExpertsCandidatesAndFillsUpInItsOrder() {
    int size = 40;
    Catalog films =
        Catalog.of(
            IntStream.range(0, size).mapToObj(i -> film("film-" + i, "Story " + i)).toList());
    // Film i was seen by 40 - i people: the expert recommends what everybody sees.
    List<UserHistory> seen =
        IntStream.range(0, size)
            .mapToObj(
                user ->
                    UserHistory.ofItems(
                            IntStream.range(0, size - user).mapToObj(i -> "film-" + i).toList())
                        .forUser("user-" + user))
            .toList();
    FakeRecommender popular = FakeRecommender.of(ids(films));
    List<String> prompts = new ArrayList<>();
    TextGenerator model =
        prompt -> {
          prompts.add(prompt);
          return "Story 19\nStory 17\nStory 39\nStory 16\nAnother Story\nStory 18\nStory 2\nStory 15\nStory 12\nStory 38";
        };
    RecommenderPipeline care =
        RecommenderPipeline.named("care")
            .source("expert", new DialogRecommender(popular, new ItemMentions(films, "title")))
            .candidates(20)
            .reranker(
                "model",
                new TextReranker(
                    model, PromptText.of("{dialog}\n{candidates}"), films, "title", 20))
            .build();
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty())
            .k(10)
            .dialog(List.of(Turn.user("I saw Story 2 and story 0."), Turn.assistant("And?")))
            .build();
    Recommendations answer = care.recommend(request);
    List<String> expert =
        IntStream.range(0, 22).filter(i -> i != 0 && i != 2).mapToObj(i -> "film-" + i).toList();
    assertTrue(expert.containsAll(answer.itemIds()), answer.itemIds().toString());
    assertEquals(
        List.of(
            "film-19", "film-17", "film-16", "film-18", "film-15", "film-12", "film-1", "film-3",
            "film-4", "film-5"),
        answer.itemIds());
    assertTrue(prompts.get(0).startsWith("User: I saw Story 2 and story 0.\nAssistant: And?\n1. "));
    assertEquals(List.of("film-2", "film-0"), popular.requests().get(0).history().itemIds());
    assertTrue(answer.hasNotice(Notice.Code.UNREADABLE_TEXT));
    assertTrue(
        arp(films, seen, answer.itemIds()) <= arp(films, seen, expert.subList(0, 10)),
        "less popular than what the expert says");
    // 40 - i for films 1 and 3 to 11.
    assertEquals(33.6, arp(films, seen, expert.subList(0, 10)), 1e-12);
  }

  private static List<String> ids(Catalog catalog) {
    return IntStream.range(0, catalog.size()).mapToObj(catalog::id).toList();
  }

  private static double arp(Catalog films, List<UserHistory> seen, List<String> list) {
    Split split =
        Split.of(
            "dialogs",
            InteractionLog.of("films", seen),
            seen,
            List.of(EvaluationCase.of(UserHistory.empty(), Map.of("film-30", 1.0))));
    return PopularityMetrics.arp(RankedLists.of(split, films, List.of(list)), 10);
  }

  @Test
  void filtersOfTheRequestHoldInADialog() {
    Recommendations answer =
        new DialogRecommender(FakeRecommender.of("f1", "f2", "f3"), MENTIONS)
            .recommend(
                saying(Turn.user("8 1/2")).filter(ItemFilter.allow(Set.of("f2", "f6"))).build());
    assertEquals(List.of("f2"), answer.itemIds());
  }
}
