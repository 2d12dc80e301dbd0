package io.recommender.onnx;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/**
 * Models that sample latents which can be computed in a test: the condition is {@code Σ each[id]}
 * over the window, as wide as the latent, and the prediction of the latent without noise is the
 * condition and a part of the noisy latent.
 */
final class DiffusionFixtures {
  static final int STEPS = 10;

  private DiffusionFixtures() {}

  /** The condition plus a part of the noisy latent, whatever the time is. */
  static OnnxWriter denoiser(Object batch, float ofLatent) {
    return new OnnxWriter()
        .input("x_t", OnnxWriter.FLOAT, batch, Fixtures.DIMENSION)
        .input("t", OnnxWriter.INT64, batch)
        .input("cond", OnnxWriter.FLOAT, batch, Fixtures.DIMENSION)
        .floats("part", new float[] {ofLatent})
        .node("Mul", "kept", List.of("x_t", "part"))
        .node("Add", "pred", List.of("cond", "kept"))
        .output("pred", OnnxWriter.FLOAT, batch, Fixtures.DIMENSION);
  }

  /** A model whose prediction keeps a part of the noise; with 0 it is exact. */
  static BundleWriter bundle(Path folder, float ofLatent) {
    BundleWriter bundle = Fixtures.vectorBundle(folder, "DOT");
    ((ObjectNode) bundle.manifest.get("embedding")).put("name", "pred");
    bundle.manifest.put("contract", "SEQ_DIFFUSION");
    ObjectNode diffusion = bundle.manifest.putObject("diffusion");
    diffusion.put("model", "denoiser.onnx");
    diffusion.putObject("condition").put("name", "user").put("size", Fixtures.DIMENSION);
    ArrayNode inputs = diffusion.putArray("inputs");
    inputs.addObject().put("role", "LATENT").put("name", "x_t");
    inputs.addObject().put("role", "TIME").put("name", "t");
    inputs.addObject().put("role", "CONDITION").put("name", "cond");
    diffusion.put("prediction", "X0").put("steps", STEPS);
    diffusion
        .putObject("schedule")
        .put("kind", "LINEAR")
        .put("times", 1000)
        .put("from", 1e-4)
        .put("to", 0.02);
    return bundle.file("denoiser.onnx", denoiser("batch", ofLatent).model());
  }
}
