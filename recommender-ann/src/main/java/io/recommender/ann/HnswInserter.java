package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.CandidatePool;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Links new nodes into a graph, many at a time, with the same result on any number of threads.
 *
 * <p>A batch is linked in two steps (Manohar et al., ParlayANN: scalable and deterministic parallel
 * graph-based approximate nearest neighbor search, PPoPP 2024). First each new node searches the
 * graph as it was before the batch and chooses its neighbours; nothing that another node reads is
 * written. Then the links back are gathered, sorted by target, and each target's list is extended
 * or pruned once. A batch is a small part of the graph, so that its nodes hardly miss each other.
 */
final class HnswInserter {
  /** A batch is at most this part of the nodes that are there already. */
  private static final int BATCH_PART = 50;

  /** With fewer nodes than this, threads cost more than they save. */
  static final int SERIAL_BELOW = 512;

  /** In so many places a walk to the most nodes is tried. */
  private static final int PARTS = 8;

  private static final int ROUNDS = 3;

  private final HnswGraph graph;
  private final int efConstruction;

  private final HnswGraph.Ranking ranking;

  /** How many nodes have been linked, ended ones included. */
  private int linked;

  private final Quantization quantization;

  /** Whether nodes have weights, which even out their norms. */
  private final boolean weighted;

  HnswInserter(
      HnswGraph graph, int efConstruction, Similarity similarity, Quantization quantization) {
    this.graph = graph;
    this.quantization = quantization;
    weighted = similarity == Similarity.DOT;
    this.efConstruction = efConstruction;
    ranking =
        switch (similarity) {
          case DOT -> HnswGraph.Ranking.PRODUCT_TIMES_EXTRA;
          case COSINE -> HnswGraph.Ranking.PRODUCT;
          case L2 -> HnswGraph.Ranking.PRODUCT_PLUS_EXTRA;
        };
  }

  /** Goes on where another inserter was. */
  void resume(int nodes) {
    linked = nodes;
  }

  /** Memory of one thread. */
  private final class Worker {
    final HnswSearch search = new HnswSearch(graph);
    final NodeScorer byCodes = new NibbleScorer(graph, ranking, quantization.walksFine());
    final NodeScorer exact = exactScorer();
    final NodeScorer other = exactScorer();
    final float[] scores = new float[graph.baseDegree + 4];
    int[] candidates = new int[256];
    float[] candidateScores = new float[256];
    long[] order = new long[256];
    final int[] selected = new int[graph.baseDegree];

    void ensure(int count) {
      if (candidates.length < count) {
        candidates = new int[2 * count];
        candidateScores = new float[2 * count];
        order = new long[2 * count];
      }
    }
  }

  private NodeScorer exactScorer() {
    return graph.keepsRows ? new RowScorer(graph, ranking) : new NibbleScorer(graph, ranking, true);
  }

  /** Links nodes whose rows and levels are set. */
  void insert(int[] nodes, int threads) {
    try (HnswWorkers<Worker> workers = workers(nodes.length, threads)) {
      insert(nodes, workers);
    }
  }

  private HnswWorkers<Worker> workers(int tasks, int threads) {
    return new HnswWorkers<>(tasks < SERIAL_BELOW ? 1 : threads, Worker::new);
  }

  private void insert(int[] nodes, HnswWorkers<Worker> workers) {
    int done = 0;
    if (graph.view().entry() == HnswGraph.NONE && nodes.length > 0) {
      graph.publish(nodes[0], graph.level(graph.view(), nodes[0]));
      linked = 1;
      done = 1;
    }
    while (done < nodes.length) {
      int batch = Math.min(nodes.length - done, Math.max(1, linked / BATCH_PART));
      insertBatch(Arrays.copyOfRange(nodes, done, done + batch), workers);
      done += batch;
      linked += batch;
    }
  }

