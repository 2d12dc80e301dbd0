package io.recommender.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Feature;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares a cross-encoder with the scores of the training framework in its golden requests, whose
 * candidates are items of the bundle and whose contexts are texts. Not part of the build: models
 * that are worth it are not ours to ship.
 *
 * <p>The argument is a bundle whose score is a {@code VALUE} or a {@code LOGIT}. Prints the number
 * of pairs, the largest difference of a logit, in how many requests the order differs, and the
 * time. Exits with status 1 if a logit is off by more than 1e-4.
 */
final class CrossEncoderCheck {
  private static final double TOLERANCE = 1e-4;

  private CrossEncoderCheck() {}

  public static void main(String[] args) {
    if (args.length != 1) {
      System.err.println("expected one argument, the folder of the bundle");
      System.exit(2);
    }
    Path folder = Path.of(args[0]);
    JsonNode golden = FixtureJson.read(folder.resolve("golden.json"));
    double worst = 0;
    int pairs = 0;
    int swapped = 0;
    long nanoseconds = 0;
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(folder)) {
      boolean logit =
          ManifestReader.read(folder.resolve(Manifest.FILE))
                  .crossEncoder()
                  .orElseThrow()
                  .score()
                  .kind()
              == Ranker.TaskKind.LOGIT;
      for (JsonNode node : golden.get("requests")) {
        RecommendationRequest.Builder request =
            RecommendationRequest.of(UserHistory.ofItems(texts(node.path("history"))));
        node.path("context")
            .properties()
            .forEach(e -> request.context(e.getKey(), new Feature.Text(e.getValue().textValue())));
        List<String> ids = texts(node.get("candidates"));
        Map<String, Double> expected = new HashMap<>();
        for (int i = 0; i < ids.size(); i++) {
          expected.put(ids.get(i), node.get("outputs").get(i).get(0).doubleValue());
        }
        List<ScoredItem> candidates = ids.stream().map(id -> new ScoredItem(id, 0)).toList();
        long start = System.nanoTime();
        List<ScoredItem> ranked = reader.rerank(request.build(), candidates);
        nanoseconds += System.nanoTime() - start;
        double before = Double.POSITIVE_INFINITY;
        boolean ordered = true;
        for (ScoredItem item : ranked) {
          double said = item.score();
          double found = logit ? Math.log(said / (1 - said)) : said;
          worst = Math.max(worst, Math.abs(found - expected.get(item.itemId())));
          ordered &= expected.get(item.itemId()) <= before;
          before = expected.get(item.itemId());
        }
        swapped += ordered ? 0 : 1;
        pairs += ids.size();
      }
    }
    System.out.printf(
        "%d pairs, largest difference of a logit %.1e, %d requests in another order, %.2f ms a pair%n",
        pairs, worst, swapped, nanoseconds / 1e6 / pairs);
    System.exit(worst <= TOLERANCE ? 0 : 1);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.textValue()));
    return texts;
  }
}
