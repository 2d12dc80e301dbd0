package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ann.internal.CandidatePool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Walks through graphs whose links and scores are set by hand. */
class HnswSearchTest {
  private static final int DEGREE = 4;

  /** Scores nodes by a list, and writes down which. */
  private static final class ListedScorer implements NodeScorer {
    private final float[] listed;
    private final List<Integer> scored = new ArrayList<>();

    ListedScorer(float... listed) {
      this.listed = listed;
    }

    @Override
    public void prepare(HnswGraph.View view, float[] query) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void prepare(HnswGraph.View view, int node) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void score(HnswGraph.View view, int[] nodes, int from, int count, float[] scores) {
      for (int i = 0; i < count; i++) {
        scored.add(nodes[from + i]);
        scores[i] = listed[nodes[from + i]];
      }
    }

    @Override
    public int touch(HnswGraph.View view, int[] nodes, int from, int count) {
      return 0;
    }

    @Override
    public double told(float score) {
      return score;
    }

    @Override
    public double error(HnswGraph.View view, int node) {
      return 0;
    }

    @Override
    public float own(HnswGraph.View view, int node) {
      return 0;
    }
  }

  /** Two rings of three nodes at level 0, of which the first of each is at level 1 too. */
  private static HnswGraph twoRings() {
    HnswGraph graph = new HnswGraph(4, DEGREE, 6, true);
    for (int node = 0; node < 6; node++) {
      graph.extend();
      graph.setLevel(node, node % 3 == 0 ? 1 : 0);
      int ring = node / 3 * 3;
      graph.setLinks(node, 0, new int[] {ring + (node + 1) % 3, ring + (node + 2) % 3}, 2, 2);
    }
    graph.setLinks(0, 1, new int[] {3}, 1, 1);
    graph.setLinks(3, 1, new int[] {0}, 1, 1);
    graph.publish(0, 1, EntryNodes.NONE);
    return graph;
  }

  private static HnswGraph twoRingsWithEntries() {
    HnswGraph graph = twoRings();
    graph.publish(0, 1, new EntryNodes.Chosen(new int[] {0, 3}, 1, true, null));
    return graph;
  }

  private static List<Integer> found(CandidatePool pool) {
    List<Integer> nodes = new ArrayList<>();
    for (int rank = 0; rank < pool.size(); rank++) {
      nodes.add(pool.node(rank));
    }
    return nodes;
  }

  @Test
  void aNodeThatWasMetAboveLeadsToTheBestThoughAnotherWasBetter() {
    ListedScorer scorer = new ListedScorer(5, 1, 1, 4, 9, 8);
    for (HnswGraph graph : List.of(twoRings(), twoRingsWithEntries())) {
      HnswSearch search = new HnswSearch(graph);
      assertTrue(search.search(graph.view(), scorer, 3, Long.MAX_VALUE));
      assertEquals(List.of(4, 5, 0), found(search.pool));
      assertEquals(0, search.start());
    }
  }

  @Test
  void eachNodeIsScoredOnce() {
    for (HnswGraph graph : List.of(twoRings(), twoRingsWithEntries())) {
      ListedScorer scorer = new ListedScorer(5, 1, 1, 4, 9, 8);
      HnswSearch search = new HnswSearch(graph, true);
      assertTrue(search.search(graph.view(), scorer, 6, Long.MAX_VALUE));
      assertEquals(6, search.scoredCount());
      assertEquals(6, scorer.scored.size());
      assertEquals(6, new HashSet<>(scorer.scored).size());
      for (int place = 0; place < 6; place++) {
        assertEquals(scorer.scored.get(place), search.walked(place));
        assertEquals(scorer.listed[search.walked(place)], search.walkedScore(place));
      }
    }
  }

  @Test
  void walksGoAroundABarredNode() {
    HnswGraph graph = twoRingsWithEntries();
    HnswSearch search = new HnswSearch(graph);
    for (int barred = 0; barred < 6; barred++) {
      ListedScorer scorer = new ListedScorer(5, 1, 1, 4, 9, 8);
      search.bar(barred);
      search.search(graph.view(), scorer, 6, Long.MAX_VALUE);
      assertFalse(scorer.scored.contains(barred), "barred " + barred);
      assertFalse(found(search.pool).contains(barred), "barred " + barred);
    }
    search.bar(HnswGraph.NONE);
    search.search(graph.view(), new ListedScorer(5, 1, 1, 4, 9, 8), 6, Long.MAX_VALUE);
    assertEquals(List.of(4, 5, 0, 3, 1, 2), found(search.pool));
  }

  @Test
  void theOnlyWayInIsTakenThoughItIsBarred() {
    HnswGraph graph = twoRings();
    graph.publish(0, 1, new EntryNodes.Chosen(new int[] {0}, 1, true, null));
    HnswSearch search = new HnswSearch(graph);
    search.bar(0);
    search.search(graph.view(), new ListedScorer(5, 1, 1, 4, 9, 8), 6, Long.MAX_VALUE);
    assertEquals(List.of(0, 1, 2), found(search.pool));
  }

  @Test
  void withoutPatienceEndsAfterStepsThatFindNothingBetter() {
    int length = 200;
    HnswGraph graph = new HnswGraph(4, DEGREE, length, true);
    float[] scores = new float[length];
    for (int node = 0; node < length; node++) {
      graph.extend();
      graph.setLevel(node, 0);
      int[] both = {Math.max(0, node - 1), Math.min(length - 1, node + 1)};
      graph.setLinks(node, 0, both, 2, 2);
      // Better up to the tenth, then worse and worse.
      scores[node] = node < 10 ? node : 10 - node;
    }
    graph.publish(0, 0, EntryNodes.NONE);
    HnswSearch search = new HnswSearch(graph);
    search.search(graph.view(), new ListedScorer(scores), 0, 0, length, Long.MAX_VALUE);
    assertEquals(length, search.scoredCount());
    search.patience.set(40, 40, 3);
    search.search(graph.view(), new ListedScorer(scores), 0, 0, length, Long.MAX_VALUE);
    assertEquals(9, search.pool.node(0));
    assertTrue(search.scoredCount() < 40, () -> "scored " + search.scoredCount());
    for (int part : new int[] {0, 40}) {
      // Without lists nothing tells that the query is usual.
      search.patience.set(part, 0, 3);
      search.search(graph.view(), new ListedScorer(scores), 0, 0, length, Long.MAX_VALUE);
      assertEquals(length, search.scoredCount());
    }
  }
}
