package io.recommender.ann;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Vectors of callers, checked before an index takes them.
 *
 * <p><b>Immutable</b>.
 */
final class CheckedVectors {
  private final int dimension;
  private final double maxNorm;

  CheckedVectors(int dimension, double maxNorm) {
    this.dimension = dimension;
    this.maxNorm = maxNorm;
  }

  /** Items that are each there once, with copies of their vectors. */
  record Items(List<String> itemIds, float[][] vectors) {}

  /** Takes items; of one that occurs twice, its last vector. */
  Items items(List<String> itemIds, float[][] vectors) {
    List<String> ids = new ArrayList<>(Objects.requireNonNull(itemIds, "itemIds"));
    if (ids.size() != Objects.requireNonNull(vectors, "vectors").length) {
      throw new IllegalArgumentException(
          "vectors: expected %d, one for each item, found %d"
              .formatted(ids.size(), vectors.length));
    }
    Map<String, Integer> last = new LinkedHashMap<>(ids.size() * 4 / 3 + 1);
    for (int i = 0; i < vectors.length; i++) {
      if (Objects.requireNonNull(ids.get(i), "item id").isEmpty()) {
        throw new IllegalArgumentException("item id: expected a non-empty string");
      }
      norm("vector of item '" + ids.get(i) + "'", vectors[i]);
      last.put(ids.get(i), i);
    }
    float[][] kept = new float[last.size()][];
    int count = 0;
    for (int i : last.values()) {
      kept[count++] = vectors[i].clone();
    }
    return new Items(new ArrayList<>(last.keySet()), kept);
  }

  /** Checks queries. */
  void all(float[][] queries) {
    for (int i = 0; i < Objects.requireNonNull(queries, "queries").length; i++) {
      norm("query " + i, queries[i]);
    }
  }

  /** Returns copies of queries, of which there must be one. */
  float[][] copies(float[][] queries) {
    if (Objects.requireNonNull(queries, "queries").length == 0) {
      throw new IllegalArgumentException("queries: expected at least 1, found none");
    }
    float[][] kept = new float[queries.length][];
    for (int i = 0; i < queries.length; i++) {
      norm("query " + i, queries[i]);
      kept[i] = queries[i].clone();
    }
    return kept;
  }

  /** Returns the norm of a vector that may be taken. */
  double norm(String name, float[] vector) {
    if (Objects.requireNonNull(vector, name).length != dimension) {
      throw new IllegalArgumentException(
          "%s: length %d, index dimension %d".formatted(name, vector.length, dimension));
    }
    double sum = 0;
    for (float element : vector) {
      sum += (double) element * element;
    }
    double norm = Math.sqrt(sum);
    if (!(norm <= maxNorm)) {
      throw refusal(name, vector, norm);
    }
    return norm;
  }

  private IllegalArgumentException refusal(String name, float[] vector, double norm) {
    for (int i = 0; i < vector.length; i++) {
      if (!Float.isFinite(vector[i])) {
        return new IllegalArgumentException(
            "%s: element %d is %s, expected a finite number".formatted(name, i, vector[i]));
      }
    }
    return new IllegalArgumentException(
        "%s: expected a norm of at most %s, found norm %s".formatted(name, maxNorm, norm));
  }

  static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": expected at least 1, found " + value);
    }
  }
}
