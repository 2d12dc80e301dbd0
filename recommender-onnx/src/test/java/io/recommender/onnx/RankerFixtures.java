package io.recommender.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A ranker whose scores a test can compute. The user is a vector: the sum of the rows of a table at
 * the clicked items, plus the vector {@code ur}, plus the row of the device. The candidate is one
 * too: its price and rating times weights, plus the rows of its tags, its row of the table, and the
 * vectors {@code ir} and {@code cr}. {@code hidden} is their product by component, and the logits
 * of three tasks are weighted sums of it.
 */
final class RankerFixtures {
  static final Path RESOURCES = Path.of("src", "test", "resources", "ranker");
  static final int WIDTH = 3;
  static final int ITEMS = 20;
  static final List<String> TASKS = List.of("click", "buy", "seconds");
  private static final int TAGS = 6;
  private static final String[] DEVICES = {"phone", "desktop"};
  private static final String[] NAMES = {"new", "sale", "green", "heavy"};

  static final float[][] ROWS = table(1, ITEMS + 2);
  static final float[][] TAG_ROWS = table(2, TAGS);
  static final float[][] DEVICE_ROWS = table(3, 3);
  static final float[][] DENSE = table(4, 2);
  static final float[][] TASK_WEIGHTS = table(5, TASKS.size());

  private RankerFixtures() {}

  private static float[][] table(long seed, int rows) {
    Random random = new Random(seed);
    float[][] table = new float[rows][WIDTH];
    for (float[] row : table) {
      for (int i = 0; i < WIDTH; i++) {
        row[i] = Math.round((random.nextFloat() * 2 - 1) * 64) / 64f;
      }
    }
    return table;
  }

