package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommendationRequest;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import java.util.ArrayList;
import java.util.List;

/**
 * Encodes items that are sequences themselves, such as playlists, by a model that reads histories:
 * the vector of a playlist is that of a user who heard its tracks in this order.
 *
 * <p>It shares the model and its lifetime; closing it has no effect.
 */
final class OnnxHistoryEncoder implements ItemEncoder {
  private final OnnxSequenceRecommender model;
  private final String feature;
  private final Manifest.Embedding embedding;

  OnnxHistoryEncoder(OnnxSequenceRecommender model, String feature, Manifest.Embedding embedding) {
    this.model = model;
    this.feature = feature;
    this.embedding = embedding;
  }

  @Override
  public int dimension() {
    return embedding.dimension();
  }

  @Override
  public Similarity similarity() {
    return embedding.similarity();
  }

  @Override
  public float[][] encode(List<Item> items) {
    List<RecommendationRequest> requests = new ArrayList<>(items.size());
    for (Item item : items) {
      Feature value = item.features().get(feature);
      if (!(value instanceof Feature.Ids ids) || ids.values().isEmpty()) {
        throw new IllegalArgumentException(
            "item '%s', feature '%s': expected a list of at least one id, found %s"
                .formatted(
                    item.id(),
                    feature,
                    value == null
                        ? "none"
                        : value instanceof Feature.Ids
                            ? "an empty list"
                            : FeatureWriter.found(value)));
      }
      if (ids.values().stream().noneMatch(model.catalog()::contains)) {
        throw new IllegalArgumentException(
            "item '%s', feature '%s': expected an id of %s at least, found none of it in %d"
                .formatted(item.id(), feature, model.modelVersion(), ids.values().size()));
      }
      requests.add(RecommendationRequest.of(UserHistory.ofItems(ids.values())).build());
    }
    return model.searchVectors(requests);
  }
}
