package io.recommender.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The plainest possible index: a map, and every score in double precision. */
final class IndexModel {
  private final Similarity similarity;
  private final Map<String, float[]> vectors = new LinkedHashMap<>();

  IndexModel(Similarity similarity) {
    this.similarity = similarity;
  }

  void add(String itemId, float[] vector) {
    vectors.put(itemId, vector.clone());
  }

  boolean remove(String itemId) {
    return vectors.remove(itemId) != null;
  }

  boolean contains(String itemId) {
    return vectors.containsKey(itemId);
  }

  Set<String> itemIds() {
    return vectors.keySet();
  }

  /** Returns the ids of the best k accepted items, equal scores in the order of addition. */
  List<String> search(float[] query, int k, ItemFilter filter) {
    List<String> accepted = new ArrayList<>(vectors.keySet());
    accepted.removeIf(itemId -> !filter.accepts(itemId));
    accepted.sort(Comparator.comparingDouble(itemId -> -score(query, itemId)));
    return accepted.subList(0, Math.min(k, accepted.size()));
  }

  double score(float[] query, String itemId) {
    return score(query, vectors.get(itemId));
  }

  double score(float[] query, float[] vector) {
    double dot = 0;
    double distance = 0;
    for (int i = 0; i < query.length; i++) {
      dot += (double) query[i] * vector[i];
      distance += ((double) query[i] - vector[i]) * ((double) query[i] - vector[i]);
    }
    double norms = norm(query) * norm(vector);
    return switch (similarity) {
      case DOT -> dot;
      case COSINE -> norms == 0 ? 0 : dot / norms;
      case L2 -> -distance;
    };
  }

  /** Returns what an error of the score of an item is relative to. */
  double magnitude(float[] query, String itemId) {
    double one = norm(query);
    double other = norm(vectors.get(itemId));
    return switch (similarity) {
      case DOT -> one * other;
      case COSINE -> 1;
      case L2 -> one * one + other * other;
    };
  }

  /** Compares a result with that of this model: the filter, the scores and the order up to ties. */
  void check(
      List<ScoredItem> found,
      float[] query,
      int k,
      ItemFilter filter,
      double recall,
      double tolerance) {
    List<String> expected = search(query, k, filter);
    assertEquals(expected.size(), found.size());
    assertEquals(found.size(), (int) found.stream().map(ScoredItem::itemId).distinct().count());
    int hits = 0;
    for (int i = 0; i < found.size(); i++) {
      ScoredItem item = found.get(i);
      double error = tolerance * magnitude(query, item.itemId());
      assertTrue(filter.accepts(item.itemId()), item::itemId);
      assertEquals(score(query, item.itemId()), item.score(), error);
      if (i > 0) {
        assertTrue(found.get(i - 1).score() >= item.score(), () -> "not in order: " + found);
      }
      double best = score(query, expected.get(i));
      error += tolerance * magnitude(query, expected.get(i));
      hits += item.score() >= best - error ? 1 : 0;
    }
    int hit = hits;
    assertTrue(
        hits >= recall * expected.size(), () -> hit + " of " + expected.size() + " were found");
  }

  private static double norm(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
