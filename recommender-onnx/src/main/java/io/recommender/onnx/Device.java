package io.recommender.onnx;

/**
 * Where a model runs.
 *
 * <p>The class path decides what is possible: {@code onnxruntime} holds the CPU runtime, {@code
 * onnxruntime_gpu} CPU and CUDA (12, with cuDNN 9). Have one of them, never both.
 *
 * <p><b>Immutable</b>.
 */
public final class Device {
  private static final Device CPU = new Device("cpu", -1, false);
  private static final Device AUTO = new Device("auto", 0, true);

  private final String name;
  private final int ordinal;
  private final boolean fallsBack;

  private Device(String name, int ordinal, boolean fallsBack) {
    this.name = name;
    this.ordinal = ordinal;
    this.fallsBack = fallsBack;
  }

  /** {@return the CPU} */
  public static Device cpu() {
    return CPU;
  }

  /**
   * Returns a CUDA device. Opening a model fails, and says why, if it cannot be used.
   *
   * @param ordinal the number of the device, from 0
   * @return the device
   */
  public static Device cuda(int ordinal) {
    if (ordinal < 0) {
      throw new IllegalArgumentException("CUDA device: expected at least 0, found " + ordinal);
    }
    return new Device("cuda:" + ordinal, ordinal, false);
  }

  /**
   * Returns the first CUDA device if it can be used, else the CPU. The choice is logged, and an
   * opened model tells it.
   *
   * @return the device
   */
  public static Device auto() {
    return AUTO;
  }

  boolean wantsCuda() {
    return ordinal >= 0;
  }

  int cudaOrdinal() {
    return ordinal;
  }

  boolean fallsBack() {
    return fallsBack;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Device that && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** {@return {@code cpu}, {@code cuda:0}, or {@code auto}} */
  @Override
  public String toString() {
    return name;
  }
}
