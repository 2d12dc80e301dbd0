package io.recommender.onnx;

import java.util.ArrayList;
import java.util.List;

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
  private final TensorBuffer output;
  private final TopItems top = new TopItems();
  private final float[] block = new float[BLOCK];

  Lane(Manifest manifest, List<InputWriter> writers, TensorBuffer output) {
    this.manifest = manifest;
    this.output = output;
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

  TensorBuffer output() {
    return output;
  }

  TopItems top() {
    return top;
  }

  float[] block() {
    return block;
  }

  /** The bytes of its direct buffers. */
  long bytes() {
    long bytes = output.capacity();
    for (TensorBuffer input : inputs) {
      bytes += input.capacity();
    }
    return bytes;
  }

  void clear() {
    windows.forEach(Window::clear);
  }
}
