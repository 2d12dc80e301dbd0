package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.Turn;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.QueryVector;
import io.recommender.ann.vectors.VectorRecommender;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.text.DialogRecommender;
import io.recommender.text.ItemMentions;
import io.recommender.text.PromptText;
import io.recommender.text.ReplyRecommender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Conversations over encoders of what was said, an index of items, and a model that replies. */
class DialogSystemsTest {
  private static final Path RESOURCES = Path.of("../../recommender-onnx/src/test/resources/dialog");
  private static final JsonNode EXPECTED = FixtureFile.read(RESOURCES.resolve("dialog.json"));
  private static final int WIDTH = 16;
  private static final int NAMED = 4;

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.textValue()));
    return texts;
  }

  private static List<Item> movies() {
    List<Item> movies = new ArrayList<>();
    for (JsonNode movie : EXPECTED.get("movies")) {
      movies.add(
          new Item(
              movie.get("id").textValue(),
              Map.of(
                  "title", new Feature.Text(movie.get("title").textValue()),
                  "plot", new Feature.Text(movie.get("plot").textValue()))));
    }
    return movies;
  }

  private static RecommendationRequest saying(Turn... turns) {
    return RecommendationRequest.of(UserHistory.empty()).k(5).dialog(List.of(turns)).build();
  }

  /** The words of the user, and the vectors of the movies that were named. */
  private static Optional<Item> said(RecommendationRequest request, FlatIndex index) {
    StringBuilder words = new StringBuilder();
    request.dialog().stream()
        .filter(turn -> turn.role() == Turn.Role.USER)
        .forEach(turn -> words.append(turn.text()).append(' '));
    Map<String, Feature> features = new HashMap<>();
    features.put("dialog", new Feature.Text(words.toString()));
    List<String> named = request.history().itemIds();
    float[] vectors = new float[NAMED * WIDTH];
    float[] mask = new float[NAMED];
    for (int i = 0; i < Math.min(NAMED, named.size()); i++) {
      String movie = named.get(Math.max(0, named.size() - NAMED) + i);
      System.arraycopy(index.vector(movie).orElseThrow(), 0, vectors, i * WIDTH, WIDTH);
      mask[i] = 1;
    }
    features.put("named", Feature.Tensor.of(vectors, NAMED, WIDTH));
    features.put("named_mask", Feature.Tensor.vector(mask));
    return Optional.of(new Item("dialog", features));
  }

  private static SequenceRecommender mese(OnnxItemEncoder talk, FlatIndex index) {
    Catalog catalog = Catalog.of(movies());
    SequenceRecommender byQuery =
        VectorRecommender.of(
            "mese", QueryVector.encodedBy(talk, request -> said(request, index)), index);
    return new ReplyRecommender(
        new DialogRecommender(byQuery, new ItemMentions(catalog, "title")),
        prompt -> "How about <item>?",
        PromptText.of("{dialog}\nAssistant:"),
        catalog,
        "title");
  }

  @Test
  void meseFindsMoviesByWhatIsKnownOfThemAndRepliesWithTheTitle() {
    try (OnnxItemEncoder movies = RecommenderBundle.openEncoder(RESOURCES.resolve("movies"));
        OnnxItemEncoder talk = RecommenderBundle.openEncoder(RESOURCES.resolve("talk"))) {
      FlatIndex index = new FlatIndex(WIDTH, Similarity.DOT);
      index.addAll(movies().stream().map(Item::id).toList(), movies.encode(movies()));
      SequenceRecommender assistant = mese(talk, index);
      for (JsonNode dialog : EXPECTED.get("dialogs")) {
        Recommendations answer =
            assistant.recommend(saying(Turn.user(dialog.get("text").textValue())));
        assertEquals(texts(dialog.get("order")), answer.itemIds());
        String title = "Number" + answer.itemIds().get(0).substring("movie-".length());
        assertEquals("How about " + title + "?", answer.text());
        assertEquals(1, new ItemMentions(Catalog.of(movies()), "title").find(answer.text()).size());
      }
    }
  }

  @Test
  void meseEncodesOneMovieAnewWithoutOpeningAModel() {
    try (OnnxItemEncoder movies = RecommenderBundle.openEncoder(RESOURCES.resolve("movies"));
        OnnxItemEncoder talk = RecommenderBundle.openEncoder(RESOURCES.resolve("talk"))) {
      FlatIndex index = new FlatIndex(WIDTH, Similarity.DOT);
      index.addAll(movies().stream().map(Item::id).toList(), movies.encode(movies()));
      SequenceRecommender assistant = mese(talk, index);
      JsonNode dialog = EXPECTED.get("dialogs").get(0);
      RecommendationRequest request = saying(Turn.user(dialog.get("text").textValue()));
      Recommendations before = assistant.recommend(request);
      String changed = before.itemIds().get(4);
      long runs = movies.modelRuns();
      Item edited =
          new Item(changed, Map.of("plot", new Feature.Text("ghost night ghost night ghost")));
      index.add(changed, movies.encode(List.of(edited))[0]);
      assertEquals(runs + 1, movies.modelRuns());
      Recommendations after = assistant.recommend(request);
      assertEquals(changed, after.itemIds().get(0));
      assertNotEquals(before.itemIds().get(0), after.itemIds().get(0));
      assertEquals("How about Number" + changed.substring("movie-".length()) + "?", after.text());
    }
  }

  @Test
  void meseReadsTheVectorsOfNamedMovies() {
    try (OnnxItemEncoder movies = RecommenderBundle.openEncoder(RESOURCES.resolve("movies"));
        OnnxItemEncoder talk = RecommenderBundle.openEncoder(RESOURCES.resolve("talk"))) {
      FlatIndex index = new FlatIndex(WIDTH, Similarity.DOT);
      index.addAll(movies().stream().map(Item::id).toList(), movies.encode(movies()));
      JsonNode dialog = EXPECTED.get("dialogs").get(3);
      RecommendationRequest request =
          new DialogRecommender(
                  asked -> Recommendations.of(asked.k(), List.of()).build(),
                  new ItemMentions(Catalog.of(movies()), "title"))
              .asHistory(saying(Turn.user(dialog.get("text").textValue())));
      assertEquals(texts(dialog.get("named")), request.history().itemIds());
      assertArrayEquals(
          FixtureFile.floats(dialog.get("query")),
          talk.encode(List.of(said(request, index).orElseThrow()))[0],
          1e-5f);
    }
  }

  /** All that was said, the draft of a reply included, after the vectors of known entities. */
  private static Optional<Item> prompted(RecommendationRequest request, FlatIndex knowledge) {
    StringBuilder words = new StringBuilder();
    request.dialog().forEach(turn -> words.append(turn.text()).append(' '));
    float[] vectors = new float[NAMED * WIDTH];
    float[] mask = new float[NAMED];
    List<String> entities = request.history().itemIds();
    for (int i = 0; i < entities.size(); i++) {
      System.arraycopy(
          knowledge.vector(entities.get(i)).orElseThrow(), 0, vectors, i * WIDTH, WIDTH);
      mask[i] = 1;
    }
    return Optional.of(
        new Item(
            "prompt",
            Map.of(
                "dialog", new Feature.Text(words.toString()),
                "named", Feature.Tensor.of(vectors, NAMED, WIDTH),
                "named_mask", Feature.Tensor.vector(mask))));
  }

  private static double[] scores(OnnxItemEncoder talk, FlatIndex index, String words) {
    RecommendationRequest request = saying(Turn.user(words));
    float[] query = talk.encode(List.of(prompted(request, index).orElseThrow()))[0];
    return movies().stream()
        .mapToDouble(
            movie -> {
              float[] vector = index.vector(movie.id()).orElseThrow();
              return IntStream.range(0, WIDTH).mapToDouble(i -> vector[i] * query[i]).sum();
            })
        .toArray();
  }

  @Test
  void uniCrsDraftsAReplyThatItsSecondPassReadsAndFills() {
    try (OnnxItemEncoder movies = RecommenderBundle.openEncoder(RESOURCES.resolve("movies"));
        OnnxItemEncoder talk = RecommenderBundle.openEncoder(RESOURCES.resolve("talk"))) {
      FlatIndex index = new FlatIndex(WIDTH, Similarity.DOT);
      index.addAll(movies().stream().map(Item::id).toList(), movies.encode(movies()));
      Catalog catalog = Catalog.of(movies());
      SequenceRecommender scorer =
          VectorRecommender.of(
              "unicrs", QueryVector.encodedBy(talk, request -> prompted(request, index)), index);
      Map<String, List<String>> found = new HashMap<>();
      for (String draft :
          List.of("try <item> or <item>", "try <item> or <item> with a ghost and blood")) {
        SequenceRecommender assistant =
            new ReplyRecommender(
                    scorer,
                    prompt -> draft,
                    PromptText.of("{dialog}\nAssistant:"),
                    catalog,
                    "title")
                .draftingFirst();
        long runs = talk.modelRuns();
        Recommendations answer = assistant.recommend(saying(Turn.user("a film with a ship")));
        assertEquals(runs + 1, talk.modelRuns());
        double[] expected = scores(talk, index, "a film with a ship " + draft);
        List<String> order =
            IntStream.range(0, expected.length)
                .boxed()
                .sorted((one, other) -> Double.compare(expected[other], expected[one]))
                .limit(5)
                .map(i -> "movie-" + i)
                .toList();
        assertEquals(order, answer.itemIds());
        String first = "Number" + order.get(0).substring("movie-".length());
        String second = "Number" + order.get(1).substring("movie-".length());
        assertEquals(
            draft.replaceFirst("<item>", first).replaceFirst("<item>", second), answer.text());
        assertFalse(answer.text().contains("<item>"), answer.text());
        found.put(draft, order);

        Recommendations one =
            assistant.recommend(saying(Turn.user("a film with a ship")).toBuilder().k(1).build());
        assertEquals(1, one.size());
        assertTrue(one.hasNotice(Notice.Code.UNREADABLE_TEXT), "two places, one item");
      }
      assertEquals(2, found.values().stream().distinct().count(), "the draft decides");
      assertNotEquals(
          scorer.recommend(saying(Turn.user("a film"))).itemIds(),
          scorer
              .recommend(
                  saying(Turn.user("a film")).toBuilder()
                      .history(UserHistory.of("movie-3"))
                      .build())
              .itemIds(),
          "so do the entities");
    }
  }

  /** A video, the track that was shown for it last, and what the user said then. */
  private static Optional<Item> wish(RecommendationRequest request, FlatIndex tracks) {
    Map<String, Feature> features = new HashMap<>();
    features.put("video", request.context().get("video"));
    for (Turn turn : request.dialog()) {
      if (turn.role() == Turn.Role.ASSISTANT) {
        features.put(
            "previous", Feature.Tensor.vector(tracks.vector(turn.itemIds().get(0)).orElseThrow()));
      } else {
        features.put("wish", new Feature.Text(turn.text()));
      }
    }
    return Optional.of(new Item("video", features));
  }

  @Test
  void museChatFindsMusicForAVideoAndRefinesIt() {
    JsonNode vectors = EXPECTED.get("tracks");
    FlatIndex tracks = new FlatIndex(8, Similarity.DOT);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < vectors.size(); i++) {
      tracks.add("track-" + i, FixtureFile.floats(vectors.get(i)));
      items.add(new Item("track-" + i, Map.of("title", new Feature.Text("Song Nr. " + i))));
    }
    Catalog catalog = Catalog.of(items);
    List<String> prompts = new ArrayList<>();
    try (OnnxItemEncoder music = RecommenderBundle.openEncoder(RESOURCES.resolve("music"))) {
      SequenceRecommender byQuery =
          VectorRecommender.of(
              "muse", QueryVector.encodedBy(music, request -> wish(request, tracks)), tracks);
      SequenceRecommender assistant =
          new ReplyRecommender(
              new DialogRecommender(byQuery, new ItemMentions(catalog, "title")),
              prompt -> {
                prompts.add(prompt);
                return "<item> goes with the mood of the video.";
              },
              PromptText.of("{dialog}|{best}"),
              catalog,
              "title");
      RecommendationRequest.Builder video =
          RecommendationRequest.of(UserHistory.empty())
              .k(5)
              .context("video", Feature.Tensor.vector(FixtureFile.floats(EXPECTED.get("video"))));
      Recommendations first = assistant.recommend(video.build());
      String shown = EXPECTED.get("first").textValue();
      assertEquals(shown, first.itemIds().get(0));
      assertEquals(
          "Song Nr. %s goes with the mood of the video.".formatted(shown.substring(6)),
          first.text());
      for (Map.Entry<String, JsonNode> turn : EXPECTED.get("turns").properties()) {
        Recommendations second =
            assistant.recommend(
                video
                    .dialog(List.of(Turn.assistant(first.text(), shown), Turn.user(turn.getKey())))
                    .build());
        assertEquals(texts(turn.getValue()), second.itemIds());
        assertFalse(second.itemIds().contains(shown), "what was turned down comes again");
        String title = "Song Nr. " + second.itemIds().get(0).substring(6);
        assertTrue(second.text().startsWith(title + " goes"), second.text());
        assertTrue(prompts.get(prompts.size() - 1).endsWith("|" + title));
      }
      double calm = loudness(tracks, EXPECTED.get("turns").get("calm"));
      assertTrue(calm < loudness(tracks, EXPECTED.get("turns").get("hello")));
      assertTrue(
          loudness(tracks, EXPECTED.get("turns").get("hello"))
              < loudness(tracks, EXPECTED.get("turns").get("energetic")));
    }
  }

  private static double loudness(FlatIndex tracks, JsonNode list) {
    return IntStream.range(0, list.size())
        .mapToDouble(i -> tracks.vector(list.get(i).textValue()).orElseThrow()[0])
        .average()
        .orElseThrow();
  }
}
