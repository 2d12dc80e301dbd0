package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.serving.Diagnosis;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The facts that indexes of vectors have in common. */
final class IndexDiagnosis {
  /** How many items a self-check asks for. */
  static final int K = 10;

  /** Below this recall there is a warning. */
  private static final double LEAST_RECALL = 0.9;

  private IndexDiagnosis() {}

  static Diagnosis.Builder of(ItemIndex index, long estimatedBytes) {
    String kernels = FlatIndex.kernels();
    return Diagnosis.of(index.getClass().getSimpleName())
        .fact("items", index.size())
        .fact("dimensions", index.dimension())
        .fact("similarity", index.similarity().toString())
        .fact("kernels", kernels)
        .fact("simd", !kernels.equals("ScalarVectorKernels"))
        .bytes("memory estimated", estimatedBytes);
  }

  /** Searches as everybody does. */
  @FunctionalInterface
  interface Search {
    List<ScoredItem> run(float[] query, ItemFilter filter);
  }

  /**
   * Measures which part of the true best items is found, for items as queries, each as if it had
   * not been added.
   */
  static void recall(
      Diagnosis.Builder diagnosis,
      ItemIndex index,
      List<String> itemIds,
      Search approximate,
      Search exact) {
    int wanted = 0;
    int found = 0;
    int asked = 0;
    for (String itemId : itemIds) {
      float[] query = index.vector(itemId).orElse(new float[0]);
      if (query.length == 0) {
        // Removed meanwhile.
        continue;
      }
      ItemFilter others = ItemFilter.deny(Set.of(itemId));
      Set<String> best = new HashSet<>();
      exact.run(query, others).forEach(item -> best.add(item.itemId()));
      wanted += best.size();
      best.retainAll(approximate.run(query, others).stream().map(ScoredItem::itemId).toList());
      found += best.size();
      asked++;
    }
    if (wanted == 0) {
      return;
    }
    double recall = (double) found / wanted;
    diagnosis.fact("self-check queries", asked).ratio("recall of " + K, recall);
    if (recall < LEAST_RECALL) {
      diagnosis.warning(
          "%.1f %% of the true best %d items are found; search with SearchOptions.targetRecall or a larger ef"
              .formatted(100 * recall, K));
    }
  }
}
