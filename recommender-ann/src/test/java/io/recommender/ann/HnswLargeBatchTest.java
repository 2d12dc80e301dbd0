package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many items that come at once, whatever they are like and in whatever order. */
class HnswLargeBatchTest {
  private static final int DIMENSION = 24;
  private static final int K = 10;

  /** Which items are equal where many are. */
  private static final int EVERY = 20;

  private static HnswIndexBuilder walking(Similarity similarity) {
    return HnswIndex.builder(DIMENSION, similarity).ef(40).exactBelow(0);
  }

  private static HnswIndex atOnce(Similarity similarity, float[][] vectors) {
    HnswIndex index = walking(similarity).build();
    index.addAll(HnswFixture.ids(0, vectors.length), vectors);
    return index;
  }

  private static HnswIndex littleByLittle(Similarity similarity, float[][] vectors, int step) {
    HnswIndex index = walking(similarity).build();
    for (int from = 0; from < vectors.length; from += step) {
      int to = Math.min(vectors.length, from + step);
      index.addAll(HnswFixture.ids(from, to), Arrays.copyOfRange(vectors, from, to));
    }
    return index;
  }

  /** The part of the true best that walks find. */
  private static double recall(
      HnswIndex index, Similarity similarity, float[][] vectors, float[][] queries) {
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    exact.addAll(HnswFixture.ids(0, vectors.length), vectors);
    int found = 0;
    for (float[] query : queries) {
      List<ScoredItem> best = exact.search(query, K);
      double worst = best.get(K - 1).score();
      for (ScoredItem item : index.search(query, K)) {
        found += item.score() >= worst - 1e-5 * Math.abs(worst) ? 1 : 0;
      }
    }
    return (double) found / (K * queries.length);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void manyAtOnceAreFoundLikeFew(Similarity similarity) {
    float[][] vectors = HnswFixture.clustered(8_000, DIMENSION, 0.3, 1);
    float[][] queries = HnswFixture.clustered(300, DIMENSION, 0.3, 2);
    double few = recall(littleByLittle(similarity, vectors, 40), similarity, vectors, queries);
    double many = recall(atOnce(similarity, vectors), similarity, vectors, queries);
    assertTrue(many >= few - 0.015, () -> "recall " + many + ", of few at once " + few);
    assertTrue(many >= 0.95, () -> "recall " + many);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void itemsSortedByClusterAreFoundToo(Similarity similarity) {
    float[][] vectors = HnswFixture.clustered(8_000, DIMENSION, 0.1, 3);
    float[][] queries = HnswFixture.clustered(300, DIMENSION, 0.1, 4);
    float[] direction = vectors[0];
    Arrays.sort(vectors, Comparator.comparingDouble(vector -> product(vector, direction)));
    double atOnce = recall(atOnce(similarity, vectors), similarity, vectors, queries);
    assertTrue(atOnce >= 0.95, () -> "at once: recall " + atOnce);
    double doubling =
        recall(littleByLittle(similarity, vectors, 1_000), similarity, vectors, queries);
    assertTrue(doubling >= 0.95, () -> "in eight parts: recall " + doubling);
  }

  private static double product(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  /** Those of another kind have all the same few neighbours in the graph, at its edge. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void itemsOfAnotherKindAreFound(Similarity similarity) {
    float[][] vectors = HnswFixture.clustered(8_000, DIMENSION, 0.1, 5);
    float[][] queries = HnswFixture.clustered(300, DIMENSION, 0.1, 6);
    for (int i = 4_000; i < vectors.length; i++) {
      vectors[i][0] += 60;
    }
    for (float[] query : queries) {
      query[0] += 60;
    }
    HnswIndex index = littleByLittle(similarity, vectors, 4_000);
    double recall = recall(index, similarity, vectors, queries);
    assertTrue(recall >= 0.95, () -> "recall " + recall);
  }

  /** Of items that are equal, any are the best; the others are found beside them. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void manyEqualItemsHideNoOthers(Similarity similarity) {
    float[][] vectors = HnswFixture.clustered(6_000, DIMENSION, 0.1, 7);
    float[] equal = vectors[0];
    for (int i = 0; i < vectors.length; i += EVERY) {
      vectors[i] = equal.clone();
    }
    HnswIndex index = atOnce(similarity, vectors);
    double recall =
        recall(index, similarity, vectors, HnswFixture.clustered(300, DIMENSION, 0.1, 8));
    assertTrue(recall >= 0.95, () -> "recall " + recall);
    if (similarity != Similarity.DOT) {
      Set<String> found = new HashSet<>();
      index.search(equal, K).forEach(item -> found.add(item.itemId()));
      assertEquals(K, found.size());
      found.forEach(id -> assertEquals(0, Integer.parseInt(id.substring(5)) % EVERY, id));
    }
  }

  @Test
  void theGraphIsTheSameOnAnyNumberOfThreads() {
    float[][] vectors = HnswFixture.clustered(9_000, DIMENSION, 0.2, 9);
    float[][] queries = HnswFixture.clustered(200, DIMENSION, 0.2, 10);
    List<List<String>> answers =
        java.util.stream.IntStream.of(1, 2, 5)
            .mapToObj(
                threads -> {
                  HnswIndex index = walking(Similarity.DOT).threads(threads).build();
                  index.addAll(HnswFixture.ids(0, 4_000), Arrays.copyOf(vectors, 4_000));
                  index.addAll(
                      HnswFixture.ids(4_000, 9_000), Arrays.copyOfRange(vectors, 4_000, 9_000));
                  return HnswFixture.answers(index, queries, K, SearchOptions.defaults());
                })
            .toList();
    assertEquals(answers.get(0), answers.get(1));
    assertEquals(answers.get(0), answers.get(2));
  }

  /** A large batch after removals takes the places that are free, and links to what is there. */
  @Test
  void aLargeBatchTakesThePlacesOfTheRemoved() {
    float[][] vectors = HnswFixture.clustered(8_000, DIMENSION, 0.2, 11);
    HnswIndex index = walking(Similarity.L2).build();
    index.addAll(HnswFixture.ids(0, 4_000), Arrays.copyOf(vectors, 4_000));
    Random random = new Random(12);
    for (int i = 0; i < 4_000; i++) {
      if (random.nextInt(4) < 3) {
        index.remove("item-" + i);
        vectors[i] = null;
      }
    }
    index.addAll(HnswFixture.ids(4_000, 8_000), Arrays.copyOfRange(vectors, 4_000, 8_000));
    FlatIndex exact = new FlatIndex(DIMENSION, Similarity.L2);
    for (int i = 0; i < vectors.length; i++) {
      if (vectors[i] != null) {
        exact.add("item-" + i, vectors[i]);
      }
    }
    assertEquals(exact.size(), index.size());
    int found = 0;
    float[][] queries = HnswFixture.clustered(300, DIMENSION, 0.2, 13);
    for (float[] query : queries) {
      Set<String> best = new HashSet<>();
      exact.search(query, K).forEach(item -> best.add(item.itemId()));
      for (ScoredItem item : index.search(query, K)) {
        assertTrue(exact.contains(item.itemId()), item.itemId());
        found += best.contains(item.itemId()) ? 1 : 0;
      }
    }
    double recall = (double) found / (K * queries.length);
    assertTrue(recall >= 0.95, () -> "recall " + recall);
  }
}
