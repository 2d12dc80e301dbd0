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
    assertTrue(FlatIndex.estimatedBytes(10_000_000, 768) > 10_000_000L * 768 * 4);
    assertTrue(FlatIndex.estimatedBytes(10_000_000, 768) < 10_000_000L * 1000 * 4);
  }

  /** The vectors differ by less than a float can tell in a sum, so a kernel alone would fail. */
  @ParameterizedTest
  @EnumSource
  void scoresAndOrderAreThoseOfDoublePrecision(Similarity similarity) {
    int dimension = 130;
    Random random = new Random(21);
    float[] center = randomVector(dimension, random);
    float[][] vectors = new float[3000][];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = center.clone();
      vectors[i][i % dimension] += 1e-5f * random.nextInt(20);
      if (similarity == Similarity.COSINE) {
        // Of length 1 already, so that storing does not round once more.
        Arrays.fill(vectors[i], 0);
        vectors[i][i % dimension] = 1;
      }
    }
    FlatIndex index = new FlatIndex(dimension, similarity);
    List<String> ids = IntStream.range(0, vectors.length).mapToObj(i -> "item-" + i).toList();
    index.addAll(ids, vectors);
    float[] query = center.clone();
    if (similarity == Similarity.COSINE) {
      Arrays.fill(query, 0.5f);
      Arrays.fill(query, 4, dimension, 0);
    }
    double[] scores = new double[vectors.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] =
          similarity == Similarity.L2
              ? -VectorKernels.exactSquaredL2(query, vectors[i], 0, dimension)
              : VectorKernels.exactDot(query, vectors[i], 0, dimension);
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
        assertEquals(scores[ids.indexOf(item.itemId())] + 0.0, item.score());
      }
    }
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
