package io.recommender.onnx;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;

/** The exceptions of opening a bundle, each naming the file first. */
final class BundleFailures {
  private BundleFailures() {}

  static RecommenderException invalid(Object file, String expectedAndFound) {
    return new RecommenderException(Kind.BUNDLE_INVALID, file + ": " + expectedAndFound);
  }

  static RecommenderException invalid(Object file, String expectedAndFound, Throwable cause) {
    return new RecommenderException(Kind.BUNDLE_INVALID, file + ": " + expectedAndFound, cause);
  }

  static RecommenderException mismatch(Object file, String expectedAndFound) {
    return new RecommenderException(Kind.SHAPE_MISMATCH, file + ": " + expectedAndFound);
  }
}
