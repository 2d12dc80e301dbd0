package io.recommender.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.Result;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.TensorInfo;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.serving.Diagnosis;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/**
 * A session of the runtime with its options and a lease.
 *
 * <p>The runtime itself crashes the process when a session is closed during a run, and throws when
 * one is closed twice; here {@link #close()} waits for the runs in flight and is idempotent. The
 * options live as long as the session, because the runtime refers to them.
 *
 * <p><b>Thread-safe</b>: runs share a read lock, close takes the write lock.
 */
final class OnnxSession implements AutoCloseable {
  private static final Set<String> EVERY_OUTPUT_PINNED = Set.of();

  private final String name;
  private final OrtEnvironment environment;
  private final SessionOptions options;
  private final OrtSession session;
  private final String device;
  private final OnnxOptions asked;
  private final long fileBytes;
  private final Map<String, TensorSpec> inputs;
  private final Map<String, TensorSpec> outputs;
  private final ReentrantReadWriteLock lease = new ReentrantReadWriteLock();
  private final LongAdder runs = new LongAdder();
  private final Runner runner = new SessionRunner();

  /** Guarded by {@link #lease}. */
  private boolean closed;

  private OnnxSession(
      String name,
      OrtEnvironment environment,
      SessionOptions options,
      OrtSession session,
      String device,
      OnnxOptions asked,
      long fileBytes)
      throws OrtException {
    this.name = name;
    this.environment = environment;
    this.options = options;
    this.session = session;
    this.device = device;
    this.asked = asked;
    this.fileBytes = fileBytes;
    inputs = specs(session.getInputInfo());
    outputs = specs(session.getOutputInfo());
  }

  /**
   * An input or output of a graph.
   *
   * @param type the element type, or UNKNOWN when it is not a tensor
   * @param shape the extents, -1 where they vary
   */
  record TensorSpec(OnnxJavaType type, long[] shape) {
    /** The extents of one row: all but the first. */
    int[] extents() {
      int[] extents = new int[shape.length - 1];
      for (int axis = 0; axis < extents.length; axis++) {
        extents[axis] = Math.toIntExact(shape[axis + 1]);
      }
      return extents;
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(type.name().toLowerCase(java.util.Locale.ROOT));
      text.append('[');
      for (int i = 0; i < shape.length; i++) {
        text.append(i == 0 ? "" : ", ").append(shape[i] < 0 ? "?" : String.valueOf(shape[i]));
      }
      return text.append(']').toString();
    }
  }

  /** Fills and runs one call; everything native it makes dies inside. */
  @FunctionalInterface
  interface Call<T> {
    T run(OrtEnvironment environment, Runner runner) throws OrtException;
  }

  /** Runs the graph, inside a call only. */
  interface Runner {

    /** Runs the graph once into pinned outputs. */
    void run(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> pinnedOutputs)
        throws OrtException;

    /**
     * Runs the graph once into pinned outputs and into others that the runtime allocates. Those
     * outlive the call, and the session, until the caller closes the result.
     */
    Result keep(
        Map<String, OnnxTensor> inputs, Set<String> kept, Map<String, OnnxTensor> pinnedOutputs)
        throws OrtException;
  }

  static OnnxSession open(Path model, OnnxOptions options) {
    String name = model.getFileName().toString();
    OrtEnvironment environment = OnnxDevices.environment();
    Device device = options.device();
    if (device.wantsCuda()) {
      try {
        return open(name, model, environment, options, device);
      } catch (RecommenderException e) {
        if (!device.fallsBack() || e.kind() != Kind.DEVICE_UNAVAILABLE) {
          throw e;
        }
        OnnxDevices.logFallback(name, e);
      }
    }
    return open(name, model, environment, options, Device.cpu());
  }

  private static OnnxSession open(
      String name, Path model, OrtEnvironment environment, OnnxOptions options, Device device) {
    SessionOptions sessionOptions = new SessionOptions();
    try {
      sessionOptions.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      sessionOptions.setIntraOpNumThreads(options.intraOpThreads());
      sessionOptions.setInterOpNumThreads(1);
      sessionOptions.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
      sessionOptions.setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT);
      sessionOptions.addConfigEntry(
          "session.intra_op.allow_spinning", options.spinning() ? "1" : "0");
      if (device.wantsCuda()) {
        OnnxDevices.addCuda(sessionOptions, device);
      }
      OrtSession session = environment.createSession(model.toString(), sessionOptions);
      try {
        String where = device.wantsCuda() ? "cuda:" + device.cudaOrdinal() : "cpu";
        OnnxSession opened =
            new OnnxSession(
                name,
                environment,
                sessionOptions,
                session,
                where,
                options,
                model.toFile().length());
        NativeHandles.sessionOpened();
        return opened;
      } catch (OrtException | RuntimeException | Error e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      sessionOptions.close();
      throw device.wantsCuda() ? OnnxDevices.unusable(device, e) : loadFailure(name, e);
    } catch (RuntimeException | Error e) {
      sessionOptions.close();
      throw e;
    }
  }

