package io.recommender.examples.cli;

import io.recommender.Catalog;
import io.recommender.SequenceRecommender;

/**
 * A bundle that answers, of whatever contract.
 *
 * @param recommender what answers
 * @param catalog its items
 * @param modelVersion name, version and the start of the fingerprint
 * @param device where the model runs
 */
record OpenBundle(
    SequenceRecommender recommender, Catalog catalog, String modelVersion, String device)
    implements AutoCloseable {

  /** {@return name and version} */
  String name() {
    return modelVersion.replaceAll("\\+.*", "");
  }

  @Override
  public void close() {
    recommender.close();
  }
}
