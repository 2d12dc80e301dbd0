package io.recommender.onnx;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ScoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A list-wise model whose choices a test can compute: the logit of a candidate is its base less
 * twice the largest similarity to what was picked, that of the end is a number of the context plus
 * a constant. A candidate is its base and a vector.
 */
final class ListFixtures {
  static final int WIDTH = 5;
  static final double END = 0.3;

  private ListFixtures() {}

  /** The graph; the constant may be infinite. */
  static OnnxWriter graph(float constant, int candidateType) {
    return new OnnxWriter()
        .input("candidates", candidateType, 1, "candidates", WIDTH + 1)
        .input("context", OnnxWriter.FLOAT, 1, 1)
        .input("selected", OnnxWriter.INT64, 1, "selected_length")
        .longs("base_column", new long[] {0}, 1)
        .longs("vector_columns", new long[] {1, 2, 3, 4, 5}, WIDTH)
        .longs("first_axis", new long[] {0}, 1)
        .floats("none", new float[WIDTH], 1, WIDTH)
        .floats("two", new float[] {2}, 1)
        .floats("constant", new float[] {constant}, 1)
        .node("Cast", "full", List.of("candidates"), "to", OnnxWriter.FLOAT)
        .node("Squeeze", "rows", List.of("full", "first_axis"))
        .node("Gather", "base", List.of("rows", "base_column"), "axis", 1)
        .node("Gather", "vectors", List.of("rows", "vector_columns"), "axis", 1)
        // Row 0 is similar to nothing: that of the beginning.
        .node("Concat", "table", List.of("none", "vectors"), "axis", 0)
        .node("Squeeze", "told", List.of("selected", "first_axis"))
        .node("Gather", "picked", List.of("table", "told"), "axis", 0)
        .node("Transpose", "columns", List.of("picked"))
        .node("MatMul", "similarities", List.of("vectors", "columns"))
        .node("ArgMax", "nearest", List.of("similarities"), "axis", 1, "keepdims", 1)
        .node("GatherElements", "largest", List.of("similarities", "nearest"), "axis", 1)
        .node("Mul", "penalty", List.of("largest", "two"))
        .node("Sub", "of_candidates", List.of("base", "penalty"))
        .node("Add", "end", List.of("context", "constant"))
        .node("Concat", "all", List.of("of_candidates", "end"), "axis", 0)
        .node("Transpose", "logits", List.of("all"))
        .output("logits", OnnxWriter.FLOAT, 1, "logits_length");
  }

  /** The whole bundle over the eight routes. */
  static BundleWriter bundle(Path folder, float constant) {
    BundleWriter bundle = new BundleWriter(folder, "LISTWISE_RERANKER");
    bundle.manifest.remove("sequence");
    bundle.model(graph(constant, OnnxWriter.FLOAT).model());
    StringBuilder lines = new StringBuilder();
    for (Item route : routes()) {
      ObjectNode line = FixtureJson.JSON.createObjectNode().put("id", route.id());
      Feature.Tensor tensor = (Feature.Tensor) route.features().get("route");
      for (float number : tensor.values()) {
        line.withArray("/route").add(number);
      }
      lines.append(line).append('\n');
    }
    bundle.file("items.jsonl", lines.toString());
    bundle.manifest.putObject("items").put("file", "items.jsonl").put("count", 8);
    ObjectNode list = bundle.manifest.putObject("list");
    ObjectNode candidates = list.putArray("inputs").addObject();
    candidates.put("role", "FEATURE").put("name", "candidates");
    candidates.put("side", "CANDIDATE").put("feature", "route");
    ObjectNode context = list.withArray("/inputs").addObject();
    context.put("role", "FEATURE").put("name", "context");
    context.put("side", "REQUEST").put("feature", "end").put("default", END);
    list.putObject("selected").put("name", "selected").put("start", 0).put("offset", 1);
    list.put("logits", "logits");
    return bundle;
  }

  /** Five routes that have nothing in common, and three that nearly repeat one of them. */
  static List<Item> routes() {
    return List.of(
        route("motorway again", 0.95, 0, 0.98),
        route("motorway", 1, 0, 1),
        route("river", 0.9, 1, 1),
        route("coast again", 0.75, 2, 0.98),
        route("river again", 0.85, 1, 0.98),
        route("coast", 0.8, 2, 1),
        route("hills", 0.6, 3, 1),
        route("detour", 0.2, 4, 1));
  }

  private static Item route(String id, double base, int direction, double length) {
    float[] numbers = new float[WIDTH + 1];
    numbers[0] = (float) base;
    numbers[1 + direction] = (float) length;
    return new Item(id, Map.of("route", Feature.Tensor.vector(numbers)));
  }

  static List<ScoredItem> candidates(List<Item> items) {
    List<ScoredItem> candidates = new ArrayList<>();
    for (Item item : items) {
      candidates.add(new ScoredItem(item.id(), items.size() - candidates.size(), "search"));
    }
    return candidates;
  }

  /** What is picked, by the definition: places of items, and the probability of each choice. */
  record Picked(List<Integer> order, List<Double> scores) {}

  static Picked pick(List<Item> items, double end, int minLength, int maxLength) {
    List<Integer> order = new ArrayList<>();
    List<Double> scores = new ArrayList<>();
    double score = 0;
    while (order.size() < Math.min(maxLength, items.size())) {
      double[] logits = new double[items.size()];
      int best = -1;
      for (int i = 0; i < logits.length; i++) {
        logits[i] = order.contains(i) ? Double.NEGATIVE_INFINITY : logit(items, i, order);
        best = best < 0 || logits[i] > logits[best] ? i : best;
      }
      boolean mayEnd = order.size() >= minLength;
      if (mayEnd && end > logits[best]) {
        break;
      }
      double sum = mayEnd ? Math.exp(end) : 0;
      for (double logit : logits) {
        sum += Math.exp(logit);
      }
      score += logits[best] - Math.log(sum);
      order.add(best);
      scores.add(score);
    }
    return new Picked(order, scores);
  }

  private static double logit(List<Item> items, int place, List<Integer> picked) {
    float[] own = ((Feature.Tensor) items.get(place).features().get("route")).values();
    double largest = 0;
    double sum = Double.NEGATIVE_INFINITY;
    for (int other : picked) {
      float[] vector = ((Feature.Tensor) items.get(other).features().get("route")).values();
      double similarity = 0;
      for (int i = 1; i <= WIDTH; i++) {
        similarity += own[i] * vector[i];
      }
      sum = Math.max(sum, similarity);
    }
    return own[0] - 2 * Math.max(largest, sum);
  }
}
