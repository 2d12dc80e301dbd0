package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.Result;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The direct buffers of one graph of one decoding, kept for the next one, and the runs into them.
 *
 * <p><b>Confined</b>.
 */
final class TokenLane {
  private final TokenGraph graph;
  private final int vocabularySize;
  private final TensorBuffer[] inputs;
  private final @Nullable TensorBuffer logits;

  /** The extent of each input, an array of one to three numbers. */
  private final long[][] shapes;

  /** How many tokens each row of logits has a place for. */
  private int places = 1;

  TokenLane(TokenGraph graph, int vocabularySize) {
    this.graph = graph;
    this.vocabularySize = vocabularySize;
    inputs = new TensorBuffer[graph.inputs().size()];
    shapes = new long[inputs.length][];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = new TensorBuffer(graph.type(graph.inputs().get(i).name()));
    }
    String output = graph.logits();
    logits = output == null ? null : new TensorBuffer(graph.type(output));
  }

  /** Makes room for an input of a row each. */
  TensorBuffer vector(int input, int rows) {
    inputs[input].ensure(rows);
    shapes[input] = new long[] {rows};
    return inputs[input];
  }

  /** Makes room for an input of rows of a length. */
  TensorBuffer matrix(int input, int rows, int length) {
    inputs[input].ensure((long) rows * length);
    shapes[input] = new long[] {rows, length};
    return inputs[input];
  }

  /** Makes room for an input of rows of vectors, all zero. */
  TensorBuffer zeros(int input, int rows, int length, int width) {
    long count = (long) rows * length * width;
    inputs[input].ensure(count);
    inputs[input].clear((int) count);
    shapes[input] = new long[] {rows, length, width};
    return inputs[input];
  }

  /** {@return the bytes held} */
  long capacity() {
    long bytes = logits == null ? 0 : logits.capacity();
    for (TensorBuffer input : inputs) {
      bytes += input.capacity();
    }
    return bytes;
  }

  /**
   * Runs the graph on what was written.
   *
   * @param caches inputs that are tensors already; not closed
   * @return what lives on, to be closed by the caller
   */
  Result run(int rows, int length, Map<String, OnnxTensor> caches) {
    places = graph.logitsOfEveryToken() ? length : 1;
    if (logits != null) {
      logits.ensure((long) rows * places * vocabularySize);
    }
    try {
      return graph
          .session()
          .call(
              (environment, runner) -> {
                Map<String, OnnxTensor> tensors = new HashMap<>(caches);
                try (OnnxTensor output = output(environment, rows)) {
                  for (int i = 0; i < inputs.length; i++) {
                    tensors.put(
                        graph.inputs().get(i).name(), inputs[i].tensor(environment, shapes[i]));
                  }
                  String name = graph.logits();
                  return runner.keep(
                      tensors,
                      graph.kept(),
                      name == null || output == null ? Map.of() : Map.of(name, output));
                } finally {
                  for (int i = 0; i < inputs.length; i++) {
                    OnnxTensor tensor = tensors.get(graph.inputs().get(i).name());
                    if (tensor != null) {
                      tensor.close();
                    }
                  }
                }
              });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: run failed for %d rows of %d tokens: %s"
              .formatted(graph.session().name(), rows, length, e.getMessage()),
          e);
    }
  }

  private @Nullable OnnxTensor output(OrtEnvironment environment, int rows) throws OrtException {
    if (logits == null) {
      return null;
    }
    return logits.tensor(
        environment,
        graph.logitsOfEveryToken()
            ? new long[] {rows, places, vocabularySize}
            : new long[] {rows, vocabularySize});
  }

  /** Copies the logits after a token of a row; the token does not matter if there is but one. */
  void logits(int row, int place, float[] to) {
    if (logits == null) {
      throw new AssertionError(graph.session().name());
    }
    logits.get((row * places + (places == 1 ? 0 : place)) * vocabularySize, to, vocabularySize);
  }

  /** Makes a tensor without elements. */
  OnnxTensor empty(String cache, long[] shape) {
    try {
      OnnxJavaType type = graph.type(cache);
      return graph
          .session()
          .call((environment, runner) -> new TensorBuffer(type).tensor(environment, shape));
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: no empty tensor for '%s': %s"
              .formatted(graph.session().name(), cache, e.getMessage()),
          e);
    }
  }
}
