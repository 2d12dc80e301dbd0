package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ItemIndexFactory;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.ann.internal.VectorKernels;
import io.recommender.testing.ItemIndexContract;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FlatIndexTest extends ItemIndexContract {
  @Override
  protected ItemIndex create(int dimension, Similarity similarity) {
    return new FlatIndex(dimension, similarity);
  }

  @Test
  void itsConstructorIsAFactory() {
    ItemIndexFactory factory = FlatIndex::new;
    ItemIndex index = factory.create(3, Similarity.L2, 1000);
    assertEquals(3, index.dimension());
    assertEquals(0, index.size());
    assertThrows(IllegalArgumentException.class, () -> factory.create(0, Similarity.L2, 1));
    assertThrows(IllegalArgumentException.class, () -> factory.create(1, Similarity.L2, -1));
  }

  @Test
  void tellsWhichKernelsItUses() {
    String expected = System.getProperty("recommender.test.expectKernels", "ScalarVectorKernels");
    assertEquals(expected, FlatIndex.kernels());
    assertEquals(
        "FlatIndex[2 dimensions, DOT, 0 items, " + expected + "]",
        new FlatIndex(2, Similarity.DOT).toString());
  }

  @Test
  void estimatesItsMemory() {
    assertEquals(0, FlatIndex.estimatedBytes(0, 128));
    assertEquals(
        "size: expected at least 0, found -1",
        assertThrows(IllegalArgumentException.class, () -> FlatIndex.estimatedBytes(-1, 128))
            .getMessage());
    assertEquals(
        "dimension: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> FlatIndex.estimatedBytes(1, 0))
            .getMessage());
    assertTrue(FlatIndex.estimatedBytes(10_000_000, 768) > 10_000_000L * 768 * 4);
    assertTrue(FlatIndex.estimatedBytes(10_000_000, 768) < 10_000_000L * 1000 * 4);
  }

  /** The vectors are permutations, so true scores differ by less than a kernel's error. */
  @ParameterizedTest
  @EnumSource
  void scoresAndOrderAreThoseOfDoublePrecision(Similarity similarity) {
    int dimension = 130;
    Random random = new Random(21);
    float[] vector = randomVector(dimension, random);
    float[] query = new float[dimension];
    Arrays.fill(query, 0.3f);
    float[][] vectors = new float[3000][];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = vector.clone();
      for (int j = dimension - 1; j > 0; j--) {
        int other = random.nextInt(j + 1);
        float value = vectors[i][j];
        vectors[i][j] = vectors[i][other];
        vectors[i][other] = value;
      }
    }
    FlatIndex index = new FlatIndex(dimension, similarity);
    List<String> ids = IntStream.range(0, vectors.length).mapToObj(i -> "item-" + i).toList();
    index.addAll(ids, vectors);
    double[] scores = new double[vectors.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = exactScore(similarity, query, vectors[i]);
    }
    List<String> expected =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -scores[i]))
            .map(ids::get)
            .toList();
    for (int k : new int[] {1, 10, 100, 3000}) {
      List<ScoredItem> found = index.search(query, k);
      assertEquals(expected.subList(0, k), found.stream().map(ScoredItem::itemId).toList());
      for (ScoredItem item : found) {
        assertEquals(scores[ids.indexOf(item.itemId())], item.score());
      }
    }
  }

  /** The products of one lane are -2e38, -2e38, 2e38 and 1.9e38: minus infinity on the way. */
  @Test
  void aSumThatLeavesTheRangeOfAFloatOnTheWayIsRight() {
    FlatIndex index = new FlatIndex(64, Similarity.DOT);
    float[] query = new float[64];
    float[] worse = new float[64];
    float[] best = new float[64];
    for (int i = 0; i < 4; i++) {
      query[16 * i] = 1e19f;
      best[16 * i] = new float[] {-2e19f, -2e19f, 2e19f, 1.9e19f}[i];
    }
    worse[0] = -1e19f;
    for (int i = 0; i < 40; i++) {
      index.add("worse-" + i, worse);
    }
    for (int i = 0; i < 4; i++) {
      index.add("best-" + i, best);
    }
    List<ScoredItem> found = index.search(query, 1);
    assertEquals("best-0", found.get(0).itemId());
    assertEquals(-1e37, found.get(0).score(), 1e32);
    float[][] queries = new float[8][];
    Arrays.fill(queries, query);
    assertEquals(Collections.nCopies(8, found), index.searchAll(queries, 1, ItemFilter.all()));
  }

  @ParameterizedTest
  @EnumSource
  void manyQueriesHaveTheAnswersOfEach(Similarity similarity) {
    int dimension = 19;
    Random random = new Random(22);
    FlatIndex index = new FlatIndex(dimension, similarity);
    List<String> ids = IntStream.range(0, 777).mapToObj(i -> "item-" + i).toList();
    index.addAll(ids, randomVectors(777, dimension, random));
    for (int i = 0; i < 100; i++) {
      index.remove(ids.get(random.nextInt(ids.size())));
    }
    List<ItemFilter> filters =
        List.of(
            ItemFilter.all(),
            itemId -> itemId.hashCode() % 5 == 0,
            ItemFilter.allow(ids.subList(0, 30)));
    for (int count : new int[] {1, 7, 8, 9, 12, 511, 512, 513, 1030}) {
      float[][] queries = randomVectors(count, dimension, random);
      for (ItemFilter filter : filters) {
        List<List<ScoredItem>> found = index.searchAll(queries, 9, filter);
        assertEquals(
            Stream.of(queries).map(query -> index.search(query, 9, filter)).toList(), found);
      }
    }
  }

  @Test
  void aBatchIsSeenWholeOrNotAtAll() throws Exception {
    int dimension = 8;
    FlatIndex index = new FlatIndex(dimension, Similarity.DOT);
    List<String> ids = IntStream.range(0, 150).mapToObj(i -> "item-" + i).toList();
    float[] query = new float[dimension];
    query[0] = 1;
    index.addAll(ids, batch(ids.size(), dimension, 0));
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<?> writer =
          threads.submit(
              () -> {
                for (int value = 1; value <= 2000; value++) {
                  index.addAll(ids, batch(ids.size(), dimension, value));
                }
              });
      double latest = 0;
      while (!writer.isDone()) {
        List<ScoredItem> found = index.search(query, 1000);
        Set<Double> scores = new HashSet<>();
        found.forEach(item -> scores.add(item.score()));
        assertEquals(150, found.size());
        assertEquals(1, scores.size(), () -> "saw parts of several batches: " + scores);
        assertTrue(found.get(0).score() >= latest, "an earlier batch after a later one");
        latest = found.get(0).score();
      }
      writer.get();
      assertEquals(2000, index.search(query, 1).get(0).score());
    } finally {
      threads.shutdownNow();
    }
  }

  /** Returns a score in double precision of what the index stores of a vector. */
  private static double exactScore(Similarity similarity, float[] query, float[] vector) {
    return switch (similarity) {
      case DOT -> VectorKernels.exactDot(query, vector, 0, query.length);
      case L2 -> -VectorKernels.exactSquaredL2(query, vector, 0, query.length);
      case COSINE -> VectorKernels.exactDot(normalized(query), normalized(vector), 0, query.length);
    };
  }

  private static float[] normalized(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += (double) value * value;
    }
    float[] normalized = new float[vector.length];
    for (int i = 0; i < vector.length; i++) {
      normalized[i] = (float) (vector[i] / Math.sqrt(sum));
    }
    return normalized;
  }

  private static float[][] batch(int size, int dimension, int value) {
    float[][] vectors = new float[size][dimension];
    for (float[] vector : vectors) {
      Arrays.fill(vector, value);
    }
    return vectors;
  }

  private static float[][] randomVectors(int count, int dimension, Random random) {
    return Stream.generate(() -> randomVector(dimension, random))
        .limit(count)
        .toArray(float[][]::new);
  }

  private static float[] randomVector(int dimension, Random random) {
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }
}
