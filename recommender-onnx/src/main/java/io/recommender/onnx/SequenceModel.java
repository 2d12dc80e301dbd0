package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.Catalog;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * A graph that reads windows: the plan from manifest roles to tensors, and its runs.
 *
 * <p><b>Thread-safe</b>: each call works in a lane of its own.
 */
final class SequenceModel {
  /** More idle lanes than this are left to the garbage collector. */
  private static final int IDLE_LANES = 64;

  /** A batch whose output would be larger is split. */
  private static final int MAX_OUTPUT_BYTES = 1 << 26;

  private final Manifest manifest;
  private final OnnxSession session;
  private final Catalog catalog;
  private final List<InputWriter> writers;
  private final OnnxJavaType outputType;
  private final ReasonOutputs reasons;
  private final Optional<Denoiser> denoiser;
  private final int fixedBatch;
  private final int columns;
  private final ArrayBlockingQueue<Lane> idle = new ArrayBlockingQueue<>(IDLE_LANES);

  private SequenceModel(
      Manifest manifest,
      OnnxSession session,
      Catalog catalog,
      List<InputWriter> writers,
      OnnxJavaType outputType,
      ReasonOutputs reasons,
      Optional<Denoiser> denoiser,
      int fixedBatch,
      int columns) {
    this.manifest = manifest;
    this.session = session;
    this.catalog = catalog;
    this.writers = writers;
    this.outputType = outputType;
    this.reasons = reasons;
    this.denoiser = denoiser;
    this.fixedBatch = fixedBatch;
    this.columns = columns;
  }

  /**
   * Checks every tensor of the graph against the manifest, and runs the graph once to learn what
   * its shapes leave open.
   *
   * @param tables the tables of items that inputs read, by file
   * @param width the number of columns the output must have, or at least must have
   * @param exactly whether it must have exactly that many
   * @param denoiser what samples the vectors of users under the output, if something does
   */
  static SequenceModel of(
      Manifest manifest,
      OnnxSession session,
      Catalog catalog,
      Map<String, ItemTable> tables,
      int width,
      boolean exactly,
      Optional<Denoiser> denoiser) {
    String model = session.name();
    Map<String, String> roles = new LinkedHashMap<>();
    manifest.inputs().forEach(input -> roles.put(input.name(), input.role().name()));
    List<InputWriter> writers = new ArrayList<>();
    session.eachInput(
        roles,
        spec -> {
          Manifest.Input input = manifest.inputs().get(writers.size());
          ItemTable table =
              input.role() == Manifest.Role.ITEM_TABLE ? tables.get(input.feature()) : null;
          writers.add(InputWriter.of(model, input, manifest.sequence(), table, spec));
        });
    String output = manifest.output();
    TensorSpec spec = session.outputs().get(output);
    if (spec == null) {
      throw BundleFailures.mismatch(
          model,
          "expected an output '%s' as %s says, found outputs %s"
              .formatted(output, Manifest.FILE, session.outputs()));
    }
    if ((spec.type() != OnnxJavaType.FLOAT && spec.type() != OnnxJavaType.FLOAT16)
        || spec.shape().length != 2) {
      throw BundleFailures.mismatch(
          model,
          "output '%s': expected float or float16 [batch, %s], found %s"
              .formatted(output, exactly ? width : "at least " + width, spec));
    }
    int fixedBatch = fixedBatch(model, session.inputs());
    ReasonOutputs reasons = ReasonOutputs.of(session, manifest.reasons());
    SequenceModel probe =
        new SequenceModel(
            manifest, session, catalog, writers, spec.type(), reasons, denoiser, fixedBatch, width);
    int columns = probe.probe(Math.max(1, fixedBatch));
    if (exactly ? columns != width : columns < width) {
      throw BundleFailures.mismatch(
          model,
          "output '%s': expected %s%d columns (%s), found %d"
              .formatted(
                  output,
                  exactly ? "" : "at least ",
                  width,
                  exactly ? "the dimension in " + Manifest.FILE : "items and offset",
                  columns));
    }
    if (fixedBatch == 0 && probe.probe(2) != columns) {
      throw BundleFailures.mismatch(model, "the width of output '%s' varies".formatted(output));
    }
    return new SequenceModel(
        manifest, session, catalog, writers, spec.type(), reasons, denoiser, fixedBatch, columns);
  }

