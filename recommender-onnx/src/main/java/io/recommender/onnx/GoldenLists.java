package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.internal.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Requests and candidates with the lists of the training framework, picked before a reranker is
 * handed out: a warm-up and a proof of parity in one.
 */
final class GoldenLists {
  private final String file;
  private final double tolerance;
  private final List<Golden> requests;

  private GoldenLists(String file, double tolerance, List<Golden> requests) {
    this.file = file;
    this.tolerance = tolerance;
    this.requests = requests;
  }

  private record Golden(
      RecommendationRequest request, List<Item> candidates, int[] order, double[] scores) {}

  static GoldenLists read(Path path, Catalog catalog) {
    String file = path.getFileName().toString();
    try (JsonObject root = BundleJson.object(file, "", BundleJson.read(path))) {
      double tolerance = GoldenRequests.tolerance(root);
      List<Golden> requests =
          root.array(
              "requests", (place, value) -> golden(BundleJson.object(file, place, value), catalog));
      if (requests.isEmpty()) {
        throw BundleFailures.invalid(file, "/requests: expected at least one, found none");
      }
      return new GoldenLists(file, tolerance, requests);
    }
  }

  private static Golden golden(JsonObject node, Catalog catalog) {
    try (JsonObject golden = node) {
      RecommendationRequest request = GoldenRankings.request(golden);
      List<Item> candidates =
          golden.array(
              "candidates",
              (place, value) -> GoldenRankings.candidate(golden, place, value, catalog));
      golden.require("order", "an array of places of candidates");
      List<Integer> order = golden.integers("order");
      List<Double> scores =
          golden.array(
              "scores",
              (place, value) -> {
                if (!value.isNumber()) {
                  throw BundleJson.wrong(golden.file(), place, "a number", value);
                }
                return value.doubleValue();
              });
      if (candidates.isEmpty() || scores.size() != order.size()) {
        throw BundleFailures.invalid(
            golden.file(),
            "%s: expected candidates, and as many scores as places in order, found %d candidates, %d scores and %d places"
                .formatted(golden.place(), candidates.size(), scores.size(), order.size()));
      }
      return new Golden(
          request,
          candidates,
          order.stream().mapToInt(Integer::intValue).toArray(),
          scores.stream().mapToDouble(Double::doubleValue).toArray());
    }
  }

  /** Picks the list of every request. */
  void replay(OnnxListReranker reranker) {
    for (int number = 0; number < requests.size(); number++) {
      Golden golden = requests.get(number);
      PointerLoop found = reranker.pickAsExported(golden.request(), golden.candidates());
      if (!Arrays.equals(golden.order(), found.order())) {
        throw BundleFailures.invalid(
            file,
            "request %d of %d: expected the list %s as in training, found %s; check defaults, the order of columns, start and offset of what was picked, and the lengths"
                .formatted(
                    number + 1,
                    requests.size(),
                    Arrays.toString(golden.order()),
                    Arrays.toString(found.order())));
      }
      for (int i = 0; i < golden.scores().length; i++) {
        double expected = golden.scores()[i];
        if (!(Math.abs(found.scores()[i] - expected)
            <= tolerance * Math.max(1, Math.abs(expected)))) {
          throw BundleFailures.invalid(
              file,
              "request %d of %d, place %d: expected the score %s as in training, found %s (tolerance %s)"
                  .formatted(
                      number + 1, requests.size(), i + 1, expected, found.scores()[i], tolerance));
        }
      }
    }
  }
}
