package io.recommender.examples.benchmarks;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * What assembling 2,000 features of 200 candidates costs beside the model: {@code rerank} against
 * the bare run of the same graph, whose tensors are made once. {@code python -m
 * recommender_export.wide_ranker --out DIR} in {@code examples/export} writes the bundle.
 *
 * <p>The quantity to read is one minus the ratio of the medians (p0.50 of the sample mode).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class RankerBenchmark {
  /** The bundle's folder. */
  @Param({"wide/float32"})
  public String bundle;

  /** Candidates of a call. */
  @Param({"200"})
  public int candidates;

  private OnnxReranker known;
  private OnnxReranker live;
  private OnnxReranker lookingUp;
  private RecommendationRequest request;
  private List<ScoredItem> proposed;
  private OrtSession session;
  private OrtSession.SessionOptions options;
  private final Map<String, OnnxTensor> inputs = new HashMap<>();
  private final Map<String, OnnxTensor> outputs = new HashMap<>();

  /** Opens the bundle, and the graph in it once more without the library. */
  @Setup(Level.Trial)
  public void open() throws OrtException {
    Path folder = Path.of(bundle);
    RerankerOptions reranker = RerankerOptions.defaults().chunk(candidates);
    known = RecommenderBundle.openReranker(folder, reranker);
    Catalog catalog = known.catalog();
    Map<String, Item> copies = new HashMap<>();
    proposed = new ArrayList<>();
    for (int i = 0; i < candidates; i++) {
      Item item = catalog.item(i * 7 % catalog.size());
      copies.put(item.id(), new Item(item.id(), item.features()));
      proposed.add(new ScoredItem(item.id(), 0));
    }
    RerankerOptions own = reranker.items(id -> Optional.ofNullable(copies.get(id)));
    live = RecommenderBundle.openReranker(folder, own);
    lookingUp = RecommenderBundle.openReranker(folder, own.keptBytes(0));
    SplittableRandom random = new SplittableRandom(5);
    RecommendationRequest.Builder building = RecommendationRequest.of(UserHistory.empty());
    for (int i = 0; i < 300; i++) {
      building.context("u" + i, new Feature.Scalar(random.nextDouble()));
    }
    request = building.build();
    openBare(folder.resolve("model.onnx"));
  }

  private void openBare(Path model) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    options = new OrtSession.SessionOptions();
    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    options.setIntraOpNumThreads(1);
    options.setInterOpNumThreads(1);
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    session = environment.createSession(model.toString(), options);
    for (String name : session.getInputNames()) {
      put(environment, name, (TensorInfo) session.getInputInfo().get(name).getInfo(), inputs);
    }
    for (String name : session.getOutputNames()) {
      put(environment, name, (TensorInfo) session.getOutputInfo().get(name).getInfo(), outputs);
    }
  }

  /** Random floats, because zeros could be quicker; ids are 0. */
  private void put(
      OrtEnvironment environment, String name, TensorInfo info, Map<String, OnnxTensor> to)
      throws OrtException {
    long[] shape = info.getShape().clone();
    shape[0] = shape[0] < 0 ? candidates : shape[0];
    int elements = Math.toIntExact(shape[0] * shape[1]);
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(elements * info.type.size).order(ByteOrder.nativeOrder());
    SplittableRandom random = new SplittableRandom(name.hashCode());
    if (info.type == OnnxJavaType.FLOAT) {
      for (int i = 0; i < elements; i++) {
        bytes.putFloat(4 * i, (float) random.nextDouble(-1, 1));
      }
      to.put(name, OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), shape));
    } else if (info.type == OnnxJavaType.INT64) {
      to.put(name, OnnxTensor.createTensor(environment, bytes.asLongBuffer(), shape));
    } else {
      for (int i = 0; i < elements; i++) {
        // Numbers of half precision from 0.25 to 1.
        bytes.putShort(2 * i, (short) random.nextInt(0x3400, 0x3c00));
      }
      to.put(name, OnnxTensor.createTensor(environment, bytes, shape, info.type));
    }
  }

  /** Closes everything. */
  @TearDown(Level.Trial)
  public void close() throws OrtException {
    known.close();
    live.close();
    lookingUp.close();
    inputs.values().forEach(OnnxTensor::close);
    outputs.values().forEach(OnnxTensor::close);
    session.close();
    options.close();
  }

  /**
   * The library, with candidates that the bundle has: their rows are copied.
   *
   * @return the ranking
   */
  @Benchmark
  public List<ScoredItem> rankKnownItems() {
    return known.rerank(request, proposed);
  }

  /**
   * The library, with candidates of the caller, whose rows were made when they were first seen.
   *
   * @return the ranking
   */
  @Benchmark
  public List<ScoredItem> rankItemsOfTheCaller() {
    return live.rerank(request, proposed);
  }

  /**
   * The library, with candidates whose every feature is looked up, as those that are new are.
   *
   * @return the ranking
   */
  @Benchmark
  public List<ScoredItem> rankNewItemsOfTheCaller() {
    return lookingUp.rerank(request, proposed);
  }

  /**
   * The engine alone, on tensors that are made once.
   *
   * @return the output tensors
   */
  @Benchmark
  public Map<String, OnnxTensor> bareRun() throws OrtException {
    session.run(inputs, Set.of(), outputs).close();
    return outputs;
  }
}
