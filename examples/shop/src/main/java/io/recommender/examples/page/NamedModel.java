package io.recommender.examples.page;

import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import java.util.List;

/**
 * A model that tells its name with its version, since some have no version.
 *
 * <p><b>Thread safety, lifetime.</b> Those of the model, which it closes.
 */
record NamedModel(String name, SequenceRecommender model) implements SequenceRecommender {
  @Override
  public Recommendations recommend(RecommendationRequest request) {
    return named(model.recommend(request));
  }

  @Override
  public List<Recommendations> recommendAll(List<RecommendationRequest> requests) {
    return model.recommendAll(requests).stream().map(this::named).toList();
  }

  private Recommendations named(Recommendations answer) {
    String version = answer.modelVersion();
    return answer.toBuilder().modelVersion(version.isEmpty() ? name : name + " " + version).build();
  }

  @Override
  public void close() {
    model.close();
  }
}
