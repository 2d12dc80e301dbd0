package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.serving.Diagnosable;
import java.util.Comparator;
import java.util.function.ToDoubleFunction;

/** A model that ranks candidates, with the bundle it was opened from. */
abstract class BundledReranker implements Reranker, Diagnosable {
  static final Comparator<ScoredItem> BEST_FIRST =
      Comparator.comparingDouble((ToDoubleFunction<ScoredItem>) ScoredItem::score).reversed();

  final Catalog catalog;
  final OnnxSession session;
  final String modelVersion;
  final ModelLease lease;
  private final String fingerprint;

  BundledReranker(Catalog catalog, OnnxSession session, String modelVersion, String fingerprint) {
    this.catalog = catalog;
    this.session = session;
    this.modelVersion = modelVersion;
    this.fingerprint = fingerprint;
    lease = new ModelLease(modelVersion);
  }

  /** {@return the items of the bundle, possibly none} */
  public Catalog catalog() {
    return catalog;
  }

  /** {@return name, version and the start of the fingerprint: {@code mmoe@1+0a1b2c3d4e5f}} */
  public String modelVersion() {
    return modelVersion;
  }

  /** {@return the SHA-256 that seals the bundle, in hexadecimal} */
  public String fingerprint() {
    return fingerprint;
  }

  /** {@return the device the model runs on: {@code cpu} or {@code cuda:0}} */
  public String device() {
    return session.device();
  }

  /** {@return how often the model was run since it was opened} */
  public long modelRuns() {
    return session.runs();
  }
}
