package io.recommender.onnx;

import java.nio.file.Path;

/** Opens an encoder and ends. */
final class OpeningChild {
  private OpeningChild() {}

  /**
   * Runs.
   *
   * @param arguments the bundle
   */
  public static void main(String[] arguments) {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(Path.of(arguments[0]))) {
      System.exit(encoder.dimension() == 4 ? 0 : 1);
    }
  }
}
