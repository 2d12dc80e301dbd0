package io.recommender.ann;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import java.util.Arrays;

/**
 * The links from nodes of a graph back to those of a batch that are linked to them.
 *
 * <p>They are gathered and sorted by target; then each target's list is extended or pruned once, so
 * that the result does not depend on the order of the batch or on the threads.
 *
 * <p><b>Confined</b> to the writer.
 */
final class BackLinks {
  private final HnswGraph graph;
  private final HnswInserter inserter;

  BackLinks(HnswGraph graph, HnswInserter inserter) {
    this.graph = graph;
    this.inserter = inserter;
  }

  /** Links the nodes to which nodes of a batch are linked at a level back to these. */
  void add(HnswGraph.View view, int[] batch, int level, HnswWorkers<HnswInserter.Worker> workers) {
    int[] links = new int[graph.baseDegree];
    int count = 0;
    for (int node : batch) {
      if (level == 0 || graph.level(view, node) >= level) {
        count += graph.links(view, node, level, links);
      }
    }
    long[] pairs = new long[count];
    count = 0;
    for (int node : batch) {
      if (level == 0 || graph.level(view, node) >= level) {
        count = addPairs(node, links, graph.links(view, node, level, links), pairs, count);
      }
    }
    Arrays.sort(pairs, 0, count);
    int[] starts = starts(pairs, count);
    long[] order = inOrderOf(batch, pairs, starts);
    workers.forEach(
        order.length,
        (worker, i) -> {
          int group = (int) order[i];
          extend(worker, view, level, pairs, starts[group], starts[group + 1]);
        });
  }

  // These loops are methods of their own because the compiler then has to look at each only once.

  private static int addPairs(int node, int[] links, int linkCount, long[] pairs, int count) {
    for (int i = 0; i < linkCount; i++) {
      pairs[count + i] = (long) links[i] << 32 | node;
    }
    return count + linkCount;
  }

  /** Returns where the pairs of each target begin, and the end of all. */
  private static int[] starts(long[] pairs, int count) {
    int[] starts = new int[count + 1];
    int groups = 0;
    for (int i = 0; i < count; i++) {
      if (i == 0 || pairs[i] >>> 32 != pairs[i - 1] >>> 32) {
        starts[groups++] = i;
      }
    }
    starts[groups] = count;
    return Arrays.copyOf(starts, groups + 1);
  }

  /**
   * Returns groups, in the lower halves of numbers, in the order of the first in the batch that is
   * linked to their target.
   */
  private static long[] inOrderOf(int[] batch, long[] pairs, int[] starts) {
    Int2IntOpenHashMap places = new Int2IntOpenHashMap(batch.length);
    for (int i = 0; i < batch.length; i++) {
      places.put(batch[i], i);
    }
    long[] order = new long[starts.length - 1];
    for (int group = 0; group < order.length; group++) {
      long first = firstPlace(places, pairs, starts[group], starts[group + 1]);
      order[group] = first << 32 | group;
    }
    Arrays.sort(order);
    return order;
  }

  private static int firstPlace(Int2IntOpenHashMap places, long[] pairs, int from, int to) {
    int first = Integer.MAX_VALUE;
    for (int i = from; i < to; i++) {
      first = Math.min(first, places.get((int) pairs[i]));
    }
    return first;
  }

  /** Adds new links to one target. */
  private void extend(
      HnswInserter.Worker worker, HnswGraph.View view, int level, long[] pairs, int from, int to) {
    int target = (int) (pairs[from] >>> 32);
    worker.ensure(graph.baseDegree + to - from + 4);
    int[] all = worker.candidates;
    int existing = graph.links(view, target, level, all);
    int count = existing;
    for (int i = from; i < to; i++) {
      int node = (int) pairs[i];
      if (!contains(all, existing, node)) {
        all[count++] = node;
      }
    }
    int most = graph.degree(level);
    if (count <= most) {
      for (int i = existing; i < count; i++) {
        graph.setLink(target, level, i, all[i]);
      }
      return;
    }
    inserter.rank(worker, view, target, count, graph.chosen(view, target, level));
    int kept = inserter.select(worker, view, target, count, most);
    graph.setLinks(target, level, worker.selected, inserter.fill(worker, count, kept, level), kept);
  }

  static boolean contains(int[] nodes, int count, int node) {
    for (int i = 0; i < count; i++) {
      if (nodes[i] == node) {
        return true;
      }
    }
    return false;
  }
}
