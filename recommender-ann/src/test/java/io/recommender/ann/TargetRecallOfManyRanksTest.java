package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who asks for a recall gets it for any number of items, whatever the data are like. */
class TargetRecallOfManyRanksTest {
  private static final int COUNT = 10_000;
  private static final int DIMENSION = 16;
  private static final int QUERIES = 500;
  private static final int[] KS = {1, 10, 50, 100, 200};
  private static final double[] TARGETS = {0.9, 0.95, 0.98};
  private static final double TOLERANCE = 0.015;

  @TempDir private Path folder;

  private static float[][] gaussian(int count, long seed) {
    Random random = new Random(seed);
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = TestVectors.gaussian(DIMENSION, random);
    }
    return vectors;
  }

  private static float[][] data(boolean isClustered, int count, double lengths, long seed) {
    if (isClustered) {
      return HnswFixture.clustered(count, DIMENSION, lengths, seed);
    }
    float[][] vectors = gaussian(count, seed);
    return lengths == 0 ? unit(vectors) : TestVectors.unequal(unit(vectors), lengths, seed + 1);
  }

  private static float[][] unit(float[][] vectors) {
    for (float[] vector : vectors) {
      double norm = TestVectors.norm(vector);
      for (int i = 0; i < vector.length; i++) {
        vector[i] /= (float) norm;
      }
    }
    return vectors;
  }

  private static HnswIndex index(Similarity similarity, float[][] vectors) {
    HnswIndex index = HnswIndex.builder(DIMENSION, similarity).threads(2).build();
    index.addAll(HnswFixture.ids(0, vectors.length), vectors);
    return index;
  }

  private static int[][] best(HnswIndex index, float[][] queries, int k) {
    int[][] best = new int[queries.length][k];
    SearchHits hits = new SearchHits();
    for (int q = 0; q < queries.length; q++) {
      index.search(queries[q], k, SearchOptions.defaults().targetRecall(1), hits);
      for (int rank = 0; rank < k; rank++) {
        best[q][rank] = hits.ordinal(rank);
      }
    }
    return best;
  }

  private static double recall(
      HnswIndex index, float[][] queries, int[][] best, int k, double target) {
    SearchOptions options = SearchOptions.defaults().targetRecall(target);
    SearchHits hits = new SearchHits();
    boolean[] isBest = new boolean[COUNT];
    int found = 0;
    for (int q = 0; q < queries.length; q++) {
      for (int rank = 0; rank < k; rank++) {
        isBest[best[q][rank]] = true;
      }
      index.search(queries[q], k, options, hits);
      for (int rank = 0; rank < hits.size(); rank++) {
        found += isBest[hits.ordinal(rank)] ? 1 : 0;
      }
      for (int rank = 0; rank < k; rank++) {
        isBest[best[q][rank]] = false;
      }
    }
    return found / (double) (k * queries.length);
  }

  private static void assertReached(HnswIndex index, float[][] queries) {
    int[][] best = best(index, queries, KS[KS.length - 1]);
    StringBuilder missed = new StringBuilder();
    for (int k : KS) {
      for (double target : TARGETS) {
        double recall = recall(index, queries, best, k, target);
        if (recall < target - TOLERANCE) {
          missed.append("k %d, target %s: %.4f; ".formatted(k, target, recall));
        }
      }
    }
    assertTrue(missed.isEmpty(), missed::toString);
  }

  @ParameterizedTest
  @CsvSource({
    "DOT, true, 0",
    "DOT, true, 0.5",
    "DOT, true, 1",
    "DOT, false, 0",
    "DOT, false, 0.5",
    "DOT, false, 1",
    "COSINE, true, 0",
    "COSINE, false, 0",
    "L2, true, 0",
    "L2, false, 1"
  })
  void isReached(Similarity similarity, boolean isClustered, double lengths) {
    HnswIndex index = index(similarity, data(isClustered, COUNT, lengths, 1));
    assertReached(index, data(isClustered, QUERIES, lengths, 3));
  }

  /** Vectors of users point elsewhere than those of items. */
  private static float[][] users(int count, long seed) {
    float[][] users = gaussian(count, seed);
    for (float[] user : users) {
      for (int i = 0; i < DIMENSION / 2; i++) {
        user[i] = 2 + 0.5f * user[i];
      }
    }
    return users;
  }

  @Test
  void isReachedForUsersIfCalibratedForUsers() {
    HnswIndex index = index(Similarity.DOT, data(true, COUNT, 0.5, 1));
    index.calibrate(users(QUERIES, 5));
    assertReached(index, users(QUERIES, 6));
    Path file = folder.resolve("a");
    index.save(file);
    SearchOptions options = SearchOptions.defaults().targetRecall(0.95);
    float[][] queries = users(20, 7);
    HnswIndex opened = HnswIndex.open(file);
    for (int k : KS) {
      assertArrayEquals(
          HnswFixture.answers(index, queries, k, options).toArray(),
          HnswFixture.answers(opened, queries, k, options).toArray());
    }
  }

  /** The same items and seed: the same measurement, on any number of threads. */
  @Test
  void isMeasuredTheSameEachTime() {
    float[][] vectors = data(true, 4_000, 0.5, 1);
    float[][] queries = data(true, 20, 0.5, 3);
    HnswIndex one = HnswIndex.builder(DIMENSION, Similarity.DOT).threads(1).build();
    HnswIndex other = HnswIndex.builder(DIMENSION, Similarity.DOT).threads(2).build();
    one.addAll(HnswFixture.ids(0, vectors.length), vectors);
    other.addAll(HnswFixture.ids(0, vectors.length), vectors);
    for (double target : TARGETS) {
      SearchOptions options = SearchOptions.defaults().targetRecall(target);
      for (int k : KS) {
        assertArrayEquals(
            HnswFixture.answers(one, queries, k, options).toArray(),
            HnswFixture.answers(other, queries, k, options).toArray());
      }
    }
  }
}
