package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.Catalog;
import io.recommender.Item;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import io.recommender.onnx.OnnxSession.TensorSpec;
import io.recommender.onnx.Ranker.Layout;
import io.recommender.onnx.Ranker.Side;
import io.recommender.onnx.RankerCall.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * The graph of a ranker: the plan from features to tensors, and its runs.
 *
 * <p>Tensors of the request are written once in a call and shared by its runs.
 *
 * <p><b>Thread-safe</b>: each call works in a lane of its own.
 */
final class RankerModel {
  /** More idle lanes than this are left to the garbage collector. */
  private static final int IDLE_LANES = 64;

  /** A lane that holds more is not kept. */
  private static final long MAX_LANE_BYTES = 1 << 26;

  /** Lists longer than this are not tried at load. */
  private static final int MAX_TRIAL_LENGTH = 512;

  private final OnnxSession session;
  private final Ranker ranker;
  private final List<RankerInput> inputs;
  private final TensorSpec scores;
  private final OnnxJavaType hiddenType;
  private final ReasonOutputs reasons;
  private final int columns;
  private final int fixedRows;
  private final int chunk;
  private final ItemRows itemRows;
  private final LongAdder requestBytes = new LongAdder();
  private final LongAdder candidateBytes = new LongAdder();
  private final ArrayBlockingQueue<Lane> idle = new ArrayBlockingQueue<>(IDLE_LANES);

  private RankerModel(
      OnnxSession session,
      Ranker ranker,
      List<RankerInput> inputs,
      TensorSpec scores,
      OnnxJavaType hiddenType,
      ReasonOutputs reasons,
      int columns,
      int fixedRows,
      int chunk,
      ItemRows itemRows) {
    this.session = session;
    this.ranker = ranker;
    this.inputs = inputs;
    this.scores = scores;
    this.hiddenType = hiddenType;
    this.reasons = reasons;
    this.columns = columns;
    this.fixedRows = fixedRows;
    this.chunk = fixedRows > 0 ? fixedRows : chunk;
    this.itemRows = itemRows;
  }

  /** Direct buffers of inputs and outputs, reused from run to run. */
  private record Lane(TensorBuffer[] inputs, TensorBuffer scores, TensorBuffer hidden) {
    long bytes() {
      return Arrays.stream(inputs).mapToLong(TensorBuffer::capacity).sum()
          + scores.capacity()
          + hidden.capacity();
    }
  }

  /** What the graph says of candidates, in their order: {@code outputs[i][task]}. */
  record Result(float[][] outputs, float[][] hidden) {}

  /**
   * Checks every tensor of the graph against the manifest, makes the rows of known items, and runs
   * the graph for one candidate and for several.
   *
   * @param rememberedBytes how much memory the rows of known items may take
   * @param keptBytes how much memory the rows of other items may take
   */
  static RankerModel of(
      OnnxSession session,
      Ranker ranker,
      Catalog catalog,
      Map<Side, Map<String, Table>> tables,
      int chunk,
      long rememberedBytes,
      long keptBytes) {
    String model = session.name();
    Map<String, String> roles = new LinkedHashMap<>();
    ranker.inputs().forEach(input -> roles.put(input.name(), input.role().name()));
    List<RankerInput> inputs = new ArrayList<>();
    session.eachInput(
        roles,
        spec ->
            inputs.add(
                RankerInput.of(
                    model,
                    ranker.inputs().get(inputs.size()),
                    ranker,
                    catalog,
                    tables,
                    session.inputs())));
    int columns =
        ranker.layout() == Layout.ITEMS ? catalog.size() + ranker.offset() : ranker.tasks().size();
    TensorSpec scores = scores(session, ranker, columns);
    OnnxJavaType hiddenType = hiddenType(session, ranker);
    int[] fixed = inputs.stream().mapToInt(RankerInput::fixedRows).distinct().toArray();
    int[] perCandidate =
        inputs.stream()
            .filter(RankerInput::perCandidate)
            .mapToInt(RankerInput::fixedRows)
            .distinct()
            .toArray();
    if (perCandidate.length > 1) {
      throw BundleFailures.mismatch(
          model,
          "expected the same number of candidates in every input, found " + session.inputs());
    }
    RankerModel opened =
        new RankerModel(
            session,
            ranker,
            inputs,
            scores,
            hiddenType,
            ReasonOutputs.of(session, ranker.reasons()),
            columns,
            Arrays.stream(fixed).max().orElse(0),
            chunk,
            new ItemRows(
                inputs.stream().mapToLong(RankerInput::bytesToKeep).toArray(),
                ranker.layout() == Layout.ITEMS ? 0 : keptBytes));
    opened.tryOut(1);
    opened.tryOut(3);
    opened.remember(catalog, rememberedBytes);
    return opened;
  }

