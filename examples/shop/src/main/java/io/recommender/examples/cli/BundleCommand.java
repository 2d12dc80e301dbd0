package io.recommender.examples.cli;

import io.recommender.RecommendationRequest;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxListReranker;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bundle info} and {@code bundle seal}. */
@Command(
    name = "bundle",
    description = "Describes or seals a bundle: bundle info DIR, bundle seal DIR.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = HelpCommand.class)
final class BundleCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Command(
      name = "info",
      description = "Shows what a bundle holds, after checking its seal and opening it.")
  int info(@Parameters(paramLabel = "DIR", description = "The folder of the bundle.") Path folder)
      throws IOException {
    Terminal terminal = Terminal.on(spec.commandLine().getOut());
    RecommenderBundle bundle = RecommenderBundle.read(folder);
    fact(terminal, "name", bundle.name());
    fact(terminal, "version", bundle.version());
    fact(terminal, "contract", bundle.contract());
    fact(terminal, "producer", bundle.producer().isEmpty() ? "not told" : bundle.producer());
    fact(terminal, "fingerprint", bundle.fingerprint());
    boolean encoder = bundle.contract().equals(Bundles.ENCODER);
    boolean ranker = bundle.contract().equals(Bundles.RANKER);
    boolean crossEncoder = bundle.contract().equals(Bundles.CROSS_ENCODER);
    boolean list = bundle.contract().equals(Bundles.LIST);
    if (!encoder) {
      fact(terminal, "items", String.format(Locale.ROOT, "%,d", bundle.catalog().size()));
    }
    if (!encoder && !ranker && !crossEncoder && !list) {
      fact(terminal, "history", "the newest " + bundle.maxLength() + " interactions");
    }
    for (Path file : files(folder)) {
      fact(
          terminal,
          "file",
          String.format(Locale.ROOT, "%,13d bytes  %s", Files.size(file), file.getFileName()));
    }
    long start = System.nanoTime();
    if (encoder) {
      try (OnnxItemEncoder open = RecommenderBundle.openEncoder(folder)) {
        opened(terminal, start, "golden items encoded", open.device());
        fact(terminal, "dimension", open.dimension() + ", compared by " + open.similarity());
        fact(terminal, "features", String.join(", ", open.features()));
      }
    } else if (ranker) {
      try (OnnxReranker open = RecommenderBundle.openReranker(folder)) {
        opened(terminal, start, "golden candidates scored", open.device());
        fact(terminal, "tasks", String.join(", ", open.tasks()));
        fact(
            terminal,
            "hidden",
            open.hiddenSize() == 0 ? "not told" : open.hiddenSize() + " numbers");
      }
    } else if (crossEncoder) {
      try (OnnxCrossEncoder open = RecommenderBundle.openCrossEncoder(folder)) {
        opened(terminal, start, "golden candidates scored", open.device());
      }
    } else if (list) {
      try (OnnxListReranker open = RecommenderBundle.openListReranker(folder)) {
        opened(terminal, start, "golden lists picked", open.device());
        fact(terminal, "length", "%d to %d items".formatted(open.minLength(), open.maxLength()));
      }
    } else {
      try (OpenBundle open = Bundles.open(folder, RecommendationRequest.DEFAULT_K)) {
        opened(terminal, start, "golden requests replayed", open.device());
      }
    }
    Runtime machine = Runtime.getRuntime();
    fact(
        terminal,
        "machine",
        "%d processors, %d MiB of heap at most, Java %s"
            .formatted(
                machine.availableProcessors(),
                machine.maxMemory() >> 20,
                System.getProperty("java.version")));
    return CommandLine.ExitCode.OK;
  }

  private static void opened(Terminal terminal, long start, String checked, String device) {
    BundleOptions options = BundleOptions.defaults();
    fact(terminal, "opens in", (System.nanoTime() - start) / 1_000_000 + " ms, " + checked);
    fact(terminal, "device", device);
    fact(terminal, "threads", options.onnx().intraOpThreads() + " for each call");
    fact(terminal, "largest batch", Integer.toString(options.maxBatch()));
  }

  @Command(name = "seal", description = "Writes SHA256SUMS over every file of a bundle.")
  int seal(@Parameters(paramLabel = "DIR", description = "The folder of the bundle.") Path folder) {
    RecommenderBundle.seal(Bundles.requireFolder(folder));
    spec.commandLine()
        .getOut()
        .printf(
            "%s: sealed, fingerprint %s%n", folder, RecommenderBundle.read(folder).fingerprint());
    return CommandLine.ExitCode.OK;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void fact(Terminal terminal, String name, String value) {
    terminal.line("  %s %s", terminal.dim(Terminal.fit(name, 14)), value);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "expected 'bundle info DIR' or 'bundle seal DIR', found no command");
  }
}
