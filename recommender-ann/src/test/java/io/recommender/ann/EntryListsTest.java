package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import io.recommender.ann.internal.CandidatePool;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists of the nodes that walks by codes begin at. */
class EntryListsTest {
  private static final int DIMENSION = 40;
  private static final int COUNT = 5_000;
  private static final int CLUSTERS = 60;
  private static final float[][] VECTORS =
      TestVectors.clustered(COUNT + 400, DIMENSION, CLUSTERS, 0.4, 1);
  private static final float[][] QUERIES = TestVectors.clustered(300, DIMENSION, CLUSTERS, 0.4, 2);

  private static HnswIndexBuilder builder(Similarity similarity, Quantization form) {
    return HnswIndex.builder(DIMENSION, similarity)
        .quantization(form)
        .m(4)
        .efConstruction(40)
        .trainedFrom(500)
        .exactBelow(0);
  }

  private static HnswIndex built(Similarity similarity, Quantization form) {
    HnswIndex index = builder(similarity, form).build();
    index.addAll(TestVectors.ids(COUNT), Arrays.copyOf(VECTORS, COUNT));
    return index;
  }

  /** Returns the nodes to be listed: one of 32, of which each has an upper level. */
  private static int[] wanted(HnswIndex index) {
    return upper(index, 8);
  }

  private static int[] upper(HnswIndex index, int step) {
    GraphInspection graph = new GraphInspection(index);
    int[] upper =
        IntStream.range(0, graph.allocated()).filter(node -> graph.level(node) > 0).toArray();
    return IntStream.range(0, upper.length / step).map(i -> upper[step * i]).toArray();
  }

