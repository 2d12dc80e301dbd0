package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.ItemFilter;
import io.recommender.Query;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Retriever;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.testing.ItemEncoderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxItemEncoderTest {
  private static final String[] TITLES = {
    "red shoe", "", "a sturdy folding chair, 40 cm, pack of 3", "mug", "wireless lamp", "book"
  };

  @TempDir Path folder;

  @Nested
  class StatesContract extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal());
    }

    @Override
    protected List<Item> items() {
      return EncoderFixtures.titles(TITLES);
    }

    @Override
    protected float batchTolerance() {
      return 1e-6f;
    }
  }

  @Nested
  class ExportedContract extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return RecommenderBundle.openEncoder(EncoderFixtures.RESOURCES.resolve("bert-mean"));
    }

    @Override
    protected List<Item> items() {
      return EncoderFixtures.titles(TITLES);
    }

    @Override
    protected float batchTolerance() {
      return 1e-6f;
    }
  }

  @Nested
  class ModalitiesContract extends ItemEncoderContract {
    @Override
    protected ItemEncoder create() {
      return RecommenderBundle.openEncoder(EncoderFixtures.modalitiesBundle(folder).seal());
    }

    @Override
    protected List<Item> items() {
      return List.of(priced("a", 1), priced("b", 2), priced("c", 3));
    }
  }

  private static Item priced(String id, double price) {
    return new Item(id, Map.of("price", new Feature.Scalar(price)));
  }

  private static float[] pooled(String pooling, long[] tokens) {
    float[] vector = new float[EncoderFixtures.DIMENSION];
    for (int i = 0; i < vector.length; i++) {
      double sum = 0;
      float largest = Float.NEGATIVE_INFINITY;
      for (long token : tokens) {
        sum += EncoderFixtures.TABLE[(int) token][i];
        largest = Math.max(largest, EncoderFixtures.TABLE[(int) token][i]);
      }
      vector[i] =
          switch (pooling) {
            case "MEAN" -> (float) (sum / tokens.length);
            case "MAX" -> largest;
            case "CLS" -> EncoderFixtures.TABLE[(int) tokens[0]][i];
            default -> EncoderFixtures.TABLE[(int) tokens[tokens.length - 1]][i];
          };
    }
    return vector;
  }

  private static float[] normalized(float[] vector) {
    double squares = 0;
    for (float component : vector) {
      squares += component * component;
    }
    float[] scaled = new float[vector.length];
    for (int i = 0; i < vector.length; i++) {
      scaled[i] = (float) (vector[i] / Math.sqrt(squares));
    }
    return scaled;
  }

  @ParameterizedTest
  @CsvSource({
    "MEAN,RIGHT,DYNAMIC", "MEAN,LEFT,DYNAMIC", "MEAN,LEFT,FIXED", "MAX,RIGHT,DYNAMIC",
    "MAX,LEFT,FIXED", "CLS,RIGHT,DYNAMIC", "CLS,LEFT,DYNAMIC", "LAST,RIGHT,FIXED",
    "LAST,RIGHT,DYNAMIC", "LAST,LEFT,DYNAMIC"
  })
  void statesOfTokensArePooledWithoutPadding(String pooling, String side, String length) {
    BundleWriter bundle = EncoderFixtures.statesBundle(folder, pooling);
    bundle.manifest.withObject("/encoder/text").put("paddingSide", side).put("length", length);
    Path sealed = bundle.seal();
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(sealed)) {
      float[][] vectors = encoder.encode(EncoderFixtures.titles(TITLES));
      for (int i = 0; i < TITLES.length; i++) {
        assertArrayEquals(pooled(pooling, EncoderFixtures.tokens(TITLES[i])), vectors[i], 1e-6f);
      }
    }
    bundle.manifest.withObject("/encoder/embedding").put("normalize", true);
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle.seal())) {
      float[][] vectors = encoder.encode(EncoderFixtures.titles(TITLES));
      for (int i = 0; i < TITLES.length; i++) {
        assertArrayEquals(
            normalized(pooled(pooling, EncoderFixtures.tokens(TITLES[i]))), vectors[i], 1e-6f);
      }
    }
  }

  /** Their golden items hold vectors by PyTorch; opening them is the test. */
  @ParameterizedTest
  @ValueSource(strings = {"bert-mean", "bert-states"})
  void exportedBundlesGiveTheVectorsOfTheirFramework(String name) {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.RESOURCES.resolve(name))) {
      assertEquals(32, encoder.dimension());
      assertEquals(Similarity.COSINE, encoder.similarity());
      assertEquals(Set.of("title", "tags", "price"), encoder.features());
      assertTrue(encoder.truncatedTexts() > 0, "some golden texts are long");
      assertTrue(encoder.modelVersion().startsWith(name + "@1+"), encoder.modelVersion());
    }
  }

  @Test
  void vectorsAreInTheOrderOfTheItemsWhateverTheirLengths() {
    Random random = new Random(4);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      items.add(EncoderFixtures.title("i" + i, "red lamp ".repeat(random.nextInt(7)) + i));
    }
    Path bundle = EncoderFixtures.RESOURCES.resolve("bert-states");
    for (int maxTokens : new int[] {1, 30, 512}) {
      BundleOptions options = BundleOptions.defaults().maxTokens(maxTokens).maxBatch(16);
      try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle, options)) {
        long before = encoder.modelRuns();
        float[][] vectors = encoder.encode(items);
        long runs = encoder.modelRuns() - before;
        switch (maxTokens) {
          case 1 -> assertEquals(200, runs);
          case 512 -> assertEquals(13, runs);
          default -> assertTrue(runs > 13 && runs < 200, "runs: " + runs);
        }
        for (int i = 0; i < items.size(); i++) {
          assertArrayEquals(encoder.encode(items.subList(i, i + 1))[0], vectors[i], 1e-6f);
        }
      }
    }
  }

  @Test
  void helpersChangeNoVector() {
    List<Item> items = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      texts.add("red lamp ".repeat(i % 7) + i);
      items.add(EncoderFixtures.title("i" + i, texts.get(i)));
    }
    List<Item> broken = new ArrayList<>(items);
    broken.set(200, Item.of("sku-7"));
    Path bundle = EncoderFixtures.RESOURCES.resolve("bert-states");
    BundleOptions options = BundleOptions.defaults().maxTokens(40);
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try (OnnxItemEncoder alone = RecommenderBundle.openEncoder(bundle, options);
        OnnxItemEncoder helped = RecommenderBundle.openEncoder(bundle, options.executor(pool, 3))) {
      long before = helped.modelRuns();
      long runs = alone.modelRuns();
      float[][] expected = alone.encode(items);
      assertArrayEquals(expected, helped.encode(items));
      assertEquals(alone.modelRuns() - runs, helped.modelRuns() - before);
      assertArrayEquals(alone.encodeTexts(texts), helped.encodeTexts(texts));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> helped.encode(broken));
      assertEquals("item 'sku-7', feature 'title': expected a text, found none", e.getMessage());
      assertArrayEquals(expected, helped.encode(items), "stays usable");
    } finally {
      pool.shutdown();
    }
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> options.executor(pool, 0));
    assertEquals("threads: expected at least 1, found 0", e.getMessage());
  }

  @Test
  void aFixedBatchIsPadded() {
    for (int fixed : new int[] {1, 4}) {
      BundleWriter bundle =
          EncoderFixtures.statesBundle(folder, "MEAN")
              .model(
                  EncoderFixtures.states(
                          fixed, EncoderFixtures.MAX_LENGTH, Fixtures.flat(EncoderFixtures.TABLE))
                      .model());
      bundle.manifest.withObject("/encoder/text").put("length", "FIXED");
      try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle.seal())) {
        float[][] vectors = encoder.encode(EncoderFixtures.titles(TITLES));
        for (int i = 0; i < TITLES.length; i++) {
          assertArrayEquals(pooled("MEAN", EncoderFixtures.tokens(TITLES[i])), vectors[i], 1e-6f);
        }
      }
    }
  }

  @Test
  void featuresAreWrittenInTheOrderOfTheManifest() {
    BundleWriter bundle = EncoderFixtures.statesBundle(folder, "MEAN");
    ObjectNode text = bundle.manifest.withObject("/encoder/text");
    text.put("separator", " | ").put("listSeparator", "/").put("maxLength", 60);
    text.withArray("/fields")
        .addObject()
        .put("feature", "tags")
        .put("prefix", "in ")
        .put("default", "");
    text.withArray("/fields").addObject().put("feature", "price").put("default", "free");
    text.withArray("/fields").addObject().put("feature", "color").put("default", "");
    Encoder encoder = FixtureJson.manifest(bundle.manifest).encoder().orElseThrow();
    ItemText written = new ItemText(encoder.text().orElseThrow());
    List<Encoder.Field> fields = encoder.text().orElseThrow().fields();
    Feature title = new Feature.Text("red shoe");
    assertEquals("red shoe | free", written.write(new Item("a", Map.of("title", title)), fields));
    assertEquals(
        "red shoe | in new/sale | 12.5 | dark",
        written.write(
            new Item(
                "a",
                Map.of(
                    "title", title,
                    "tags", new Feature.Ids(List.of("new", "sale")),
                    "price", new Feature.Scalar(12.50),
                    "color", new Feature.Category("dark"))),
            fields));
    for (String[] number :
        new String[][] {
          {"3", "3"},
          {"0", "0"},
          {"-0.0", "0"},
          {"1e20", "100000000000000000000"},
          {"0.00012", "0.00012"},
          {"-7", "-7"},
          {"100", "100"}
        }) {
      assertEquals(
          number[1],
          written.write(
              new Item(
                  "a",
                  Map.of(
                      "title", new Feature.Text(""),
                      "price", new Feature.Scalar(Double.parseDouble(number[0])))),
              fields));
    }
    try (OnnxItemEncoder opened = RecommenderBundle.openEncoder(bundle.seal())) {
      float[][] vectors =
          opened.encode(
              List.of(new Item("a", Map.of("title", title, "price", new Feature.Scalar(4)))));
      assertArrayEquals(opened.encodeTexts(List.of("red shoe | 4"))[0], vectors[0]);
    }
  }

  @Test
  void anItemWithoutARequiredFeatureIsRefusedByName() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal())) {
      List<Item> items = List.of(EncoderFixtures.title("a", "mug"), Item.of("sku-7"));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> encoder.encode(items));
      assertEquals("item 'sku-7', feature 'title': expected a text, found none", e.getMessage());
      Item tensor = new Item("sku-8", Map.of("title", Feature.Tensor.vector(1)));
      e = assertThrows(IllegalArgumentException.class, () -> encoder.encode(List.of(tensor)));
      assertEquals(
          "item 'sku-8', feature 'title': expected a text, category, list of ids or number, found a"
              + " Tensor",
          e.getMessage());
      assertEquals(1, encoder.encode(items.subList(0, 1)).length, "stays usable");
    }
  }

  @Test
  void pairsTellTheirTextsApart() {
    BundleWriter bundle = EncoderFixtures.statesBundle(folder, "MEAN");
    float[] types = new float[2 * EncoderFixtures.DIMENSION];
    Arrays.fill(types, EncoderFixtures.DIMENSION, types.length, 100f);
    bundle.model(
        EncoderFixtures.states("batch", "length", Fixtures.flat(EncoderFixtures.TABLE))
            .input("token_type_ids", OnnxWriter.INT64, "batch", "length")
            .floats("types", types, 2, EncoderFixtures.DIMENSION)
            .node("Gather", "of_types", List.of("types", "token_type_ids"))
            .node("Add", "typed", List.of("states", "of_types"))
            .output("typed", OnnxWriter.FLOAT, "batch", "length", EncoderFixtures.DIMENSION)
            .model());
    ObjectNode encoder = bundle.manifest.withObject("/encoder");
    EncoderFixtures.input(encoder, "TOKEN_TYPES", "token_type_ids");
    encoder.withObject("/embedding").put("name", "typed");
    encoder
        .withObject("/text")
        .putArray("pairFields")
        .addObject()
        .put("feature", "brand")
        .put("default", "");
    Item item =
        new Item(
            "a", Map.of("title", new Feature.Text("red mug"), "brand", new Feature.Text("soft")));
    try (OnnxItemEncoder opened = RecommenderBundle.openEncoder(bundle.seal());
        JsonTokenizer tokenizer =
            JsonTokenizer.open(
                folder.resolve("tokenizer.json"),
                EncoderFixtures.layout(EncoderFixtures.MAX_LENGTH, true, true))) {
      TextTokenizer.Tokens tokens = tokenizer.encode("red mug", "soft");
      float second = Arrays.stream(tokens.types()).sum();
      assertTrue(second >= 2);
      float[] expected = pooled("MEAN", tokens.ids());
      for (int i = 0; i < expected.length; i++) {
        expected[i] += 100 * second / tokens.length();
      }
      assertArrayEquals(expected, opened.encode(List.of(item))[0], 1e-4f);
    }
  }

  @Test
  void longTextsAreCutAndCounted() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal())) {
      String full = "red mug ".repeat(500);
      float[][] vectors = encoder.encode(EncoderFixtures.titles(full, "mug", full + "lamp"));
      assertArrayEquals(vectors[0], vectors[2]);
      assertEquals(2, encoder.truncatedTexts());
      encoder.encodeTexts(List.of(full));
      assertEquals(3, encoder.truncatedTexts());
    }
  }

  @Test
  void aTextWithoutTokensGivesZeros() {
    BundleWriter bundle = EncoderFixtures.statesBundle(folder, "MEAN");
    bundle.manifest.withObject("/encoder/text").put("specialTokens", false);
    for (String pooling : List.of("MEAN", "MAX", "CLS", "LAST")) {
      bundle
          .manifest
          .withObject("/encoder/embedding")
          .put("pooling", pooling)
          .put("normalize", true);
      try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle.seal())) {
        float[][] vectors = encoder.encode(EncoderFixtures.titles("", "red mug"));
        assertArrayEquals(new float[EncoderFixtures.DIMENSION], vectors[0]);
        assertTrue(vectors[1][0] != 0);
      }
    }
  }

  @Test
  void nanIsRefusedByTheNameOfItsItem() {
    float[] table = Fixtures.flat(EncoderFixtures.TABLE);
    long bad = EncoderFixtures.tokens("lamp")[1];
    table[(int) bad * EncoderFixtures.DIMENSION + 3] = Float.NaN;
    for (String pooling : List.of("MEAN", "MAX")) {
      BundleWriter bundle =
          EncoderFixtures.statesBundle(folder, pooling)
              .model(EncoderFixtures.states("batch", "length", table).model());
      try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle.seal())) {
        List<Item> items = EncoderFixtures.titles("red mug", "lamp", "mug");
        RecommenderException e =
            assertThrows(RecommenderException.class, () -> encoder.encode(items));
        assertEquals(Kind.NON_FINITE_OUTPUT, e.kind());
        assertEquals(
            "model.onnx: output 'states' of item 'item-1', component 3: expected a finite number,"
                + " found NaN",
            e.getMessage());
        assertEquals(1, encoder.encode(items.subList(2, 3)).length, "stays usable");
      }
    }
  }

  @Test
  void aTextFindsItems() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal())) {
      ListIndex index = new ListIndex(encoder.dimension(), encoder.similarity(), TITLES.length);
      List<Item> items = EncoderFixtures.titles(TITLES);
      index.addAll(items.stream().map(Item::id).toList(), encoder.encode(items));
      Retriever retriever = encoder.retriever(index);
      for (int i = 0; i < TITLES.length; i++) {
        List<ScoredItem> found = retriever.retrieve(new Query.Text(TITLES[i]), 2, ItemFilter.all());
        assertEquals("item-" + i, found.get(0).itemId());
        assertEquals(index.search(encoder.encodeTexts(List.of(TITLES[i]))[0], 2), found);
      }
      assertEquals(
          List.of("item-3"),
          retriever
              .retrieve(new Query.Text("red shoe"), 1, ItemFilter.allow(Set.of("item-3")))
              .stream()
              .map(ScoredItem::itemId)
              .toList());
      float[] vector = index.vector("item-4").orElseThrow();
      assertEquals(
          "item-4",
          retriever.retrieve(new Query.Vector(vector), 1, ItemFilter.all()).get(0).itemId());
      assertThrows(
          IllegalArgumentException.class,
          () -> retriever.retrieve(new Query.Keywords(Map.of("red", 1.0)), 1, ItemFilter.all()));
      assertThrows(
          IllegalArgumentException.class,
          () -> encoder.retriever(new ListIndex(3, encoder.similarity(), 1)));
    }
  }

  @Test
  void modalitiesAreWrittenAndAbsentOnesMasked() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.modalitiesBundle(folder).seal())) {
      Item all =
          new Item(
              "all",
              Map.of(
                  "photo", Feature.Tensor.vector(1, 10, 100),
                  "image", Feature.Tensor.of(new float[] {1, 2, 3, 4}, 2, 2),
                  "price", new Feature.Scalar(7),
                  "color", new Feature.Category("blue"),
                  "tags", new Feature.Ids(List.of("new", "unheard of", "sale"))));
      Item bare = priced("bare", 7);
      Item flat =
          new Item(
              "flat",
              Map.of(
                  "image", Feature.Tensor.vector(1, 2, 3, 4),
                  "price", new Feature.Scalar(0),
                  "color", new Feature.Text("green"),
                  "tags", new Feature.Text("sale")));
      float[][] vectors = encoder.encode(List.of(all, bare, flat));
      assertArrayEquals(new float[] {531 + 10 + 7 + 30 + 10, 642 + 10 + 7 + 40 + 20}, vectors[0]);
      assertArrayEquals(new float[] {8, 8}, vectors[1]);
      assertArrayEquals(new float[] {10 + 30, 10 + 40}, vectors[2]);
      assertEquals(Set.of("photo", "image", "price", "color", "tags"), encoder.features());
      assertThrows(
          UnsupportedOperationException.class, () -> encoder.encodeTexts(List.of("red mug")));
      ListIndex index = new ListIndex(2, Similarity.DOT, 1);
      assertThrows(UnsupportedOperationException.class, () -> encoder.retriever(index));
    }
  }

  @Test
  void aModalityOfAnotherShapeIsRefusedByName() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(EncoderFixtures.modalitiesBundle(folder).seal())) {
      RecommenderException absent =
          assertThrows(RecommenderException.class, () -> encoder.encode(List.of(Item.of("sku-1"))));
      assertEquals(Kind.SHAPE_MISMATCH, absent.kind());
      assertEquals(
          "item 'sku-1', feature 'price': expected a number for input 'price', found none",
          absent.getMessage());
      assertMismatch(
          encoder,
          "photo",
          Feature.Tensor.vector(1, 2),
          "item 'sku-1', feature 'photo': expected a tensor [3] for input 'vector', found a tensor"
              + " [2]");
      assertMismatch(
          encoder,
          "image",
          Feature.Tensor.of(new float[] {1, 2, 3, 4}, 4, 1),
          "item 'sku-1', feature 'image': expected a tensor [2, 2] for input 'image', found a"
              + " tensor [4, 1]");
      assertMismatch(
          encoder,
          "photo",
          new Feature.Text("x"),
          "item 'sku-1', feature 'photo': expected a tensor [3] for input 'vector', found a Text");
    }
  }

  private static void assertMismatch(
      OnnxItemEncoder encoder, String name, Feature feature, String message) {
    Item item = new Item("sku-1", Map.of("price", new Feature.Scalar(1), name, feature));
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> encoder.encode(List.of(item)));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    assertEquals(message, e.getMessage());
  }
}
