package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.Catalog;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.ListRanker.Selected;
import io.recommender.onnx.OnnxSession.TensorSpec;
import io.recommender.onnx.Ranker.Side;
import io.recommender.onnx.RankerCall.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * The graph of a list: the plan from features to tensors, and a run for each item that is picked.
 *
 * <p>Everything but what was picked is written once in a call. Candidates have the second axis of
 * their tensors; the first is 1.
 *
 * <p><b>Thread-safe</b>: each call works in a lane of its own.
 */
final class ListModel {
  /** More idle lanes than this are left to the garbage collector. */
  private static final int IDLE_LANES = 64;

  /** A lane that holds more is not kept. */
  private static final long MAX_LANE_BYTES = 1 << 26;

  /** Lists longer than this are not tried at load. */
  private static final int MAX_TRIAL_LENGTH = 512;

  private final OnnxSession session;
  private final ListRanker list;
  private final List<RankerInput> inputs;
  private final OnnxJavaType selectedType;
  private final OnnxJavaType logitsType;
  private final ArrayBlockingQueue<Lane> idle = new ArrayBlockingQueue<>(IDLE_LANES);

  private ListModel(
      OnnxSession session,
      ListRanker list,
      List<RankerInput> inputs,
      OnnxJavaType selectedType,
      OnnxJavaType logitsType) {
    this.session = session;
    this.list = list;
    this.inputs = inputs;
    this.selectedType = selectedType;
    this.logitsType = logitsType;
  }

  /** Direct buffers of inputs and outputs, reused from run to run. */
  private record Lane(TensorBuffer[] inputs, TensorBuffer selected, TensorBuffer logits) {
    long bytes() {
      return Arrays.stream(inputs).mapToLong(TensorBuffer::capacity).sum()
          + selected.capacity()
          + logits.capacity();
    }
  }

  /** Says which candidate comes next, and is told the logits before. */
  @FunctionalInterface
  interface Picker {

    /**
     * Picks a candidate.
     *
     * @param logits one for each candidate, then that of the end
     * @return its place, -1 to end the list
     */
    int pick(float[] logits);
  }

  /** Checks every tensor of the graph against the manifest and runs it for short lists. */
  static ListModel of(
      OnnxSession session, ListRanker list, Catalog catalog, Map<Side, Map<String, Table>> tables) {
    String model = session.name();
    Selected selected = list.selected();
    Map<String, String> roles = new LinkedHashMap<>();
    list.ranker().inputs().forEach(input -> roles.put(input.name(), input.role().name()));
    Map<String, TensorSpec> rows = withoutListAxis(session, list.ranker());
    roles.put(selected.name(), "selected");
    List<RankerInput> inputs = new ArrayList<>();
    session.eachInput(
        roles,
        spec -> {
          if (inputs.size() < list.ranker().inputs().size()) {
            inputs.add(
                RankerInput.of(
                    model,
                    list.ranker().inputs().get(inputs.size()),
                    list.ranker(),
                    catalog,
                    tables,
                    rows));
          }
        });
    TensorSpec picked = session.inputs().get(selected.name());
    if (picked == null
        || (picked.type() != OnnxJavaType.INT64 && picked.type() != OnnxJavaType.INT32)
        || picked.shape().length != 2
        || picked.shape()[1] >= 0) {
      throw BundleFailures.mismatch(
          model,
          "input '%s': expected int64 or int32 [1, a dynamic length], found %s"
              .formatted(selected.name(), picked));
    }
    for (RankerInput input : inputs) {
      if (input.fixedRows() > 0) {
        throw BundleFailures.mismatch(
            model,
            "input '%s': expected any number of candidates, found %s"
                .formatted(input.name(), session.inputs().get(input.name())));
      }
    }
    TensorSpec logits = session.outputs().get(list.ranker().scores());
    if (logits == null
        || (logits.type() != OnnxJavaType.FLOAT && logits.type() != OnnxJavaType.FLOAT16)
        || logits.shape().length != 2) {
      throw BundleFailures.mismatch(
          model,
          "output '%s': expected float or float16 [1, candidates + 1], found %s"
              .formatted(list.ranker().scores(), logits == null ? session.outputs() : logits));
    }
    ListModel opened = new ListModel(session, list, inputs, picked.type(), logits.type());
    opened.tryOut(1, 1);
    opened.tryOut(3, 2);
    return opened;
  }

  /** The tensors as of candidates alone: [1, candidates, ...] becomes [candidates, ...]. */
  private static Map<String, TensorSpec> withoutListAxis(OnnxSession session, Ranker ranker) {
    Map<String, TensorSpec> rows = new HashMap<>(session.inputs());
    for (Ranker.Input input : ranker.inputs()) {
      TensorSpec spec = rows.get(input.name());
      if (spec == null || side(input, ranker) != Side.CANDIDATE) {
        continue;
      }
      long[] shape = spec.shape();
      if (shape.length < 2 || (shape[0] >= 0 && shape[0] != 1)) {
        throw BundleFailures.mismatch(
            session.name(),
            "input '%s' of candidates: expected [1, candidates] or [1, candidates, ...], found %s"
                .formatted(input.name(), spec));
      }
      rows.put(
          input.name(), new TensorSpec(spec.type(), Arrays.copyOfRange(shape, 1, shape.length)));
    }
    return rows;
  }

  private static Side side(Ranker.Input input, Ranker ranker) {
    return input.role() != Ranker.Role.MASK
        ? input.side()
        : ranker.inputs().stream()
            .filter(other -> other.name().equals(input.of()))
            .findFirst()
            .orElseThrow()
            .side();
  }