  private static TensorSpec scores(OnnxSession session, Ranker ranker, int columns) {
    TensorSpec spec = session.outputs().get(ranker.scores());
    String rows = ranker.layout() == Layout.ITEMS ? "1" : "candidates";
    if (spec != null && spec.type() == OnnxJavaType.UNKNOWN) {
      throw BundleFailures.mismatch(
          session.name(),
          "output '%s': expected a tensor [%s, %d], found a sequence or map; an exporter of trees writes a tensor if told so, as skl2onnx is with options={'zipmap': False}"
              .formatted(ranker.scores(), rows, columns));
    }
    boolean flat = spec != null && spec.shape().length == 1 && ranker.tasks().size() == 1;
    if (spec == null
        || (spec.type() != OnnxJavaType.FLOAT && spec.type() != OnnxJavaType.FLOAT16)
        || !(flat && ranker.layout() == Layout.CANDIDATES || spec.shape().length == 2)
        || !(flat || spec.shape()[1] < 0 || spec.shape()[1] == columns)) {
      throw BundleFailures.mismatch(
          session.name(),
          "output '%s': expected float or float16 [%s, %d], one column for each %s, found %s"
              .formatted(
                  ranker.scores(),
                  rows,
                  columns,
                  ranker.layout() == Layout.ITEMS
                      ? "item and " + ranker.offset() + " before them"
                      : "task of " + ranker.taskNames(),
                  spec == null ? session.outputs() : spec));
    }
    return spec;
  }

  private static OnnxJavaType hiddenType(OnnxSession session, Ranker ranker) {
    if (ranker.hidden().isEmpty()) {
      return OnnxJavaType.FLOAT;
    }
    Ranker.Hidden hidden = ranker.hidden().get();
    TensorSpec spec = session.outputs().get(hidden.name());
    if (spec == null
        || (spec.type() != OnnxJavaType.FLOAT && spec.type() != OnnxJavaType.FLOAT16)
        || spec.shape().length != 2
        || (spec.shape()[1] >= 0 && spec.shape()[1] != hidden.size())) {
      throw BundleFailures.mismatch(
          session.name(),
          "output '%s': expected float or float16 [candidates, %d], found %s"
              .formatted(hidden.name(), hidden.size(), spec == null ? session.outputs() : spec));
    }
    return spec.type();
  }

  /** Runs the largest ids there can be, for some candidates and one row of the request. */
  private void tryOut(int asked) {
    int rows = ranker.layout() == Layout.ITEMS ? 1 : fixedRows > 0 ? fixedRows : asked;
    Lane lane = newLane();
    int[] lengths = new int[inputs.size()];
    for (int i = 0; i < lengths.length; i++) {
      RankerInput input = inputs.get(i);
      int own = input.perCandidate() ? rows : 1;
      lengths[i] = input.trialLength(MAX_TRIAL_LENGTH);
      input.ensure(lane.inputs()[i], own, lengths[i]);
      input.writeLargest(lane.inputs()[i], own, lengths[i]);
    }
    Map<String, long[]> expected = new LinkedHashMap<>();
    expected.put(ranker.scores(), scoresShape(rows));
    ranker
        .hidden()
        .ifPresent(hidden -> expected.put(hidden.name(), new long[] {rows, hidden.size()}));
    expected.putAll(reasons.shapes(rows));
    expected.forEach(
        (output, shape) -> {
          long[] found = trialShape(lane, rows, lengths, output);
          if (!Arrays.equals(shape, found)) {
            throw BundleFailures.mismatch(
                session.name(),
                "output '%s': expected %s for one request and %d candidates, found %s"
                    .formatted(output, Arrays.toString(shape), rows, Arrays.toString(found)));
          }
        });
  }

