package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is left of the graph after much was removed. */
class HnswRepairTest {
  private static final int DIMENSION = 36;

  private static HnswIndexBuilder builder(Quantization quantization, Similarity similarity) {
    return HnswIndex.builder(DIMENSION, similarity)
        .quantization(quantization)
        .exactBelow(0)
        .trainedFrom(16);
  }

  @ParameterizedTest
  @EnumSource
  void everyItemIsReachedAfterHalfWereRemoved(Similarity similarity) {
    for (Quantization quantization :
        List.of(
            Quantization.FLOAT,
            Quantization.INT1_FLOAT,
            Quantization.INT4_FLOAT,
            Quantization.INT8)) {
      float[][] vectors = TestVectors.clustered(4_000, DIMENSION, 20, 0.7, 1);
      HnswIndex index = builder(quantization, similarity).build();
      FlatIndex exact = new FlatIndex(DIMENSION, similarity);
      index.addAll(TestVectors.ids(4_000), vectors);
      exact.addAll(TestVectors.ids(4_000), vectors);
      List<String> order = new ArrayList<>(TestVectors.ids(4_000));
      Collections.shuffle(order, new Random(2));
      for (String itemId : order.subList(0, 2_000)) {
        assertTrue(index.remove(itemId));
        exact.remove(itemId);
      }
      String what = quantization + " " + similarity;
      GraphInspection graph = new GraphInspection(index);
      assertEquals(List.of(), graph.unreachable(), what);
      float[][] queries = TestVectors.clustered(100, DIMENSION, 20, 0.7, 3);
      double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
      assertTrue(recall >= 0.95, () -> what + ": recall " + recall);
    }
  }

  /** A cluster goes but for one item, which may be the one where searches begin. */
  @Test
  void whoIsLeftWithoutNeighboursIsLinkedAnew() {
    for (int seed = 0; seed < 20; seed++) {
      for (int kept = 0; kept < 4; kept++) {
        HnswIndex index = builder(Quantization.FLOAT, Similarity.L2).m(4).seed(seed).build();
        float[][] vectors = TestVectors.clustered(258, DIMENSION, 2, 0.01, 4);
        index.addAll(TestVectors.ids(258), vectors);
        int entry = Integer.parseInt(new GraphInspection(index).entry().substring(5));
        int left = (entry + 2 * kept) % 258;
        for (int i = 0; i < 258; i++) {
          if (i % 2 == left % 2 && i != left) {
            index.remove(TestVectors.id(i));
          }
        }
        String what = "seed " + seed + ", kept " + left;
        assertEquals(130, index.size(), what);
        assertEquals(List.of(), new GraphInspection(index).unreachable(), what);
        for (int i = 0; i < 258; i++) {
          if (i % 2 != left % 2 || i == left) {
            String found = index.search(vectors[i], 1).get(0).itemId();
            assertEquals(TestVectors.id(i), found, what);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Quantization.class,
      names = {"FLOAT", "INT1_FLOAT", "INT4_FLOAT", "INT8"})
  void placesOfRemovedItemsAreTakenAgain(Quantization quantization) {
    HnswIndex index = builder(quantization, Similarity.COSINE).m(8).efConstruction(30).build();
    float[][] vectors = TestVectors.clustered(6_000, DIMENSION, 20, 0.7, 5);
    for (int i = 0; i < vectors.length; i++) {
      index.add(TestVectors.id(i), vectors[i]);
      if (i >= 600) {
        index.remove(TestVectors.id(i - 600));
      }
    }
    assertEquals(600, index.size());
    int allocated = new GraphInspection(index).allocated();
    assertTrue(allocated <= 900, () -> "took " + allocated + " places for 600 items");
  }

  @Test
  void placesOfReplacedItemsAreTakenAgain() {
    HnswIndex index = builder(Quantization.INT4_FLOAT, Similarity.DOT).m(8).build();
    float[][] vectors = TestVectors.clustered(5_000, DIMENSION, 20, 0.7, 6);
    for (int i = 0; i < vectors.length; i++) {
      index.add(TestVectors.id(i % 500), vectors[i]);
    }
    assertEquals(500, index.size());
    int allocated = new GraphInspection(index).allocated();
    assertTrue(allocated <= 800, () -> "took " + allocated + " places for 500 items");
  }

  @Test
  void anIndexThatWasEmptiedIsFilledAgain() {
    for (int rest : new int[] {0, 1, 2}) {
      HnswIndex index = builder(Quantization.INT4_FLOAT, Similarity.L2).build();
      float[][] vectors = TestVectors.clustered(300, DIMENSION, 5, 0.7, 7);
      for (int round = 0; round < 3; round++) {
        index.addAll(TestVectors.ids(300), vectors);
        for (int i = rest; i < 300; i++) {
          assertTrue(index.remove(TestVectors.id(i)));
          assertFalse(index.contains(TestVectors.id(i)));
        }
        assertEquals(rest, index.size());
        assertEquals(rest, index.search(vectors[0], 10).size());
      }
      index.addAll(TestVectors.ids(300), vectors);
      assertEquals(List.of(), new GraphInspection(index).unreachable());
      for (int i = 0; i < 300; i++) {
        assertEquals(TestVectors.id(i), index.search(vectors[i], 1).get(0).itemId());
      }
      int allocated = new GraphInspection(index).allocated();
      assertTrue(allocated <= 700, () -> "took " + allocated + " places for 300 items");
    }
  }
}
