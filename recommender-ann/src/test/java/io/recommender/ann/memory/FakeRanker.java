package io.recommender.ann.memory;

import io.recommender.PredictingReranker;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A ranker of two tasks whose hidden vector of an item is made of its id. */
final class FakeRanker implements PredictingReranker {
  static final int HIDDEN = 3;

  boolean isClosed;

  static float[] hidden(String itemId) {
    int hash = itemId.hashCode();
    return new float[] {hash % 7, hash % 5, hash % 3};
  }

  static float probability(String itemId, int task) {
    return (Math.floorMod(itemId.hashCode() * 31 + task, 97) + 1) / 100f;
  }

  @Override
  public List<String> tasks() {
    return List.of("click", "buy");
  }

  @Override
  public int hiddenSize() {
    return HIDDEN;
  }

  @Override
  public Predictions predict(RecommendationRequest request, List<ScoredItem> candidates) {
    float[][] probabilities = new float[candidates.size()][2];
    float[][] hidden = new float[candidates.size()][];
    for (int i = 0; i < hidden.length; i++) {
      String itemId = candidates.get(i).itemId();
      hidden[i] = hidden(itemId);
      for (int task = 0; task < 2; task++) {
        probabilities[i][task] = probability(itemId, task);
      }
    }
    return new Predictions(probabilities, hidden);
  }

  @Override
  public List<ScoredItem> order(
      RecommendationRequest request, List<ScoredItem> candidates, float[][] probabilities) {
    Map<String, ScoredItem> scored = new HashMap<>();
    for (int i = 0; i < candidates.size(); i++) {
      ScoredItem item = candidates.get(i);
      double score = probabilities[i][0] + 2.0 * probabilities[i][1];
      scored.put(
          item.itemId(),
          new ScoredItem(
              item.itemId(),
              score,
              item.source(),
              Map.of("click", (double) probabilities[i][0], "buy", (double) probabilities[i][1])));
    }
    return candidates.stream()
        .map(item -> scored.get(item.itemId()))
        .sorted(Comparator.comparingDouble(ScoredItem::score).reversed())
        .toList();
  }

  @Override
  public void close() {
    isClosed = true;
  }
}
