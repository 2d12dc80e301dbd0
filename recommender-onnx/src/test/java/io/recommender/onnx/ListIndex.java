package io.recommender.onnx;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The plainest index, for tests of models that end in a user vector. */
class ListIndex implements ItemIndex {
  private final int dimension;
  private final Similarity similarity;
  private final Map<String, float[]> vectors = new LinkedHashMap<>();

  ListIndex(int dimension, Similarity similarity, int expectedSize) {
    this.dimension = dimension;
    this.similarity = similarity;
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Similarity similarity() {
    return similarity;
  }

  @Override
  public int size() {
    return vectors.size();
  }

  @Override
  public boolean contains(String itemId) {
    return vectors.containsKey(itemId);
  }

  @Override
  public Optional<float[]> vector(String itemId) {
    return Optional.ofNullable(vectors.get(itemId)).map(float[]::clone);
  }

  @Override
  public void add(String itemId, float[] vector) {
    vectors.put(itemId, vector.clone());
  }

  @Override
  public void addAll(List<String> itemIds, float[][] rows) {
    for (int i = 0; i < rows.length; i++) {
      add(itemIds.get(i), rows[i]);
    }
  }

  @Override
  public boolean remove(String itemId) {
    return vectors.remove(itemId) != null;
  }

  @Override
  public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
    return vectors.entrySet().stream()
        .filter(entry -> filter.accepts(entry.getKey()))
        .map(entry -> new ScoredItem(entry.getKey(), score(query, entry.getValue())))
        .sorted(Comparator.comparingDouble(ScoredItem::score).reversed())
        .limit(k)
        .toList();
  }

  private double score(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    double distance = 0;
    for (int i = 0; i < dimension; i++) {
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
      distance += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return switch (similarity) {
      case DOT -> dot;
      case COSINE -> aa == 0 || bb == 0 ? 0 : dot / Math.sqrt(aa * bb);
      case L2 -> -distance;
    };
  }
}
