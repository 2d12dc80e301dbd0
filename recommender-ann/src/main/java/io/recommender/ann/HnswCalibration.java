package io.recommender.ann;

import io.recommender.Similarity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Measures the recall of walks through the graph of an index.
 *
 * <p><b>Confined</b> to the writer: nodes must not change meanwhile.
 */
final class HnswCalibration {
  /** How many items an index searches for to measure itself. */
  static final int SAMPLE = 200;

  private final HnswIndexBuilder builder;
  private final HnswGraph graph;
  private final NodeIds ids;
  private final NodeLife life;
  private final Walk walk;

  /** A search by a walk. */
  @FunctionalInterface
  interface Walk {
    /**
     * Finds k items.
     *
     * @param barred a node to go around, or {@link HnswGraph#NONE}
     */
    void run(float[] query, int k, int breadth, int barred, SearchHits hits);
  }

  HnswCalibration(
      HnswIndexBuilder builder, HnswGraph graph, NodeIds ids, NodeLife life, Walk walk) {
    this.builder = builder;
    this.graph = graph;
    this.ids = ids;
    this.life = life;
    this.walk = walk;
  }

  /**
   * Measures with items as queries, which are like queries to come.
   *
   * <p>A walk for one goes around it, as if it had never been added: its own links would lead to
   * whatever is near.
   */
  RecallTable ofItems() {
    float[][] queries = new float[SAMPLE][];
    int[] nodes = new int[SAMPLE];
    SplittableRandom random = new SplittableRandom(builder.seed);
    for (int i = 0; i < SAMPLE; ) {
      int node = random.nextInt(graph.allocated());
      // Walks begin at nodes of other levels: without one of those they would begin elsewhere.
      if (life.isAlive(node) && graph.level(graph.view(), node) == 0) {
        nodes[i] = node;
        queries[i] = new float[graph.dimension];
        graph.vector(node, queries[i++], new float[0]);
      }
    }
    return measure(queries, nodes, 1);
  }

  /** Measures with other queries. */
  RecallTable of(float[][] queries) {
    int[] none = new int[queries.length];
    Arrays.fill(none, HnswGraph.NONE);
    return measure(queries, none, 0);
  }

  private RecallTable measure(float[][] queries, int[] barred, int excluded) {
    RecallTrial trial = new RecallTrial(queries.length, ids.size(), excluded);
    List<List<String>> truths = truths(trial, queries, barred);
    try (HnswWorkers<SearchHits> workers = builder.workers(queries.length, SearchHits::new)) {
      return trial.measure(
          truths,
          (query, k, breadth, hits) -> walk.run(queries[query], k, breadth, barred[query], hits),
          (query, itemId) ->
              barred[query] != HnswGraph.NONE && itemId.equals(ids.id(barred[query])),
          workers);
    }
  }

  /** Returns the ids of the true best items for each query, best first. */
  private List<List<String>> truths(RecallTrial trial, float[][] queries, int[] barred) {
    int[] wanted = new int[queries.length];
    float[][] units = new float[queries.length][];
    for (int q = 0; q < queries.length; q++) {
      // No node is looked for in a pool without room.
      wanted[q] = Math.max(1, Math.min(trial.asked(q), ids.size()));
      units[q] = unit(queries[q]);
    }
    int[][] best = new int[queries.length][];
    HnswGraph.View view = graph.view();
    int groups = (queries.length + ExactGroup.SIZE - 1) / ExactGroup.SIZE;
    try (HnswWorkers<ExactGroup> workers =
        builder.workers(groups, () -> new ExactGroup(this::scorer, Float.BYTES * graph.stride))) {
      workers.forEach(
          groups,
          1,
          (worker, group) -> {
            int from = group * ExactGroup.SIZE;
            int to = Math.min(queries.length, from + ExactGroup.SIZE);
            worker.find(view, view.size(), life::isAlive, units, from, to, wanted, best);
          });
    }
    List<List<String>> truths = new ArrayList<>();
    for (int q = 0; q < queries.length; q++) {
      int own = barred[q];
      truths.add(Arrays.stream(best[q]).filter(node -> node != own).mapToObj(ids::id).toList());
    }
    return truths;
  }

  private NodeScorer scorer() {
    HnswGraph.Ranking ranking = HnswGraph.Ranking.ofQueries(builder.similarity);
    return graph.keepsRows ? new RowScorer(graph, ranking) : new NibbleScorer(graph, ranking, true);
  }

  private float[] unit(float[] query) {
    double squares = 0;
    for (float value : query) {
      squares += (double) value * value;
    }
    float[] unit = query.clone();
    if (builder.similarity == Similarity.COSINE && squares > 0) {
      double norm = Math.sqrt(squares);
      for (int i = 0; i < unit.length; i++) {
        unit[i] = (float) (query[i] / norm);
      }
    }
    return unit;
  }
}
