package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where walks begin, in indexes and in graphs whose levels are set by hand. */
class EntryNodesTest {
  private static final int DIMENSION = 12;

  private static HnswGraph graph(int... levels) {
    HnswGraph graph = new HnswGraph(4, 4, levels.length, true);
    for (int node = 0; node < levels.length; node++) {
      graph.extend();
      graph.setLevel(node, levels[node]);
      graph.setLinks(node, 0, new int[] {(node + 1) % levels.length}, 1, 1);
    }
    graph.publish(0, levels[0], EntryNodes.NONE);
    return graph;
  }

  private static int[] numbers(int count) {
    return IntStream.range(0, count).toArray();
  }

  @Test
  void withoutUpperLevelsNoneAreChosen() {
    EntryNodes entries = new EntryNodes(graph(0, 0, 0), Similarity.L2);
    entries.add(numbers(3));
    assertEquals(EntryNodes.NONE, entries.chosen());
  }

  @Test
  void theHighestLevelWithEnoughNodesIsChosen() {
    int[] levels = new int[100];
    Arrays.fill(levels, 10, 90, 1);
    Arrays.fill(levels, 20, 52, 2);
    levels[22] = 4;
    EntryNodes entries = new EntryNodes(graph(levels), Similarity.L2);
    entries.add(numbers(100));
    assertEquals(2, entries.chosen().level());
    assertTrue(entries.chosen().isAll());
    assertArrayEquals(IntStream.range(20, 52).toArray(), entries.chosen().nodes());
    entries.reset(new int[] {12, 11, 20, 22, 95});
    assertEquals(1, entries.chosen().level());
    assertArrayEquals(new int[] {11, 12, 20, 22}, entries.chosen().nodes());
    entries.reset(new int[0]);
    assertEquals(EntryNodes.NONE, entries.chosen());
  }

  @Test
  void ofManyNodesSomeAreChosenEvenly() {
    int[] levels = new int[1000];
    Arrays.fill(levels, 1);
    EntryNodes entries = new EntryNodes(graph(levels), Similarity.L2);
    entries.add(numbers(1000));
    int[] nodes = entries.chosen().nodes();
    assertFalse(entries.chosen().isAll());
    assertEquals(EntryNodes.MOST, nodes.length);
    for (int i = 1; i < nodes.length; i++) {
      assertEquals(1000 / (double) EntryNodes.MOST, nodes[i] - nodes[i - 1], 1);
    }
  }

  @Test
  void theOrderInWhichNodesComeDoesNotMatter() {
    int[] levels = IntStream.range(0, 500).map(i -> Integer.numberOfTrailingZeros(i + 1)).toArray();
    EntryNodes entries = new EntryNodes(graph(levels), Similarity.L2);
    entries.add(numbers(500));
    EntryNodes backwards = new EntryNodes(graph(levels), Similarity.L2);
    for (int node = 499; node >= 0; node--) {
      backwards.add(new int[] {node});
    }
    assertArrayEquals(entries.chosen().nodes(), backwards.chosen().nodes());
    assertEquals(entries.chosen().level(), backwards.chosen().level());
  }

  @Test
  void nodesThatLeadNowhereAreLeftOut() {
    HnswGraph graph = graph(1, 1, 1);
    graph.setLinks(1, 0, new int[0], 0, 0);
    EntryNodes entries = new EntryNodes(graph, Similarity.L2);
    entries.add(numbers(3));
    assertArrayEquals(new int[] {0, 2}, entries.chosen().nodes());
  }

  /** Between clusters there are few links. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 6, 12})
  void walksComeToEveryCluster(int clusters) {
    for (Similarity similarity : Similarity.values()) {
      int found = 0;
      for (int seed = 0; seed < 20; seed++) {
        float[][] vectors = TestVectors.clustered(1_200, DIMENSION, clusters, 0.3, seed);
        HnswIndex index = index(similarity, seed);
        FlatIndex exact = new FlatIndex(DIMENSION, similarity);
        index.addAll(TestVectors.ids(vectors.length), vectors);
        exact.addAll(TestVectors.ids(vectors.length), vectors);
        for (int query = 0; query < 60; query++) {
          String best = exact.search(vectors[query], 1).get(0).itemId();
          found += best.equals(index.search(vectors[query], 1).get(0).itemId()) ? 1 : 0;
        }
      }
      assertTrue(found >= 1_198, similarity + ": " + found);
    }
  }

  /** An index of two clusters, of which 1 of 10 queries did not find theirs from one entry. */
  @Test
  void bothClustersAreFoundWhereOneEntryLedToOne() {
    long seed = 6761363214105052943L;
    float[][] vectors = TestVectors.clustered(2_000, 14, 2, 0.7, seed);
    HnswIndex index =
        HnswIndex.builder(14, Similarity.L2)
            .m(20)
            .efConstruction(40)
            .quantization(Quantization.FLOAT)
            .exactBelow(0)
            .seed(seed)
            .build();
    FlatIndex exact = new FlatIndex(14, Similarity.L2);
    index.addAll(TestVectors.ids(2_000), vectors);
    exact.addAll(TestVectors.ids(2_000), vectors);
    float[][] queries = TestVectors.clustered(100, 14, 2, 0.7, seed + 1);
    double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
    assertTrue(recall >= 0.98, () -> "recall " + recall);
  }

  private static HnswIndex index(Similarity similarity, int seed) {
    return HnswIndex.builder(DIMENSION, similarity).m(8).exactBelow(0).seed(seed).build();
  }

  @Test
  void entriesAreThoseOfNodesInUseAfterRemovalsAndReopening(@TempDir Path folder) {
    float[][] vectors = TestVectors.clustered(3_000, DIMENSION, 10, 0.7, 3);
    HnswIndex index = index(Similarity.L2, 3);
    index.addAll(TestVectors.ids(2_000), Arrays.copyOf(vectors, 2_000));
    for (int round = 0; round < 10; round++) {
      for (int item = round; item < 2_000; item += 11) {
        index.remove(TestVectors.id(item));
      }
      index.save(folder.resolve("items"));
      HnswIndex opened = HnswIndex.open(folder.resolve("items"));
      GraphInspection graph = new GraphInspection(index);
      assertEquals(graph.content(), new GraphInspection(opened).content());
      for (int node : graph.entries()) {
        assertTrue(graph.level(node) >= graph.entryLevel());
      }
    }
    index.addAll(
        TestVectors.ids(3_000).subList(2_000, 3_000), Arrays.copyOfRange(vectors, 2_000, 3_000));
    assertEquals(List.of(), new GraphInspection(index).unreachable());
  }
}
