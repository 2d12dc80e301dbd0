package io.recommender.examples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.examples.shop.Terminal;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code parity}: a bundle against the answers of the framework that trained it. */
@Command(
    name = "parity",
    description = {
      "Compares a bundle with answers of the training framework, request by request.",
      "Each line of the file: {\"history\": [ids], \"items\": [ids], \"scores\": [numbers]}."
    })
final class ParityCommand implements Callable<Integer> {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The folder of the bundle.")
  private Path bundle;

  @Option(
      names = "--expected",
      required = true,
      paramLabel = "FILE",
      description = "Requests and answers, one JSON object a line.")
  private Path expected;

  @Option(
      names = "--tolerance",
      defaultValue = "1e-4",
      description = "Allowed difference of scores (default: ${DEFAULT-VALUE}).")
  private double tolerance;

  @Option(
      names = "--beams",
      paramLabel = "N",
      description = {
        "Decode with so many beams, and compare with those lines that say {\"beams\": N},",
        "for a bundle that writes codes of items."
      })
  private Integer beams;

  /** What the framework answered, and what it was asked. */
  private record Case(RecommendationRequest request, List<String> items, double[] scores) {}

  private int ranks;
  private int swaps;
  private int faults;
  private double largest;

  @Override
  public Integer call() throws IOException {
    List<Case> cases = read();
    if (cases.isEmpty()) {
      throw new IllegalArgumentException(
          expected
              + ": expected requests"
              + (beams == null ? "" : " of %d beams".formatted(beams))
              + ", found none");
    }
    Terminal terminal = Terminal.on(spec.commandLine().getOut());
    long[] nanos = new long[cases.size()];
    long[] worked = new long[cases.size()];
    int most = cases.stream().mapToInt(one -> one.items().size()).max().orElse(1);
    try (OpenBundle open =
        beams == null
            ? Bundles.open(bundle, most)
            : Bundles.open(bundle, options -> options.width(beams))) {
      SequenceRecommender recommender = open.recommender();
      // The batch also warms up what is timed below.
      List<Recommendations> batched =
          recommender.recommendAll(cases.stream().map(Case::request).toList());
      for (int i = 0; i < cases.size(); i++) {
        long start = System.nanoTime();
        long startOfWork = THREADS.getCurrentThreadCpuTime();
        Recommendations alone = recommender.recommend(cases.get(i).request());
        worked[i] = THREADS.getCurrentThreadCpuTime() - startOfWork;
        nanos[i] = System.nanoTime() - start;
        compare(cases.get(i), alone);
        compare(cases.get(i), batched.get(i));
      }
      terminal.line("  model               %s", open.modelVersion());
    }
    terminal.line("  requests            %,d, each alone and in a batch", cases.size());
    terminal.line("  ranks compared      %,d", ranks);
    terminal.line("  largest difference  %.2e of a score", largest);
    terminal.line("  swapped ties        %,d, closer than %.0e", swaps, tolerance);
    terminal.line("  disagreements       %,d", faults);
    showTime(terminal, "time of a request", nanos);
    showTime(terminal, "processor time", worked);
    return faults == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static void showTime(Terminal terminal, String what, long[] nanos) {
    Arrays.sort(nanos);
    terminal.line(
        "  %-19s median %.2f ms, 95%% within %.2f ms",
        what, nanos[nanos.length / 2] / 1e6, nanos[nanos.length * 95 / 100] / 1e6);
  }

  private List<Case> read() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Case> cases = new ArrayList<>();
    for (String line : Files.readAllLines(expected)) {
      JsonNode node = json.readTree(line);
      if (beams != null && node.path("beams").asInt(beams) != beams) {
        continue;
      }
      List<String> history = strings(node, "history", cases.size() + 1);
      List<String> items = strings(node, "items", cases.size() + 1);
      double[] scores = new double[items.size()];
      if (node.path("scores").size() != scores.length || scores.length == 0) {
        throw new IllegalArgumentException(
            "%s, line %d: expected as many scores as items, at least one, found %d items and %d scores"
                .formatted(expected, cases.size() + 1, scores.length, node.path("scores").size()));
      }
      for (int i = 0; i < scores.length; i++) {
        scores[i] = node.get("scores").get(i).asDouble();
      }
      cases.add(
          new Case(
              RecommendationRequest.of(UserHistory.ofItems(history)).k(items.size()).build(),
              items,
              scores));
    }
    return cases;
  }

  private List<String> strings(JsonNode node, String member, int line) {
    if (!node.path(member).isArray()) {
      throw new IllegalArgumentException(
          "%s, line %d: expected an array \"%s\"".formatted(expected, line, member));
    }
    List<String> strings = new ArrayList<>();
    node.get(member).forEach(element -> strings.add(element.asText()));
    return strings;
  }

  private void compare(Case wanted, Recommendations found) {
    for (int rank = 0; rank < wanted.items().size(); rank++) {
      ranks++;
      if (rank >= found.size()) {
        faults++;
        continue;
      }
      double difference = Math.abs(found.items().get(rank).score() - wanted.scores()[rank]);
      largest = Math.max(largest, difference);
      boolean sameItem = found.items().get(rank).itemId().equals(wanted.items().get(rank));
      if (difference > tolerance) {
        faults++;
      } else if (!sameItem) {
        if (tied(wanted, rank)) {
          swaps++;
        } else {
          faults++;
        }
      }
    }
  }

  /**
   * Whether a neighbour in the list is closer than the tolerance; the last may tie with outsiders.
   */
  private boolean tied(Case wanted, int rank) {
    double[] scores = wanted.scores();
    return rank == scores.length - 1
        || (rank > 0 && scores[rank - 1] - scores[rank] <= tolerance)
        || scores[rank] - scores[rank + 1] <= tolerance;
  }
}
