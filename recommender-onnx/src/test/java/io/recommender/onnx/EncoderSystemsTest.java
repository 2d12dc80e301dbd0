package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemFilter;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systems of the coverage table need of encoders, one test or more for each. */
class EncoderSystemsTest {
  private static final int WIDTH = 8;
  private static final int TEXT = 12;

  @TempDir Path folder;

  private final Random random = new Random(68);

  private float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (random.nextInt(256) - 128) / 64f;
    }
    return numbers;
  }

  private static float[] times(float[] row, float[] weights) {
    float[] product = new float[WIDTH];
    for (int j = 0; j < WIDTH; j++) {
      double sum = 0;
      for (int i = 0; i < row.length; i++) {
        sum += (double) row[i] * weights[i * WIDTH + j];
      }
      product[j] = (float) sum;
    }
    return product;
  }

  private static float[] plus(float[] one, float[] other) {
    float[] sum = one.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other[i];
    }
    return sum;
  }

  private static List<String> best(float[] query, Map<String, float[]> vectors, int k) {
    return vectors.entrySet().stream()
        .sorted(Comparator.comparingDouble(entry -> -dot(query, entry.getValue())))
        .limit(k)
        .map(Map.Entry::getKey)
        .toList();
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  private static List<String> ids(List<ScoredItem> found) {
    return found.stream().map(ScoredItem::itemId).toList();
  }

  /** A bundle that sums an image and a text, each in the width of its extractor. */
  private Path modalities(String name, int image, float[] ofImage, float[] ofText)
      throws IOException {
    BundleWriter bundle =
        EncoderFixtures.encoder(Files.createDirectory(folder.resolve(name)))
            .model(
                new OnnxWriter()
                    .input("image_feat", OnnxWriter.FLOAT, "batch", image)
                    .input("text_feat", OnnxWriter.FLOAT, "batch", TEXT)
                    .floats("image_weights", ofImage, image, WIDTH)
                    .floats("text_weights", ofText, TEXT, WIDTH)
                    .input("image_feat_present", OnnxWriter.FLOAT, "batch")
                    .longs("axis_1", new long[] {1}, 1)
                    .node("MatMul", "of_image", List.of("image_feat", "image_weights"))
                    .node("Unsqueeze", "mask", List.of("image_feat_present", "axis_1"))
                    .node("Mul", "masked", List.of("of_image", "mask"))
                    .node("MatMul", "of_text", List.of("text_feat", "text_weights"))
                    .node("Add", "embedding", List.of("masked", "of_text"))
                    .output("embedding", OnnxWriter.FLOAT, "batch", WIDTH)
                    .model());
    ObjectNode encoder = (ObjectNode) bundle.manifest.get("encoder");
    encoder.remove("text");
    encoder.putArray("inputs");
    EncoderFixtures.input(encoder, "FEATURE", "image_feat").put("feature", "image");
    EncoderFixtures.input(encoder, "PRESENT", "image_feat_present").put("feature", "image");
    EncoderFixtures.input(encoder, "FEATURE", "text_feat").put("feature", "text");
    encoder.withObject("/embedding").put("dimension", WIDTH).put("similarity", "DOT");
    return bundle.seal();
  }

  private static Item film(String id, float[] image, float[] text) {
    return new Item(
        id, Map.of("image", Feature.Tensor.vector(image), "text", Feature.Tensor.vector(text)));
  }

  @Test
  void mambaRecEncodesNewItemsIntoItsTable() throws IOException {
    float[] ofImage = numbers(32 * WIDTH);
    float[] ofText = numbers(TEXT * WIDTH);
    List<Item> films = new ArrayList<>();
    Map<String, float[]> table = new HashMap<>();
    for (int i = 0; i < 40; i++) {
      float[] image = numbers(32);
      float[] text = numbers(TEXT);
      films.add(film("film-" + i, image, text));
      table.put("film-" + i, plus(times(image, ofImage), times(text, ofText)));
    }
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(modalities("mamba-rec", 32, ofImage, ofText))) {
      float[][] encoded = encoder.encode(films);
      ListIndex index = new ListIndex(WIDTH, Similarity.DOT, films.size());
      for (int i = 0; i < 39; i++) {
        assertArrayEquals(table.get("film-" + i), encoded[i], 1e-5f);
        index.add("film-" + i, table.get("film-" + i));
      }
      assertTrue(!ids(index.search(table.get("film-39"), 39)).contains("film-39"));
      index.add("film-39", encoded[39]);
      assertEquals(
          best(table.get("film-39"), table, 20), ids(index.search(table.get("film-39"), 20)));
      float[] text = numbers(TEXT);
      Item noImage = new Item("radio", Map.of("text", Feature.Tensor.vector(text)));
      assertArrayEquals(times(text, ofText), encoder.encode(List.of(noImage))[0], 1e-5f);
    }
  }

  @Test
  void lirdRecTakesAnotherExtractorAsOtherData() throws IOException {
    float[] ofText = numbers(TEXT * WIDTH);
    for (int width : new int[] {32, 48}) {
      float[] ofImage = numbers(width * WIDTH);
      List<Item> items = new ArrayList<>();
      Map<String, float[]> expected = new HashMap<>();
      for (int i = 0; i < 30; i++) {
        float[] image = numbers(width);
        float[] text = numbers(TEXT);
        items.add(film("item-" + i, image, text));
        expected.put("item-" + i, plus(times(image, ofImage), times(text, ofText)));
      }
      Item first = items.get(0);
      items.add(new Item("twin", first.features()));
      try (OnnxItemEncoder encoder =
          RecommenderBundle.openEncoder(modalities("width-" + width, width, ofImage, ofText))) {
        ListIndex index = new ListIndex(WIDTH, encoder.similarity(), items.size());
        index.addAll(items.stream().map(Item::id).toList(), encoder.encode(items));
        float[] user = numbers(WIDTH);
        Map<String, Double> scores = new HashMap<>();
        index.search(user, 31).forEach(item -> scores.put(item.itemId(), item.score()));
        assertEquals(scores.get("item-0"), scores.get("twin"), "no id of its own");
        ItemFilter single = itemId -> !itemId.equals("twin");
        assertEquals(best(user, expected, 20), ids(index.search(user, 20, single)));
        RecommenderException e =
            assertThrows(
                RecommenderException.class,
                () -> encoder.encode(List.of(film("other", new float[80 - width], ofText(TEXT)))));
        assertEquals(Kind.SHAPE_MISMATCH, e.kind());
        assertTrue(
            e.getMessage().contains("image_feat")
                && e.getMessage().contains("[" + width + "]")
                && e.getMessage().contains("[" + (80 - width) + "]"),
            e.getMessage());
      }
    }
  }

  private static float[] ofText(int count) {
    return new float[count];
  }

  private static final List<String> GENDERS = List.of("F", "M");
  private static final List<String> OCCUPATIONS = List.of("artist", "engineer", "student");
  private static final List<String> GENRES = List.of("Action", "Comedy", "Drama", "Horror");

  /** A tower over one category or list and one number: row of the category plus number * row. */
  private Path tower(
      String name, String category, List<String> values, int places, String number, float[] weights)
      throws IOException {
    BundleWriter bundle =
        EncoderFixtures.encoder(Files.createDirectory(folder.resolve(name)))
            .model(
                new OnnxWriter()
                    .input("categories", OnnxWriter.INT64, "batch", places)
                    .input("number", OnnxWriter.FLOAT, "batch")
                    .floats("weights", weights, values.size() + 2, WIDTH)
                    .longs("axis_1", new long[] {1}, 1)
                    .longs("last", new long[] {values.size() + 1}, 1)
                    .node("Gather", "rows", List.of("weights", "categories"))
                    .node("ReduceSum", "of_rows", List.of("rows", "axis_1"), "keepdims", 0)
                    .node("Gather", "slope", List.of("weights", "last"))
                    .node("Unsqueeze", "each", List.of("number", "axis_1"))
                    .node("Mul", "of_number", List.of("each", "slope"))
                    .node("Add", "embedding", List.of("of_rows", "of_number"))
                    .output("embedding", OnnxWriter.FLOAT, "batch", WIDTH)
                    .model());
    ObjectNode encoder = (ObjectNode) bundle.manifest.get("encoder");
    encoder.remove("text");
    encoder.putArray("inputs");
    ObjectNode vocabulary =
        EncoderFixtures.input(encoder, "CATEGORY", "categories")
            .put("feature", category)
            .put("default", 0)
            .putObject("vocabulary");
    values.forEach(value -> vocabulary.put(value, values.indexOf(value) + 1));
    EncoderFixtures.input(encoder, "FEATURE", "number").put("feature", number).put("default", 0.5);
    encoder.withObject("/embedding").put("dimension", WIDTH).put("similarity", "DOT");
    return bundle.seal();
  }

  private static float[] towered(float[] weights, List<Integer> rows, double number) {
    float[] vector = new float[WIDTH];
    for (int j = 0; j < WIDTH; j++) {
      for (int row : rows) {
        vector[j] += weights[row * WIDTH + j];
      }
      vector[j] += (float) (number * weights[weights.length - WIDTH + j]);
    }
    return vector;
  }

  /** Users are feature maps as items are; nobody has a history. */
  @Test
  void clColdStartMatchesUsersAndItemsByTheirFeatures() throws IOException {
    float[] ofUsers = numbers((OCCUPATIONS.size() + 2) * WIDTH);
    float[] ofItems = numbers((GENRES.size() + 2) * WIDTH);
    try (OnnxItemEncoder users =
            RecommenderBundle.openEncoder(
                tower("users", "occupation", OCCUPATIONS, 1, "age", ofUsers));
        OnnxItemEncoder items =
            RecommenderBundle.openEncoder(tower("items", "genres", GENRES, 2, "year", ofItems))) {
      ListIndex index = new ListIndex(WIDTH, Similarity.DOT, 60);
      Map<String, float[]> expected = new HashMap<>();
      for (int i = 0; i < 60; i++) {
        List<String> genres = List.of(GENRES.get(i % 4), GENRES.get((i / 4 + i + 1) % 4));
        Item movie =
            new Item(
                "movie-" + i,
                Map.of(
                    "genres",
                    new Feature.Ids(genres),
                    "year",
                    new Feature.Scalar(i * 37 % 61 / 61.0)));
        index.add(movie.id(), items.encode(List.of(movie))[0]);
        expected.put(
            movie.id(),
            towered(
                ofItems,
                genres.stream().map(genre -> GENRES.indexOf(genre) + 1).toList(),
                i * 37 % 61 / 61.0));
        assertArrayEquals(expected.get(movie.id()), index.vector(movie.id()).orElseThrow(), 1e-5f);
      }
      for (String occupation : List.of("artist", "student", "unheard of")) {
        Item user =
            new Item(
                "ann",
                Map.of(
                    "occupation", new Feature.Category(occupation),
                    "gender", new Feature.Category(GENDERS.get(0)),
                    "age", new Feature.Scalar(0.25)));
        float[] query = users.encode(List.of(user))[0];
        assertArrayEquals(
            towered(ofUsers, List.of(OCCUPATIONS.indexOf(occupation) + 1), 0.25), query, 1e-5f);
        assertEquals(best(query, expected, 10), ids(index.search(query, 10)));
      }
      float[] nothingKnown = users.encode(List.of(Item.of("nobody")))[0];
      assertArrayEquals(towered(ofUsers, List.of(0), 0.5), nothingKnown, 1e-5f);
      assertEquals(10, index.search(nothingKnown, 10).size());
      float[] farther = nothingKnown.clone();
      for (int j = 0; j < WIDTH; j++) {
        farther[j] *= 100;
      }
      index.add("premiere", farther);
      assertEquals("premiere", index.search(nothingKnown, 10).get(0).itemId());
    }
  }

  private static final List<String> WORDS =
      List.of("red", "shoe", "mug", "lamp", "book", "chair", "soft", "wireless", "pack");

  private static Item paper(String id, String title, String summary, String keywords) {
    Map<String, Feature> features = new HashMap<>();
    features.put("title", new Feature.Text(title));
    features.put("summary", new Feature.Text(summary));
    features.put("keywords", new Feature.Text(keywords));
    return new Item(id, features);
  }

  private Path journalBundle(int maxLength) throws IOException {
    BundleWriter bundle =
        EncoderFixtures.statesBundle(
            Files.createDirectory(folder.resolve("journals-" + maxLength)), "MEAN");
    ObjectNode text = bundle.manifest.withObject("/encoder/text").put("maxLength", maxLength);
    for (String field : List.of("keywords", "summary")) {
      text.withArray("/fields").addObject().put("feature", field).put("default", "");
    }
    return bundle.seal();
  }

  private String words(int count) {
    return String.join(
        " ", IntStream.range(0, count).mapToObj(i -> WORDS.get(random.nextInt(9))).toList());
  }

  @Test
  void simCpsrFindsJournalsForPapers() throws IOException {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(journalBundle(40))) {
      ListIndex index = new ListIndex(encoder.dimension(), encoder.similarity(), 12);
      List<String> scopes = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        scopes.add(words(3));
        Item journal = paper("journal-" + i, scopes.get(i), "", "");
        index.add(journal.id(), encoder.encode(List.of(journal))[0]);
      }
      int[] cutoffs = {1, 3, 5, 10};
      int[] accurate = new int[4];
      int[] byRank = new int[4];
      for (int i = 0; i < 24; i++) {
        String target = "journal-" + i % 12;
        Item paper = paper("paper-" + i, words(2), scopes.get(i % 12), words(1));
        float[] query = encoder.encode(List.of(paper))[0];
        List<String> all = ids(index.search(query, 12));
        for (int c = 0; c < 4; c++) {
          List<String> top = ids(index.search(query, cutoffs[c]));
          assertEquals(all.subList(0, cutoffs[c]), top, "nested");
          accurate[c] += top.contains(target) ? 1 : 0;
          byRank[c] += all.indexOf(target) < cutoffs[c] ? 1 : 0;
        }
      }
      assertArrayEquals(byRank, accurate);
      assertTrue(accurate[0] > 2 && accurate[3] < 25, "one of twelve would be chance");
      for (int c = 1; c < 4; c++) {
        assertTrue(accurate[c - 1] <= accurate[c]);
      }
    }
  }

  @Test
  void simCpsrCutsLongSummariesAndLeavesOutFields() throws IOException {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(journalBundle(16))) {
      encoder.encode(List.of(paper("short", "red mug", "soft lamp", "book")));
      assertEquals(0, encoder.truncatedTexts());
      Item cut = paper("long", "red mug", "soft lamp ".repeat(50), "book");
      Item longer = paper("longer", "red mug", "soft lamp ".repeat(90), "book");
      assertArrayEquals(encoder.encode(List.of(cut))[0], encoder.encode(List.of(longer))[0]);
      assertEquals(2, encoder.truncatedTexts());
    }
    Encoder.Text layout =
        ManifestReader.read(folder.resolve("journals-16/manifest.json"))
            .encoder()
            .orElseThrow()
            .text()
            .orElseThrow();
    ItemText written = new ItemText(layout);
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(folder.resolve("journals-16/tokenizer.json"), true)) {
      long[] all = written.tokens(tokenizer, paper("a", "red mug", "soft lamp", "book")).ids();
      long[] without = written.tokens(tokenizer, paper("a", "red mug", "soft lamp", "")).ids();
      long[] title = tokenizer.encode("red mug").ids();
      int before = title.length - 1;
      int dropped = all.length - without.length;
      assertEquals(tokenizer.encode("book").length() - 2, dropped);
      for (int i = 0; i < without.length; i++) {
        assertEquals(without[i], all[i < before ? i : i + dropped]);
      }
    }
  }
}
