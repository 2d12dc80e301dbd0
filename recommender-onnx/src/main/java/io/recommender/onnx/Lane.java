package io.recommender.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything one call in flight needs, kept for the next one: windows, direct buffers of inputs and
 * output, and the heap of the selection.
 *
 * <p><b>Confined</b>.
 */
final class Lane {
  /** Floats of a block: 16 KiB, so that it stays in the first-level cache. */
  private static final int BLOCK = 4096;

  private final Manifest manifest;
  private final List<Window> windows = new ArrayList<>();
  private final TensorBuffer[] inputs;
  private final TensorBuffer graphOutput;
  private final Denoiser.@Nullable Buffers denoising;
  private final TopItems top = new TopItems();
  private final float[] block = new float[BLOCK];

  /**
   * Makes a lane.
   *
   * @param denoising what a denoiser needs, if one follows the graph
   */
  Lane(
      Manifest manifest,
      List<InputWriter> writers,
      TensorBuffer graphOutput,
      Denoiser.@Nullable Buffers denoising) {
    this.manifest = manifest;
    this.graphOutput = graphOutput;
    this.denoising = denoising;
    inputs = writers.stream().map(InputWriter::newBuffer).toArray(TensorBuffer[]::new);
  }

  Window window(int row) {
    while (windows.size() <= row) {
      windows.add(new Window(manifest));
    }
    return windows.get(row);
  }

  TensorBuffer input(int index) {
    return inputs[index];
  }

  /** What the graph gives. */
  TensorBuffer graphOutput() {
    return graphOutput;
  }

  /** What is ranked by: the output of the graph, or the latents that a denoiser makes under it. */
  TensorBuffer output() {
    return denoising == null ? graphOutput : denoising.latent();
  }

  Denoiser.Buffers denoising() {
    return Objects.requireNonNull(denoising);
  }

  TopItems top() {
    return top;
  }

  float[] block() {
    return block;
  }

  /** The bytes of its direct buffers. */
  long bytes() {
    long bytes = graphOutput.capacity() + (denoising == null ? 0 : denoising.capacity());
    for (TensorBuffer input : inputs) {
      bytes += input.capacity();
    }
    return bytes;
  }

  void clear() {
    windows.forEach(Window::clear);
  }
}
