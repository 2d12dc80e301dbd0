package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Histories as one text of names and values, as Recformer reads them. */
class AttributeTextTest {
  private static final int START = 2;
  private static final int WIDTH = EncoderFixtures.DIMENSION;

  /** Of types 0 to 2, then of positions 0 to 9. */
  private static final float[][] PLACES = places();

  @TempDir Path folder;

  private static float[][] places() {
    Random random = new Random(54);
    float[][] places = new float[13][WIDTH];
    for (float[] row : places) {
      for (int i = 0; i < WIDTH; i++) {
        row[i] = random.nextFloat() - 0.5f;
      }
    }
    return places;
  }

  /** The state of a token is the sum of its rows by id, type and position. */
  private BundleWriter bundle(int maxLength, String order) {
    BundleWriter bundle = EncoderFixtures.statesBundle(folder, "MEAN");
    bundle.model(
        EncoderFixtures.states("batch", "length", Fixtures.flat(EncoderFixtures.TABLE))
            .input("token_type_ids", OnnxWriter.INT64, "batch", "length")
            .input("item_position_ids", OnnxWriter.INT64, "batch", "length")
            .floats("places", Fixtures.flat(PLACES), PLACES.length, WIDTH)
            .longs("types", new long[] {3})
            .node("Gather", "of_types", List.of("places", "token_type_ids"))
            .node("Add", "position_rows", List.of("item_position_ids", "types"))
            .node("Gather", "of_positions", List.of("places", "position_rows"))
            .node("Add", "typed", List.of("states", "of_types"))
            .node("Add", "placed", List.of("typed", "of_positions"))
            .output("placed", OnnxWriter.FLOAT, "batch", "length", WIDTH)
            .model());
    ObjectNode encoder = bundle.manifest.withObject("/encoder");
    EncoderFixtures.input(encoder, "TOKEN_TYPES", "token_type_ids");
    EncoderFixtures.input(encoder, "ITEM_POSITIONS", "item_position_ids")
        .put("maxItems", 4)
        .put("order", order)
        .put("startToken", START)
        .put("maxValueTokens", 3)
        .put("paddingPosition", 9);
    encoder.withObject("/embedding").put("name", "placed").put("similarity", "DOT");
    ObjectNode text = encoder.withObject("/text");
    text.put("maxLength", maxLength).put("specialTokens", false);
    text.withArray("/fields").addObject().put("feature", "color").put("default", "");
    text.withArray("/fields")
        .addObject()
        .put("feature", "feel")
        .put("prefix", "soft")
        .put("default", "");
    return bundle;
  }

  private static Item item(String id, String title, String color, String feel) {
    Map<String, Feature> features = new HashMap<>();
    features.put("title", new Feature.Text(title));
    if (!color.isEmpty()) {
      features.put("color", new Feature.Category(color));
    }
    if (!feel.isEmpty()) {
      features.put("feel", new Feature.Text(feel));
    }
    return new Item(id, features);
  }

  private static final Item FIRST = item("first", "mug", "red", "dry");
  private static final Item SECOND = item("second", "wireless lamp", "", "warm");

