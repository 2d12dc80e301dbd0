package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxCrossEncoder;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What adapters cost that are mixed for each user: {@code personal} ranks with a bundle whose graph
 * takes a gate, {@code base} with one of the same model without adapters. {@code oneRun} ranks all
 * candidates in one run, padded to the longest: the difference is what runs of similar length save.
 *
 * <p>{@code recommender_export.cross_encoder} in {@code examples/export} writes such bundles. The
 * quantity to read is the ratio of the medians (p0.50 of the sample mode).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 4)
@Fork(1)
public class CrossEncoderBenchmark {
  /** The folder of the model without adapters. */
  @Param({"pairs"})
  public String bundle;

  /** The folder of the model with adapters. */
  @Param({"pairs-gated"})
  public String gated;

  /** How many adapters it has. */
  @Param({"4"})
  public int adapters;

  /** Candidates of a call. */
  @Param({"20"})
  public int candidates;

  private OnnxCrossEncoder base;
  private OnnxCrossEncoder whole;
  private OnnxCrossEncoder personal;
  private RecommendationRequest request;
  private List<ScoredItem> proposed;

  /** Opens both bundles. */
  @Setup(Level.Trial)
  public void open() {
    float[] gate = new float[adapters];
    SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < adapters; i++) {
      gate[i] = (float) random.nextDouble() - 0.5f;
    }
    base = RecommenderBundle.openCrossEncoder(Path.of(bundle));
    whole =
        RecommenderBundle.openCrossEncoder(
            Path.of(bundle), RerankerOptions.defaults().maxTokens(1 << 20));
    personal =
        RecommenderBundle.openCrossEncoder(
            Path.of(gated),
            RerankerOptions.defaults()
                .userTable("lora_gate", user -> Optional.of(Feature.Tensor.vector(gate))));
    Catalog catalog = base.catalog();
    proposed = new ArrayList<>();
    for (int i = 0; i < candidates; i++) {
      proposed.add(new ScoredItem(catalog.id(random.nextInt(catalog.size())), 0));
    }
    request =
        RecommendationRequest.of(
                UserHistory.of(catalog.id(3), catalog.id(catalog.size() / 2)).forUser("ann"))
            .context("query", new Feature.Text("a present for the summer"))
            .build();
  }

  /** Without adapters. */
  @Benchmark
  public List<ScoredItem> base() {
    return base.rerank(request, proposed);
  }

  /** With adapters mixed for the user. */
  @Benchmark
  public List<ScoredItem> personal() {
    return personal.rerank(request, proposed);
  }

  /** All candidates in one run. */
  @Benchmark
  public List<ScoredItem> oneRun() {
    return whole.rerank(request, proposed);
  }

  /** Closes the bundles. */
  @TearDown(Level.Trial)
  public void close() {
    base.close();
    whole.close();
    personal.close();
  }
}
