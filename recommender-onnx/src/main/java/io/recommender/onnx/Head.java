package io.recommender.onnx;

import io.recommender.RecommendationRequest;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.serving.Diagnosis;
import java.util.List;

/** Turns a row of a model's output into ranked items. <b>Thread-safe</b>. */
interface Head {

  /** What the scores mean. */
  ScoreKind scoreKind();

  /** Adds what it ranks with to the facts. */
  default void diagnose(Diagnosis.Builder diagnosis, int sample) {}

  /** Ranks items by one row of the output that lies in the lane. */
  List<ScoredItem> rank(Lane lane, int row, RecommendationRequest request);
}
