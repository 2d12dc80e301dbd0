package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests with the answers of the training framework, replayed before a recommender is handed out:
 * a warm-up and a proof of parity in one.
 */
final class GoldenRequests {
  private final String file;
  private final double tolerance;
  private final List<Golden> requests;

  private GoldenRequests(String file, double tolerance, List<Golden> requests) {
    this.file = file;
    this.tolerance = tolerance;
    this.requests = requests;
  }

  private record Golden(RecommendationRequest request, List<String> items, double[] scores) {}

  static GoldenRequests read(Path path) {
    String file = path.getFileName().toString();
    try (JsonObject root = BundleJson.object(file, "", BundleJson.read(path))) {
      double tolerance = tolerance(root);
      List<Golden> requests =
          root.array("requests", (place, value) -> golden(BundleJson.object(file, place, value)));
      if (requests.isEmpty()) {
        throw BundleFailures.invalid(file, "/requests: expected at least one, found none");
      }
      return new GoldenRequests(file, tolerance, requests);
    }
  }

  /** How far a number may be from that of the training framework, relative to 1 or to itself. */
  static double tolerance(JsonObject root) {
    double tolerance = root.number("tolerance", 1e-4);
    if (!(tolerance >= 0) || Double.isInfinite(tolerance)) {
      throw BundleFailures.invalid(
          root.file(), "/tolerance: expected a finite number of at least 0, found " + tolerance);
    }
    return tolerance;
  }

  private static Golden golden(JsonObject node) {
    try (JsonObject golden = node) {
      List<Interaction> history =
          golden.array("history", (place, value) -> interaction(golden.file(), place, value));
      List<String> items = golden.strings("items");
      List<Double> scores =
          golden.array(
              "scores",
              (place, value) -> {
                if (!value.isNumber()) {
                  throw BundleJson.wrong(golden.file(), place, "a number", value);
                }
                return value.doubleValue();
              });
      if (items.isEmpty() || items.size() != scores.size()) {
        throw BundleFailures.invalid(
            golden.file(),
            "%s: expected as many scores as items, at least one, found %d items and %d scores"
                .formatted(golden.place(), items.size(), scores.size()));
      }
      RecommendationRequest.Builder request =
          RecommendationRequest.of(UserHistory.of(history))
              .k(golden.integer("k", items.size(), items.size()));
      if (golden.has("at")) {
        request.time(time(golden, "at"));
      }
      request.seed(golden.integer("seed", Integer.MIN_VALUE, 0));
      features(golden, "context").forEach(request::context);
      return new Golden(
          request.build(), items, scores.stream().mapToDouble(Double::doubleValue).toArray());
    }
  }

  static Interaction interaction(String file, String place, JsonNode value) {
    if (value.isTextual() && !value.textValue().isEmpty()) {
      return Interaction.of(value.textValue());
    }
    if (!value.isObject()) {
      throw BundleJson.wrong(file, place, "an item id or an object", value);
    }
    try (JsonObject node = BundleJson.object(file, place, value)) {
      Interaction interaction = Interaction.of(node.string("item"));
      if (node.has("at")) {
        interaction = interaction.withTime(time(node, "at"));
      }
      if (node.has("behavior")) {
        interaction = interaction.withBehavior(node.string("behavior"));
      }
      if (node.has("domain")) {
        interaction = interaction.withDomain(node.string("domain"));
      }
      for (Map.Entry<String, Feature> feature : features(node, "context").entrySet()) {
        interaction = interaction.withContext(feature.getKey(), feature.getValue());
      }
      return interaction;
    }
  }

  private static Map<String, Feature> features(JsonObject node, String member) {
    Map<String, Feature> features = new HashMap<>();
    if (node.has(member)) {
      try (JsonObject context = node.object(member)) {
        context
            .members()
            .forEach(
                name -> {
                  JsonNode value = context.require(name, "a number or an array of numbers");
                  features.put(name, feature(context, name, value));
                });
      }
    }
    return features;
  }

  private static Feature feature(JsonObject context, String name, JsonNode value) {
    if (value.isNumber() && Double.isFinite(value.doubleValue())) {
      return new Feature.Scalar(value.doubleValue());
    }
    if (!value.isArray()) {
      throw context.wrong(name, "a number or an array of numbers", value);
    }
    float[] values = new float[value.size()];
    for (int i = 0; i < values.length; i++) {
      if (!value.get(i).isNumber() || !Float.isFinite(value.get(i).floatValue())) {
        throw context.wrong(name, "a number or an array of numbers", value);
      }
      values[i] = value.get(i).floatValue();
    }
    return Feature.Tensor.vector(values);
  }

