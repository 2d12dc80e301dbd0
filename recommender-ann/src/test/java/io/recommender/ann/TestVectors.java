package io.recommender.ann;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** Vectors, names and measures that tests of indexes share. */
final class TestVectors {
  private TestVectors() {}

  /** Returns the place of the centre of a cluster. */
  static float[] centre(int cluster, int dimension) {
    return gaussian(dimension, new Random(1_000 + cluster));
  }

  /** Returns vectors around centres, item i in cluster {@code i % clusters}. */
  static float[][] clustered(int count, int dimension, int clusters, double spread, long seed) {
    float[][] centres = new float[clusters][];
    for (int cluster = 0; cluster < clusters; cluster++) {
      centres[cluster] = centre(cluster, dimension);
    }
    Random random = new Random(seed);
    float[][] vectors = new float[count][];
    for (int item = 0; item < count; item++) {
      vectors[item] = gaussian(dimension, random);
      for (int i = 0; i < dimension; i++) {
        vectors[item][i] = (float) (centres[item % clusters][i] + spread * vectors[item][i]);
      }
    }
    return vectors;
  }

  /** Multiplies each vector with a factor of its own from a lognormal distribution. */
  static float[][] unequal(float[][] vectors, double deviation, long seed) {
    Random random = new Random(seed);
    for (float[] vector : vectors) {
      double factor = Math.exp(deviation * random.nextGaussian());
      for (int i = 0; i < vector.length; i++) {
        vector[i] *= (float) factor;
      }
    }
    return vectors;
  }

  /** Adds a number to every element. */
  static float[][] shifted(float[][] vectors, float offset) {
    for (float[] vector : vectors) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] += offset;
      }
    }
    return vectors;
  }

  static float[] gaussian(int dimension, Random random) {
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  static String id(int item) {
    return "item-" + item;
  }

  static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(TestVectors::id).toList();
  }

  /** Returns the score of a vector, in double precision and by the definition. */
  static double score(Similarity similarity, float[] query, float[] vector) {
    double dot = 0;
    double distance = 0;
    double norms = similarity == Similarity.COSINE ? norm(query) * norm(vector) : 0;
    for (int i = 0; i < query.length; i++) {
      dot += (double) query[i] * vector[i];
      distance += ((double) query[i] - vector[i]) * ((double) query[i] - vector[i]);
    }
    return switch (similarity) {
      case DOT -> dot;
      case COSINE -> norms == 0 ? 0 : dot / norms;
      case L2 -> -distance;
    };
  }

  /** Returns what the error of a score is relative to. */
  static double magnitude(Similarity similarity, float[] query, float[] vector) {
    return switch (similarity) {
      case DOT -> norm(query) * norm(vector);
      case COSINE -> 1;
      case L2 -> norm(query) * norm(query) + norm(vector) * norm(vector);
    };
  }

  static double norm(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  /** Returns which part of the true best k items is found, over all queries. */
  static double recall(
      ItemIndex index, ItemIndex exact, float[][] queries, int k, ItemFilter filter) {
    int found = 0;
    int wanted = 0;
    for (float[] query : queries) {
      Set<String> best = itemIds(exact.search(query, k, filter));
      wanted += best.size();
      best.retainAll(itemIds(index.search(query, k, filter)));
      found += best.size();
    }
    return wanted == 0 ? 1 : found / (double) wanted;
  }

  static Set<String> itemIds(List<ScoredItem> items) {
    Set<String> itemIds = new HashSet<>();
    items.forEach(item -> itemIds.add(item.itemId()));
    return itemIds;
  }
}