  private static int[] listed(HnswIndex index) {
    return Arrays.stream(new GraphInspection(index).listed()).sorted().toArray();
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void nodesOfUpperLevelsAreEachInOneList(Similarity similarity) {
    for (Quantization form : List.of(Quantization.INT4_FLOAT, Quantization.INT8)) {
      HnswIndex index = built(similarity, form);
      assertTrue(wanted(index).length >= EntryLists.LEAST);
      assertArrayEquals(wanted(index), listed(index), form.toString());
    }
  }

  @Test
  void thereAreNoneForFewNodesNorForOtherWalks() {
    HnswIndex small = builder(Similarity.L2, Quantization.INT4_FLOAT).build();
    small.addAll(TestVectors.ids(1_500), Arrays.copyOf(VECTORS, 1_500));
    assertEquals(0, listed(small).length);
    assertEquals(0, listed(built(Similarity.L2, Quantization.FLOAT)).length);
    assertEquals(0, listed(built(Similarity.L2, Quantization.INT1_FLOAT)).length);
  }

  private static HnswGraph coded(Similarity similarity) {
    HnswGraph graph = new HnswGraph(DIMENSION, 4, COUNT, true);
    NibbleSpace space = new NibbleSpace(new float[DIMENSION], 1, 3);
    graph.setCodes(space.rows(similarity == Similarity.L2, graph.shift));
    for (int node = 0; node < COUNT; node++) {
      graph.extend();
      graph.writeRow(node, VECTORS[node]);
      double squares = TestVectors.norm(VECTORS[node]);
      graph.setExtra(node, HnswGraph.extra(similarity, squares * squares));
      graph.codes(graph.view()).set(node, VECTORS[node], new float[space.length]);
      graph.setLevel(node, 0);
    }
    graph.publish(0, 0, EntryNodes.NONE);
    return graph;
  }

  /** A walk by links ends in another cluster for some of them. */
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void theNearestOfAllIsAmongTheStarts(Similarity similarity) {
    HnswGraph graph = coded(similarity);
    int[] nodes = IntStream.range(0, COUNT).filter(node -> node % 3 != 1).toArray();
    EntryLists lists = EntryLists.of(graph, similarity, nodes);
    assertEquals(nodes.length, lists.size());
    graph.publish(0, 0, new EntryNodes.Chosen(nodes, 1, true, lists));
    HnswSearch search = new HnswSearch(graph);
    NibbleScorer scorer = new NibbleScorer(graph, HnswGraph.Ranking.ofQueries(similarity), false);
    CandidatePool best = new CandidatePool();
    EntryLists.Lookup lookup = new EntryLists.Lookup();
    float[] scores = new float[nodes.length + 4];
    int hits = 0;
    for (float[] query : QUERIES) {
      scorer.prepare(graph.view(), query);
      lookup.find(lists, scorer, HnswGraph.NONE, best);
      int compared = lookup.compared();
      assertTrue(compared <= nodes.length / 2, () -> compared + " of " + nodes.length);
      assertEquals(EntryLists.STARTS, best.size());
      search.search(graph.view(), scorer, 20, Long.MAX_VALUE);
      assertEquals(compared, search.listedCount() + search.scoredCount());
      scorer.score(graph.view(), nodes, 0, nodes.length, scores);
      int nearest = 0;
      for (int i = 1; i < nodes.length; i++) {
        nearest = scores[i] > scores[nearest] ? i : nearest;
      }
      for (int rank = 0; rank < best.size(); rank++) {
        int place = Arrays.binarySearch(nodes, best.node(rank));
        assertEquals(scores[place], best.score(rank), 1e-4f * Math.abs(scores[place]) + 1e-4f);
      }
      hits += best.node(0) == nodes[nearest] ? 1 : 0;
    }
    int all = hits;
    assertTrue(all >= 0.85 * QUERIES.length, () -> all + " of " + QUERIES.length);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void moreListsAreLookedThroughForQueriesUnlikeAllItems(Similarity similarity) {
    HnswGraph graph = coded(similarity);
    int[] nodes = IntStream.range(0, COUNT).filter(node -> node % 3 != 1).toArray();
    EntryLists lists = EntryLists.of(graph, similarity, nodes);
    NibbleScorer scorer = new NibbleScorer(graph, HnswGraph.Ranking.ofQueries(similarity), false);
    Random random = new Random(5);
    float[][] unlike = new float[QUERIES.length][];
    Arrays.setAll(unlike, i -> TestVectors.gaussian(DIMENSION, random));
    int[] usual = new int[3];
    int[] compared = new int[3];
    for (int i = 0; i < QUERIES.length; i++) {
      float[] longer = QUERIES[i].clone();
      for (int j = 0; j < DIMENSION; j++) {
        longer[j] *= 8;
      }
      float[][] queries = {QUERIES[i], unlike[i], longer};
      for (int kind = 0; kind < 3; kind++) {
        EntryLists.Lookup lookup = new EntryLists.Lookup();
        scorer.prepare(graph.view(), queries[kind]);
        CandidatePool best = new CandidatePool();
        lookup.find(lists, scorer, HnswGraph.NONE, best);
        usual[kind] += lookup.isUsual(best.score(0)) ? 1 : 0;
        compared[kind] += lookup.compared();
      }
    }
    String what = Arrays.toString(usual) + " usual, compared " + Arrays.toString(compared);
    assertTrue(usual[0] >= QUERIES.length / 3 && usual[1] <= QUERIES.length / 30, what);
    assertTrue(compared[1] >= 1.5 * compared[0], what);
    if (similarity != Similarity.L2) {
      assertEquals(usual[0], usual[2], what);
      assertEquals(compared[0], compared[2], what);
    }
  }

  /** The nearest items of a mean lie in several clusters, and walks end in one of them. */
  @ParameterizedTest
  @CsvSource({"DOT, 0.975", "COSINE, 0.99", "L2, 0.995"})
  void meansOfItemsAreAnsweredToo(Similarity similarity, double least) {
    float[][] means = new float[400][DIMENSION];
    for (int i = 0; i < means.length; i++) {
      for (int part = 0; part < 3; part++) {
        for (int j = 0; j < DIMENSION; j++) {
          means[i][j] += VECTORS[(i * 3 + part) * 4 % COUNT][j] / 3;
        }
      }
    }
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    exact.addAll(TestVectors.ids(COUNT), Arrays.copyOf(VECTORS, COUNT));
    HnswIndex index = builder(similarity, Quantization.INT4_FLOAT).m(8).ef(160).build();
    index.addAll(TestVectors.ids(COUNT), Arrays.copyOf(VECTORS, COUNT));
    double recall = TestVectors.recall(index, exact, means, 10, ItemFilter.all());
    assertTrue(recall >= least, () -> "recall " + recall);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void walksThatBeginThereFindWhatIsNear(Similarity similarity) {
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    exact.addAll(TestVectors.ids(COUNT), Arrays.copyOf(VECTORS, COUNT));
    ItemFilter third = item -> Integer.parseInt(item.substring(5)) % 3 == 0;
    for (Quantization form :
        List.of(Quantization.INT4_FLOAT, Quantization.INT8_FLOAT, Quantization.INT8)) {
      HnswIndex index = built(similarity, form);
      double recall = TestVectors.recall(index, exact, QUERIES, 10, ItemFilter.all());
      double filtered = TestVectors.recall(index, exact, QUERIES, 10, third);
      String what = "%s: %.3f, filtered %.3f".formatted(form, recall, filtered);
      assertTrue(recall >= 0.93 && filtered >= 0.93, what);
    }
  }

  /** Vectors without length do not count as long, though they have the weight of length 1. */
  @Test
  void ofUnevenLengthsHalfAreLong() {
    float[][] vectors = new float[COUNT][];
    Arrays.setAll(vectors, item -> VECTORS[item].clone());
    TestVectors.unequal(vectors, 0.5, 3);
    for (int item = 0; item < COUNT; item++) {
      for (int j = 0; j < DIMENSION; j++) {
        vectors[item][j] *= item % 4 == 0 ? 0 : 0.01f;
      }
    }
    HnswIndex index = builder(Similarity.DOT, Quantization.INT4_FLOAT).build();
    index.addAll(TestVectors.ids(COUNT), vectors);
    GraphInspection graph = new GraphInspection(index);
    double[] norms = Arrays.stream(vectors).mapToDouble(TestVectors::norm).sorted().toArray();
    double[] listed =
        Arrays.stream(listed(index))
            .mapToDouble(node -> TestVectors.norm(vectors[graph.itemNumber(node)]))
            .sorted()
            .toArray();
    assertEquals(wanted(index).length, listed.length, wanted(index).length / 10.0);
    double longest = norms[COUNT * 9 / 10];
    double part =
        Arrays.stream(listed).filter(norm -> norm > longest).count() / (double) listed.length;
    assertTrue(part > 0.45 && part < 0.65, () -> "long: " + part);
    double without =
        Arrays.stream(listed).filter(norm -> norm == 0).count() / (double) listed.length;
    assertTrue(without < 0.2, () -> "without length: " + without);
  }

  /** All long vectors lie in one half of the space, and for queries of the other all are short. */
  @Test
  void walksComeToShortVectorsToo() {
    float[][] vectors = new float[COUNT][DIMENSION];
    float[][] queries = new float[QUERIES.length][DIMENSION];
    int half = DIMENSION / 2;
    for (int item = 0; item < COUNT; item++) {
      boolean isLong = item % 5 == 0;
      for (int j = 0; j < half; j++) {
        vectors[item][isLong ? j : half + j] = VECTORS[item][j] * (isLong ? 4 : 1);
      }
    }
    for (int i = 0; i < queries.length; i++) {
      System.arraycopy(QUERIES[i], 0, queries[i], i % 2 * half, half);
    }
    HnswIndex index = builder(Similarity.DOT, Quantization.INT4_FLOAT).build();
    index.addAll(TestVectors.ids(COUNT), vectors);
    FlatIndex exact = new FlatIndex(DIMENSION, Similarity.DOT);
    exact.addAll(TestVectors.ids(COUNT), vectors);
    double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
    assertTrue(recall >= 0.93, () -> "recall " + recall);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void listsAreTheSameOnAnyNumberOfThreads(int threads) {
    HnswIndex one = built(Similarity.DOT, Quantization.INT4_FLOAT);
    HnswIndex other = builder(Similarity.DOT, Quantization.INT4_FLOAT).threads(threads).build();
    other.addAll(TestVectors.ids(COUNT), Arrays.copyOf(VECTORS, COUNT));
    assertArrayEquals(new GraphInspection(one).listed(), new GraphInspection(other).listed());
    assertEquals(new GraphInspection(one).content(), new GraphInspection(other).content());
  }

  @Test
  void whatIsAddedOneByOneIsListedSoonAndWhatIsGoneNoMore(@TempDir Path folder) {
    HnswIndex index = built(Similarity.L2, Quantization.INT4_FLOAT);
    for (int item = COUNT; item < COUNT + 400; item++) {
      index.add(TestVectors.id(item), VECTORS[item]);
      int missing = wanted(index).length - listed(index).length;
      assertTrue(missing >= 0 && missing <= 5, () -> "missing " + missing);
    }
    for (int item = 0; item < COUNT / 6; item++) {
      index.remove(TestVectors.id(item));
    }
    Path file = folder.resolve("items");
    index.save(file);
    for (HnswIndex.Opening opening : HnswIndex.Opening.values()) {
      HnswIndex opened = HnswIndex.open(file, opening);
      GraphInspection graph = new GraphInspection(opened);
      assertTrue(graph.listed().length >= EntryLists.LEAST);
      Set<String> before = TestVectors.itemIds(index.search(QUERIES[0], 10));
      assertEquals(before, TestVectors.itemIds(opened.search(QUERIES[0], 10)));
      for (int node : graph.listed()) {
        assertTrue(graph.level(node) > 0);
      }
    }
  }
}