  /** Runs the largest ids there can be, for some candidates and some that were picked. */
  private void tryOut(int candidates, int picked) {
    Lane lane = newLane();
    int[] lengths = new int[inputs.size()];
    for (int i = 0; i < lengths.length; i++) {
      RankerInput input = inputs.get(i);
      int rows = input.perCandidate() ? candidates : 1;
      lengths[i] = input.trialLength(MAX_TRIAL_LENGTH);
      input.ensure(lane.inputs()[i], rows, lengths[i]);
      input.writeLargest(lane.inputs()[i], rows, lengths[i]);
    }
    lane.selected().ensure(picked);
    for (int place = 0; place < picked; place++) {
      lane.selected().put(place, told(place, place - 1));
    }
    long[] expected = {1, candidates + 1L};
    String output = list.ranker().scores();
    try {
      long[] found =
          session.call(
              (environment, runner) -> {
                Map<String, OnnxTensor> tensors = new HashMap<>();
                try {
                  for (int i = 0; i < lengths.length; i++) {
                    put(environment, lane, i, candidates, lengths[i], tensors);
                  }
                  tensors.put(
                      list.selected().name(),
                      lane.selected().tensor(environment, new long[] {1, picked}));
                  return session.outputShape(tensors, output);
                } finally {
                  tensors.values().forEach(OnnxTensor::close);
                }
              });
      if (!Arrays.equals(expected, found)) {
        throw BundleFailures.mismatch(
            session.name(),
            "output '%s': expected %s for %d candidates, found %s"
                .formatted(output, Arrays.toString(expected), candidates, Arrays.toString(found)));
      }
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s: expected to run %d candidates of which %d were picked, found: %s"
              .formatted(session.name(), candidates, picked - 1, e.getMessage()),
          e);
    }
  }

  /** What the graph is told at a place of what was picked. */
  private int told(int place, int candidate) {
    return place == 0 ? list.selected().start() : candidate + list.selected().offset();
  }

  private Lane newLane() {
    return new Lane(
        inputs.stream().map(RankerInput::newBuffer).toArray(TensorBuffer[]::new),
        new TensorBuffer(selectedType),
        new TensorBuffer(logitsType));
  }

  private void put(
      OrtEnvironment environment,
      Lane lane,
      int place,
      int candidates,
      int length,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    RankerInput input = inputs.get(place);
    long[] shape = input.shape(input.perCandidate() ? candidates : 1, length);
    if (input.perCandidate()) {
      long[] ofList = new long[shape.length + 1];
      ofList[0] = 1;
      System.arraycopy(shape, 0, ofList, 1, shape.length);
      shape = ofList;
    }
    tensors.put(input.name(), lane.inputs()[place].tensor(environment, shape));
  }

  /** Lets go of idle memory. */
  void close() {
    idle.clear();
  }

  /** Runs the graph for what was picked so far, again and again, until the picker ends the list. */
  void pick(RankerCall call, int most, Picker picker) {
    Lane idleLane = idle.poll();
    Lane lane = idleLane == null ? newLane() : idleLane;
    int count = call.items().size();
    try {
      session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> tensors = new HashMap<>(inputs.size() * 2 + 2);
            try {
              for (int i = 0; i < inputs.size(); i++) {
                write(environment, lane, i, call, tensors);
              }
              lane.logits().ensure(count + 1L);
              // All at once, since room made later would lose what was picked.
              lane.selected().ensure(most + 1L);
              lane.selected().put(0, told(0, -1));
              float[] logits = new float[count + 1];
              for (int picked = 0; picked < most; picked++) {
                run(environment, runner, lane, picked + 1, count, tensors);
                lane.logits().get(0, logits, count + 1);
                int next = picker.pick(logits);
                if (next < 0) {
                  break;
                }
                lane.selected().put(picked + 1, told(picked + 1, next));
              }
              return null;
            } finally {
              tensors.values().forEach(OnnxTensor::close);
            }
          });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: run failed for %d candidates: %s".formatted(session.name(), count, e.getMessage()),
          e);
    } finally {
      if (lane.bytes() <= MAX_LANE_BYTES) {
        idle.offer(lane);
      }
    }
  }

  private void write(
      OrtEnvironment environment,
      Lane lane,
      int place,
      RankerCall call,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    RankerInput input = inputs.get(place);
    int count = call.items().size();
    if (input.perCandidate()) {
      int length = input.length(call, 0, count);
      input.ensure(lane.inputs()[place], count, length);
      input.write(
          lane.inputs()[place],
          count,
          length,
          call,
          0,
          count,
          place,
          ItemRows.NONE.of(call, 0, count));
      put(environment, lane, place, count, length, tensors);
    } else {
      int length = input.length(call, -1, 0);
      input.ensure(lane.inputs()[place], 1, length);
      input.write(lane.inputs()[place], length, call);
      put(environment, lane, place, 1, length, tensors);
    }
  }

  private void run(
      OrtEnvironment environment,
      OnnxSession.Runner runner,
      Lane lane,
      int told,
      int count,
      Map<String, OnnxTensor> tensors)
      throws OrtException {
    String selected = list.selected().name();
    try (OnnxTensor logits = lane.logits().tensor(environment, new long[] {1, count + 1L})) {
      tensors.put(selected, lane.selected().tensor(environment, new long[] {1, told}));
      runner.run(tensors, Map.of(list.ranker().scores(), logits));
    } finally {
      OnnxTensor used = tensors.remove(selected);
      if (used != null) {
        used.close();
      }
    }
  }
}
