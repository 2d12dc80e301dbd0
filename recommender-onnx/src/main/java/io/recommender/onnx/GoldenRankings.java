package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests and candidates with the outputs of the training framework, scored before a ranker is
 * handed out: a warm-up and a proof of parity in one.
 */
final class GoldenRankings {
  private final String file;
  private final double tolerance;
  private final List<Golden> requests;
  private final List<String> tasks;
  private final Outputs model;

  private GoldenRankings(
      String file, double tolerance, List<Golden> requests, List<String> tasks, Outputs model) {
    this.file = file;
    this.tolerance = tolerance;
    this.requests = requests;
    this.tasks = tasks;
    this.model = model;
  }

  /** What a model says of candidates, a row for each and a column for each task. */
  @FunctionalInterface
  interface Outputs {
    float[][] of(RecommendationRequest request, List<Item> candidates);
  }

  private record Golden(RecommendationRequest request, List<Item> candidates, float[][] outputs) {}

  /**
   * Reads a file.
   *
   * @param catalog the items of the bundle, which candidates may be
   */
  static GoldenRankings read(Path path, Catalog catalog, List<String> tasks, Outputs model) {
    String file = path.getFileName().toString();
    try (JsonObject root = BundleJson.object(file, "", BundleJson.read(path))) {
      double tolerance = GoldenRequests.tolerance(root);
      List<Golden> requests =
          root.array(
              "requests",
              (place, value) ->
                  golden(BundleJson.object(file, place, value), catalog, tasks.size()));
      if (requests.isEmpty()) {
        throw BundleFailures.invalid(file, "/requests: expected at least one, found none");
      }
      return new GoldenRankings(file, tolerance, requests, tasks, model);
    }
  }

  private static Golden golden(JsonObject node, Catalog catalog, int tasks) {
    try (JsonObject golden = node) {
      RecommendationRequest request = request(golden);
      List<Item> candidates =
          golden.array("candidates", (place, value) -> candidate(golden, place, value, catalog));
      List<float[]> outputs =
          golden.array("outputs", (place, value) -> row(golden.file(), place, value, tasks));
      if (candidates.isEmpty() || candidates.size() != outputs.size()) {
        throw BundleFailures.invalid(
            golden.file(),
            "%s: expected as many outputs as candidates, at least one, found %d candidates and %d outputs"
                .formatted(golden.place(), candidates.size(), outputs.size()));
      }
      return new Golden(request, candidates, outputs.toArray(new float[0][]));
    }
  }

  /** The history and the context of a golden request. */
  static RecommendationRequest request(JsonObject golden) {
    RecommendationRequest.Builder request =
        RecommendationRequest.of(
            golden.has("history")
                ? UserHistory.of(
                    golden.array(
                        "history",
                        (place, value) -> GoldenRequests.interaction(golden.file(), place, value)))
                : UserHistory.empty());
    features(golden, "context").forEach(request::context);
    return request.build();
  }

  /** An item of the bundle by its id, or features, which need no id. */
  static Item candidate(JsonObject golden, String place, JsonNode value, Catalog catalog) {
    if (value.isTextual()) {
      return catalog
          .find(value.textValue())
          .orElseThrow(
              () ->
                  BundleJson.wrong(golden.file(), place, "the id of an item or an object", value));
    }
    try (JsonObject candidate = BundleJson.object(golden.file(), place, value)) {
      return new Item(candidate.string("id", "golden candidate"), features(candidate, "features"));
    }
  }

  static Map<String, Feature> features(JsonObject node, String member) {
    Map<String, Feature> features = new HashMap<>();
    if (node.has(member)) {
      try (JsonObject named = node.object(member)) {
        named
            .members()
            .forEach(
                name ->
                    features.put(
                        name,
                        ItemsFile.feature(
                            node.file(),
                            named.place() + "/" + name,
                            named.require(name, "a feature"))));
      }
    }
    return features;
  }

  private static float[] row(String file, String place, JsonNode value, int tasks) {
    if (!value.isArray() || value.size() != tasks) {
      throw BundleJson.wrong(file, place, "an array of " + tasks + " numbers", value);
    }
    float[] row = new float[tasks];
    for (int i = 0; i < tasks; i++) {
      if (!value.get(i).isNumber()) {
        throw BundleJson.wrong(file, place + "/" + i, "a number", value.get(i));
      }
      row[i] = value.get(i).floatValue();
    }
    return row;
  }

  /** Scores the candidates of every request together, then each alone. */
  void replay() {
    for (int number = 0; number < requests.size(); number++) {
      Golden golden = requests.get(number);
      float[][] together = model.of(golden.request(), golden.candidates());
      for (int i = 0; i < golden.candidates().size(); i++) {
        check(number, i, "", together[i]);
        check(
            number,
            i,
            " alone",
            model.of(golden.request(), golden.candidates().subList(i, i + 1))[0]);
      }
    }
  }

  private void check(int number, int candidate, String how, float[] outputs) {
    Golden golden = requests.get(number);
    for (int task = 0; task < tasks.size(); task++) {
      String name = tasks.get(task);
      float expected = golden.outputs()[candidate][task];
      float found = outputs[task];
      if (!(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)))) {
        throw BundleFailures.invalid(
            file,
            "request %d of %d, candidate %d%s, task '%s': expected %s as in training, found %s (tolerance %s); check vocabularies, templates, defaults, padding side and the order of columns and tasks"
                .formatted(
                    number + 1,
                    requests.size(),
                    candidate + 1,
                    how,
                    name,
                    expected,
                    found,
                    tolerance));
      }
    }
  }
}
