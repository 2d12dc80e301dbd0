package io.recommender.examples.cli;

import io.recommender.RecommendationRequest;
import io.recommender.ann.HnswIndex;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.OnnxListReranker;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.OnnxTextGenerator;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.serving.Diagnosis;
import io.recommender.serving.Doctor;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code doctor}: what runs here, with which memory, on how many threads, and how well. */
@Command(
    name = "doctor",
    description = "Examines this machine and a bundle: runtime, memory, threads, index.")
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description = "The folder of a bundle to open; without it only the machine is examined.")
  private Path bundle;

  @Option(
      names = "--hnsw",
      description = "Search a graph for a model that ends in a user vector, not every item.")
  private boolean hnsw;

  @Option(
      names = "--sample",
      defaultValue = "100",
      description = "How many queries measure the recall of an index (default: ${DEFAULT-VALUE}).")
  private int sample;

  @Option(names = "--json", description = "Answer as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Diagnosis diagnosis = bundle == null ? Doctor.examine(sample) : examined();
    spec.commandLine().getOut().print(json ? diagnosis.toJson() : diagnosis.toText());
    spec.commandLine().getOut().flush();
    return CommandLine.ExitCode.OK;
  }

  /** Examines the bundle before it is opened, and everything after. */
  private Diagnosis examined() {
    RecommenderBundle closed = RecommenderBundle.read(bundle);
    switch (closed.contract()) {
      case Bundles.ENCODER -> {
        try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle)) {
          return Doctor.examine(sample, closed, encoder);
        }
      }
      case Bundles.RANKER -> {
        try (OnnxReranker ranker = RecommenderBundle.openReranker(bundle)) {
          return Doctor.examine(sample, closed, ranker);
        }
      }
      case Bundles.CROSS_ENCODER -> {
        try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle)) {
          return Doctor.examine(sample, closed, reader);
        }
      }
      case Bundles.LIST -> {
        try (OnnxListReranker reranker = RecommenderBundle.openListReranker(bundle)) {
          return Doctor.examine(sample, closed, reranker);
        }
      }
      case Bundles.TEXT -> {
        try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(bundle)) {
          return Doctor.examine(sample, closed, generator);
        }
      }
      default -> {}
    }
    if (hnsw && closed.needsIndex()) {
      // What the graph misses is told, for a doctor has to see the sick ones too.
      BundleOptions options =
          BundleOptions.defaults()
              .index(
                  (dimension, similarity, size) ->
                      HnswIndex.builder(dimension, similarity).expectedSize(size).build())
              .goldenRecall(0);
      try (OnnxSequenceRecommender open = RecommenderBundle.open(bundle, options)) {
        return Doctor.examine(sample, closed, open);
      }
    }
    try (OpenBundle open = Bundles.open(bundle, RecommendationRequest.DEFAULT_K)) {
      return Doctor.examine(sample, closed, open.recommender());
    }
  }
}
