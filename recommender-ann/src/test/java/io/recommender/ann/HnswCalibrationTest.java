package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What an index measures of itself. */
class HnswCalibrationTest {
  private static final int COUNT = 3_000;
  private static final int DIMENSION = 20;

  private static HnswIndex index(Similarity similarity, int threads) {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, similarity)
            .quantization(Quantization.FLOAT)
            .threads(threads)
            .build();
    index.addAll(TestVectors.ids(COUNT), TestVectors.clustered(COUNT, DIMENSION, 5, 0.5, 1));
    return index;
  }

  /** For each recall and k, the breadth it takes. */
  private static List<Integer> breadths(HnswIndex index) {
    List<Integer> breadths = new ArrayList<>();
    for (int k : new int[] {1, 10, 100}) {
      for (double target : new double[] {0.8, 0.9, 0.95, 0.99}) {
        breadths.add(index.breadth(k, SearchOptions.defaults().targetRecall(target)));
      }
    }
    return breadths;
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void isTheSameOnAnyNumberOfThreads(Similarity similarity) {
    HnswIndex one = index(similarity, 1);
    List<Integer> first = breadths(one);
    assertTrue(first.stream().distinct().count() > 2, first::toString);
    assertEquals(first, breadths(index(similarity, 3)));
    float[][] queries = TestVectors.clustered(70, DIMENSION, 5, 0.9, 2);
    one.calibrate(queries);
    HnswIndex three = index(similarity, 3);
    three.calibrate(queries);
    assertEquals(breadths(one), breadths(three));
  }

  /** One query more than two groups, nodes that do not count, and fewer nodes than are wanted. */
  @ParameterizedTest
  @CsvSource({"DOT, 4", "COSINE, 400", "L2, 400", "L2, 1000000"})
  void groupsOfQueriesFindTheTrueBest(Similarity similarity, int rowBytes) {
    int count = 150;
    float[][] vectors = TestVectors.clustered(count, DIMENSION, 3, 0.7, 3);
    HnswGraph graph = new HnswGraph(DIMENSION, 4, count, true);
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    for (int node = 0; node < count; node++) {
      float[] row = similarity == Similarity.COSINE ? unit(vectors[node]) : vectors[node];
      assertEquals(node, graph.extend());
      graph.writeRow(node, row);
      graph.setExtra(node, HnswGraph.extra(similarity, squares(row)));
      if (isThere(node)) {
        exact.add(TestVectors.id(node), vectors[node]);
      }
    }
    graph.publish(0, 0, EntryNodes.NONE);
    HnswGraph.Ranking ranking = HnswGraph.Ranking.ofQueries(similarity);
    ExactGroup group = new ExactGroup(() -> new RowScorer(graph, ranking), rowBytes);
    float[][] queries = TestVectors.clustered(2 * ExactGroup.SIZE + 1, DIMENSION, 3, 0.7, 4);
    int[] wanted = IntStream.range(0, queries.length).map(q -> 1 + 6 * q).toArray();
    int[][] best = new int[queries.length][];
    for (int from = 0; from < queries.length; from += ExactGroup.SIZE) {
      int to = Math.min(queries.length, from + ExactGroup.SIZE);
      group.find(
          graph.view(),
          graph.view().size(),
          HnswCalibrationTest::isThere,
          queries,
          from,
          to,
          wanted,
          best);
    }
    for (int q = 0; q < queries.length; q++) {
      int[] truth =
          exact.search(queries[q], wanted[q], ItemFilter.all()).stream()
              .mapToInt(item -> Integer.parseInt(item.itemId().substring("item-".length())))
              .toArray();
      assertArrayEquals(truth, best[q]);
    }
  }

  private static boolean isThere(int node) {
    return node % 3 != 1;
  }

  private static double squares(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    return squares;
  }

  private static float[] unit(float[] vector) {
    float[] unit = vector.clone();
    double norm = Math.sqrt(squares(vector));
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (unit[i] / norm);
    }
    return unit;
  }
}
