package io.recommender.onnx;

import io.recommender.ItemIndex;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.List;

/** Ranks by searching an index of item vectors with a user vector. */
final class VectorHead implements Head {
  private final String model;
  private final Manifest.Embedding embedding;
  private final ItemIndex index;
  private final String source;

  VectorHead(String model, Manifest.Embedding embedding, ItemIndex index, String source) {
    this.model = model;
    this.embedding = embedding;
    this.index = index;
    this.source = source;
  }

  @Override
  public ScoreKind scoreKind() {
    return embedding.similarity().scoreKind();
  }

  @Override
  public void diagnose(Diagnosis.Builder diagnosis, int sample) {
    diagnosis.part(index, sample);
  }

  @Override
  public List<ScoredItem> rank(Lane lane, int row, RecommendationRequest request) {
    float[] user = new float[embedding.dimension()];
    lane.output().get(row * user.length, user, user.length);
    double squares = 0;
    for (int i = 0; i < user.length; i++) {
      if (!Float.isFinite(user[i])) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s: output '%s', component %d: expected a finite number, found %s"
                .formatted(model, embedding.name(), i, user[i]));
      }
      squares += (double) user[i] * user[i];
    }
    if (embedding.normalize() && squares > 0) {
      float scale = (float) (1 / Math.sqrt(squares));
      for (int i = 0; i < user.length; i++) {
        user[i] *= scale;
      }
    }
    List<ScoredItem> found = index.search(user, request.k(), request.filter());
    List<ScoredItem> items = new ArrayList<>(found.size());
    for (ScoredItem item : found) {
      items.add(new ScoredItem(item.itemId(), item.score(), source));
    }
    return items;
  }
}