  private void insertBatch(int[] batch, HnswWorkers<Worker> workers) {
    HnswGraph.View before = graph.view();
    graph.publish(before.entry(), before.top());
    HnswGraph.View view = graph.view();
    workers.forEach(batch.length, (worker, i) -> chooseNeighbours(worker, view, batch[i]));
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
    graph.publish(entry, top);
  }

  private void chooseNeighbours(Worker worker, HnswGraph.View view, int node) {
    NodeScorer scorer = view.codes() == null ? worker.exact : worker.byCodes;
    scorer.prepare(view, node);
    int level = graph.level(view, node);
    int start = worker.search.descend(view, scorer, Math.min(level, view.top()));
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
      rank(worker, view, node, count);
    }
    int kept = select(worker, view, node, count, graph.degree(level));
    graph.setLinks(node, level, worker.selected, kept);
    return nearest;
  }

  /**
   * Keeps candidates, best first, that are nearer to the node than to any kept one (algorithm 4 of
   * Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using
   * hierarchical navigable small world graphs, 2018).
   */
  private int select(Worker worker, HnswGraph.View view, int node, int count, int most) {
    int kept = 0;
    float own = worker.exact.own(view, node);
    float weight = graph.extra(view, node);
    for (int i = 0; i < count && kept < most; i++) {
      int candidate = worker.candidates[i];
      // From the candidate's own point of view.
      float toNode = worker.candidateScores[i] + (own - worker.exact.own(view, candidate));
      if (weighted) {
        toNode *= weight / graph.extra(view, candidate) * cube(weight);
      }
      if (kept == 0 || !nearerToKept(worker, view, candidate, toNode, kept)) {
        worker.selected[kept++] = candidate;
      }
    }
    return kept;
  }

  /**
   * What evens norms out four times as far for the choice of links as for the ranking of
   * candidates. Measured on two kinds of norms: then recall 0.99 takes a third less than with equal
   * weights.
   */
  private static float cube(float weight) {
    return weight * weight * weight;
  }

  private boolean nearerToKept(
      Worker worker, HnswGraph.View view, int candidate, float toNode, int kept) {
    worker.other.prepare(view, candidate);
    for (int i = 0; i < kept; i += 4) {
      int count = Math.min(4, kept - i);
      worker.other.score(view, worker.selected, i, count, worker.scores);
      for (int j = 0; j < count; j++) {
        float score = worker.scores[j];
        if (weighted) {
          score *= cube(graph.extra(view, worker.selected[i + j]));
        }
        if (score > toNode) {
          return true;
        }
      }
    }
    return false;
  }

  private void linkBack(HnswGraph.View view, int[] batch, int level, HnswWorkers<Worker> workers) {
    long[] pairs = new long[batch.length * graph.baseDegree];
    int count = 0;
    for (int node : batch) {
      if (level > 0 && graph.level(view, node) < level) {
        continue;
      }
      int[] links = graph.links(view, node, level);
      int at = graph.linksAt(node, level);
      int linkCount = graph.linkCount(node, links, at, level);
      for (int i = 0; i < linkCount; i++) {
        pairs[count++] = (long) links[at + i] << 32 | node;
      }
    }
    Arrays.sort(pairs, 0, count);
    int[] starts = new int[count + 1];
    int groups = 0;
    for (int i = 0; i < count; i++) {
      if (i == 0 || pairs[i] >>> 32 != pairs[i - 1] >>> 32) {
        starts[groups++] = i;
      }
    }
    starts[groups] = count;
    workers.forEach(
        groups, (worker, g) -> extend(worker, view, level, pairs, starts[g], starts[g + 1]));
  }

  /** Adds new links to one target. */
  private void extend(
      Worker worker, HnswGraph.View view, int level, long[] pairs, int from, int to) {
    int target = (int) (pairs[from] >>> 32);
    int[] links = graph.links(view, target, level);
    int at = graph.linksAt(target, level);
    int existing = graph.linkCount(target, links, at, level);
    worker.ensure(existing + to - from + 4);
    int[] all = worker.candidates;
    System.arraycopy(links, at, all, 0, existing);
    int count = existing;
    for (int i = from; i < to; i++) {
      int node = (int) pairs[i];
      if (!contains(all, existing, node)) {
        all[count++] = node;
      }
    }
    int most = graph.degree(level);
    if (count <= most) {
      System.arraycopy(all, existing, links, at + existing, count - existing);
      return;
    }
    rank(worker, view, target, count);
    int kept = select(worker, view, target, count, most);
    graph.setLinks(target, level, worker.selected, kept);
  }

  private static boolean contains(int[] nodes, int count, int node) {
    for (int i = 0; i < count; i++) {
      if (nodes[i] == node) {
        return true;
      }
    }
    return false;
  }

  /** Orders the worker's candidates by nearness to a node, equal ones by number. */
  private void rank(Worker worker, HnswGraph.View view, int node, int count) {
    int[] all = worker.candidates;
    worker.exact.prepare(view, node);
    worker.exact.score(view, all, 0, count, worker.candidateScores);
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(worker.candidateScores[i]);
      int ascending = bits ^ (bits >> 31 & 0x7fffffff);
      worker.order[i] = (long) ~ascending << 32 | all[i];
    }
    Arrays.sort(worker.order, 0, count);
    for (int i = 0; i < count; i++) {
      all[i] = (int) worker.order[i];
      int ascending = ~(int) (worker.order[i] >> 32);
      worker.candidateScores[i] = Float.intBitsToFloat(ascending ^ (ascending >> 31 & 0x7fffffff));
    }
  }

  /**
   * Links around the nodes that have ended, so that none leads to them any more (Singh et al.,
   * FreshDiskANN: a fast and accurate graph-based ANN index for streaming similarity search, 2021):
   * whoever was linked to one is linked to the best of its neighbours instead.
   *
   * @param alive which nodes stay
   * @param ended which nodes go
   * @return the nodes that went
   */
  List<Integer> repair(IntPredicate alive, IntPredicate ended, int threads) {
    HnswGraph.View view = graph.view();
    List<Integer> gone = new ArrayList<>();
    int entry = HnswGraph.NONE;
    int top = 0;
    for (int node = 0; node < view.size(); node++) {
      if (ended.test(node)) {
        gone.add(node);
      } else if (alive.test(node) && (entry == HnswGraph.NONE || graph.level(view, node) > top)) {
        entry = node;
        top = graph.level(view, node);
      }
    }
    try (HnswWorkers<Worker> workers = workers(view.size(), threads)) {
      for (int level = view.top(); level >= 0; level--) {
        repairLevel(view, alive, level, workers);
      }
      linked -= gone.size();
      graph.publish(entry, top);
      if (entry != HnswGraph.NONE) {
        // Who is linked anew may push another out of a list.
        for (int i = 0; i < ROUNDS && linkLost(view, alive, entry, workers); i++) {}
      }
    }
    return gone;
  }

  /**
   * Links those nodes once more at the lowest level that no walk comes to.
   *
   * @return whether there were any
   */
  private boolean linkLost(
      HnswGraph.View view, IntPredicate alive, int entry, HnswWorkers<Worker> workers) {
    BitSet largest = reached(view, entry);
    BitSet seen = (BitSet) largest.clone();
    int start = entry;
    // The entry may have been left with few others; then it is they who are linked to the many.
    for (int i = 0, node = -1; i < PARTS && 2 * largest.cardinality() < linked; i++) {
      do {
        node = seen.nextClearBit(node + 1);
      } while (node < view.size() && !alive.test(node));
      if (node >= view.size()) {
        break;
      }
      BitSet part = reached(view, node);
      seen.or(part);
      if (part.cardinality() > largest.cardinality()) {
        largest = part;
        start = node;
      }
    }
    int anchor = start;
    if (anchor != entry) {
      // They may lead to it, but it does not lead to them.
      largest.clear(entry);
    }
    BitSet reached = largest;
    int[] lost =
        IntStream.range(0, view.size())
            .filter(node -> alive.test(node) && !reached.get(node))
            .toArray();
    int done = 0;
    while (done < lost.length) {
      int others = linked - lost.length + done;
      int count = Math.min(lost.length - done, Math.max(1, others / BATCH_PART));
      int[] batch = Arrays.copyOfRange(lost, done, done + count);
      workers.forEach(
          count,
          (worker, i) -> {
            NodeScorer scorer = view.codes() == null ? worker.exact : worker.byCodes;
            scorer.prepare(view, batch[i]);
            chooseNeighbours(worker, view, batch[i], scorer, anchor, 0);
          });
      VarHandle.releaseFence();
      linkBack(view, batch, 0, workers);
      done += count;
    }
    return done > 0;
  }

  private BitSet reached(HnswGraph.View view, int start) {
    BitSet reached = new BitSet(view.size());
    IntArrayList waiting = new IntArrayList(new int[] {start});
    reached.set(start);
    while (!waiting.isEmpty()) {
      int node = waiting.popInt();
      int[] links = graph.links(view, node, 0);
      int at = graph.linksAt(node, 0);
      for (int i = at; i < at + graph.baseDegree; i++) {
        if (!reached.get(links[i])) {
          reached.set(links[i]);
          waiting.add(links[i]);
        }
      }
    }
    return reached;
  }

  private void repairLevel(
      HnswGraph.View view, IntPredicate alive, int level, HnswWorkers<Worker> workers) {
    // New lists are made from the old ones of all nodes, and written only when all are made.
    int[][] lists = new int[view.size()][];
    workers.forEach(
        view.size(),
        (worker, node) -> {
          if (alive.test(node) && graph.level(view, node) >= level) {
            lists[node] = repaired(worker, view, alive, node, level);
          }
        });
    for (int node = 0; node < lists.length; node++) {
      if (lists[node] != null) {
        graph.setLinks(node, level, lists[node], lists[node].length);
      }
    }
  }

  /** Returns the new links of a node, or null if none of its links leads to an ended one. */
  private int @Nullable [] repaired(
      Worker worker, HnswGraph.View view, IntPredicate alive, int node, int level) {
    int[] links = graph.links(view, node, level);
    int at = graph.linksAt(node, level);
    boolean whole = true;
    int linkCount = graph.linkCount(node, links, at, level);
    for (int i = 0; i < linkCount; i++) {
      whole &= alive.test(links[at + i]);
    }
    if (whole) {
      return null;
    }
    worker.ensure((graph.degree(level) + 1) * graph.degree(level) + 4);
    int count = 0;
    for (int i = 0; i < linkCount; i++) {
      int neighbour = links[at + i];
      if (alive.test(neighbour)) {
        worker.candidates[count++] = neighbour;
        continue;
      }
      int[] further = graph.links(view, neighbour, level);
      int furtherAt = graph.linksAt(neighbour, level);
      int furtherCount = graph.linkCount(neighbour, further, furtherAt, level);
      for (int j = 0; j < furtherCount; j++) {
        int candidate = further[furtherAt + j];
        if (candidate != node && alive.test(candidate)) {
          worker.candidates[count++] = candidate;
        }
      }
    }
    Arrays.sort(worker.candidates, 0, count);
    int distinct = 0;
    for (int i = 0; i < count; i++) {
      if (i == 0 || worker.candidates[i] != worker.candidates[i - 1]) {
        worker.candidates[distinct++] = worker.candidates[i];
      }
    }
    rank(worker, view, node, distinct);
    int kept = select(worker, view, node, distinct, graph.degree(level));
    return Arrays.copyOf(worker.selected, kept);
  }
}
