package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Explainer;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.ConceptExplainer;
import io.recommender.ann.vectors.ConceptExplainer.Concept;
import io.recommender.ann.vectors.LinearMap;
import io.recommender.ann.vectors.SparseAutoencoder;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The state of the shop's model, taken apart by an autoencoder that loses nothing: one latent for
 * each direction of an axis.
 */
class SteeringTest {
  private static final Path BUNDLE = Path.of("../../examples/shop/bundles/shop-vector");
  private static final int SIZE = 48;

  private static SparseAutoencoder axes() {
    float[][] encoder = new float[2 * SIZE][SIZE];
    float[][] decoder = new float[SIZE][2 * SIZE];
    for (int axis = 0; axis < SIZE; axis++) {
      encoder[2 * axis][axis] = 1;
      encoder[2 * axis + 1][axis] = -1;
      decoder[axis][2 * axis] = 1;
      decoder[axis][2 * axis + 1] = -1;
    }
    return SparseAutoencoder.of(
        LinearMap.of(encoder, new float[2 * SIZE]),
        LinearMap.of(decoder, new float[SIZE]),
        2 * SIZE);
  }

  private static Map<String, Double> scores(List<ScoredItem> items) {
    Map<String, Double> scores = new HashMap<>();
    items.forEach(item -> scores.put(item.itemId(), item.score()));
    return scores;
  }

  @Test
  void theStrongestConceptIsToldAndTakenOut() {
    SparseAutoencoder latents = axes();
    List<Concept> concepts = new ArrayList<>();
    for (int latent = 0; latent < latents.latents(); latent++) {
      concepts.add(new Concept(latent, "direction " + latent, 1, 1));
    }
    List<FlatIndex> indexes = new ArrayList<>();
    BundleOptions options =
        BundleOptions.defaults()
            .index(
                (dimension, similarity, size) -> {
                  indexes.add(new FlatIndex(dimension, similarity, size));
                  return indexes.get(0);
                });
    try (OnnxSequenceRecommender model = RecommenderBundle.open(BUNDLE, options)) {
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.of("sku-00007", "sku-00012", "sku-00120"))
              .k(model.catalog().size())
              .build();
      Explainer explainer =
          ConceptExplainer.of(latents, concepts, model::userVector, model.catalog()::contains);
      Reason first = explainer.explain(request, "sku-00063").get(0);
      int latent = Integer.parseInt(first.name().substring("direction ".length()));
      float[] state = model.userVector(request).orElseThrow();
      double largest = 0;
      for (float component : state) {
        largest = Math.max(largest, Math.abs(component));
      }
      assertEquals(largest, first.weight(), 1e-12);
      assertEquals(
          model.recommend(request).items(),
          model.steered(latents.steering(Map.of(latent, 1f))).recommend(request).items());
      Map<String, Double> before = scores(model.recommend(request).items());
      Map<String, Double> after =
          scores(model.steered(latents.steering(Map.of(latent, 0f))).recommend(request).items());
      double most = 0;
      for (String itemId : before.keySet()) {
        float[] item = indexes.get(0).vector(itemId).orElseThrow();
        double added = (double) state[latent / 2] * item[latent / 2];
        assertEquals(before.get(itemId) - added, after.get(itemId), 1e-5);
        most = Math.max(most, Math.abs(added));
      }
      assertTrue(most > 0.1, "the concept matters: " + most);
    }
  }
}
