package io.recommender.examples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.evaluation.ScoreMetrics;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RankerScores;
import io.recommender.onnx.RecommenderBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rank}: how well a ranker tells what happened from what did not. */
@Command(
    name = "rank",
    description = {
      "Scores labelled candidates with a ranker, and shows AUC and log loss of each task.",
      "Each line of the file: {\"history\": [...], \"context\": {...}, \"candidates\": [...],",
      "\"labels\": {task: [0 or 1, ...]}}, as the training writes it."
    })
final class RankCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The folder of the bundle.")
  private Path bundle;

  @Option(
      names = "--rows",
      required = true,
      paramLabel = "FILE",
      description = "Labelled candidates, one request a line.")
  private Path rows;

  /** Candidates of one request with what happened, by task. */
  private record Case(
      RecommendationRequest request, List<Item> candidates, Map<String, boolean[]> labels) {}

  @Override
  public Integer call() throws IOException {
    Bundles.requireFolder(bundle);
    Terminal terminal = Terminal.on(spec.commandLine().getOut());
    try (OnnxReranker ranker = RecommenderBundle.openReranker(bundle)) {
      List<Case> cases = read(ranker);
      int count = cases.stream().mapToInt(one -> one.candidates().size()).sum();
      Map<String, double[]> scores = new HashMap<>();
      Map<String, boolean[]> labels = new HashMap<>();
      for (String task : ranker.tasks()) {
        scores.put(task, new double[count]);
        labels.put(task, new boolean[count]);
      }
      long nanos = 0;
      int from = 0;
      for (Case one : cases) {
        long start = System.nanoTime();
        RankerScores found = ranker.score(one.request(), one.candidates());
        nanos += System.nanoTime() - start;
        for (String task : ranker.tasks()) {
          System.arraycopy(found.scores(task), 0, scores.get(task), from, found.size());
          System.arraycopy(one.labels().get(task), 0, labels.get(task), from, found.size());
        }
        from += found.size();
      }
      terminal.line("  model       %s", ranker.modelVersion());
      terminal.line(
          "  candidates  %s",
          String.format(
              Locale.ROOT,
              "%,d of %,d requests, %.1f µs each",
              count,
              cases.size(),
              nanos / 1e3 / count));
      for (String task : ranker.tasks()) {
        show(terminal, task, scores.get(task), labels.get(task));
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private static void show(Terminal terminal, String task, double[] scores, boolean[] labels) {
    int positives = 0;
    for (boolean label : labels) {
      positives += label ? 1 : 0;
    }
    boolean probabilities = Arrays.stream(scores).allMatch(score -> score >= 0 && score <= 1);
    terminal.line(
        "  %s  %s",
        Terminal.fit(task, 16),
        String.format(
            Locale.ROOT,
            "AUC %.6f%s, %,d happened",
            ScoreMetrics.auc(scores, labels),
            probabilities
                ? String.format(
                    Locale.ROOT, ", log loss %.6f", ScoreMetrics.logLoss(scores, labels))
                : "",
            positives));
  }

  private List<Case> read(OnnxReranker ranker) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Case> cases = new ArrayList<>();
    for (String line : Files.readAllLines(rows)) {
      JsonNode node = json.readTree(line);
      int number = cases.size() + 1;
      RecommendationRequest.Builder request =
          RecommendationRequest.of(UserHistory.of(history(node.path("history"))));
      features(node.path("context"), number).forEach(request::context);
      List<Item> candidates = new ArrayList<>();
      for (JsonNode candidate : node.path("candidates")) {
        candidates.add(
            candidate.isTextual()
                ? ranker
                    .catalog()
                    .find(candidate.textValue())
                    .orElseGet(() -> Item.of(candidate.textValue()))
                : new Item("candidate", features(candidate.path("features"), number)));
      }
      Map<String, boolean[]> labels = new HashMap<>();
      for (String task : ranker.tasks()) {
        JsonNode given = node.path("labels").path(task);
        if (given.size() != candidates.size() || candidates.isEmpty()) {
          throw new IllegalArgumentException(
              "%s, line %d: expected a label of task '%s' for each of %d candidates, found %d"
                  .formatted(rows, number, task, candidates.size(), given.size()));
        }
        boolean[] happened = new boolean[given.size()];
        for (int i = 0; i < happened.length; i++) {
          happened[i] = given.get(i).asInt() == 1;
        }
        labels.put(task, happened);
      }
      cases.add(new Case(request.build(), candidates, labels));
    }
    if (cases.isEmpty()) {
      throw new IllegalArgumentException(rows + ": expected requests, found none");
    }
    return cases;
  }

  private static List<Interaction> history(JsonNode steps) {
    List<Interaction> history = new ArrayList<>();
    for (JsonNode step : steps) {
      Interaction interaction =
          Interaction.of(step.isTextual() ? step.textValue() : step.path("item").asText());
      history.add(
          step.has("behavior")
              ? interaction.withBehavior(step.get("behavior").asText())
              : interaction);
    }
    return history;
  }

  private Map<String, Feature> features(JsonNode node, int line) {
    Map<String, Feature> features = new HashMap<>();
    node.properties()
        .forEach(entry -> features.put(entry.getKey(), feature(entry.getValue(), line)));
    return features;
  }

  private Feature feature(JsonNode value, int line) {
    if (value.isNumber()) {
      return new Feature.Scalar(value.doubleValue());
    }
    if (value.isTextual()) {
      return new Feature.Category(value.textValue());
    }
    if (value.isArray() && !value.isEmpty() && value.get(0).isNumber()) {
      float[] numbers = new float[value.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = value.get(i).floatValue();
      }
      return Feature.Tensor.vector(numbers);
    }
    if (value.isArray()) {
      List<String> ids = new ArrayList<>();
      value.forEach(id -> ids.add(id.asText()));
      return new Feature.Ids(ids);
    }
    throw new IllegalArgumentException(
        "%s, line %d: expected a feature, found %s".formatted(rows, line, value));
  }
}
