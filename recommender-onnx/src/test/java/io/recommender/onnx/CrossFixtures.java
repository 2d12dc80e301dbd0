package io.recommender.onnx;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ScoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A cross-encoder whose scores a test can compute. Each token is a row of a table; the rows of each
 * text of a pair are summed, and the two sums multiplied by component. The score is the sum of that
 * product and, for each adapter, of the product weighted by the adapter and by the gate.
 */
final class CrossFixtures {
  static final Path RESOURCES = Path.of("src", "test", "resources", "cross");
  static final int WIDTH = 4;
  static final int ADAPTERS = 2;
  static final int MAX_LENGTH = 20;
  static final float[][] TABLE = table(41, EncoderFixtures.VOCABULARY, WIDTH);
  static final float[][] ADAPTER_WEIGHTS = table(42, WIDTH, ADAPTERS);
  static final List<String> TITLES =
      List.of(
          "red shoe",
          "a sturdy folding chair, 40 cm, pack of 3",
          "mug",
          "wireless lamp",
          "blue book",
          "small warm jacket, organic, 12 cm, pack of 7, light green",
          "tent",
          "green towel");

  private CrossFixtures() {}

  private static float[][] table(long seed, int rows, int width) {
    Random random = new Random(seed);
    float[][] table = new float[rows][width];
    for (float[] row : table) {
      for (int i = 0; i < width; i++) {
        row[i] = Math.round((random.nextFloat() * 2 - 1) * 32) / 128f;
      }
    }
    return table;
  }

  /** The graph for any number of pairs, with or without a gate of adapters. */
  static OnnxWriter graph(boolean gated, Object batch) {
    return graph(gated, batch, TABLE);
  }

  static OnnxWriter graph(boolean gated, Object batch, float[][] table) {
    OnnxWriter writer =
        new OnnxWriter()
            .input("input_ids", OnnxWriter.INT64, batch, "length")
            .input("attention_mask", OnnxWriter.INT64, batch, "length")
            .input("token_type_ids", OnnxWriter.INT64, batch, "length")
            .floats("table", Fixtures.flat(table), table.length, WIDTH)
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1)
            .node("Gather", "states", List.of("table", "input_ids"))
            .node("Cast", "mask", List.of("attention_mask"), "to", OnnxWriter.FLOAT)
            .node("Cast", "types", List.of("token_type_ids"), "to", OnnxWriter.FLOAT)
            .node("Mul", "of_second", List.of("mask", "types"))
            .node("Sub", "of_first", List.of("mask", "of_second"));
    for (String text : List.of("first", "second")) {
      writer
          .node("Unsqueeze", text + "_each", List.of("of_" + text, "axis_2"))
          .node("Mul", text + "_states", List.of("states", text + "_each"))
          .node("ReduceSum", text, List.of(text + "_states", "axis_1"), "keepdims", 0);
    }
    writer
        .node("Mul", "product", List.of("first", "second"))
        .node("ReduceSum", gated ? "base" : "score", List.of("product", "axis_1"), "keepdims", 1);
    if (gated) {
      writer
          .input("lora_gate", OnnxWriter.FLOAT, batch, ADAPTERS)
          .floats("adapters", Fixtures.flat(ADAPTER_WEIGHTS), WIDTH, ADAPTERS)
          .node("MatMul", "each", List.of("product", "adapters"))
          .node("Mul", "gated", List.of("each", "lora_gate"))
          .node("ReduceSum", "personal", List.of("gated", "axis_1"), "keepdims", 1)
          .node("Add", "score", List.of("base", "personal"));
    }
    return writer.output("score", OnnxWriter.FLOAT, batch, 1);
  }

  /** The whole bundle over eight items, the last of which has no title. */
  static BundleWriter bundle(Path folder, boolean gated) {
    BundleWriter bundle = new BundleWriter(folder, "CROSS_ENCODER");
    bundle.manifest.remove("sequence");
    bundle
        .model(graph(gated, "batch").model())
        .file("tokenizer.json", EncoderFixtures.resource("wordpiece.json"));
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < TITLES.size(); i++) {
      lines.append(
          "{\"id\": \"%s\", \"title\": \"%s\", \"price\": %d}\n"
              .formatted(id(i), TITLES.get(i), i));
    }
    lines.append("{\"id\": \"untitled\", \"price\": 3}\n");
    bundle
        .file("items.jsonl", lines.toString())
        .manifest
        .putObject("items")
        .put("file", "items.jsonl")
        .put("count", TITLES.size() + 1);
    ObjectNode crossEncoder = bundle.manifest.putObject("crossEncoder");
    ObjectNode text =
        crossEncoder
            .putObject("text")
            .put("tokenizer", "tokenizer.json")
            .put("request", "{query} {history}")
            .put("item", "{title}")
            .put("maxLength", MAX_LENGTH)
            .put("paddingToken", 0);
    text.putObject("history").put("items", 2).put("separator", "; ");
    text.putObject("defaults").put("query", "");
    input(crossEncoder, "TOKEN_IDS", "input_ids");
    input(crossEncoder, "ATTENTION_MASK", "attention_mask");
    input(crossEncoder, "TOKEN_TYPES", "token_type_ids");
    if (gated) {
      input(crossEncoder, "FEATURE", "lora_gate")
          .put("feature", "lora_gate")
          .putArray("shape")
          .add(ADAPTERS);
    }
    crossEncoder.putObject("score").put("name", "score").put("kind", "LOGIT");
    return bundle;
  }

  static ObjectNode input(ObjectNode crossEncoder, String role, String name) {
    return crossEncoder.withArray("/inputs").addObject().put("role", role).put("name", name);
  }

  static String id(int ordinal) {
    return "sku-" + ordinal;
  }

  static Item item(String id, String title) {
    return new Item(id, Map.of("title", new Feature.Text(title)));
  }

  static List<ScoredItem> candidates() {
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = 0; i < TITLES.size(); i++) {
      candidates.add(new ScoredItem(id(i), TITLES.size() - i, "source-" + i % 2));
    }
    return candidates;
  }

  /** What the graph says of a pair of texts, by the tokens that the tokenizer makes. */
  static double logit(String first, String second, float... gate) {
    return logit(TokenLayout.Truncation.LONGEST_FIRST, first, second, gate);
  }

  static double logit(
      TokenLayout.Truncation truncation, String first, String second, float... gate) {
    TextTokenizer.Tokens tokens;
    try (JsonTokenizer tokenizer =
        JsonTokenizer.open(
            EncoderFixtures.RESOURCES.resolve("wordpiece.json"),
            EncoderFixtures.layout(MAX_LENGTH, true, true, truncation))) {
      tokens = tokenizer.encode(first, second);
    }
    double[][] sums = new double[2][WIDTH];
    for (int place = 0; place < tokens.length(); place++) {
      for (int i = 0; i < WIDTH; i++) {
        sums[(int) tokens.types()[place]][i] += TABLE[(int) tokens.ids()[place]][i];
      }
    }
    double logit = 0;
    for (int i = 0; i < WIDTH; i++) {
      double product = sums[0][i] * sums[1][i];
      logit += product;
      for (int adapter = 0; adapter < gate.length; adapter++) {
        logit += gate[adapter] * ADAPTER_WEIGHTS[i][adapter] * product;
      }
    }
    return logit;
  }
}
