package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

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

  private final HnswGraph graph;
  private final int efConstruction;
  private final boolean euclidean;
  private final boolean lifted;
  private final int buildLength;
  private final VectorKernels kernels = VectorKernels.best();

  HnswInserter(HnswGraph graph, int efConstruction, boolean euclidean, boolean lifted) {
    this.graph = graph;
    this.efConstruction = efConstruction;
    this.euclidean = euclidean;
    this.lifted = lifted;
    buildLength = graph.stride;
  }

  /** Memory of one thread. */
  private final class Worker {
    final HnswSearch search = new HnswSearch(graph);
    final float[] query = new float[graph.stride];
    final float[] other = new float[graph.stride];
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

  /** Links the nodes from {@code from} to {@code to - 1}, whose rows and levels are set. */
  void insert(int from, int to, int threads) {
    int next = from;
    if (next == 0 && to > 0) {
      graph.publish(1, 0, graph.level(graph.view(), 0));
      next = 1;
    }
    Worker[] workers = new Worker[threads];
    for (int i = 0; i < threads; i++) {
      workers[i] = new Worker();
    }
    while (next < to) {
      int batch = Math.min(to - next, Math.max(1, next / BATCH_PART));
      insertBatch(next, next + batch, workers);
      next += batch;
    }
  }

  private void insertBatch(int from, int to, Worker[] workers) {
    HnswGraph.View before = graph.view();
    inParallel(workers, to - from, 16, (worker, i) -> chooseNeighbours(worker, before, from + i));
    int top = before.top();
    int entry = before.entry();
    for (int node = from; node < to; node++) {
      int level = graph.level(before, node);
      if (level > top) {
        top = level;
        entry = node;
      }
    }
    HnswGraph.View view = graph.view();
    for (int level = Math.min(before.top(), top); level >= 0; level--) {
      linkBack(view, from, to, level, workers);
    }
    graph.publish(to, entry, top);
  }

  @FunctionalInterface
  private interface Task {
    void run(Worker worker, int index);
  }

  private static void inParallel(Worker[] workers, int count, int grain, Task task) {
    if (workers.length == 1 || count <= grain) {
      for (int i = 0; i < count; i++) {
        task.run(workers[0], i);
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    IntStream.range(0, workers.length)
        .parallel()
        .forEach(
            w -> {
              for (int start = next.getAndAdd(grain);
                  start < count;
                  start = next.getAndAdd(grain)) {
                int end = Math.min(count, start + grain);
                for (int i = start; i < end; i++) {
                  task.run(workers[w], i);
                }
              }
            });
  }

  private void chooseNeighbours(Worker worker, HnswGraph.View view, int node) {
    loadQuery(view, node, worker.query);
    int level = graph.level(view, node);
    int start = worker.search.descend(view, worker.query, buildLength, Math.min(level, view.top()));
    for (int current = Math.min(level, view.top()); current >= 0; current--) {
      worker.search.search(view, worker.query, buildLength, start, current, efConstruction);
      CandidatePool pool = worker.search.pool;
      start = pool.node(0);
      int count = pool.size();
      worker.ensure(count);
      for (int i = 0; i < count; i++) {
        worker.candidates[i] = pool.node(i);
        worker.candidateScores[i] = pool.score(i);
      }
      int kept = select(worker, view, node, count, graph.degree);
      int[] links = graph.links(view, node, current);
      int at = graph.linksAt(node, current);
      System.arraycopy(worker.selected, 0, links, at + 1, kept);
      links[at] = kept;
    }
  }

  /**
   * Keeps candidates, best first, that are nearer to the node than to any kept one (algorithm 4 of
   * Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using
   * hierarchical navigable small world graphs, 2018).
   */
  private int select(Worker worker, HnswGraph.View view, int node, int count, int most) {
    int kept = 0;
    float nodeExtra = euclidean ? graph.extra(view, node) : 0;
    for (int i = 0; i < count && kept < most; i++) {
      int candidate = worker.candidates[i];
      // What the candidate's own point of view gives; the spaces but L2 are symmetric.
      float toNode = worker.candidateScores[i];
      if (euclidean) {
        toNode += nodeExtra - graph.extra(view, candidate);
      }
      if (kept == 0 || !nearerToKept(worker, view, candidate, toNode, kept)) {
        worker.selected[kept++] = candidate;
      }
    }
    return kept;
  }

  private boolean nearerToKept(
      Worker worker, HnswGraph.View view, int candidate, float toNode, int kept) {
    loadQuery(view, candidate, worker.other);
    for (int i = 0; i < kept; i += 4) {
      int count = Math.min(4, kept - i);
      kernels.dotRows(
          worker.other,
          buildLength,
          view.vectors(),
          graph.shift,
          graph.stride,
          worker.selected,
          i,
          count,
          worker.scores);
      for (int j = 0; j < count; j++) {
        if (worker.scores[j] > toNode) {
          return true;
        }
      }
    }
    return false;
  }

  private void loadQuery(HnswGraph.View view, int node, float[] query) {
    System.arraycopy(
        view.vectors()[node >>> graph.shift], graph.offset(node), query, 0, graph.stride);
    if (euclidean) {
      query[graph.dimension] = 1;
    }
  }

  private void linkBack(HnswGraph.View view, int from, int to, int level, Worker[] workers) {
    long[] pairs = new long[(to - from) * graph.degree];
    int count = 0;
    for (int node = from; node < to; node++) {
      if (level > 0 && graph.level(view, node) < level) {
        continue;
      }
      int[] links = graph.links(view, node, level);
      int at = graph.linksAt(node, level);
      for (int i = 1; i <= links[at]; i++) {
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
    inParallel(
        workers,
        groups,
        16,
        (worker, g) -> extend(worker, view, level, pairs, starts[g], starts[g + 1]));
  }

  /** Adds new links to one target. */
  private void extend(
      Worker worker, HnswGraph.View view, int level, long[] pairs, int from, int to) {
    int target = (int) (pairs[from] >>> 32);
    int[] links = graph.links(view, target, level);
    int at = graph.linksAt(target, level);
    int existing = links[at];
    int most = graph.degree(level);
    if (existing + to - from <= most) {
      for (int i = from; i < to; i++) {
        links[at + 1 + existing + i - from] = (int) pairs[i];
      }
      links[at] = existing + to - from;
      return;
    }
    int count = existing + to - from;
    worker.ensure(count + 4);
    int[] all = worker.candidates;
    System.arraycopy(links, at + 1, all, 0, existing);
    for (int i = from; i < to; i++) {
      all[existing + i - from] = (int) pairs[i];
    }
    loadQuery(view, target, worker.query);
    kernels.dotRows(
        worker.query,
        buildLength,
        view.vectors(),
        graph.shift,
        graph.stride,
        all,
        0,
        count,
        worker.candidateScores);
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
    int kept = select(worker, view, target, count, most);
    System.arraycopy(worker.selected, 0, links, at + 1, kept);
    links[at] = kept;
  }
}
