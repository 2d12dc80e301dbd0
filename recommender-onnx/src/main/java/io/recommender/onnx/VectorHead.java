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
import java.util.function.UnaryOperator;

/** Ranks by searching an index of item vectors with a user vector. */
final class VectorHead implements Head {
  private final String model;
  private final Manifest.Embedding embedding;
  private final ItemIndex index;
  private final String source;
  private final UnaryOperator<float[]> edit;

  VectorHead(String model, Manifest.Embedding embedding, ItemIndex index, String source) {
    this(model, embedding, index, source, UnaryOperator.identity());
  }

  private VectorHead(
      String model,
      Manifest.Embedding embedding,
      ItemIndex index,
      String source,
      UnaryOperator<float[]> edit) {
    this.model = model;
    this.embedding = embedding;
    this.index = index;
    this.source = source;
    this.edit = edit;
  }

  /** Returns a head over the same index that edits the vector of the user first. */
  VectorHead editing(UnaryOperator<float[]> other) {
    return new VectorHead(model, embedding, index, source, other);
  }

  /** Reads the vector of a user as the graph gives it. */
  float[] userVector(Lane lane, int row) {
    float[] user = new float[embedding.dimension()];
    lane.output().get(row * user.length, user, user.length);
    for (int i = 0; i < user.length; i++) {
      if (!Float.isFinite(user[i])) {
        throw new RecommenderException(
            Kind.NON_FINITE_OUTPUT,
            "%s: output '%s', component %d: expected a finite number, found %s"
                .formatted(model, embedding.name(), i, user[i]));
      }
    }
    return user;
  }

  /** Makes the vector that the index is searched with. */
  float[] searchVector(Lane lane, int row) {
    float[] user = edit.apply(userVector(lane, row));
    double squares = 0;
    for (float component : user) {
      squares += (double) component * component;
    }
    if (embedding.normalize() && squares > 0) {
      float scale = (float) (1 / Math.sqrt(squares));
      float[] normalized = new float[user.length];
      for (int i = 0; i < user.length; i++) {
        normalized[i] = user[i] * scale;
      }
      return normalized;
    }
    return user;
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
    float[] user = searchVector(lane, row);
    List<ScoredItem> found = index.search(user, request.k(), request.filter());
    List<ScoredItem> items = new ArrayList<>(found.size());
    for (ScoredItem item : found) {
      items.add(new ScoredItem(item.itemId(), item.score(), source));
    }
    return items;
  }
}
