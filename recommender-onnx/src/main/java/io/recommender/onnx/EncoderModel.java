package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.recommender.Item;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.Encoder.Pooling;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.stream.IntStream;

/**
 * The graph of an encoder: the plan from features to tensors, its runs, and the pooling of what
 * comes out.
 *
 * <p>Rows are sorted by length, so that a run pads to the longest of few that are nearly as long.
 *
 * <p><b>Thread-safe</b>: each call works in a lane of its own.
 */
final class EncoderModel {
  /** More idle lanes than this are left to the garbage collector. */
  private static final int IDLE_LANES = 64;

  /** A lane that holds more is not kept. */
  private static final long MAX_LANE_BYTES = 1 << 26;

  /** Texts longer than this are not tried at load. */
  private static final int MAX_PROBE_LENGTH = 512;

  private final OnnxSession session;
  private final Encoder encoder;
  private final List<EncoderInput> inputs;
  private final OnnxJavaType outputType;
  private final int fixedBatch;
  private final int maxBatch;
  private final int maxTokens;
  private final SharedCall.Helpers helpers;
  private final ArrayBlockingQueue<Lane> idle = new ArrayBlockingQueue<>(IDLE_LANES);

  private EncoderModel(
      OnnxSession session,
      Encoder encoder,
      List<EncoderInput> inputs,
      OnnxJavaType outputType,
      int fixedBatch,
      int maxBatch,
      int maxTokens,
      SharedCall.Helpers helpers) {
    this.session = session;
    this.encoder = encoder;
    this.inputs = inputs;
    this.outputType = outputType;
    this.fixedBatch = fixedBatch;
    this.maxBatch = fixedBatch > 0 ? fixedBatch : maxBatch;
    this.maxTokens = maxTokens;
    this.helpers = helpers;
  }

  /**
   * What one vector is made of.
   *
   * @param tokens none if the encoder reads no text
   */
  record Row(Item item, TextTokenizer.Tokens tokens) {}

  /** Direct buffers of the inputs and the output, reused from run to run. */
  private record Lane(TensorBuffer[] inputs, TensorBuffer output) {
    long bytes() {
      return Arrays.stream(inputs).mapToLong(TensorBuffer::capacity).sum() + output.capacity();
    }
  }

  /**
   * Checks every tensor of the graph against the manifest and runs the graph at its limits.
   *
   * @param maxBatch the most rows in a run
   * @param maxTokens the most tokens in a run of more than one row, padding included
   * @param helpers who shares the runs of a call
   */
  static EncoderModel of(
      OnnxSession session,
      Encoder encoder,
      Optional<TextTokenizer> tokenizer,
      int maxBatch,
      int maxTokens,
      SharedCall.Helpers helpers) {
    String model = session.name();
    Map<String, String> roles = new LinkedHashMap<>();
    encoder.inputs().forEach(input -> roles.put(input.name(), input.role().name()));
    List<EncoderInput> inputs = new ArrayList<>();
    session.eachInput(
        roles,
        spec ->
            inputs.add(EncoderInput.of(model, encoder.inputs().get(inputs.size()), encoder, spec)));
    Encoder.Vector vector = encoder.vector();
    TensorSpec spec = session.outputs().get(vector.name());
    int axes = vector.pooling() == Pooling.NONE ? 2 : 3;
    if (spec == null
        || (spec.type() != OnnxJavaType.FLOAT && spec.type() != OnnxJavaType.FLOAT16)
        || spec.shape().length != axes) {
      throw BundleFailures.mismatch(
          model,
          "output '%s': expected float or float16 [batch, %s%d] with pooling %s, found %s"
              .formatted(
                  vector.name(),
                  axes == 2 ? "" : "length, ",
                  vector.dimension(),
                  vector.pooling(),
                  spec == null ? session.outputs() : spec));
    }
    EncoderModel opened =
        new EncoderModel(
            session,
            encoder,
            inputs,
            spec.type(),
            SequenceModel.fixedBatch(model, session.inputs()),
            maxBatch,
            maxTokens,
            helpers);
    opened.probe(tokenizer);
    return opened;
  }