  private long[] trialShape(Lane lane, int rows, int[] lengths, String output) {
    try {
      return session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> tensors = new HashMap<>();
            try {
              for (int i = 0; i < lengths.length; i++) {
                RankerInput input = inputs.get(i);
                put(environment, lane, i, input.perCandidate() ? rows : 1, lengths[i], tensors);
              }
              return session.outputShape(tensors, output);
            } finally {
              tensors.values().forEach(OnnxTensor::close);
            }
          });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s: expected to run one row of the request with %d candidates and ids up to the largest in %s, found: %s"
              .formatted(session.name(), rows, Manifest.FILE, e.getMessage()),
          e);
    }
  }

  private void remember(Catalog catalog, long most) {
    long bytes = inputs.stream().mapToLong(RankerInput::bytesToRemember).sum() * catalog.size();
    if (catalog.size() == 0 || bytes > most) {
      return;
    }
    List<Item> items = IntStream.range(0, catalog.size()).mapToObj(catalog::item).toList();
    RankerCall all =
        new RankerCall(
            RecommendationRequest.of(UserHistory.empty()).build(),
            items,
            IntStream.range(0, items.size()).toArray(),
            new boolean[items.size()],
            false);
    inputs.stream()
        .filter(input -> input.bytesToRemember() > 0)
        .forEach(input -> input.remember(all));
  }

  private Lane newLane() {
    return new Lane(
        inputs.stream().map(RankerInput::newBuffer).toArray(TensorBuffer[]::new),
        new TensorBuffer(scores.type()),
        new TensorBuffer(hiddenType));
  }

  private long[] scoresShape(int rows) {
    return scores.shape().length == 1 ? new long[] {rows} : new long[] {rows, columns};
  }

  /** Bytes written so far to tensors of requests. */
  long requestBytes() {
    return requestBytes.sum();
  }

  /** Bytes written so far to tensors of candidates. */
  long candidateBytes() {
    return candidateBytes.sum();
  }

  /** Lets go of idle memory. */
  void close() {
    idle.clear();
  }

  /** Scores the candidates of a call, at least one. */
  Result score(RankerCall call) {
    return inLane(
        call,
        (environment, runner, lane, tensors) ->
            ranker.layout() == Layout.ITEMS
                ? ofItems(environment, runner, lane, call, tensors)
                : ofCandidates(environment, runner, lane, call, tensors));
  }

  /** Tells what the graph goes by for the one candidate of a call. */
  List<Reason> reasons(RankerCall call) {
    return inLane(
        call,
        (environment, runner, lane, tensors) -> {
          int rows = ranker.layout() == Layout.ITEMS ? 1 : Math.max(1, fixedRows);
          write(environment, lane, call, 0, 1, rows, tensors);
          return reasons.run(environment, runner, tensors, rows);
        });
  }

  /** The input of a name that reads features, if the ranker has it. */
  Optional<RankerInput> featureInput(String name) {
    return inputs.stream().filter(input -> input.name().equals(name) && input.readsRow()).findAny();
  }

  /** What is done in a lane, in which the inputs of the request are written. */
  private interface LaneCall<T> {
    T run(
        OrtEnvironment environment,
        OnnxSession.Runner runner,
        Lane lane,
        Map<String, OnnxTensor> tensors)
        throws OrtException;
  }

  private <T> T inLane(RankerCall call, LaneCall<T> inside) {
    Lane idleLane = idle.poll();
    Lane lane = idleLane == null ? newLane() : idleLane;
    try {
      return session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> tensors = new HashMap<>(inputs.size() * 2);
            try {
              for (int i = 0; i < inputs.size(); i++) {
                RankerInput input = inputs.get(i);
                if (!input.perCandidate()) {
                  int length = input.length(call, -1, 0);
                  requestBytes.add(input.ensure(lane.inputs()[i], 1, length));
                  input.write(lane.inputs()[i], length, call);
                  put(environment, lane, i, 1, length, tensors);
                }
              }
              return inside.run(environment, runner, lane, tensors);
            } finally {
              tensors.values().forEach(OnnxTensor::close);
            }
          });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: run failed for %d candidates: %s"
              .formatted(session.name(), call.items().size(), e.getMessage()),
          e);
    } finally {
      if (lane.bytes() <= MAX_LANE_BYTES) {
        idle.offer(lane);
      }
    }
  }

  /** Writes the inputs of candidates. */
  private void write(
      OrtEnvironment environment,
      Lane lane,
      RankerCall call,
      int from,
      int to,
      int rows,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    ItemRows.Batch kept = itemRows.of(call, from, to);
    for (int i = 0; i < inputs.size(); i++) {
      RankerInput input = inputs.get(i);
      if (input.perCandidate()) {
        int length = input.length(call, from, to);
        candidateBytes.add(input.ensure(lane.inputs()[i], rows, length));
        input.write(lane.inputs()[i], rows, length, call, from, to, i, kept);
        put(environment, lane, i, rows, length, tensors);
      }
    }
    kept.keep();
  }

  private Result ofCandidates(
      OrtEnvironment environment,
      OnnxSession.Runner runner,
      Lane lane,
      RankerCall call,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    int count = call.items().size();
    float[][] outputs = new float[count][columns];
    float[][] hidden = new float[ranker.hidden().isPresent() ? count : 0][];
    for (int from = 0; from < count; from += chunk) {
      int to = Math.min(count, from + chunk);
      int rows = fixedRows > 0 ? fixedRows : to - from;
      write(environment, lane, call, from, to, rows, tensors);
      run(environment, runner, lane, rows, tensors);
      for (int row = 0; row < to - from; row++) {
        lane.scores().get(row * columns, outputs[from + row], columns);
        if (hidden.length > 0) {
          int size = ranker.hidden().orElseThrow().size();
          hidden[from + row] = new float[size];
          lane.hidden().get(row * size, hidden[from + row], size);
        }
      }
    }
    return new Result(outputs, hidden);
  }

  private Result ofItems(
      OrtEnvironment environment,
      OnnxSession.Runner runner,
      Lane lane,
      RankerCall call,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    run(environment, runner, lane, 1, tensors);
    int count = call.items().size();
    float[][] outputs = new float[count][1];
    for (int i = 0; i < count; i++) {
      int ordinal = call.ordinals()[i];
      if (ordinal == Catalog.UNKNOWN) {
        throw new RecommenderException(
            Kind.UNKNOWN_ITEM,
            "item '%s': expected an item of the bundle, each of which has a column in output '%s', found another"
                .formatted(call.items().get(i).id(), ranker.scores()));
      }
      lane.scores().get(ordinal + ranker.offset(), outputs[i], 1);
    }
    float[] hidden = new float[ranker.hidden().map(Ranker.Hidden::size).orElse(0)];
    float[][] shared = new float[hidden.length > 0 ? count : 0][];
    if (hidden.length > 0) {
      lane.hidden().get(0, hidden, hidden.length);
      Arrays.fill(shared, hidden);
    }
    return new Result(outputs, shared);
  }

  private void run(
      OrtEnvironment environment,
      OnnxSession.Runner runner,
      Lane lane,
      int rows,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    lane.scores().ensure((long) rows * columns);
    Map<String, OnnxTensor> outputs = new HashMap<>();
    try {
      outputs.put(ranker.scores(), lane.scores().tensor(environment, scoresShape(rows)));
      if (ranker.hidden().isPresent()) {
        Ranker.Hidden hidden = ranker.hidden().get();
        lane.hidden().ensure((long) rows * hidden.size());
        outputs.put(
            hidden.name(), lane.hidden().tensor(environment, new long[] {rows, hidden.size()}));
      }
      runner.run(tensors, outputs);
    } finally {
      outputs.values().forEach(OnnxTensor::close);
    }
  }

  /** Puts the tensor of an input in place of the one before. */
  private void put(
      OrtEnvironment environment,
      Lane lane,
      int place,
      int rows,
      int length,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    RankerInput input = inputs.get(place);
    OnnxTensor tensor = lane.inputs()[place].tensor(environment, input.shape(rows, length));
    OnnxTensor before = tensors.put(input.name(), tensor);
    if (before != null) {
      before.close();
    }
  }
}
