package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.evaluation.RankingMetrics;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.text.PromptText;
import io.recommender.text.ReplyRecommender;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** REGEN and LUMEN: a history, a critique, and one answer of items and a narrative. */
class CritiqueTest {
  private static final Path RESOURCES = Path.of("../../recommender-onnx/src/test/resources/dialog");
  private static final int MAX_WORDS = 12;

  /** Movie i is of genre i mod 5: space, heist, romance, horror, cooking. */
  private static final int HORROR = 3;

  private static final int COOKING = 4;
  private static final UserHistory HISTORY = UserHistory.of("movie-0", "movie-5", "movie-11");

  private static List<Item> movies() throws IOException {
    List<Item> movies = new ArrayList<>();
    for (JsonNode movie :
        new ObjectMapper().readTree(RESOURCES.resolve("dialog.json").toFile()).get("movies")) {
      movies.add(
          new Item(
              movie.get("id").textValue(),
              Map.of(
                  "title", new Feature.Text(movie.get("title").textValue()),
                  "plot", new Feature.Text(movie.get("plot").textValue()))));
    }
    return movies;
  }

  private static Optional<Item> critique(RecommendationRequest request) {
    return request.dialog().isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Item(
                "critique",
                Map.of(
                    "plot",
                    new Feature.Text(request.dialog().get(request.dialog().size() - 1).text()))));
  }

  private static RecommendationRequest criticizing(String... critique) {
    List<Turn> dialog = new ArrayList<>();
    for (String text : critique) {
      dialog.add(Turn.assistant("Here is a film.", "movie-11"));
      dialog.add(Turn.user(text));
    }
    return RecommendationRequest.of(HISTORY)
        .k(10)
        .filter(ItemFilter.unseen(HISTORY))
        .dialog(dialog)
        .build();
  }

  private static int genre(String movie) {
    return Integer.parseInt(movie.substring("movie-".length())) % 5;
  }

  /** Of the ten movies of a genre, none of which is in the history. */
  private static double recall(Recommendations answer, int genre) {
    boolean[] hits = new boolean[answer.size()];
    for (int i = 0; i < hits.length; i++) {
      hits[i] = genre(answer.itemIds().get(i)) == genre;
    }
    return RankingMetrics.recall(hits, 10, 10);
  }

  @Test
  void lumenFollowsACritiqueAndTellsWhy() throws IOException {
    Catalog catalog = Catalog.of(movies());
    List<String> prompts = new ArrayList<>();
    try (OnnxItemEncoder texts = RecommenderBundle.openEncoder(RESOURCES.resolve("movies"))) {
      FlatIndex index = new FlatIndex(16, Similarity.DOT);
      index.addAll(movies().stream().map(Item::id).toList(), texts.encode(movies()));
      QueryVector history = QueryVector.historyMean(index::vector);
      SequenceRecommender plain = VectorRecommender.of("lumen", history, index);
      SequenceRecommender lumen =
          new ReplyRecommender(
                  VectorRecommender.of(
                      "lumen",
                      QueryVector.sum(
                          history, QueryVector.encodedBy(texts, CritiqueTest::critique).times(3)),
                      index),
                  prompt -> {
                    prompts.add(prompt);
                    return "You asked for it: <item> is "
                        + "just what you like and then some more of that. ".repeat(5);
                  },
                  PromptText.of("{history}\n{dialog}\nWhy {best}?"),
                  catalog,
                  "title")
              .maxTokens(MAX_WORDS, text -> text.isBlank() ? 0 : text.strip().split(" ").length);

      Recommendations without = lumen.recommend(criticizing());
      assertEquals(plain.recommend(criticizing()).items(), without.items());
      assertTrue(recall(without, HORROR) <= 0.3, "recall " + recall(without, HORROR));
      assertTrue(recall(without, COOKING) <= 0.3, "recall " + recall(without, COOKING));

      Recommendations horror =
          lumen.recommend(criticizing("ghost house scream night blood please"));
      Recommendations cooking =
          lumen.recommend(criticizing("more ghost please", "no a kitchen chef recipe soup knife"));
      assertEquals(HORROR, genre(horror.itemIds().get(0)));
      assertEquals(COOKING, genre(cooking.itemIds().get(0)));
      assertTrue(recall(horror, HORROR) >= 0.7, "recall " + recall(horror, HORROR));
      assertTrue(recall(cooking, COOKING) >= 0.7, "recall " + recall(cooking, COOKING));

      for (Recommendations answer : List.of(without, horror, cooking)) {
        String title =
            catalog.find(answer.itemIds().get(0)).orElseThrow().text("title").orElseThrow();
        assertFalse(answer.text().isEmpty());
        assertTrue(answer.text().startsWith("You asked for it: " + title + " is"), answer.text());
        assertEquals(MAX_WORDS, answer.text().split(" ").length);
        assertTrue(prompts.remove(0).endsWith("Why " + title + "?"));
      }
    }
  }
}
