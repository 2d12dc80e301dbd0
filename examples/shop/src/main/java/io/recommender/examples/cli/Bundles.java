package io.recommender.examples.cli;

import io.recommender.ann.FlatIndex;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where bundles are and how they are opened. */
final class Bundles {
  private Bundles() {}

  /** The bundle that the demo shows. */
  static Path shop() {
    return examples().resolve("bundles/shop");
  }

  /** Where the demo writes. */
  static Path target() {
    return examples().resolve("target");
  }

  private static Path examples() {
    return Path.of(System.getProperty("examples.root", ""), "examples/shop");
  }

  /** Opens a bundle on the CPU; one that ends in a user vector searches every item. */
  static OnnxSequenceRecommender open(Path folder) {
    return RecommenderBundle.open(folder, BundleOptions.defaults().index(FlatIndex::new));
  }

  /** Returns the folder, or refuses a path that is none. */
  static Path requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          folder + ": expected the folder of a bundle, found no such folder");
    }
    return folder;
  }
}
