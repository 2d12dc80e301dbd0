package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.SequenceRecommender;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.SeenItems;
import io.recommender.evaluation.Split;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cold}: what texts do for items that nobody has met. */
@Command(
    name = "cold",
    description = {
      "Holds items out, as if nobody had met them, and measures how a bundle that knows ids, the texts",
      "of items alone, and both together find them."
    })
final class ColdCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "Interactions, as for evaluate.")
  private Path data;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "A bundle that ends in a user vector.")
  private Path bundle;

  @Option(
      names = "--encoder",
      required = true,
      paramLabel = "DIR",
      description = "A bundle that encodes the texts of items.")
  private Path encoder;

  @Option(
      names = "--items",
      paramLabel = "FILE",
      description = {
        "A table (.tsv) of items: the id, then texts, named by a header. Without it, the items of the",
        "bundle have the texts."
      })
  private Path items;

  @Option(
      names = "--share",
      defaultValue = "0.1",
      description = "The part of the items that is held out (default: ${DEFAULT-VALUE}).")
  private double share;

  @Option(
      names = "--seed",
      defaultValue = "42",
      description = "The seed of the items that are held out (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--lambda",
      defaultValue = "1",
      description = "How much the weights of the map are held down (default: ${DEFAULT-VALUE}).")
  private double lambda;

  @Option(
      names = "--decay",
      defaultValue = "0.4",
      description = "What an item counts for less than the next (default: ${DEFAULT-VALUE}).")
  private double decay;

  @Option(
      names = "--validation",
      description = "Ask about the second last interactions, to choose parameters by.")
  private boolean validation;

  @Option(names = "--filter-seen", description = "Never recommend what the user already had.")
  private boolean filterSeen;

  @Option(
      names = "--cutoffs",
      split = ",",
      paramLabel = "K",
      defaultValue = "5,10,20",
      description = "Where lists are cut (default: ${DEFAULT-VALUE}).")
  private int[] cutoffs;

  @Option(
      names = "--json",
      paramLabel = "DIR",
      description = "Write the three reports into a folder, as JSON.")
  private Path json;

  @Override
  public Integer call() throws IOException {
    if (!(share > 0 && share < 1)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--share: expected above 0 and below 1, found " + share);
    }
    InteractionLog log = EvaluateCommand.read(data);
    Split split = validation ? Split.leaveOneOutValidation(log) : Split.leaveOneOut(log);
    try (OnnxItemEncoder texts = RecommenderBundle.openEncoder(encoder);
        ColdStart cold = ColdStart.of(bundle, share, seed)) {
      Catalog catalog = cold.catalog();
      Map<String, SequenceRecommender> compared =
          cold.recommenders(
              texts, items == null ? all(catalog) : read(items, catalog), lambda, decay, split);
      Terminal terminal = Terminal.on(spec.commandLine().getOut());
      terminal.line(
          "  %,d of %,d items held out with seed %d; map fitted to %,d items, lambda %s",
          cold.heldOut().size(),
          catalog.size(),
          seed,
          catalog.size() - cold.heldOut().size(),
          lambda);
      report(terminal, "all", compared, cold.all(split), catalog);
      Split targets = cold.heldOutTargets(split);
      report(terminal, "held-out", compared, targets, catalog);
      report(terminal, "held-out-among-themselves", cold.amongHeldOut(compared), targets, catalog);
    }
    return CommandLine.ExitCode.OK;
  }

  private void report(
      Terminal terminal,
      String name,
      Map<String, SequenceRecommender> recommenders,
      Split split,
      Catalog catalog)
      throws IOException {
    EvaluationReport report =
        Progress.showing(
            Evaluator.builder()
                .cutoffs(cutoffs)
                .seenItems(filterSeen ? SeenItems.FILTER : SeenItems.KEEP),
            recommenders,
            split,
            catalog);
    terminal.heading(name.replace('-', ' '));
    terminal.text(report.toText());
    if (json != null) {
      Reports.writeJson(report, json.resolve(name + ".json"));
    }
  }

  private static List<Item> all(Catalog catalog) {
    List<Item> all = new ArrayList<>();
    for (int ordinal = 0; ordinal < catalog.size(); ordinal++) {
      all.add(catalog.item(ordinal));
    }
    return all;
  }

  /** Reads the texts of all items of a catalogue, in its order. */
  private static List<Item> read(Path file, Catalog catalog) throws IOException {
    List<String> lines = Files.readAllLines(file);
    String[] names = lines.isEmpty() ? new String[0] : lines.get(0).split("\t", -1);
    Item[] found = new Item[catalog.size()];
    for (int line = 1; line < lines.size(); line++) {
      String[] values = lines.get(line).split("\t", -1);
      if (values.length != names.length) {
        throw new IOException(
            "%s: line %d: expected %d columns as the header has, found %d"
                .formatted(file, line + 1, names.length, values.length));
      }
      int ordinal = catalog.ordinal(values[0]);
      if (ordinal != Catalog.UNKNOWN) {
        Map<String, Feature> features = new HashMap<>();
        for (int i = 1; i < names.length; i++) {
          features.put(names[i], new Feature.Text(values[i]));
        }
        found[ordinal] = new Item(values[0], features);
      }
    }
    for (int ordinal = 0; ordinal < found.length; ordinal++) {
      if (found[ordinal] == null) {
        throw new IOException(
            "%s: expected every item of the bundle, found no '%s'"
                .formatted(file, catalog.id(ordinal)));
      }
    }
    return Arrays.asList(found);
  }
}
