package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.SeenItems;
import io.recommender.evaluation.Split;
import io.recommender.examples.shop.Quality;
import io.recommender.examples.shop.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaluate}: how good bundles and baselines are on a data set. */
@Command(
    name = "evaluate",
    description = "Measures bundles and baselines: quality, variety and latency.")
final class EvaluateCommand implements Callable<Integer> {
  private static final String INTERACTIONS = "interactions.tsv";

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = {
        "A table (.tsv, .inter) with a header, a text with one sequence a line, or a folder with"
            + " interactions.tsv or one such text."
      })
  private Path data;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description = "A bundle to measure; may be repeated.")
  private List<Path> bundles = List.of();

  @Option(
      names = "--baselines",
      description = "Also measure popularity, a Markov chain, item-kNN and session-kNN.")
  private boolean baselines;

  @Option(names = "--report", paramLabel = "FILE", description = "Write the report as HTML.")
  private Path report;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the report as JSON.")
  private Path json;

  @Option(
      names = "--cutoffs",
      split = ",",
      paramLabel = "K",
      defaultValue = "5,10,20",
      description = "Where lists are cut (default: ${DEFAULT-VALUE}).")
  private int[] cutoffs;

  @Option(names = "--filter-seen", description = "Never recommend what the user already had.")
  private boolean filterSeen;

  @Option(
      names = "--users",
      paramLabel = "N",
      description = "Ask about N users only, spread evenly.")
  private Integer users;

  @Option(
      names = "--split-at",
      paramLabel = "INSTANT",
      description = {
        "Split by time: train before it, ask about what came after, for example",
        "2014-04-07T00:00:00Z. Without it, the last interaction of each user is asked about."
      })
  private Instant splitAt;

  @Option(
      names = "--published",
      paramLabel = "FILE",
      description = {
        "Published values to print beside the measured ones, as JSON:",
        "{\"SASRec (published)\": {\"HR@10\": 0.0605}}."
      })
  private Path published;

  @Override
  public Integer call() throws IOException {
    if (bundles.isEmpty() && !baselines) {
      throw usage("expected --bundle or --baselines, found neither");
    }
    if (users != null && users < 1) {
      throw usage("--users: expected at least 1, found " + users);
    }
    for (int cutoff : cutoffs) {
      if (cutoff < 1) {
        throw usage("--cutoffs: expected at least 1, found " + cutoff);
      }
    }
    InteractionLog log = read(data);
    Split split = splitAt == null ? Split.leaveOneOut(log) : Split.byTime(log, splitAt);
    if (users != null) {
      split = Quality.sample(split, users);
    }
    List<OpenBundle> open = new ArrayList<>();
    try {
      for (Path bundle : bundles) {
        open.add(Bundles.open(bundle, Arrays.stream(cutoffs).max().orElseThrow()));
      }
      evaluate(open, log, split);
    } finally {
      open.forEach(OpenBundle::close);
    }
    return CommandLine.ExitCode.OK;
  }

  private void evaluate(List<OpenBundle> open, InteractionLog log, Split split) throws IOException {
    Catalog catalog = open.isEmpty() ? log.catalog() : open.get(0).catalog();
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    for (OpenBundle bundle : open) {
      requireSameItems(catalog, bundle);
      if (recommenders.put(bundle.name(), bundle.recommender()) != null) {
        throw new IllegalArgumentException(
            "--bundle: expected bundles of different name or version, found two " + bundle.name());
      }
    }
    if (baselines) {
      recommenders.putAll(Quality.baselines(catalog, split.training()));
    }
    EvaluationReport result =
        Progress.showing(
            Evaluator.builder()
                .cutoffs(cutoffs)
                .references(published == null ? List.of() : PublishedRows.read(published))
                .seenItems(filterSeen ? SeenItems.FILTER : SeenItems.KEEP),
            recommenders,
            split,
            catalog);
    Terminal.on(spec.commandLine().getOut()).text(result.toText());
    if (report != null) {
      Reports.writeHtml(result, report);
    }
    if (json != null) {
      Reports.writeJson(result, json);
    }
  }

  static InteractionLog read(Path data) throws IOException {
    Path file = Files.isDirectory(data) ? fileIn(data) : data;
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          file + ": expected a table or a text of interactions, found no such file");
    }
    String name = file.getFileName().toString();
    return name.endsWith(".tsv") || name.endsWith(".inter")
        ? InteractionLog.readTsv(file)
        : InteractionLog.readSequences(file);
  }

  /** The table, or the only text that is no description. */
  private static Path fileIn(Path folder) throws IOException {
    if (Files.isRegularFile(folder.resolve(INTERACTIONS))) {
      return folder.resolve(INTERACTIONS);
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> texts =
          files
              .filter(file -> file.getFileName().toString().endsWith(".txt"))
              .filter(file -> !file.getFileName().toString().startsWith("README"))
              .sorted()
              .toList();
      if (texts.size() != 1) {
        throw new IllegalArgumentException(
            "%s: expected %s or one .txt of sequences, found %s"
                .formatted(folder, INTERACTIONS, texts.stream().map(Path::getFileName).toList()));
      }
      return texts.get(0);
    }
  }

  private static void requireSameItems(Catalog catalog, OpenBundle bundle) {
    Catalog other = bundle.catalog();
    for (int ordinal = 0; ordinal < other.size(); ordinal++) {
      if (!catalog.contains(other.id(ordinal))) {
        throw new IllegalArgumentException(
            "--bundle: expected bundles of the same items, found '%s' only in %s"
                .formatted(other.id(ordinal), bundle.modelVersion()));
      }
    }
  }

  private CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }
}
