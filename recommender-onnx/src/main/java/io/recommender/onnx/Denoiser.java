package io.recommender.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.OnnxSession.TensorSpec;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * A graph that takes noise out of latent vectors step by step, and the steps. The rows of a batch
 * are denoised together: each step is one run.
 *
 * <p><b>Thread-safe</b>: each call works in buffers of its own.
 */
final class Denoiser {
  private static final Set<OnnxJavaType> TIMES =
      EnumSet.of(OnnxJavaType.INT64, OnnxJavaType.INT32, OnnxJavaType.FLOAT);
  private static final Set<OnnxJavaType> FLOATS =
      EnumSet.of(OnnxJavaType.FLOAT, OnnxJavaType.FLOAT16);

  private final Diffusion diffusion;
  private final OnnxSession session;
  private final String output;
  private final int dimension;
  private final OnnxJavaType timeType;
  private final OnnxJavaType outputType;

  /** Set before anyone else knows this. */
  private NoiseSchedule.Step[] steps;

  private Diffusion.Sampling sampling;

  private Denoiser(
      Diffusion diffusion,
      OnnxSession session,
      Manifest.Embedding latent,
      OnnxJavaType timeType,
      OnnxJavaType outputType) {
    this.diffusion = diffusion;
    this.session = session;
    output = latent.name();
    dimension = latent.dimension();
    this.timeType = timeType;
    this.outputType = outputType;
    sampling = diffusion.sampling();
    steps = diffusion.schedule().steps(sampling, diffusion.prediction());
  }

  /** What one call needs, kept for the next one. <b>Confined</b>. */
  static final class Buffers {
    private final TensorBuffer latent = new TensorBuffer(OnnxJavaType.FLOAT);
    private final TensorBuffer time;
    private final TensorBuffer predicted;
    private SeededNoise[] noises = {};
    private float[] now = {};
    private float[] prediction = {};

    private Buffers(OnnxJavaType timeType, OnnxJavaType outputType) {
      time = new TensorBuffer(timeType);
      predicted = new TensorBuffer(outputType);
    }

    /** The latents, a row after the other. */
    TensorBuffer latent() {
      return latent;
    }

    long capacity() {
      return (long) latent.capacity() + time.capacity() + predicted.capacity();
    }

    private void ensure(int rows, int dimension) {
      int numbers = Math.multiplyExact(rows, dimension);
      latent.ensure(numbers);
      time.ensure(rows);
      predicted.ensure(numbers);
      if (now.length < numbers) {
        now = new float[numbers];
        prediction = new float[numbers];
      }
      int known = noises.length;
      if (known < rows) {
        noises = Arrays.copyOf(noises, rows);
        Arrays.setAll(noises, row -> row < known ? noises[row] : new SeededNoise());
      }
    }
  }

  /** Bytes of a latent of one row. */
  long bytesOfRow() {
    return (long) Float.BYTES * dimension;
  }

  /**
   * Checks every tensor of the graph against the manifest, and runs it to learn the shape of its
   * output.
   *
   * @param before the graph that gives the condition
   */
  static Denoiser of(Manifest manifest, OnnxSession before, OnnxSession session) {
    Diffusion diffusion = manifest.diffusion().orElseThrow();
    Manifest.Embedding latent = manifest.embedding().orElseThrow();
    String model = session.name();
    Map<String, TensorSpec> specs = new HashMap<>();
    session.eachInput(
        diffusion.roles(),
        spec -> {
          Diffusion.Input input = diffusion.inputs().get(specs.size());
          specs.put(input.name(), spec);
          check(model, input, spec, diffusion.condition().size(), latent.dimension());
        });
    TensorSpec condition = before.outputs().get(diffusion.condition().name());
    OnnxJavaType timeType = OnnxJavaType.INT64;
    for (Diffusion.Input input : diffusion.inputs()) {
      TensorSpec spec = specs.get(input.name());
      if (input.role() == Diffusion.Role.TIME) {
        timeType = spec.type();
      } else if (input.role() == Diffusion.Role.CONDITION
          && condition != null
          && condition.type() != spec.type()) {
        throw BundleFailures.mismatch(
            model,
            "input '%s': expected the type of output '%s' of %s, %s, found %s"
                .formatted(
                    input.name(), diffusion.condition().name(), before.name(), condition, spec));
      }
    }
    TensorSpec output = session.outputs().get(latent.name());
    if (output == null || !FLOATS.contains(output.type()) || output.shape().length != 2) {
      throw BundleFailures.mismatch(
          model,
          "expected an output '%s', float or float16 [batch, %d], found %s"
              .formatted(latent.name(), latent.dimension(), session.outputs()));
    }
    int fixedBatch = SequenceModel.fixedBatch(model, session.inputs());
    int ofCondition = SequenceModel.fixedBatch(before.name(), before.inputs());
    if (fixedBatch > 0 && fixedBatch != ofCondition) {
      throw BundleFailures.mismatch(
          model,
          "expected a batch that varies, or that of %s (%s), found %d"
              .formatted(before.name(), ofCondition == 0 ? "varies" : ofCondition, fixedBatch));
    }
    Denoiser denoiser = new Denoiser(diffusion, session, latent, timeType, output.type());
    OnnxJavaType conditionType = condition == null ? OnnxJavaType.FLOAT : condition.type();
    denoiser.probe(conditionType, Math.max(1, fixedBatch));
    if (fixedBatch == 0) {
      denoiser.probe(conditionType, 2);
    }
    return denoiser;
  }