  /** The graph for a batch of candidates; floats of inputs and outputs may be of half precision. */
  static OnnxWriter graph(Object batch, int floatType) {
    OnnxWriter writer =
        new OnnxWriter()
            .input("hist", OnnxWriter.INT64, 1, "steps")
            .input("hist_mask", OnnxWriter.FLOAT, 1, "steps")
            .input("ur", floatType, 1, WIDTH)
            .input("device", OnnxWriter.INT64, 1)
            .input("dense", floatType, batch, 2)
            .input("tags", OnnxWriter.INT64, batch, "tags_length")
            .input("tags_mask", OnnxWriter.FLOAT, batch, "tags_length")
            .input("item", OnnxWriter.INT64, batch)
            .input("ir", floatType, batch, WIDTH)
            .input("cr", floatType, batch, WIDTH)
            .floats("rows", Fixtures.flat(ROWS), ROWS.length, WIDTH)
            .floats("tag_rows", Fixtures.flat(TAG_ROWS), TAGS, WIDTH)
            .floats("device_rows", Fixtures.flat(DEVICE_ROWS), DEVICE_ROWS.length, WIDTH)
            .floats("dense_weights", Fixtures.flat(DENSE), 2, WIDTH)
            .floats("task_weights", transposed(TASK_WEIGHTS), WIDTH, TASKS.size())
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1);
    for (String name : List.of("ur", "dense", "ir", "cr")) {
      writer.node("Cast", name + "_full", List.of(name), "to", OnnxWriter.FLOAT);
    }
    writer
        .node("Gather", "steps_of", List.of("rows", "hist"))
        .node("Unsqueeze", "hist_each", List.of("hist_mask", "axis_2"))
        .node("Mul", "steps_masked", List.of("steps_of", "hist_each"))
        .node("ReduceSum", "clicked", List.of("steps_masked", "axis_1"), "keepdims", 0)
        .node("Gather", "device_row", List.of("device_rows", "device"))
        .node("Add", "user_1", List.of("clicked", "ur_full"))
        .node("Add", "user", List.of("user_1", "device_row"))
        .node("MatMul", "of_dense", List.of("dense_full", "dense_weights"))
        .node("Gather", "each_tag", List.of("tag_rows", "tags"))
        .node("Unsqueeze", "tags_each", List.of("tags_mask", "axis_2"))
        .node("Mul", "tags_masked", List.of("each_tag", "tags_each"))
        .node("ReduceSum", "of_tags", List.of("tags_masked", "axis_1"), "keepdims", 0)
        .node("Gather", "of_item", List.of("rows", "item"))
        .node("Add", "item_1", List.of("of_dense", "of_tags"))
        .node("Add", "item_2", List.of("item_1", "of_item"))
        .node("Add", "item_3", List.of("item_2", "ir_full"))
        .node("Add", "candidate", List.of("item_3", "cr_full"))
        .node("Mul", "hidden_full", List.of("candidate", "user"))
        .node("MatMul", "scores_full", List.of("hidden_full", "task_weights"))
        .node("Cast", "hidden", List.of("hidden_full"), "to", floatType)
        .node("Cast", "scores", List.of("scores_full"), "to", floatType);
    return writer
        .output("scores", floatType, batch, TASKS.size())
        .output("hidden", floatType, batch, WIDTH);
  }

  private static float[] transposed(float[][] rows) {
    float[] flat = new float[rows.length * WIDTH];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < WIDTH; j++) {
        flat[j * rows.length + i] = rows[i][j];
      }
    }
    return flat;
  }

  /** The whole bundle, of float32 and any number of candidates. */
  static BundleWriter bundle(Path folder) {
    BundleWriter bundle = emptyBundle(folder).model(graph("batch", OnnxWriter.FLOAT).model());
    itemsOf(bundle);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    input(ranker, "HISTORY", "hist")
        .put("behavior", "click")
        .put("idOffset", 1)
        .put("maxLength", 4)
        .put("paddingId", 0);
    input(ranker, "MASK", "hist_mask").put("of", "hist");
    input(ranker, "FEATURE", "ur").put("side", "REQUEST").put("feature", "ur").put("default", 0.5);
    vocabulary(
        input(ranker, "CATEGORY", "device").put("side", "REQUEST").put("feature", "device"),
        DEVICES);
    ObjectNode dense = input(ranker, "FEATURE", "dense").put("side", "CANDIDATE");
    dense.putArray("columns").addObject().put("feature", "price");
    dense.withArray("/columns").addObject().put("feature", "rating").put("default", 3);
    ObjectNode tags = input(ranker, "CATEGORY_LIST", "tags").put("side", "CANDIDATE");
    vocabulary(tags.put("feature", "tags"), NAMES).put("default", 5);
    tags.put("maxLength", 4).put("paddingId", 0);
    input(ranker, "MASK", "tags_mask").put("of", "tags");
    input(ranker, "ITEM_ID", "item").put("idOffset", 1).put("unknownId", 0);
    input(ranker, "FEATURE", "ir").put("side", "CANDIDATE").put("feature", "ir").put("default", 0);
    input(ranker, "FEATURE", "cr").put("side", "CANDIDATE").put("feature", "cr").put("default", 0);
    ranker.putObject("scores").put("name", "scores");
    ranker.putObject("hidden").put("name", "hidden").put("size", WIDTH);
    ranker.putArray("tasks").addObject().put("name", "click").put("kind", "LOGIT");
    ranker.withArray("/tasks").addObject().put("name", "buy").put("kind", "LOGIT");
    ranker.withArray("/tasks").addObject().put("name", "seconds").put("kind", "VALUE");
    return bundle;
  }

  static BundleWriter emptyBundle(Path folder) {
    BundleWriter bundle = new BundleWriter(folder, "POINTWISE_RANKER");
    bundle.manifest.remove("sequence");
    return bundle;
  }

  private static void itemsOf(BundleWriter bundle) {
    bundle.manifest.putObject("items").put("file", "items.jsonl").put("count", ITEMS);
    StringBuilder lines = new StringBuilder();
    for (Item item : items()) {
      ObjectNode node = FixtureJson.JSON.createObjectNode().put("id", item.id());
      item.features()
          .forEach(
              (name, feature) -> {
                if (feature instanceof Feature.Scalar scalar) {
                  node.put(name, scalar.value());
                } else if (feature instanceof Feature.Ids ids) {
                  ids.values().forEach(node.withArray("/" + name)::add);
                }
              });
      lines.append(node).append('\n');
    }
    bundle.file("items.jsonl", lines.toString());
  }

  static ObjectNode input(ObjectNode ranker, String role, String name) {
    return ranker.withArray("/inputs").addObject().put("role", role).put("name", name);
  }

  static ObjectNode vocabulary(ObjectNode input, String... values) {
    ObjectNode vocabulary = input.put("default", 0).putObject("vocabulary");
    for (int i = 0; i < values.length; i++) {
      vocabulary.put(values[i], i + 1);
    }
    return input;
  }

  static String id(int ordinal) {
    return "sku-" + ordinal;
  }

  /** Items with 0 to 4 tags, some without a rating. */
  static List<Item> items() {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < ITEMS; i++) {
      items.add(item(id(i), i));
    }
    return items;
  }

  static Item item(String id, int number) {
    Map<String, Feature> features = new HashMap<>();
    features.put("price", new Feature.Scalar(number % 7 / 4.0));
    if (number % 3 != 0) {
      features.put("rating", new Feature.Scalar(number % 5));
    }
    List<String> tags = new ArrayList<>();
    for (int i = 0; i < number % 5; i++) {
      tags.add(i == 3 ? "unheard of" : NAMES[(number + i) % NAMES.length]);
    }
    if (!tags.isEmpty()) {
      features.put("tags", new Feature.Ids(tags));
    }
    return new Item(id, features);
  }

  static RecommendationRequest request() {
    return RecommendationRequest.of(
            UserHistory.of(
                    List.of(
                        Interaction.of(id(3)).withBehavior("click"),
                        Interaction.of(id(4)).withBehavior("buy"),
                        Interaction.of("gone").withBehavior("click"),
                        Interaction.of(id(7)).withBehavior("click")))
                .forUser("ann"))
        .context("device", new Feature.Category("desktop"))
        .build();
  }

  static List<ScoredItem> candidates(int count) {
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      candidates.add(new ScoredItem(id(i), count - i, "source-" + i % 2));
    }
    return candidates;
  }

  /** What the graph says of an item, in the order of the tasks. */
  static double[] outputs(RecommendationRequest request, Item item) {
    return outputs(request, item, new float[] {0.5f, 0.5f, 0.5f}, new float[WIDTH]);
  }

  /** What the graph says of an item with other vectors. */
  static double[] outputs(
      RecommendationRequest request, Item item, float[] user, float[] pairAndItem) {
    double[] hidden = hidden(request, item, user, pairAndItem);
    double[] outputs = new double[TASKS.size()];
    for (int task = 0; task < outputs.length; task++) {
      for (int i = 0; i < WIDTH; i++) {
        outputs[task] += hidden[i] * TASK_WEIGHTS[task][i];
      }
    }
    return outputs;
  }

  static double[] hidden(
      RecommendationRequest request, Item item, float[] user, float[] pairAndItem) {
    List<Integer> clicks = new ArrayList<>();
    for (Interaction step : request.history().interactions()) {
      int ordinal = ordinal(step.itemId());
      if (step.behavior().equals(java.util.Optional.of("click")) && ordinal >= 0) {
        clicks.add(ordinal);
      }
    }
    int device =
        request.context().get("device") instanceof Feature.Category category
            ? List.of(DEVICES).indexOf(category.value()) + 1
            : 0;
    double price =
        item.features().get("price") instanceof Feature.Scalar scalar ? scalar.value() : 0;
    double rating =
        item.features().get("rating") instanceof Feature.Scalar scalar ? scalar.value() : 3;
    double[] hidden = new double[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      double ofUser = user[i] + DEVICE_ROWS[device][i];
      for (int click : clicks.subList(Math.max(0, clicks.size() - 4), clicks.size())) {
        ofUser += ROWS[click + 1][i];
      }
      double ofItem =
          price * DENSE[0][i]
              + rating * DENSE[1][i]
              + ROWS[ordinal(item.id()) + 1][i]
              + pairAndItem[i];
      if (item.features().get("tags") instanceof Feature.Ids tags) {
        for (String tag : tags.values()) {
          int place = List.of(NAMES).indexOf(tag);
          ofItem += TAG_ROWS[place < 0 ? 5 : place + 1][i];
        }
      }
      hidden[i] = ofUser * ofItem;
    }
    return hidden;
  }

  private static int ordinal(String id) {
    int ordinal = id.startsWith("sku-") ? Integer.parseInt(id.substring(4)) : -1;
    return ordinal < ITEMS ? ordinal : -1;
  }

  static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  static JsonNode json(String name) {
    return FixtureJson.read(RESOURCES.resolve(name));
  }

  static float[] floats(JsonNode array) {
    float[] floats = new float[array.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = array.get(i).floatValue();
    }
    return floats;
  }
}