  private static long[] tokens(String text) {
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(EncoderFixtures.RESOURCES.resolve("wordpiece.json"), false)) {
      return tokenizer.encode(text).ids();
    }
  }

  /** What is expected of tokens, written by hand. */
  private static final class Expected {
    final List<Long> ids = new ArrayList<>(List.of((long) START));
    final List<Long> types = new ArrayList<>(List.of(0L));
    final List<Long> items = new ArrayList<>(List.of(0L));

    Expected item(long position, String... namesAndValues) {
      for (int i = 0; i < namesAndValues.length; i++) {
        for (long token : tokens(namesAndValues[i])) {
          ids.add(token);
          types.add(i % 2 == 0 ? 1L : 2L);
          items.add(position);
        }
      }
      return this;
    }

    void check(TextTokenizer.Tokens found) {
      assertArrayEquals(array(ids), found.ids());
      assertArrayEquals(array(types), found.types());
      assertArrayEquals(array(items), found.items());
    }

    private static long[] array(List<Long> numbers) {
      return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    float[] mean() {
      float[] mean = new float[WIDTH];
      for (int i = 0; i < ids.size(); i++) {
        for (int j = 0; j < WIDTH; j++) {
          mean[j] +=
              (EncoderFixtures.TABLE[ids.get(i).intValue()][j]
                      + PLACES[types.get(i).intValue()][j]
                      + PLACES[3 + items.get(i).intValue()][j])
                  / ids.size();
        }
      }
      return mean;
    }
  }

  private TextTokenizer.Tokens written(Path bundle, List<Item> items) {
    Encoder encoder = ManifestReader.read(bundle.resolve(Manifest.FILE)).encoder().orElseThrow();
    try (JsonTokenizer tokenizer = JsonTokenizer.open(bundle.resolve("tokenizer.json"), false)) {
      return AttributeText.of(encoder, Optional.of(tokenizer)).orElseThrow().tokens(items);
    }
  }

  @Test
  void recformerReadsAttributesOfItemsNewestFirst() {
    Path bundle = bundle(60, "NEWEST_FIRST").seal();
    Expected expected =
        new Expected()
            .item(1, "title", "wireless lamp", "soft", "warm")
            .item(2, "title", "mug", "color", "red", "soft", "dry");
    TextTokenizer.Tokens found = written(bundle, List.of(FIRST, SECOND));
    expected.check(found);
    assertFalse(found.truncated());
    new Expected()
        .item(1, "title", "mug", "color", "red", "soft", "dry")
        .item(2, "title", "wireless lamp", "soft", "warm")
        .check(written(bundle(60, "OLDEST_FIRST").seal(), List.of(FIRST, SECOND)));
    new Expected().check(written(bundle, List.of()));
  }

  @Test
  void recformerLeavesOutWholeItemsTheOldestFirst() {
    int ofSecond = new Expected().item(1, "title", "wireless lamp", "soft", "warm").ids.size();
    int both =
        new Expected()
            .item(1, "title", "wireless lamp", "soft", "warm")
            .item(2, "title", "mug", "color", "red", "soft", "dry")
            .ids
            .size();
    for (int maxLength = ofSecond; maxLength <= both; maxLength++) {
      TextTokenizer.Tokens found =
          written(bundle(maxLength, "NEWEST_FIRST").seal(), List.of(FIRST, SECOND));
      assertEquals(maxLength < both ? ofSecond : both, found.length());
      assertEquals(maxLength < both, found.truncated());
    }
    TextTokenizer.Tokens cut =
        written(bundle(ofSecond - 1, "NEWEST_FIRST").seal(), List.of(FIRST, SECOND));
    assertEquals(ofSecond - 1, cut.length());
    assertTrue(cut.truncated());
    assertEquals(1, LongStream.of(cut.items()).max().orElseThrow());
    TextTokenizer.Tokens five =
        written(bundle(60, "OLDEST_FIRST").seal(), List.of(FIRST, SECOND, SECOND, SECOND, SECOND));
    assertEquals(4, LongStream.of(five.items()).max().orElseThrow());
    assertTrue(five.truncated());
    assertEquals(1 + 4 * (ofSecond - 1), five.length());
  }

  @Test
  void recformerCutsValues() {
    Item wordy = item("wordy", "red mug red mug red mug", "", "");
    TextTokenizer.Tokens found = written(bundle(60, "NEWEST_FIRST").seal(), List.of(wordy));
    assertEquals(3, LongStream.of(found.types()).filter(type -> type == 2).count());
    assertTrue(found.truncated());
  }

  @Test
  void recformerFindsItemsThatAreOnlyKnownByTheirAttributes() {
    List<Item> items = new ArrayList<>();
    Map<String, float[]> expected = new HashMap<>();
    List<String> words = List.of("red", "mug", "lamp", "book", "chair", "dry", "warm");
    for (int i = 0; i < 20; i++) {
      String title = words.get(i % 7) + " " + words.get((i / 7 + i + 3) % 7);
      items.add(item("item-" + i, title, "red", ""));
      expected.put("item-" + i, new Expected().item(1, "title", title, "color", "red").mean());
    }
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(bundle(60, "NEWEST_FIRST").seal())) {
      ListIndex index = new ListIndex(WIDTH, encoder.similarity(), items.size());
      float[][] vectors = encoder.encode(items);
      for (int i = 0; i < items.size(); i++) {
        assertArrayEquals(expected.get("item-" + i), vectors[i], 1e-5f);
        index.add("item-" + i, vectors[i]);
      }
      float[] user =
          new Expected()
              .item(1, "title", "wireless lamp", "soft", "warm")
              .item(2, "title", "mug", "color", "red", "soft", "dry")
              .mean();
      float[][] users =
          encoder.encodeHistories(
              List.of(List.of(FIRST, SECOND), List.of(), List.of(items.get(3))));
      assertArrayEquals(user, users[0], 1e-5f);
      assertArrayEquals(new Expected().mean(), users[1], 1e-5f);
      assertArrayEquals(vectors[3], users[2], 1e-6f);
      assertEquals(
          IntStream.range(0, 20)
              .mapToObj(i -> "item-" + i)
              .sorted(Comparator.comparingDouble(id -> -dot(user, expected.get(id))))
              .limit(10)
              .toList(),
          index.search(users[0], 10).stream().map(ScoredItem::itemId).toList());
      Item unseen = item("unseen", "chair", "red", "dry");
      float[] far = encoder.encode(List.of(unseen))[0];
      assertArrayEquals(
          new Expected().item(1, "title", "chair", "color", "red", "soft", "dry").mean(),
          far,
          1e-5f);
      index.add("unseen", far);
      assertTrue(
          index.search(users[0], 21).stream().anyMatch(found -> found.itemId().equals("unseen")));
      assertEquals(WIDTH, encoder.encodeTexts(List.of("red lamp"))[0].length);
    }
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  @Test
  void saysWhatIsWrong() {
    BundleWriter bundle = bundle(60, "NEWEST_FIRST");
    bundle.manifest.withObject("/encoder/text").put("specialTokens", true);
    Path special = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openEncoder(special));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(
        e.getMessage().contains("expected specialTokens false and no pairFields"), e.getMessage());
    try (OnnxItemEncoder plain =
        RecommenderBundle.openEncoder(EncoderFixtures.statesBundle(folder, "MEAN").seal())) {
      UnsupportedOperationException refused =
          assertThrows(UnsupportedOperationException.class, () -> plain.encodeHistories(List.of()));
      assertTrue(refused.getMessage().contains("ITEM_POSITIONS"), refused.getMessage());
    }
  }
}
