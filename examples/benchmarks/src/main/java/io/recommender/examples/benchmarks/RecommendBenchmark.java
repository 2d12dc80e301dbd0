package io.recommender.examples.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
 * What the library adds to a model: {@code recommend} against the bare run of the same graph on the
 * same tensors, with buffers, tensors and the pinned output all made once.
 *
 * <p>The quantity to read is the ratio of medians (p0.50 of the sample mode); with {@code -prof gc}
 * also the bytes a call allocates, which must not depend on the catalogue.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class RecommendBenchmark {
  private static final int HISTORIES = 512;

  /** The bundle's folder. */
  @Param({"examples/shop/bundles/shop"})
  public String bundle;

  /** Interactions in each history. */
  @Param({"9", "50"})
  public int length;

  private OnnxSequenceRecommender recommender;
  private RecommendationRequest[] requests;
  private OrtSession session;
  private OrtSession.SessionOptions options;
  private OnnxTensor input;
  private OnnxTensor output;
  private LongBuffer[] windows;
  private LongBuffer ids;
  private Map<String, OnnxTensor> inputs;
  private Map<String, OnnxTensor> outputs;
  private int next;

  /** Opens the bundle, and the graph in it once more without the library. */
  @Setup(Level.Trial)
  public void open() throws OrtException {
    Path folder = Path.of(bundle);
    recommender = RecommenderBundle.open(folder, BundleOptions.defaults().index(FlatIndex::new));
    Catalog catalog = recommender.catalog();
    SplittableRandom random = new SplittableRandom(5);
    requests = new RecommendationRequest[HISTORIES];
    long[][] ordinals = new long[HISTORIES][length];
    for (int i = 0; i < HISTORIES; i++) {
      List<String> items = new ArrayList<>(length);
      for (int j = 0; j < length; j++) {
        int ordinal = random.nextInt(catalog.size());
        ordinals[i][j] = ordinal;
        items.add(catalog.id(ordinal));
      }
      requests[i] = RecommendationRequest.of(UserHistory.ofItems(items)).k(10).build();
    }
    openBare(folder.resolve("model.onnx"), ordinals);
  }

  private void openBare(Path model, long[][] ordinals) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    options = new OrtSession.SessionOptions();
    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    options.setIntraOpNumThreads(1);
    options.setInterOpNumThreads(1);
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    session = environment.createSession(model.toString(), options);
    String inputName = session.getInputNames().iterator().next();
    String outputName = session.getOutputNames().iterator().next();
    long declared = ((TensorInfo) session.getInputInfo().get(inputName).getInfo()).getShape()[1];
    int window = declared > 0 ? (int) declared : length;
    windows = new LongBuffer[HISTORIES];
    for (int i = 0; i < HISTORIES; i++) {
      windows[i] = LongBuffer.allocate(window);
      int kept = Math.min(length, window);
      for (int j = 0; j < kept; j++) {
        windows[i].put(window - kept + j, ordinals[i][length - kept + j] + 1);
      }
    }
    ids = direct(window * Long.BYTES).asLongBuffer();
    input = OnnxTensor.createTensor(environment, ids, new long[] {1, window});
    inputs = Map.of(inputName, input);
    long columns;
    try (OrtSession.Result result = session.run(inputs)) {
      columns = ((OnnxTensor) result.get(0)).getInfo().getShape()[1];
    }
    FloatBuffer scores = direct(Math.toIntExact(columns * Float.BYTES)).asFloatBuffer();
    output = OnnxTensor.createTensor(environment, scores, new long[] {1, columns});
    outputs = Map.of(outputName, output);
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /** Closes both. */
  @TearDown(Level.Trial)
  public void close() throws OrtException {
    recommender.close();
    input.close();
    output.close();
    session.close();
    options.close();
  }

  /**
   * The library: history in, ten items out.
   *
   * @return the answer
   */
  @Benchmark
  public Recommendations recommend() {
    next = (next + 1) % HISTORIES;
    return recommender.recommend(requests[next]);
  }

  /**
   * The engine alone: ids copied into the reused buffer, one run into the pinned output.
   *
   * @return the output tensor
   */
  @Benchmark
  public OnnxTensor bareRun() throws OrtException {
    next = (next + 1) % HISTORIES;
    ids.put(0, windows[next], 0, windows[next].capacity());
    session.run(inputs, Set.of(), outputs).close();
    return output;
  }
}
