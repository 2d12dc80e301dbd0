package io.recommender.examples.benchmarks.text;

import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxItemEncoder;
import io.recommender.onnx.RecommenderBundle;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** This library: runs of similar length, of one thread each. */
final class LibraryTexts implements TextEngine {
  private final ExecutorService helpers;
  private final OnnxItemEncoder encoder;

  LibraryTexts(Path bundle, int threads) {
    helpers = Executors.newFixedThreadPool(Math.max(1, threads - 1));
    encoder =
        RecommenderBundle.openEncoder(bundle, BundleOptions.defaults().executor(helpers, threads));
  }

  @Override
  public String name() {
    return "OnnxItemEncoder";
  }

  @Override
  public float[][] encode(List<String> texts) {
    return encoder.encodeTexts(texts);
  }

  @Override
  public void close() {
    encoder.close();
    helpers.shutdown();
  }
}