  private static Instant time(JsonObject node, String member) {
    String text = node.string(member);
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw BundleFailures.invalid(
          node.file(),
          "%s/%s: expected an ISO-8601 instant, found '%s'".formatted(node.place(), member, text),
          e);
    }
  }

  /** Answers every request alone, then all of them as a batch. */
  void replay(SequenceRecommender recommender) {
    List<RecommendationRequest> all = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      RecommendationRequest request = requests.get(i).request();
      all.add(request);
      check(i, "", recommender.recommend(request));
    }
    List<Recommendations> answers = recommender.recommendAll(all);
    for (int i = 0; i < requests.size(); i++) {
      check(i, " in a batch", answers.get(i));
    }
  }

  /**
   * Answers the same requests through an index that may miss items: those that it finds have the
   * scores of the golden requests, and no other item has a score above theirs.
   *
   * @param least which part of the items has to be found
   * @return which part was found
   */
  double replay(SequenceRecommender recommender, double least) {
    int found = 0;
    int expected = 0;
    List<RecommendationRequest> all = requests.stream().map(Golden::request).toList();
    List<Recommendations> answers = new ArrayList<>();
    all.forEach(request -> answers.add(recommender.recommend(request)));
    answers.addAll(recommender.recommendAll(all));
    for (int i = 0; i < answers.size(); i++) {
      int number = i % requests.size();
      found += found(number, i < requests.size() ? "" : " in a batch", answers.get(i));
      expected += requests.get(number).items().size();
    }
    double recall = found / Math.max(1.0, expected);
    if (recall < least) {
      throw BundleFailures.invalid(
          file,
          "expected an index that finds %s of the golden items, found one that finds %.4f; search it"
                  .formatted(least, recall)
              + " longer, or lower BundleOptions.goldenRecall");
    }
    return recall;
  }

  private int found(int number, String how, Recommendations answer) {
    Golden golden = requests.get(number);
    double last = golden.scores()[golden.scores().length - 1];
    int found = 0;
    for (ScoredItem item : answer) {
      int rank = golden.items().indexOf(item.itemId());
      double score = rank < 0 ? last : golden.scores()[rank];
      double excess = item.score() - score;
      double allowed = tolerance * Math.max(1, Math.abs(score));
      if (excess > allowed || (rank >= 0 && excess < -allowed)) {
        throw BundleFailures.invalid(
            file,
            "request %d of %d%s, item '%s': expected score %s%s as in training, found %s (tolerance %s)"
                .formatted(
                    number + 1,
                    requests.size(),
                    how,
                    item.itemId(),
                    rank < 0 ? "at most " : "",
                    score,
                    item.score(),
                    tolerance));
      }
      // An item as good as the last one of the list takes its place.
      found += rank >= 0 || excess >= -allowed ? 1 : 0;
    }
    return Math.min(found, golden.items().size());
  }

  private void check(int number, String how, Recommendations answer) {
    Golden golden = requests.get(number);
    List<String> expected = golden.items();
    for (int rank = 0; rank < expected.size(); rank++) {
      String foundItem = rank < answer.size() ? answer.items().get(rank).itemId() : "nothing";
      double foundScore = rank < answer.size() ? answer.items().get(rank).score() : Double.NaN;
      double score = golden.scores()[rank];
      double allowed = tolerance * Math.max(1, Math.abs(score));
      boolean scoreAgrees = Math.abs(foundScore - score) <= allowed;
      if (!scoreAgrees || !itemAgrees(golden, rank, foundItem, allowed)) {
        throw BundleFailures.invalid(
            file,
            "request %d of %d%s, rank %d: expected item '%s' with score %s as in training, found '%s' with %s (tolerance %s); check padding side, id offset, window length and the order of the items"
                .formatted(
                    number + 1,
                    requests.size(),
                    how,
                    rank + 1,
                    expected.get(rank),
                    score,
                    foundItem,
                    foundScore,
                    tolerance));
      }
    }
  }

  /** Items may change places within the tolerance; the last one with items beyond the list. */
  private static boolean itemAgrees(Golden golden, int rank, String found, double allowed) {
    int expectedRank = golden.items().indexOf(found);
    if (expectedRank == rank) {
      return true;
    }
    double score = golden.scores()[rank];
    if (expectedRank >= 0) {
      return Math.abs(golden.scores()[expectedRank] - score) <= allowed;
    }
    double last = golden.scores()[golden.scores().length - 1];
    return Math.abs(last - score) <= allowed;
  }
}
