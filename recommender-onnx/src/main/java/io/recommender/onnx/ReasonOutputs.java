package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.Reason;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The outputs of a graph that tell what it goes by. They are asked for one row at a time, and not
 * at all when items are scored.
 *
 * <p><b>Immutable</b>.
 */
final class ReasonOutputs {
  private final String model;
  private final List<Ranker.Reasons> outputs;
  private final List<TensorSpec> specs;

  private ReasonOutputs(String model, List<Ranker.Reasons> outputs, List<TensorSpec> specs) {
    this.model = model;
    this.outputs = outputs;
    this.specs = specs;
  }

  /** Checks the outputs against the graph. */
  static ReasonOutputs of(OnnxSession session, List<Ranker.Reasons> outputs) {
    List<TensorSpec> specs = new ArrayList<>();
    for (Ranker.Reasons output : outputs) {
      TensorSpec spec = session.outputs().get(output.name());
      if (spec == null
          || (spec.type() != OnnxJavaType.FLOAT && spec.type() != OnnxJavaType.FLOAT16)
          || spec.shape().length != 2
          || (spec.shape()[1] >= 0 && spec.shape()[1] != output.labels().size())) {
        throw BundleFailures.mismatch(
            session.name(),
            "output '%s': expected float or float16 [1 or rows, %d], one column for each of %s, found %s"
                .formatted(
                    output.name(),
                    output.labels().size(),
                    output.labels(),
                    spec == null ? session.outputs() : spec));
      }
      specs.add(spec);
    }
    return new ReasonOutputs(session.name(), outputs, specs);
  }

  /** What the graph gives for a number of rows, by output. */
  Map<String, long[]> shapes(int rows) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (int i = 0; i < outputs.size(); i++) {
      shapes.put(outputs.get(i).name(), shape(i, rows));
    }
    return shapes;
  }

  /** An output with one row belongs to the request. */
  private long[] shape(int output, int rows) {
    long ofGraph = specs.get(output).shape()[0];
    return new long[] {ofGraph == 1 ? 1 : rows, outputs.get(output).labels().size()};
  }

  /** Runs the graph and reads the first row of each output. */
  List<Reason> run(
      OrtEnvironment environment,
      OnnxSession.Runner runner,
      Map<String, OnnxTensor> inputs,
      int rows)
      throws OrtException {
    TensorBuffer[] buffers = new TensorBuffer[outputs.size()];
    Map<String, OnnxTensor> tensors = new HashMap<>();
    try {
      for (int i = 0; i < buffers.length; i++) {
        long[] shape = shape(i, rows);
        buffers[i] = new TensorBuffer(specs.get(i).type());
        buffers[i].ensure(shape[0] * shape[1]);
        tensors.put(outputs.get(i).name(), buffers[i].tensor(environment, shape));
      }
      runner.run(inputs, tensors);
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
    List<Reason> reasons = new ArrayList<>();
    for (int i = 0; i < buffers.length; i++) {
      float[] row = new float[outputs.get(i).labels().size()];
      buffers[i].get(0, row, row.length);
      reasons.addAll(ranked(outputs.get(i), row));
    }
    return List.copyOf(reasons);
  }

  private List<Reason> ranked(Ranker.Reasons output, float[] row) {
    double[] weights = new double[row.length];
    for (int i = 0; i < row.length; i++) {
      weights[i] = row[i];
      if (!Float.isFinite(row[i])) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s: output '%s', column '%s': expected a finite number, found %s"
                .formatted(model, output.name(), output.labels().get(i), row[i]));
      }
    }
    try {
      return Reason.ranked(output.kind(), output.labels(), weights);
    } catch (IllegalArgumentException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: output '%s': %s".formatted(model, output.name(), e.getMessage()),
          e);
    }
  }
}
