package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.CandidatePool;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.objects.ObjectArrays;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntPredicate;

/**
 * Links new nodes into a graph, many at a time, with the same result on any number of threads.
 *
 * <p>A batch is linked in two steps (Manohar et al., ParlayANN: scalable and deterministic parallel
 * graph-based approximate nearest neighbor search, PPoPP 2024). First each new node searches the
 * graph as it was before the batch and chooses its neighbours; nothing that another node reads is
 * written. Then the links back are gathered, sorted by target, and each target's list is extended
 * or pruned once. A batch is a small part of the graph, so that its nodes hardly miss each other,
 * or its nodes are found by each other: see {@link HnswLargeBatch}.
 */
final class HnswInserter {
  /** A small batch is at most this part of the nodes that are there already. */
  private static final int BATCH_PART = 50;

  /** A large batch is at most this part of them: with more, more is missed by equal searches. */
  private static final int LARGE_BATCH_PART = 4;

  /** A large batch takes longer than small ones unless it is as long as so many of them. */
  private static final int LARGE = 4;

  /** Where too many of a batch find the same, the next one is this part of it. */
  private static final int SMALLER_PART = 8;

  /** With fewer nodes than this, threads cost more than they save. */
  static final int SERIAL_BELOW = 512;

  private final HnswGraph graph;
  private final HnswIndexBuilder builder;
  private final int efConstruction;

  private final HnswGraph.Ranking ranking;

  private final EntryNodes entryNodes;
  private final BackLinks backLinks;

  /** How many nodes have been linked, ended ones included. */
  private int linked;

  private final Quantization quantization;

  /** Whether nodes have weights, which even out their norms. */
  private final boolean weighted;

  HnswInserter(HnswGraph graph, Quantization quantization, HnswIndexBuilder builder) {
    this.graph = graph;
    this.builder = builder;
    Similarity similarity = builder.similarity;
    this.quantization = quantization;
    weighted = similarity == Similarity.DOT;
    entryNodes = new EntryNodes(graph, similarity);
    backLinks = new BackLinks(graph, this);
    efConstruction = builder.efConstruction;
    ranking = HnswGraph.Ranking.ofNodes(similarity);
  }

  /**
   * Goes on where another inserter was, or after nodes have gone.
   *
   * @param nodes all that are linked
   */
  void resume(int[] nodes) {
    linked = nodes.length;
    entryNodes.reset(nodes);
    arrangeEntries();
  }

  private void arrangeEntries() {
    entryNodes.arrange();
    HnswGraph.View view = graph.view();
    graph.publish(view.entry(), view.top(), entryNodes.chosen());
  }

  /** Returns whether walks go by codes that are off by a lot. */
  boolean walksRoughly() {
    return quantization.walksRoughly();
  }

  /** Returns whether nodes have weights, which even out their norms. */
  boolean hasWeights() {
    return weighted;
  }

  /** Memory of one thread. */
  final class Worker {
    final HnswSearch search = new HnswSearch(graph);
    final NodeScorer byCodes = quantization.walker(graph, ranking);
    final NodeScorer exact = exactScorer();
    final NodeScorer other = exactScorer();
    final float[] scores = new float[graph.baseDegree + 4];
    int[] candidates = new int[256];
    float[] candidateScores = new float[256];
    long[] order = new long[256];

    /** Which candidates were chosen together before. */
    boolean[] chosen = new boolean[256];

    private PlaceMarks placeMarks = new PlaceMarks(0);
    private PlaceMarks nodeMarks = new PlaceMarks(0);

    final int[] selected = new int[graph.baseDegree];

    /** Those selected that were not chosen before. */
    final int[] added = new int[graph.baseDegree];

    void ensure(int count) {
      if (candidates.length < count) {
        candidates = new int[2 * count];
        candidateScores = new float[2 * count];
        order = new long[2 * count];
        chosen = new boolean[2 * count];
      }
    }

    /** Returns memory without marks for as many places of a batch. */
    PlaceMarks placeMarks(int places) {
      placeMarks = PlaceMarks.cleared(placeMarks, places);
      return placeMarks;
    }

    /** Returns memory without marks for as many nodes. */
    PlaceMarks nodeMarks(int nodes) {
      nodeMarks = PlaceMarks.cleared(nodeMarks, nodes);
      return nodeMarks;
    }
  }

  private NodeScorer exactScorer() {
    return graph.keepsRows ? new RowScorer(graph, ranking) : new NibbleScorer(graph, ranking, true);
  }

  /** Links nodes whose rows and levels are set. */
  void insert(int[] nodes) {
    try (HnswWorkers<Worker> workers = workers(nodes.length)) {
      insert(nodes, workers);
    }
  }

