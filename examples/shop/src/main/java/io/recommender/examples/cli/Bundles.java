package io.recommender.examples.cli;

import io.recommender.ann.FlatIndex;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.BeamOptions;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxGenerativeModel;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Where bundles are and how they are opened. */
final class Bundles {
  /** The contract of an encoder of items, which recommends none. */
  static final String ENCODER = "ITEM_ENCODER";

  /** The contract of a ranker, which only orders what others propose. */
  static final String RANKER = "POINTWISE_RANKER";

  /** The contract of a model that reads a request and a candidate together. */
  static final String CROSS_ENCODER = "CROSS_ENCODER";

  /** The contract of a model that picks a list from candidates. */
  static final String LIST = "LISTWISE_RERANKER";

  /** The contract of a language model. */
  static final String TEXT = "TEXT_GENERATION";

  private static final String GENERATIVE = "SEQ_GENERATIVE";

  private Bundles() {}

  /** Where the bundles of the shop are. */
  static Path all() {
    return examples().resolve("bundles");
  }

  /** The bundle that the demo shows. */
  static Path shop() {
    return all().resolve("shop");
  }

  /** The bundle of a model that writes the codes of items. */
  static Path generativeShop() {
    return all().resolve("shop-generative");
  }

  /** The bundle of a model that ranks what others propose. */
  static Path rankerShop() {
    return examples().resolve("bundles/shop-ranker");
  }

  /** Where the demo writes. */
  static Path target() {
    return examples().resolve("target");
  }

  private static Path examples() {
    return Path.of(System.getProperty("examples.root", ""), "examples/shop");
  }

  /**
   * Opens a bundle on the CPU. One that ends in a user vector searches every item; one that writes
   * codes of items is decoded.
   *
   * @param k how many items it will be asked for at most
   */
  static OpenBundle open(Path folder, int k) {
    return open(folder, options -> options.width(Math.max(k, options.width())));
  }

  /** Opens a bundle on the CPU; one that writes codes of items is decoded with changed options. */
  static OpenBundle open(Path folder, UnaryOperator<BeamOptions> decoding) {
    if (RecommenderBundle.read(folder).contract().equals(GENERATIVE)) {
      OnnxGenerativeModel model = RecommenderBundle.openGenerative(folder);
      BeamDecoder decoder = BeamDecoder.of(model, decoding);
      return new OpenBundle(decoder, model.catalog(), model.modelVersion(), model.device());
    }
    OnnxSequenceRecommender model =
        RecommenderBundle.open(folder, BundleOptions.defaults().index(FlatIndex::new));
    return new OpenBundle(model, model.catalog(), model.modelVersion(), model.device());
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
