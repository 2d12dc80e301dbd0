package io.recommender.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.SequenceRecommender;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.testing.BigramScorer;
import io.recommender.testing.SequenceRecommenderContract;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Forty words, then ten items; the reply goes from word to word and to items in between. */
class MixedReplyTest {
  private static final int WORDS = 40;
  private static final int ITEMS = 10;
  private static final int END = 39;
  private static final Catalog FILMS =
      Catalog.of(
          IntStream.range(0, ITEMS)
              .mapToObj(i -> new Item("film-" + i, Map.of("title", new Feature.Text("Film " + i))))
              .toList());

  /**
   * After the first word comes the second, after that an item, 3 rather than 7 rather than 5, after
   * an item the third word, after that an item again or else the last word, and then the end.
   */
  private static float[][] logits() {
    float[][] logits = new float[WORDS + ITEMS][WORDS + ITEMS];
    logits[0][1] = 50;
    for (int word : new int[] {1, 2}) {
      logits[word][WORDS + 3] = 30;
      logits[word][WORDS + 7] = 28;
      logits[word][WORDS + 5] = 26;
    }
    logits[2][4] = 20;
    for (int item = 0; item < ITEMS; item++) {
      logits[WORDS + item][2] = 50;
    }
    logits[4][END] = 50;
    return logits;
  }

  private static String words(int[] tokens) {
    return Arrays.stream(tokens).mapToObj(token -> "w" + token).collect(Collectors.joining(" "));
  }

  private static MixedReplyRecommender replying(float[][] logits) {
    return MixedReplyRecommender.of(
            new BigramScorer(logits),
            FILMS,
            "title",
            WORDS,
            request -> new int[] {request.dialog().isEmpty() ? 0 : request.dialog().size() - 1},
            MixedReplyTest::words)
        .endToken(END);
  }

  private static RecommendationRequest.Builder asking(int k) {
    return RecommendationRequest.of(UserHistory.empty()).k(k).dialog(List.of(Turn.user("A film?")));
  }

  @Nested
  class KeepsTheContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return replying(logits());
    }

    @Override
    protected Catalog items() {
      return FILMS;
    }
  }

  @Test
  void theItemsAreThoseOfTheReplyInItsOrder() {
    Recommendations answer = replying(logits()).recommend(asking(3).build());
    assertEquals(List.of("film-3", "film-7", "film-5"), answer.itemIds());
    assertEquals("w1 Film 3 w2 Film 7 w2 Film 5 w2 w4", answer.text());
    assertEquals(answer.itemIds(), new ItemMentions(FILMS, "title").find(answer.text()));
    assertEquals(9, answer.modelRuns(), "one for each token and one for the end");
    assertTrue(answer.notices().isEmpty());
  }

  @Test
  void aBiasMovesItems() {
    MixedReplyRecommender plain = replying(logits());
    assertEquals(List.of("film-3"), plain.recommend(asking(1).build()).itemIds());
    float[] none = new float[ITEMS];
    assertEquals(
        List.of("film-3"), plain.bias(request -> none).recommend(asking(1).build()).itemIds());
    float[] seven = new float[ITEMS];
    seven[7] = 5;
    Recommendations moved = plain.bias(request -> seven).recommend(asking(1).build());
    assertEquals(List.of("film-7"), moved.itemIds());
    assertEquals("w1 Film 7 w2 w4", moved.text());
  }

  @Test
  void whatIsFilteredIsNeverWritten() {
    float[] seven = new float[ITEMS];
    seven[7] = 5;
    MixedReplyRecommender recommender = replying(logits()).bias(request -> seven);
    Recommendations answer =
        recommender.recommend(asking(1).filter(ItemFilter.deny(List.of("film-7"))).build());
    assertEquals(List.of("film-3"), answer.itemIds());
    assertFalse(answer.text().contains("Film 7"), answer.text());

    Recommendations none = recommender.recommend(asking(2).filter(item -> false).build());
    assertTrue(none.isEmpty());
    assertEquals("w1", none.text().substring(0, 2));
    assertFalse(none.text().contains("Film"), none.text());
    assertTrue(none.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void aReplyHasAnEnd() {
    MixedReplyRecommender recommender = replying(logits());
    Recommendations two = recommender.maxTokens(2).recommend(asking(3).build());
    assertEquals("w1 Film 3", two.text());
    assertEquals(2, two.modelRuns());
    assertTrue(two.hasNotice(Notice.Code.SHORTFALL));
    float[][] silent = logits();
    Arrays.fill(silent[0], Float.NEGATIVE_INFINITY);
    Recommendations nothing = replying(silent).recommend(asking(1).build());
    assertEquals("", nothing.text());
    assertTrue(nothing.isEmpty());
  }

  @Test
  void whatDoesNotFitIsRefused() {
    MixedReplyRecommender recommender = replying(logits());
    refused("firstItem: expected 0 to 40, so that each of 10 items", () -> first(41));
    refused("firstItem: expected 0 to 40", () -> first(-1));
    refused("endToken: expected 0 to 49 and no item", () -> recommender.endToken(WORDS));
    refused("endToken: expected 0 to 49", () -> recommender.endToken(50));
    refused("maxTokens: expected at least 1, found 0", () -> recommender.maxTokens(0));
    RecommendationRequest request = asking(1).build();
    refused(
        "bias: expected none or 10, one for each item, found 3",
        () -> recommender.bias(asked -> new float[3]).recommend(request));
    float[] infinite = new float[ITEMS];
    infinite[4] = Float.NEGATIVE_INFINITY;
    refused(
        "bias: expected finite numbers, found -Infinity for item 'film-4'",
        () -> recommender.bias(asked -> infinite).recommend(request));
    float[][] broken = logits();
    broken[0][17] = Float.NaN;
    RecommenderException error =
        assertThrows(RecommenderException.class, () -> replying(broken).recommend(request));
    assertEquals(RecommenderException.Kind.NON_FINITE_OUTPUT, error.kind());
    assertTrue(error.getMessage().contains("found NaN for token 17"), error::getMessage);
  }

  private static MixedReplyRecommender first(int token) {
    return MixedReplyRecommender.of(
        new BigramScorer(logits()), FILMS, "title", token, request -> new int[1], tokens -> "");
  }

  private static void refused(String message, Runnable call) {
    String found = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(found.startsWith(message), found);
  }
}