  HnswWorkers<Worker> workers(int tasks) {
    return builder.workers(tasks < SERIAL_BELOW ? 1 : Integer.MAX_VALUE, Worker::new);
  }

  private void insert(int[] nodes, HnswWorkers<Worker> workers) {
    int done = 0;
    if (graph.view().entry() == HnswGraph.NONE && nodes.length > 0) {
      entryNodes.add(new int[] {nodes[0]});
      graph.publish(nodes[0], graph.level(graph.view(), nodes[0]), entryNodes.chosen());
      linked = 1;
      done = 1;
    }
    // Those of higher levels lead everybody else on their way: they come first.
    HnswGraph.View view = graph.view();
    int[] upper = select(nodes, done, node -> graph.level(view, node) > 0);
    int[] others = select(nodes, done, node -> graph.level(view, node) == 0);
    insertSmall(upper, 0, upper.length, workers);
    arrangeEntries();
    if (others.length > LARGE) {
      // Then a large batch is a sample of what there is, in whatever order it was given.
      IntArrays.shuffle(others, new Random(builder.seed));
    }
    insertLarge(others, workers);
    arrangeEntries();
  }

  private static int[] select(int[] nodes, int from, IntPredicate wanted) {
    return Arrays.stream(nodes, from, nodes.length).filter(wanted).toArray();
  }

  private void insertSmall(int[] nodes, int from, int to, HnswWorkers<Worker> workers) {
    int done = from;
    while (done < to) {
      int batch = Math.min(to - done, Math.max(1, linked / BATCH_PART));
      insertBatch(Arrays.copyOfRange(nodes, done, done + batch), workers);
      done += batch;
      linked += batch;
    }
  }

  /** Inserts nodes of level 0 only. */
  private void insertLarge(int[] nodes, HnswWorkers<Worker> workers) {
    int most = BatchLists.MOST_PLACES;
    int done = 0;
    while (done < nodes.length) {
      int small = Math.max(1, linked / BATCH_PART);
      int count = Math.min(nodes.length - done, Math.min(most, linked / LARGE_BATCH_PART));
      if (linked < SERIAL_BELOW || count < LARGE * small) {
        count = Math.min(nodes.length - done, small);
        insertSmall(nodes, done, done + count, workers);
      } else if (insertLargeBatch(Arrays.copyOfRange(nodes, done, done + count), workers)) {
        linked += count;
      } else {
        most = count / SMALLER_PART;
        continue;
      }
      most = Math.min(2 * most, BatchLists.MOST_PLACES);
      done += count;
    }
  }

  private boolean insertLargeBatch(int[] batch, HnswWorkers<Worker> workers) {
    HnswGraph.View before = graph.view();
    graph.publish(before.entry(), before.top(), before.entries());
    HnswGraph.View view = graph.view();
    sort(view, batch, workers);
    HnswLargeBatch large = new HnswLargeBatch(graph, this, view, batch);
    boolean isLinked = large.link(efConstruction, workers);
    if (isLinked) {
      VarHandle.releaseFence();
      linkBack(view, batch, 0, workers);
      entryNodes.add(batch);
      graph.publish(view.entry(), view.top(), entryNodes.chosen());
    }
    return isLinked;
  }

  private void insertBatch(int[] batch, HnswWorkers<Worker> workers) {
    HnswGraph.View before = graph.view();
    graph.publish(before.entry(), before.top(), before.entries());
    HnswGraph.View view = graph.view();
    int[][] paths = paths(view, batch, workers);
    workers.forEach(
        batch.length, (worker, i) -> chooseNeighbours(worker, view, batch[i], paths[i]));
    // The rows and own links of the batch are complete before any link leads to them.
    VarHandle.releaseFence();
    int top = view.top();
    int entry = view.entry();
    for (int node : batch) {
      if (graph.level(view, node) > top) {
        top = graph.level(view, node);
        entry = node;
      }
    }
    for (int level = view.top(); level >= 0; level--) {
      linkBack(view, batch, level, workers);
    }
    entryNodes.add(batch);
    graph.publish(entry, top, entryNodes.chosen());
  }

  /**
   * Links nodes of a level once more, by walks that begin at the entry.
   *
   * @param nodes nodes that these walks do not come to yet
   * @param others how many nodes they come to
   */
  void relink(int[] nodes, int others, int level, HnswWorkers<Worker> workers) {
    HnswGraph.View view = graph.view();
    int done = 0;
    while (done < nodes.length) {
      int count = Math.min(nodes.length - done, Math.max(1, (others + done) / BATCH_PART));
      int[] batch = Arrays.copyOfRange(nodes, done, done + count);
      workers.forEach(
          count,
          (worker, i) -> {
            NodeScorer scorer = scorer(worker, view, batch[i]);
            chooseNeighbours(worker, view, batch[i], scorer, view.entry(), level);
          });
      VarHandle.releaseFence();
      linkBack(view, batch, level, workers);
      done += count;
    }
  }