  static int fixedBatch(String model, Map<String, TensorSpec> inputs) {
    Map<String, Long> fixed = InputWriter.fixedBatches(inputs);
    if (fixed.isEmpty()) {
      return 0;
    }
    if (fixed.size() != inputs.size() || fixed.values().stream().distinct().count() != 1) {
      throw BundleFailures.mismatch(
          model, "expected the same batch in every input, found " + inputs);
    }
    return Math.toIntExact(fixed.values().iterator().next());
  }

  /** Runs a window of one item in every row and returns the number of columns that come out. */
  private int probe(int rows) {
    Lane lane = newLane();
    int length = manifest.sequence().maxLength();
    RecommendationRequest request = RecommendationRequest.of(UserHistory.of(catalog.id(0))).build();
    for (int row = 0; row < rows; row++) {
      lane.window(row).assemble(request, catalog);
    }
    write(lane, rows, length);
    try {
      long[] shape =
          session.call(
              (environment, runner) -> {
                Map<String, OnnxTensor> tensors = new HashMap<>();
                try {
                  tensors(environment, lane, rows, length, tensors);
                  for (Map.Entry<String, long[]> told : reasons.shapes(rows).entrySet()) {
                    long[] found = session.outputShape(tensors, told.getKey());
                    if (!Arrays.equals(told.getValue(), found)) {
                      throw BundleFailures.mismatch(
                          session.name(),
                          "output '%s': expected %s for a batch of %d, found %s"
                              .formatted(
                                  told.getKey(),
                                  Arrays.toString(told.getValue()),
                                  rows,
                                  Arrays.toString(found)));
                    }
                  }
                  return session.outputShape(tensors, manifest.output());
                } finally {
                  tensors.values().forEach(OnnxTensor::close);
                }
              });
      if (shape.length != 2 || shape[0] != rows) {
        throw BundleFailures.mismatch(
            session.name(),
            "output '%s': expected [%d, columns] for a batch of %d, found %s"
                .formatted(manifest.output(), rows, rows, Arrays.toString(shape)));
      }
      return Math.toIntExact(shape[1]);
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s: expected to run a batch of %d x %d, found: %s"
              .formatted(session.name(), rows, length, e.getMessage()),
          e);
    }
  }

  /** The tables that inputs read, by input; empty for others. */
  List<Optional<ItemTable>> tables() {
    return writers.stream().map(InputWriter::table).toList();
  }

  /** The bytes of all tables of items, each counted once. */
  long tableBytes() {
    return writers.stream()
        .map(InputWriter::table)
        .flatMap(Optional::stream)
        .distinct()
        .mapToLong(ItemTable::bytes)
        .sum();
  }

  /** What samples the vectors of users, if something does. */
  Optional<Denoiser> denoiser() {
    return denoiser;
  }

  /** How often graphs were run since they were opened. */
  long runs() {
    return session.runs() + denoiser.map(after -> after.session().runs()).orElse(0L);
  }

  /** How many runs one call takes. */
  int runsEach() {
    return 1 + denoiser.map(Denoiser::runs).orElse(0);
  }

  /** Columns of the output. */
  int columns() {
    return columns;
  }

  /** The largest batch of one run: that of the graph if it is fixed, else as asked if it fits. */
  int maxBatch(int asked) {
    if (fixedBatch > 0) {
      return fixedBatch;
    }
    long ofRow =
        Math.max((long) columns * outputType.size, denoiser.map(Denoiser::bytesOfRow).orElse(0L));
    return (int) Math.max(1, Math.min(asked, MAX_OUTPUT_BYTES / ofRow));
  }

  /** The bytes of the buffers that wait for the next call. */
  long idleBytes() {
    long bytes = 0;
    for (Lane lane : idle) {
      bytes += lane.bytes();
    }
    return bytes;
  }

  /** Lets go of idle memory. */
  void close() {
    idle.clear();
  }

  Lane acquire() {
    Lane lane = idle.poll();
    return lane == null ? newLane() : lane;
  }

  void release(Lane lane) {
    lane.clear();
    if (lane.graphOutput().capacity() <= MAX_OUTPUT_BYTES
        && lane.output().capacity() <= MAX_OUTPUT_BYTES) {
      idle.offer(lane);
    }
  }

  private Lane newLane() {
    return new Lane(
        manifest,
        writers,
        new TensorBuffer(outputType),
        denoiser.map(Denoiser::newBuffers).orElse(null));
  }

  /** Runs the windows in the lane; row i of its output belongs to window i of the first rows. */
  void run(Lane lane, int rows) {
    int padded = fixedBatch == 0 ? rows : fixedBatch;
    for (int row = rows; row < padded; row++) {
      lane.window(row).assemble(lane.window(0).request(), catalog);
    }
    int length = length(lane, rows);
    write(lane, padded, length);
    lane.graphOutput().ensure((long) padded * columns);
    run(
        lane,
        padded,
        length,
        (environment, runner, tensors) -> {
          try (OnnxTensor output =
              lane.graphOutput().tensor(environment, new long[] {padded, columns})) {
            runner.run(tensors, Map.of(manifest.output(), output));
            return List.of();
          }
        });
    denoiser.ifPresent(after -> after.run(lane, padded));
  }

  /** Tells what the graph goes by for the first window in the lane. */
  List<Reason> reasons(Lane lane) {
    int padded = Math.max(1, fixedBatch);
    for (int row = 1; row < padded; row++) {
      lane.window(row).assemble(lane.window(0).request(), catalog);
    }
    int length = length(lane, 1);
    write(lane, padded, length);
    return run(
        lane,
        padded,
        length,
        (environment, runner, tensors) -> reasons.run(environment, runner, tensors, padded));
  }

  /** What is done with the inputs of windows. */
  private interface WindowsRun {
    List<Reason> run(
        OrtEnvironment environment, OnnxSession.Runner runner, Map<String, OnnxTensor> tensors)
        throws OrtException;
  }

  private List<Reason> run(Lane lane, int rows, int length, WindowsRun inside) {
    try {
      return session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> tensors = new HashMap<>(writers.size() * 2);
            try {
              tensors(environment, lane, rows, length, tensors);
              return inside.run(environment, runner, tensors);
            } finally {
              tensors.values().forEach(OnnxTensor::close);
            }
          });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: run failed for batch %d x %d: %s"
              .formatted(session.name(), rows, length, e.getMessage()),
          e);
    }
  }

  private int length(Lane lane, int rows) {
    if (manifest.sequence().length() == Manifest.Length.FIXED) {
      return manifest.sequence().maxLength();
    }
    int longest = 1;
    for (int row = 0; row < rows; row++) {
      longest = Math.max(longest, lane.window(row).size());
    }
    return longest;
  }

  private void write(Lane lane, int rows, int length) {
    for (int i = 0; i < writers.size(); i++) {
      InputWriter writer = writers.get(i);
      TensorBuffer buffer = lane.input(i);
      writer.ensure(buffer, rows, length);
      for (int row = 0; row < rows; row++) {
        Window window = lane.window(row);
        window.absent(i, writer.write(buffer, window, row, length));
      }
    }
  }

  private void tensors(
      OrtEnvironment environment, Lane lane, int rows, int length, Map<String, OnnxTensor> tensors)
      throws OrtException {
    for (int i = 0; i < writers.size(); i++) {
      InputWriter writer = writers.get(i);
      tensors.put(writer.name(), lane.input(i).tensor(environment, writer.shape(rows, length)));
    }
  }
}
