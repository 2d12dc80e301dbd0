package io.recommender.examples.cli;

import io.recommender.ItemIndex;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.semantic.CollisionReport;
import io.recommender.ann.semantic.ResidualQuantizer;
import io.recommender.examples.shop.Terminal;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code codes}: semantic ids of the items of a bundle. */
@Command(
    name = "codes",
    description = {
      "Fits codes (semantic ids) to the item vectors of a bundle and writes them as JSON by ordinal,",
      "for recommender_export.train_generative."
    })
final class CodesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The folder of a bundle that ends in a user vector.")
  private Path bundle;

  @Option(
      names = "--levels",
      defaultValue = "4",
      description = "How many codes an item gets (default: ${DEFAULT-VALUE}).")
  private int levels;

  @Option(
      names = "--size",
      defaultValue = "256",
      description = "How many codes a level has (default: ${DEFAULT-VALUE}).")
  private int size;

  @Option(
      names = "--seed",
      defaultValue = "42",
      description = "The seed of the clusters (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    if (levels < 1 || size < 1) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--levels, --size: expected at least 1, found %d and %d".formatted(levels, size));
    }
    float[][] vectors = vectors();
    int[][] codes =
        ResidualQuantizer.builder(levels, size).seed(seed).fit(vectors).encodeApart(vectors);
    String lines =
        IntStream.range(0, codes.length)
            .mapToObj(ordinal -> "\"%d\": %s".formatted(ordinal, Arrays.toString(codes[ordinal])))
            .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
    Files.writeString(out, lines);
    CollisionReport report = CollisionReport.of(codes);
    Terminal.on(spec.commandLine().getOut())
        .line(
            "  %,d items, %,d different codes, collision rate %.4f, at most %d share one,"
                + " codes in use by level: %s",
            report.items(),
            report.distinctCodes(),
            report.collisionRate(),
            report.largestGroup(),
            report.codesUsed());
    return CommandLine.ExitCode.OK;
  }

  private float[][] vectors() {
    AtomicReference<ItemIndex> made = new AtomicReference<>();
    BundleOptions options =
        BundleOptions.defaults()
            .index(
                (dimension, similarity, expectedSize) -> {
                  made.set(new FlatIndex(dimension, similarity, expectedSize));
                  return made.get();
                });
    try (OnnxSequenceRecommender model = RecommenderBundle.open(bundle, options)) {
      ItemIndex index = made.get();
      if (index == null) {
        throw new IllegalArgumentException(
            bundle + ": expected a bundle with item vectors, found one without");
      }
      return IntStream.range(0, model.catalog().size())
          .mapToObj(ordinal -> index.vector(model.catalog().id(ordinal)).orElseThrow())
          .toArray(float[][]::new);
    }
  }
}