  private static void check(
      String model, Diffusion.Input input, TensorSpec spec, int condition, int dimension) {
    Set<OnnxJavaType> types =
        switch (input.role()) {
          case LATENT -> EnumSet.of(OnnxJavaType.FLOAT);
          case TIME -> TIMES;
          case CONDITION -> FLOATS;
        };
    long[] shape =
        switch (input.role()) {
          case LATENT -> new long[] {-1, dimension};
          case TIME -> new long[] {-1};
          case CONDITION -> new long[] {-1, condition};
        };
    boolean fits = types.contains(spec.type()) && spec.shape().length == shape.length;
    for (int axis = 1; fits && axis < shape.length; axis++) {
      fits = spec.shape()[axis] < 0 || spec.shape()[axis] == shape[axis];
    }
    if (!fits) {
      throw BundleFailures.mismatch(
          model,
          "input '%s' of role %s: expected %s %s, found %s"
              .formatted(
                  input.name(),
                  input.role(),
                  types,
                  Arrays.toString(shape).replace("-1", "batch"),
                  spec));
    }
  }

  private void probe(OnnxJavaType conditionType, int rows) {
    Buffers buffers = newBuffers();
    buffers.ensure(rows, dimension);
    TensorBuffer condition = new TensorBuffer(conditionType);
    condition.ensure((long) rows * diffusion.condition().size());
    try {
      long[] shape =
          session.call(
              (environment, runner) -> {
                Map<String, OnnxTensor> tensors = new HashMap<>();
                try {
                  for (Diffusion.Input input : diffusion.inputs()) {
                    tensors.put(
                        input.name(),
                        buffer(input, buffers, condition).tensor(environment, shape(input, rows)));
                  }
                  return session.outputShape(tensors, output);
                } finally {
                  tensors.values().forEach(OnnxTensor::close);
                }
              });
      if (!Arrays.equals(shape, new long[] {rows, dimension})) {
        throw BundleFailures.mismatch(
            session.name(),
            "output '%s': expected [%d, %d] for a batch of %d, found %s"
                .formatted(output, rows, dimension, rows, Arrays.toString(shape)));
      }
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.SHAPE_MISMATCH,
          "%s: expected to run a batch of %d, found: %s"
              .formatted(session.name(), rows, e.getMessage()),
          e);
    }
  }

  private static TensorBuffer buffer(
      Diffusion.Input input, Buffers buffers, TensorBuffer condition) {
    return switch (input.role()) {
      case LATENT -> buffers.latent;
      case TIME -> buffers.time;
      case CONDITION -> condition;
    };
  }

  private long[] shape(Diffusion.Input input, int rows) {
    return switch (input.role()) {
      case LATENT -> new long[] {rows, dimension};
      case TIME -> new long[] {rows};
      case CONDITION -> new long[] {rows, diffusion.condition().size()};
    };
  }

  OnnxSession session() {
    return session;
  }

  /** How many runs one call takes. */
  int runs() {
    return steps.length;
  }

  /** Tells how latents are sampled. */
  String sampling() {
    return "%d of %d steps, eta %s"
        .formatted(sampling.steps(), diffusion.schedule().times(), sampling.eta());
  }

  /**
   * Sets how latents are sampled from now on.
   *
   * @throws IllegalArgumentException if the schedule has fewer times than steps are asked for
   */
  void sampling(Diffusion.Sampling other) {
    steps = diffusion.schedule().steps(other, diffusion.prediction());
    sampling = other;
  }

  Buffers newBuffers() {
    return new Buffers(timeType, outputType);
  }

  /**
   * Samples a latent for each row, with noise that follows from the seed of its request alone.
   *
   * @param lane has the windows and the conditions; its buffers get the latents
   * @param rows how many conditions there are, padding of a fixed batch included
   */
  void run(Lane lane, int rows) {
    Buffers buffers = lane.denoising();
    buffers.ensure(rows, dimension);
    int numbers = rows * dimension;
    for (int row = 0; row < rows; row++) {
      SeededNoise noise = buffers.noises[row];
      noise.reset(lane.window(row).request().seed());
      for (int i = row * dimension; i < (row + 1) * dimension; i++) {
        buffers.now[i] = (float) noise.next();
      }
    }
    try {
      session.call(
          (environment, runner) -> {
            Map<String, OnnxTensor> inputs = new HashMap<>();
            try (OnnxTensor predicted =
                buffers.predicted.tensor(environment, new long[] {rows, dimension})) {
              for (Diffusion.Input input : diffusion.inputs()) {
                inputs.put(
                    input.name(),
                    buffer(input, buffers, lane.graphOutput())
                        .tensor(environment, shape(input, rows)));
              }
              Map<String, OnnxTensor> outputs = Map.of(output, predicted);
              for (NoiseSchedule.Step step : steps) {
                buffers.latent.put(0, buffers.now, numbers);
                for (int row = 0; row < rows; row++) {
                  buffers.time.put(row, step.time());
                }
                runner.run(inputs, outputs);
                buffers.predicted.get(0, buffers.prediction, numbers);
                advance(buffers, step, rows);
              }
              buffers.latent.put(0, buffers.now, numbers);
              return rows;
            } finally {
              inputs.values().forEach(OnnxTensor::close);
            }
          });
    } catch (OrtException e) {
      throw new RecommenderException(
          Kind.INFERENCE_FAILED,
          "%s: run failed for a batch of %d: %s".formatted(session.name(), rows, e.getMessage()),
          e);
    }
  }

  private void advance(Buffers buffers, NoiseSchedule.Step step, int rows) {
    float[] now = buffers.now;
    for (int row = 0; row < rows; row++) {
      for (int i = row * dimension; i < (row + 1) * dimension; i++) {
        double next = step.ofLatent() * now[i] + step.ofPrediction() * buffers.prediction[i];
        if (step.noise() > 0) {
          next += step.noise() * buffers.noises[row].next();
        }
        now[i] = (float) next;
      }
    }
  }
}