  /** Returns the nearest nodes that a walk from the entry at a level finds, best first. */
  int[] nearest(Worker worker, int node, int level) {
    HnswGraph.View view = graph.view();
    NodeScorer scorer = scorer(worker, view, node);
    worker.search.search(view, scorer, view.entry(), level, efConstruction, Long.MAX_VALUE);
    CandidatePool pool = worker.search.pool;
    int[] nodes = new int[pool.size()];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = pool.node(i);
    }
    return nodes;
  }

  /**
   * Orders nodes so that a link more is scored least often where it is given to the first one:
   * under inner products the shortest vectors first, to which walks hardly come.
   */
  int[] leastWalkedFirst(int[] nodes) {
    if (weighted) {
      HnswGraph.View view = graph.view();
      IntArrays.stableSort(
          nodes, (one, other) -> Float.compare(graph.extra(view, other), graph.extra(view, one)));
    }
    return nodes;
  }

  static NodeScorer scorer(Worker worker, HnswGraph.View view, int node) {
    NodeScorer scorer = view.codes() == null ? worker.exact : worker.byCodes;
    scorer.prepare(view, node);
    return scorer;
  }

  /**
   * Finds where the walks of a batch begin, and puts the batch in the order of these places.
   *
   * @return the best nodes of the levels above that of each node
   */
  private int[][] paths(HnswGraph.View view, int[] batch, HnswWorkers<Worker> workers) {
    int[][] paths = new int[batch.length][];
    workers.forEach(
        batch.length,
        (worker, i) -> {
          int level = Math.min(graph.level(view, batch[i]), view.top());
          paths[i] = path(worker, view, batch[i], level);
        });
    sort(batch, paths);
    return paths;
  }

  /** Puts a batch in the order of the upper nodes that are nearest, of one level only. */
  private void sort(HnswGraph.View view, int[] batch, HnswWorkers<Worker> workers) {
    int[][] paths = new int[batch.length][];
    int level = Math.max(0, Math.min(view.top(), view.entries().level()) - 1);
    workers.forEach(batch.length, (worker, i) -> paths[i] = path(worker, view, batch[i], level));
    sort(batch, paths);
  }

  private int[] path(Worker worker, HnswGraph.View view, int node, int level) {
    int[] path = new int[HnswSearch.pathLength(view, level)];
    worker.search.descend(view, scorer(worker, view, node), level, path);
    return path;
  }

  /**
   * Puts a batch in the order of the paths down to its nodes: who comes next finds much of what it
   * reads in the cache. No result depends on the order.
   */
  private static void sort(int[] batch, int[][] paths) {
    it.unimi.dsi.fastutil.Arrays.quickSort(
        0,
        batch.length,
        (i, j) -> {
          int order = Arrays.compare(paths[i], paths[j]);
          return order == 0 ? Integer.compare(batch[i], batch[j]) : order;
        },
        (i, j) -> {
          ObjectArrays.swap(paths, i, j);
          IntArrays.swap(batch, i, j);
        });
  }

  private void chooseNeighbours(Worker worker, HnswGraph.View view, int node, int[] path) {
    NodeScorer scorer = scorer(worker, view, node);
    int level = graph.level(view, node);
    int start = path.length == 0 ? view.entry() : path[path.length - 1];
    for (int current = Math.min(level, view.top()); current >= 0; current--) {
      start = chooseNeighbours(worker, view, node, scorer, start, current);
    }
  }

  /** Links a node to others of one level and returns the nearest that was met. */
  private int chooseNeighbours(
      Worker worker, HnswGraph.View view, int node, NodeScorer scorer, int start, int level) {
    worker.search.search(view, scorer, start, level, efConstruction, Long.MAX_VALUE);
    CandidatePool pool = worker.search.pool;
    int nearest = pool.node(0);
    worker.ensure(pool.size() + 4);
    int count = 0;
    for (int i = 0; i < pool.size(); i++) {
      // A node that is linked anew may meet itself.
      if (pool.node(i) != node) {
        worker.candidates[count] = pool.node(i);
        worker.candidateScores[count++] = pool.score(i);
      }
    }
    if (scorer == worker.byCodes) {
      rank(worker, view, node, count, 0);
    } else {
      Arrays.fill(worker.chosen, 0, count, false);
    }
    int kept = select(worker, view, node, count, graph.degree(level));
    graph.setLinks(node, level, worker.selected, fill(worker, count, kept, level), kept);
    return nearest;
  }

  /**
   * Keeps candidates, best first, that are nearer to the node than to any kept one (algorithm 4 of
   * Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using
   * hierarchical navigable small world graphs, 2018).
   *
   * <p>Candidates that were chosen together before are not compared with each other again: of those
   * none can rule out another. Lists that are full are spared most of their comparisons so, and the
   * result is the same, but for what rounding makes of scores that are equal.
   */
  int select(Worker worker, HnswGraph.View view, int node, int count, int most) {
    int kept = 0;
    int added = 0;
    float own = worker.exact.own(view, node);
    float weight = graph.extra(view, node);
    for (int i = 0; i < count && kept < most; i++) {
      int candidate = worker.candidates[i];
      // From the candidate's own point of view.
      float toNode = worker.candidateScores[i] + (own - worker.exact.own(view, candidate));
      if (weighted) {
        toNode *= weight / graph.extra(view, candidate) * cube(weight);
      }
      boolean isRuledOut =
          worker.chosen[i]
              ? nearerToOne(worker, view, candidate, toNode, worker.added, added)
              : nearerToOne(worker, view, candidate, toNode, worker.selected, kept);
      if (!isRuledOut) {
        worker.selected[kept++] = candidate;
        if (!worker.chosen[i]) {
          worker.added[added++] = candidate;
        }
      }
    }
    return kept;
  }

  /**
   * Adds the best of the other candidates to few selected ones. In a list of a few nodes the only
   * ways to others may be those to nodes of another region, and what is nearest is missed: under
   * inner products all that is shorter than the longest vector of a direction. Measured on 50,000
   * vectors with lognormal norms: at equal work, 0.3 % of the best ten missed and not 0.9 %.
   *
   * @return how many are selected then
   */
  int fill(Worker worker, int count, int kept, int level) {
    int filled = kept;
    int wanted = level == 0 ? graph.baseDegree / 2 : 0;
    for (int i = 0; i < count && filled < wanted; i++) {
      if (!BackLinks.contains(worker.selected, filled, worker.candidates[i])) {
        worker.selected[filled++] = worker.candidates[i];
      }
    }
    return filled;
  }

  /**
   * What evens norms out four times as far for the choice of links as for the ranking of
   * candidates. Measured on two kinds of norms: then recall 0.99 takes a third less than with equal
   * weights.
   */
  private static float cube(float weight) {
    return weight * weight * weight;
  }

  private boolean nearerToOne(
      Worker worker, HnswGraph.View view, int candidate, float toNode, int[] nodes, int nodeCount) {
    if (nodeCount == 0) {
      return false;
    }
    worker.other.prepare(view, candidate);
    for (int i = 0; i < nodeCount; i += 4) {
      int count = Math.min(4, nodeCount - i);
      worker.other.score(view, nodes, i, count, worker.scores);
      for (int j = 0; j < count; j++) {
        float score = worker.scores[j];
        if (weighted) {
          score *= cube(graph.extra(view, nodes[i + j]));
        }
        if (score > toNode) {
          return true;
        }
      }
    }
    return false;
  }

  /** Links the nodes to which nodes of a batch are linked at a level back to these. */
  void linkBack(HnswGraph.View view, int[] batch, int level, HnswWorkers<Worker> workers) {
    backLinks.add(view, batch, level, workers);
  }

  /**
   * Orders the worker's candidates by nearness to a node, equal ones by number.
   *
   * @param chosen how many of them, from the first on, were chosen together
   */
  void rank(Worker worker, HnswGraph.View view, int node, int count, int chosen) {
    int[] all = worker.candidates;
    worker.exact.prepare(view, node);
    worker.exact.score(view, all, 0, count, worker.candidateScores);
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(worker.candidateScores[i]);
      int ascending = bits ^ (bits >> 31 & 0x7fffffff);
      worker.order[i] = (long) ~ascending << 32 | (long) all[i] << 1 | (i < chosen ? 1 : 0);
    }
    Arrays.sort(worker.order, 0, count);
    for (int i = 0; i < count; i++) {
      all[i] = (int) worker.order[i] >>> 1;
      worker.chosen[i] = (worker.order[i] & 1) != 0;
      int ascending = ~(int) (worker.order[i] >> 32);
      worker.candidateScores[i] = Float.intBitsToFloat(ascending ^ (ascending >> 31 & 0x7fffffff));
    }
  }
}