  /** Runs a short batch, then the longest text made of the largest token. */
  private void probe(Optional<TextTokenizer> tokenizer) {
    if (encoder.tokens().isEmpty()) {
      probe(2, 0, 0, "");
      return;
    }
    TokenLayout layout = encoder.tokens().get();
    int largest = tokenizer.orElseThrow().largestToken();
    if (layout.paddingToken() > largest) {
      throw BundleFailures.invalid(
          Manifest.FILE,
          "%s/paddingToken: expected at most %d, the largest token of %s, found %d"
              .formatted(layout.place(), largest, layout.tokenizer(), layout.paddingToken()));
    }
    boolean fixed = layout.length() == Manifest.Length.FIXED;
    probe(2, fixed ? layout.maxLength() : 1, layout.paddingToken(), "");
    int longest = fixed ? layout.maxLength() : Math.min(layout.maxLength(), MAX_PROBE_LENGTH);
    probe(
        1,
        longest,
        largest,
        " of tokens up to %d, the largest of %s,".formatted(largest, layout.tokenizer()));
  }

  private void probe(int rows, int length, int token, String tokens) {
    int padded = fixedBatch > 0 ? fixedBatch : rows;
    long[] ids = new long[length];
    Arrays.fill(ids, token);
    Row row = new Row(Item.of("probe"), new TextTokenizer.Tokens(ids, new long[length], false));
    Lane lane = newLane();
    for (int i = 0; i < inputs.size(); i++) {
      inputs.get(i).ensure(lane.inputs()[i], padded, length);
      for (int place = 0; place < padded; place++) {
        inputs.get(i).writeAnyway(lane.inputs()[i], place, length, row);
      }
    }
    String output = encoder.vector().name();
    long[] expected =
        encoder.vector().pooling() == Pooling.NONE
            ? new long[] {padded, encoder.vector().dimension()}
            : new long[] {padded, length, encoder.vector().dimension()};
    try {
      long[] found =
          session.call(
              (environment, runner) -> {
                Map<String, OnnxTensor> tensors = new HashMap<>();
                try {
                  tensors(environment, lane, padded, length, tensors);
                  return session.outputShape(tensors, output);
                } finally {
                  tensors.values().forEach(OnnxTensor::close);
                }
              });
      if (!Arrays.equals(expected, found)) {
        throw BundleFailures.mismatch(
            session.name(),
            "output '%s': expected %s for a batch of %d x %d, found %s"
                .formatted(
                    output, Arrays.toString(expected), padded, length, Arrays.toString(found)));
      }
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s: expected to run a batch of %d x %d%s found: %s"
              .formatted(
                  session.name(), padded, length, tokens.isEmpty() ? "," : tokens, e.getMessage()),
          e);
    }
  }

  private Lane newLane() {
    return new Lane(
        inputs.stream().map(EncoderInput::newBuffer).toArray(TensorBuffer[]::new),
        new TensorBuffer(outputType));
  }

  /** Lets go of idle memory. */
  void close() {
    idle.clear();
  }

  /** Returns one vector for each row, in order. */
  float[][] encode(List<Row> rows) {
    float[][] vectors = new float[rows.size()][];
    int[] order = byLength(rows);
    int[] ends = runs(rows, order);
    helpers.forEach(
        ends.length,
        next -> {
          Lane idleLane = idle.poll();
          Lane lane = idleLane == null ? newLane() : idleLane;
          try {
            for (int run = next.getAsInt(); run >= 0; run = next.getAsInt()) {
              // The longest first, so that threads are done at about the same time.
              int last = ends.length - 1 - run;
              encode(rows, order, last == 0 ? 0 : ends[last - 1], ends[last], lane, vectors);
            }
          } finally {
            if (lane.bytes() <= MAX_LANE_BYTES) {
              idle.offer(lane);
            }
          }
        });
    return vectors;
  }

  /** The places of rows, shorter ones first, and of those that are as long the first one first. */
  private static int[] byLength(List<Row> rows) {
    long[] keys = new long[rows.size()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (long) rows.get(i).tokens().length() << Integer.SIZE | i;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
  }

  /** Where each run ends in an order of rows. */
  private int[] runs(List<Row> rows, int[] order) {
    IntStream.Builder ends = IntStream.builder();
    for (int from = 0; from < order.length; ) {
      int to = from + 1;
      while (to < order.length
          && to - from < maxBatch
          && (to + 1L - from) * length(rows.get(order[to])) <= maxTokens) {
        to++;
      }
      ends.add(to);
      from = to;
    }
    return ends.build().toArray();
  }

  private void encode(List<Row> rows, int[] order, int from, int to, Lane lane, float[][] vectors) {
    List<Row> batch = new ArrayList<>(to - from);
    for (int i = from; i < to; i++) {
      batch.add(rows.get(order[i]));
    }
    int length = length(batch.get(batch.size() - 1));
    run(lane, batch, length);
    for (int i = from; i < to; i++) {
      vectors[order[i]] = vector(lane, i - from, length, rows.get(order[i]));
    }
  }

  /** To how many tokens a row is padded when it is the longest of its run. */
  private int length(Row row) {
    if (encoder.tokens().isEmpty()) {
      return 0;
    }
    TokenLayout layout = encoder.tokens().get();
    return layout.length() == Manifest.Length.FIXED
        ? layout.maxLength()
        : Math.max(1, row.tokens().length());
  }

  private void run(Lane lane, List<Row> batch, int length) {
    int rows = fixedBatch > 0 ? fixedBatch : batch.size();
    for (int i = 0; i < inputs.size(); i++) {
      EncoderInput input = inputs.get(i);
      input.ensure(lane.inputs()[i], rows, length);
      for (int row = 0; row < rows; row++) {
        input.write(lane.inputs()[i], row, length, batch.get(Math.min(row, batch.size() - 1)));
      }
    }
    long[] shape =
        encoder.vector().pooling() == Pooling.NONE
            ? new long[] {rows, encoder.vector().dimension()}
            : new long[] {rows, length, encoder.vector().dimension()};
    lane.output().ensure(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
    try {
      session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> tensors = new HashMap<>(inputs.size() * 2);
            try (OnnxTensor output = lane.output().tensor(environment, shape)) {
              tensors(environment, lane, rows, length, tensors);
              runner.run(tensors, Map.of(encoder.vector().name(), output));
              return null;
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

  private void tensors(
      OrtEnvironment environment, Lane lane, int rows, int length, Map<String, OnnxTensor> tensors)
      throws OrtException {
    for (int i = 0; i < inputs.size(); i++) {
      EncoderInput input = inputs.get(i);
      tensors.put(input.name(), lane.inputs()[i].tensor(environment, input.shape(rows, length)));
    }
  }

  private float[] vector(Lane lane, int place, int length, Row row) {
    Encoder.Vector described = encoder.vector();
    float[] vector = new float[described.dimension()];
    if (described.pooling() == Pooling.NONE) {
      lane.output().get(place * vector.length, vector, vector.length);
    } else {
      pool(lane, place * length, length, row.tokens().length(), vector);
    }
    double squares = 0;
    for (int i = 0; i < vector.length; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s: output '%s' of item '%s', component %d: expected a finite number, found %s"
                .formatted(session.name(), described.name(), row.item().id(), i, vector[i]));
      }
      squares += (double) vector[i] * vector[i];
    }
    if (described.normalize() && squares > 0) {
      double norm = Math.sqrt(squares);
      for (int i = 0; i < vector.length; i++) {
        vector[i] = (float) (vector[i] / norm);
      }
    }
    return vector;
  }

  /** Pools the states of the tokens of a row; a row without tokens gives zeros. */
  private void pool(Lane lane, int firstState, int length, int tokens, float[] into) {
    if (tokens == 0) {
      return;
    }
    boolean left = encoder.tokens().orElseThrow().paddingSide() == Manifest.PaddingSide.LEFT;
    int first = firstState + (left ? length - tokens : 0);
    int size = into.length;
    switch (encoder.vector().pooling()) {
      case CLS -> lane.output().get(first * size, into, size);
      case LAST -> lane.output().get((first + tokens - 1) * size, into, size);
      case MEAN -> {
        double[] sums = new double[size];
        for (int token = 0; token < tokens; token++) {
          lane.output().get((first + token) * size, into, size);
          for (int i = 0; i < size; i++) {
            sums[i] += into[i];
          }
        }
        for (int i = 0; i < size; i++) {
          into[i] = (float) (sums[i] / tokens);
        }
      }
      case MAX -> {
        float[] state = new float[size];
        Arrays.fill(into, Float.NEGATIVE_INFINITY);
        for (int token = 0; token < tokens; token++) {
          lane.output().get((first + token) * size, state, size);
          for (int i = 0; i < size; i++) {
            // Math.max keeps NaN, so that it is found.
            into[i] = Math.max(into[i], state[i]);
          }
        }
      }
      case NONE -> throw new AssertionError();
    }
  }
}
