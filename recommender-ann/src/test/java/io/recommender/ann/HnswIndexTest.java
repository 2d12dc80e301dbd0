package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndex;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.testing.ItemIndexContract;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HnswIndexTest {
  abstract static class Contract extends ItemIndexContract {
    @Override
    protected double largestNorm() {
      return HnswIndex.MAX_NORM;
    }

    /** A change takes long where hundreds of vectors are equal, as they are there. */
    @Override
    protected int changes() {
      return 1_000;
    }
  }

  @Nested
  class SmallIsExact extends Contract {
    @Override
    protected ItemIndex create(int dimension, Similarity similarity) {
      return HnswIndex.builder(dimension, similarity).build();
    }
  }

  @Nested
  class WalkingTheGraph extends Contract {
    @Override
    protected ItemIndex create(int dimension, Similarity similarity) {
      return HnswIndex.builder(dimension, similarity).exactBelow(0).ef(200).build();
    }

    @Override
    protected double recall() {
      return 0.9;
    }
  }

  @Nested
  class WalkingByCodes extends Contract {
    @Override
    protected ItemIndex create(int dimension, Similarity similarity) {
      return HnswIndex.builder(dimension, similarity)
          .quantization(Quantization.INT4_FLOAT)
          .trainedFrom(16)
          .exactBelow(0)
          .ef(200)
          .build();
    }

    @Override
    protected double recall() {
      return 0.9;
    }
  }

  /** Vectors around a few centres, as embeddings are. */
  private static float[][] clustered(int count, int dimension, boolean unequalNorms, long seed) {
    Random places = new Random(100);
    float[][] centres = new float[40][dimension];
    for (float[] centre : centres) {
      for (int i = 0; i < dimension; i++) {
        centre[i] = (float) places.nextGaussian();
      }
    }
    Random random = new Random(seed);
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      float[] centre = centres[random.nextInt(centres.length)];
      double norm = 0;
      for (int i = 0; i < dimension; i++) {
        vector[i] = centre[i] + 0.7f * (float) random.nextGaussian();
        norm += vector[i] * vector[i];
      }
      double length = unequalNorms ? Math.exp(0.5 * random.nextGaussian()) : 1;
      for (int i = 0; i < dimension; i++) {
        vector[i] *= (float) (length / Math.sqrt(norm));
      }
    }
    return vectors;
  }

  private static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(i -> "item-" + i).toList();
  }

  private static double recall(ItemIndex index, FlatIndex exact, float[][] queries, ItemFilter f) {
    int found = 0;
    int wanted = 0;
    for (float[] query : queries) {
      List<ScoredItem> truth = exact.search(query, 10, f);
      double worst = truth.isEmpty() ? 0 : truth.get(truth.size() - 1).score();
      wanted += truth.size();
      found +=
          (int)
              index.search(query, 10, f).stream()
                  .filter(item -> item.score() >= worst - 1e-6 * Math.abs(worst))
                  .count();
    }
    return found / (double) wanted;
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void findsNearlyAllOfTheTrueBest(Similarity similarity) {
    float[][] vectors = clustered(20_000, 32, true, 1);
    float[][] queries = clustered(200, 32, false, 2);
    HnswIndex index = HnswIndex.builder(32, similarity).threads(2).build();
    FlatIndex exact = new FlatIndex(32, similarity);
    index.addAll(ids(vectors.length), vectors);
    exact.addAll(ids(vectors.length), vectors);
    double recall = recall(index, exact, queries, ItemFilter.all());
    assertTrue(recall >= 0.95, () -> "recall " + recall);
    Set<String> third = new HashSet<>();
    Set<String> rare = new HashSet<>();
    for (int i = 0; i < vectors.length; i++) {
      if (i % 3 == 0) {
        third.add("item-" + i);
      }
      if (i % 500 == 0) {
        rare.add("item-" + i);
      }
    }
    List<ItemFilter> filters =
        List.of(
            ItemFilter.allow(third),
            ItemFilter.allow(rare),
            ItemFilter.deny(third),
            third::contains,
            rare::contains,
            ItemFilter.deny(rare));
    for (ItemFilter filter : filters) {
      double filtered = recall(index, exact, queries, filter);
      assertTrue(filtered >= 0.95, () -> "recall " + filtered + " under " + filter);
    }
  }

  @Test
  void theGraphIsTheSameOnAnyNumberOfThreads() {
    float[][] vectors = clustered(5_000, 16, false, 3);
    float[][] queries = clustered(300, 16, false, 4);
    List<List<List<ScoredItem>>> answers = new ArrayList<>();
    for (int threads : new int[] {1, 2, 7}) {
      HnswIndex index =
          HnswIndex.builder(16, Similarity.L2).threads(threads).ef(10).exactBelow(0).build();
      index.addAll(ids(3_000), java.util.Arrays.copyOf(vectors, 3_000));
      for (int i = 0; i < 1_000; i += 2) {
        index.remove("item-" + i);
      }
      index.addAll(
          ids(5_000).subList(3_000, 5_000), java.util.Arrays.copyOfRange(vectors, 3_000, 5_000));
      answers.add(index.searchAll(queries, 10, ItemFilter.all()));
    }
    assertEquals(answers.get(0), answers.get(1));
    assertEquals(answers.get(0), answers.get(2));
    HnswIndex other = HnswIndex.builder(16, Similarity.L2).seed(9).ef(10).exactBelow(0).build();
    other.addAll(ids(5_000), vectors);
    assertFalse(answers.get(0).equals(other.searchAll(queries, 10, ItemFilter.all())));
  }

  /** Half of all items are removed, others take their places, and nothing is lost or returns. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void keepsFindingAfterMuchRemoval(Similarity similarity) {
    float[][] vectors = clustered(9_000, 24, true, 5);
    HnswIndex index = HnswIndex.builder(24, similarity).exactBelow(0).build();
    FlatIndex exact = new FlatIndex(24, similarity);
    index.addAll(ids(6_000), java.util.Arrays.copyOf(vectors, 6_000));
    exact.addAll(ids(6_000), java.util.Arrays.copyOf(vectors, 6_000));
    Random random = new Random(6);
    for (int i = 0; i < 3_000; i++) {
      String gone = "item-" + (2 * i);
      assertTrue(index.remove(gone));
      exact.remove(gone);
      if (random.nextInt(3) == 0) {
        String fresh = "item-" + (6_000 + i);
        index.add(fresh, vectors[6_000 + i]);
        exact.add(fresh, vectors[6_000 + i]);
      }
    }
    assertEquals(exact.size(), index.size());
    float[][] queries = clustered(200, 24, false, 7);
    double recall = recall(index, exact, queries, ItemFilter.all());
    assertTrue(recall >= 0.95, () -> "recall " + recall);
    for (float[] query : queries) {
      for (ScoredItem item : index.search(query, 10)) {
        assertTrue(exact.contains(item.itemId()), item.itemId());
      }
    }
  }

  @Test
  void aVectorThatWouldOverflowIsRefused() {
    HnswIndex index = HnswIndex.builder(2, Similarity.DOT).build();
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> index.add("a", new float[] {1e16f, 0}));
    assertTrue(e.getMessage().contains("norm of at most 1.0E15"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> index.search(new float[] {1e16f, 0}, 1));
    assertEquals(0, index.size());
  }

  @Test
  void wrongParametersAreNamed() {
    HnswIndexBuilder builder = HnswIndex.builder(2, Similarity.DOT);
    assertEquals(
        "m: expected 2 to 256, found 1",
        assertThrows(IllegalArgumentException.class, () -> builder.m(1)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> builder.ef(0));
    assertThrows(IllegalArgumentException.class, () -> builder.threads(0));
    assertThrows(IllegalArgumentException.class, () -> builder.expectedSize(-1));
    assertThrows(IllegalArgumentException.class, () -> HnswIndex.builder(0, Similarity.L2));
  }
}
