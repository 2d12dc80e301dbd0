package io.recommender.onnx;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Encoders whose vectors a test can compute: the state of a token is a row of a table. */
final class EncoderFixtures {
  static final Path RESOURCES = Path.of("src", "test", "resources", "encoder");
  static final int DIMENSION = 5;
  static final int VOCABULARY = 260;
  static final int MAX_LENGTH = 12;
  static final float[][] TABLE = table();

  private EncoderFixtures() {}

  private static float[][] table() {
    Random random = new Random(23);
    float[][] table = new float[VOCABULARY][DIMENSION];
    for (float[] row : table) {
      for (int i = 0; i < DIMENSION; i++) {
        row[i] = random.nextFloat() * 2 - 1;
      }
    }
    return table;
  }

  static byte[] resource(String name) {
    try {
      return Files.readAllBytes(RESOURCES.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Item title(String id, String title) {
    return new Item(id, Map.of("title", new Feature.Text(title)));
  }

  static List<Item> titles(String... titles) {
    return java.util.stream.IntStream.range(0, titles.length)
        .mapToObj(i -> title("item-" + i, titles[i]))
        .toList();
  }

  /** A text layout around the tokenizer of WordPiece, for tests of the tokenizer alone. */
  static TokenLayout layout(int maxLength, boolean pairs, boolean specialTokens) {
    return layout(maxLength, pairs, specialTokens, TokenLayout.Truncation.LONGEST_FIRST);
  }

  static TokenLayout layout(
      int maxLength, boolean pairs, boolean specialTokens, TokenLayout.Truncation truncation) {
    return new TokenLayout(
        "/encoder/text",
        "tokenizer.json",
        pairs,
        specialTokens,
        truncation,
        maxLength,
        Manifest.Length.DYNAMIC,
        Manifest.PaddingSide.RIGHT,
        0,
        0);
  }

  /** States of tokens: rows of the table. */
  static OnnxWriter states(Object batch, Object length, float[] table) {
    return new OnnxWriter()
        .input("input_ids", OnnxWriter.INT64, batch, length)
        .input("attention_mask", OnnxWriter.INT64, batch, length)
        .floats("table", table, table.length / DIMENSION, DIMENSION)
        .node("Gather", "states", List.of("table", "input_ids"))
        .output("states", OnnxWriter.FLOAT, batch, length, DIMENSION);
  }

  static BundleWriter statesBundle(Path folder, String pooling) {
    BundleWriter bundle =
        encoder(folder)
            .model(states("batch", "length", Fixtures.flat(TABLE)).model())
            .file("tokenizer.json", resource("wordpiece.json"));
    bundle.manifest.withObject("/encoder/embedding").put("name", "states").put("pooling", pooling);
    return bundle;
  }

  /** A manifest for texts, to be completed. */
  static BundleWriter encoder(Path folder) {
    BundleWriter bundle = new BundleWriter(folder, "ITEM_ENCODER");
    bundle.manifest.remove("sequence");
    ObjectNode encoder = bundle.manifest.putObject("encoder");
    ObjectNode text =
        encoder
            .putObject("text")
            .put("tokenizer", "tokenizer.json")
            .put("maxLength", MAX_LENGTH)
            .put("paddingToken", 0);
    text.putArray("fields").addObject().put("feature", "title");
    encoder.putArray("inputs").addObject().put("role", "TOKEN_IDS").put("name", "input_ids");
    encoder
        .withArray("/inputs")
        .addObject()
        .put("role", "ATTENTION_MASK")
        .put("name", "attention_mask");
    encoder
        .putObject("embedding")
        .put("name", "embedding")
        .put("dimension", DIMENSION)
        .put("similarity", "COSINE");
    return bundle;
  }

  /** What the tokens of a text are, by the tokenizer itself, which has a test of its own. */
  static long[] tokens(String text) {
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(RESOURCES.resolve("wordpiece.json"), layout(MAX_LENGTH, false, true))) {
      return tokenizer.encode(text).ids();
    }
  }

  /** A modality of 3 numbers, one of 2 x 2, a category: weighted sums, masks multiply. */
  static OnnxWriter modalities(Object batch) {
    return new OnnxWriter()
        .input("vector", OnnxWriter.FLOAT, batch, 3)
        .input("vector_present", OnnxWriter.FLOAT, batch)
        .input("image", OnnxWriter.FLOAT, batch, 2, 2)
        .input("price", OnnxWriter.FLOAT, batch)
        .input("color", OnnxWriter.INT64, batch)
        .input("tags", OnnxWriter.INT64, batch, 2)
        .floats("weights", new float[] {1, 2, 3, 4, 5, 6}, 3, 2)
        .floats("colors", new float[] {0, 0, 10, 20, 30, 40}, 3, 2)
        .longs("axis_1", new long[] {1}, 1)
        .longs("axes_12", new long[] {1, 2}, 2)
        .node("MatMul", "of_vector", List.of("vector", "weights"))
        .node("Unsqueeze", "mask", List.of("vector_present", "axis_1"))
        .node("Mul", "masked", List.of("of_vector", "mask"))
        .node("ReduceSum", "summed", List.of("image", "axes_12"), "keepdims", 0)
        .node("Unsqueeze", "of_image", List.of("summed", "axis_1"))
        .node("Unsqueeze", "of_price", List.of("price", "axis_1"))
        .node("Gather", "of_color", List.of("colors", "color"))
        .node("Gather", "each_tag", List.of("colors", "tags"))
        .node("ReduceSum", "of_tags", List.of("each_tag", "axis_1"), "keepdims", 0)
        .node("Add", "sum_1", List.of("masked", "of_image"))
        .node("Add", "sum_2", List.of("sum_1", "of_price"))
        .node("Add", "sum_3", List.of("sum_2", "of_color"))
        .node("Add", "embedding", List.of("sum_3", "of_tags"))
        .output("embedding", OnnxWriter.FLOAT, batch, 2);
  }

  static BundleWriter modalitiesBundle(Path folder) {
    BundleWriter bundle = encoder(folder).model(modalities("batch").model());
    ObjectNode encoder = (ObjectNode) bundle.manifest.get("encoder");
    encoder.remove("text");
    encoder.putArray("inputs");
    input(encoder, "FEATURE", "vector").put("feature", "photo");
    input(encoder, "PRESENT", "vector_present").put("feature", "photo");
    input(encoder, "FEATURE", "image").put("feature", "image").put("default", 0.25);
    input(encoder, "FEATURE", "price").put("feature", "price");
    input(encoder, "CATEGORY", "color")
        .put("feature", "color")
        .put("default", 0)
        .putObject("vocabulary")
        .put("red", 1)
        .put("blue", 2);
    input(encoder, "CATEGORY", "tags")
        .put("feature", "tags")
        .put("default", 0)
        .putObject("vocabulary")
        .put("new", 1)
        .put("sale", 2);
    encoder.withObject("/embedding").put("dimension", 2).put("similarity", "DOT");
    return bundle;
  }

  static ObjectNode input(ObjectNode encoder, String role, String name) {
    return encoder.withArray("/inputs").addObject().put("role", role).put("name", name);
  }
}