  private static RecommenderException loadFailure(String name, OrtException e) {
    String message = String.valueOf(e.getMessage());
    if (e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED
        || message.contains("is not a registered function/op")
        || message.contains("No Op registered")
        || message.contains("Opset")
        || message.contains("opset")) {
      return new RecommenderException(
          Kind.UNSUPPORTED_OPERATOR,
          "%s: expected operators and an opset that this runtime has, found one it has not: %s"
              .formatted(name, message),
          e);
    }
    return BundleFailures.invalid(
        name, "expected a graph the runtime can load, found: " + message, e);
  }

  private static Map<String, TensorSpec> specs(Map<String, NodeInfo> nodes) {
    Map<String, TensorSpec> specs = new LinkedHashMap<>();
    nodes.forEach(
        (name, node) ->
            specs.put(
                name,
                node.getInfo() instanceof TensorInfo info
                    ? new TensorSpec(info.type, info.getShape())
                    : new TensorSpec(OnnxJavaType.UNKNOWN, new long[0])));
    return Collections.unmodifiableMap(specs);
  }

  /**
   * Plans the inputs of the graph in an order.
   *
   * @param roles what each input is for, by its name
   * @param plan takes each in turn
   * @throws RecommenderException if the graph lacks one, or has another
   */
  void eachInput(Map<String, String> roles, Consumer<TensorSpec> plan) {
    Map<String, TensorSpec> remaining = new LinkedHashMap<>(inputs);
    roles.forEach(
        (input, role) -> {
          TensorSpec spec = remaining.remove(input);
          if (spec == null) {
            throw BundleFailures.mismatch(
                name,
                "expected an input '%s' of role %s as %s says, found inputs %s"
                    .formatted(input, role, Manifest.FILE, inputs));
          }
          plan.accept(spec);
        });
    if (!remaining.isEmpty()) {
      throw BundleFailures.mismatch(
          name,
          "expected a role in %s for every input, found none for %s"
              .formatted(Manifest.FILE, remaining));
    }
  }

  /** The file name of the model, for messages. */
  String name() {
    return name;
  }

  /** Where the model really runs. */
  String device() {
    return device;
  }

  Map<String, TensorSpec> inputs() {
    return inputs;
  }

  Map<String, TensorSpec> outputs() {
    return outputs;
  }

  /** How often the graph was run. */
  long runs() {
    return runs.sum();
  }

  /**
   * Makes a call under the lease.
   *
   * @throws IllegalStateException if closed
   */
  <T> T call(Call<T> call) throws OrtException {
    ReentrantReadWriteLock.ReadLock lock = lease.readLock();
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException(name + " is closed");
      }
      return call.run(environment, runner);
    } finally {
      lock.unlock();
    }
  }

  /** The facts about the graph, the runtime and how it is run. */
  Diagnosis diagnose() {
    int processors = Runtime.getRuntime().availableProcessors();
    Diagnosis.Builder diagnosis =
        Diagnosis.of(name)
            .fact("runtime", "ONNX Runtime " + environment.getVersion())
            .fact("device", device)
            .fact("threads a run", asked.intraOpThreads())
            .fact("spinning", asked.spinning())
            .bytes("file", fileBytes)
            .fact("runs", runs())
            .fact("runs in flight", lease.getReadLockCount())
            .fact("sessions open", NativeHandles.sessions());
    if (asked.intraOpThreads() > processors) {
      diagnosis.warning(
          "%d threads share a run on %d processors; OnnxOptions.intraOpThreads sets fewer"
              .formatted(asked.intraOpThreads(), processors));
    }
    if (asked.device().wantsCuda() && device.equals("cpu")) {
      diagnosis.warning("a CUDA device was wanted and none can be used; the log tells why");
    }
    return diagnosis.build();
  }

  /** Runs the graph once and returns the shape of an output; inside a call only. */
  long[] outputShape(Map<String, OnnxTensor> inputs, String output) throws OrtException {
    runs.increment();
    try (Result result = session.run(inputs, Set.of(output))) {
      return ((OnnxTensor) result.get(0)).getInfo().getShape();
    }
  }

  @Override
  public void close() {
    lease.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      try {
        session.close();
      } finally {
        NativeHandles.sessionClosed();
        options.close();
      }
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED, name + ": the runtime failed to close the model", e);
    } finally {
      lease.writeLock().unlock();
    }
  }

  private final class SessionRunner implements Runner {
    @Override
    public void run(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> pinnedOutputs)
        throws OrtException {
      keep(inputs, EVERY_OUTPUT_PINNED, pinnedOutputs).close();
    }

    @Override
    public Result keep(
        Map<String, OnnxTensor> inputs, Set<String> kept, Map<String, OnnxTensor> pinnedOutputs)
        throws OrtException {
      runs.increment();
      return NativeHandles.made(session.run(inputs, kept, pinnedOutputs));
    }
  }
}
