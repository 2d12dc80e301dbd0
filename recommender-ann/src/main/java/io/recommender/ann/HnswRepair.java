package io.recommender.ann;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Links around the nodes that have ended, so that none leads to them any more (Singh et al.,
 * FreshDiskANN: a fast and accurate graph-based ANN index for streaming similarity search, 2021):
 * whoever was linked to one is linked to the best of its neighbours instead, and those back to it.
 * Without the links back inner products lose: after half of the items went, recall 0.98 was 0.94.
 *
 * <p>Afterwards walks come from the entry to every node that is left, at each of its levels up to
 * that of the entry. Looking whether they do takes a small part of the time; usually they come to
 * all or nearly all. Of the others those without links are linked once more, as if they were new.
 * Whom nobody leads to then, as happens to short vectors under inner products and to equal vectors,
 * is given a link from a node through which no other is reached: see {@link ReachTree}.
 *
 * <p><b>Confined</b> to the writer.
 */
final class HnswRepair {
  /** So many entries are tried until one leads to most nodes. */
  private static final int ENTRIES = 8;

  /** So many nodes look for a place at a time. */
  private static final int LOOKING_AROUND = 1024;

  private final HnswGraph graph;
  private final HnswInserter inserter;
  private final IntPredicate alive;
  private final HnswGraph.View view;

  /**
   * Prepares a repair.
   *
   * @param alive which nodes stay
   */
  HnswRepair(HnswGraph graph, HnswInserter inserter, IntPredicate alive) {
    this.graph = graph;
    this.inserter = inserter;
    this.alive = alive;
    view = graph.view();
  }

  /**
   * Repairs the graph.
   *
   * @param ended which nodes go
   * @return the nodes that went
   */
  List<Integer> run(IntPredicate ended) {
    int[] kept = IntStream.range(0, view.size()).filter(alive).toArray();
    List<Integer> gone = IntStream.range(0, view.size()).filter(ended).boxed().toList();
    try (HnswWorkers<HnswInserter.Worker> workers = inserter.workers(view.size())) {
      // Above the level of the entry there may be nodes too, if an earlier repair has moved it.
      for (int level = highest(kept); level >= 0; level--) {
        repairLevel(level, workers);
      }
      if (kept.length == 0) {
        graph.publish(HnswGraph.NONE, 0, EntryNodes.NONE);
      } else {
        int entry = largest(kept).root();
        graph.publish(entry, graph.level(view, entry), graph.view().entries());
        for (int level = graph.level(view, entry); level >= 0; level--) {
          reachAll(kept, level, workers);
        }
      }
    }
    inserter.resume(kept);
    return gone;
  }

  /** Leads walks to every node that stays. */
  void reach() {
    int[] kept = IntStream.range(0, view.size()).filter(alive).toArray();
    try (HnswWorkers<HnswInserter.Worker> workers = inserter.workers(view.size())) {
      for (int level = view.top(); level >= 0; level--) {
        reachAll(kept, level, workers);
      }
    }
  }

  private int highest(int[] nodes) {
    return Arrays.stream(nodes).map(node -> graph.level(view, node)).max().orElse(0);
  }

  private void reachAll(int[] kept, int level, HnswWorkers<HnswInserter.Worker> workers) {
    int entry = graph.view().entry();
    int[] nodes = Arrays.stream(kept).filter(node -> graph.level(view, node) >= level).toArray();
    ReachTree tree = new ReachTree(graph, level, entry);
    int[] lost = lost(nodes, tree);
    if (lost.length > 0) {
      int[] lonely = Arrays.stream(lost).filter(node -> links(node, level).length == 0).toArray();
      if (lonely.length > 0) {
        inserter.relink(lonely, nodes.length - lost.length, level, workers);
        tree = new ReachTree(graph, level, entry);
      }
      for (int node : lost(nodes, tree)) {
        // It may have been reached through one before it.
        if (!tree.contains(node)) {
          tree.attach(inserter.leastWalkedFirst(links(node, level)), node);
        }
      }
      attachFurther(lost(nodes, tree), level, tree, workers);
    }
  }

  /** Attaches nodes, of which many look around at a time before the graph changes for them. */
  private void attachFurther(
      int[] lost, int level, ReachTree tree, HnswWorkers<HnswInserter.Worker> workers) {
    for (int from = 0; from < lost.length; from += LOOKING_AROUND) {
      int[] nodes =
          lost(Arrays.copyOfRange(lost, from, Math.min(lost.length, from + LOOKING_AROUND)), tree);
      int[][] nearest = new int[nodes.length][];
      workers.forEach(
          nodes.length,
          (worker, i) ->
              nearest[i] = inserter.leastWalkedFirst(inserter.nearest(worker, nodes[i], level)));
      for (int i = 0; i < nodes.length; i++) {
        if (!tree.contains(nodes[i])) {
          tree.attachAnywhere(nearest[i], nodes[i]);
        }
      }
    }
  }

  private static int[] lost(int[] nodes, ReachTree tree) {
    return Arrays.stream(nodes).filter(node -> !tree.contains(node)).toArray();
  }

  /**
   * Returns what is reached from the highest node that leads to most, or else to more than others.
   */
  private ReachTree largest(int[] kept) {
    ReachTree largest = null;
    BitSet seen = new BitSet(view.size());
    int tried = 0;
    for (int level = highest(kept); level >= 0; level--) {
      for (int node : kept) {
        if (graph.level(view, node) != level || seen.get(node)) {
          continue;
        }
        ReachTree tree = new ReachTree(graph, 0, node);
        if (largest == null || tree.size() > largest.size()) {
          largest = tree;
        }
        if (2 * largest.size() > kept.length || ++tried == ENTRIES) {
          return largest;
        }
        tree.addTo(seen);
      }
    }
    return Objects.requireNonNull(largest, "largest");
  }

  private int[] links(int node, int level) {
    int[] links = new int[graph.baseDegree];
    return Arrays.copyOf(links, graph.links(view, node, level, links));
  }

  private void repairLevel(int level, HnswWorkers<HnswInserter.Worker> workers) {
    // New lists are made from the old ones of all nodes, and written only when all are made.
    int[][] lists = new int[view.size()][];
    int[] chosen = new int[view.size()];
    workers.forEach(
        view.size(),
        (worker, node) -> {
          if (alive.test(node) && graph.level(view, node) >= level) {
            lists[node] = repaired(worker, node, level, chosen);
          }
        });
    int[] changed = IntStream.range(0, lists.length).filter(n -> lists[n] != null).toArray();
    for (int node : changed) {
      graph.setLinks(node, level, lists[node], lists[node].length, chosen[node]);
    }
    inserter.linkBack(view, changed, level, workers);
  }

  /**
   * Returns the new links of a node, or null if none of its links leads to an ended one.
   *
   * @param chosen receives at the node how many were chosen together
   */
  private int @Nullable [] repaired(HnswInserter.Worker worker, int node, int level, int[] chosen) {
    int[] links = new int[graph.baseDegree];
    int linkCount = graph.links(view, node, level, links);
    boolean whole = true;
    for (int i = 0; i < linkCount; i++) {
      whole &= alive.test(links[i]);
    }
    if (whole) {
      return null;
    }
    worker.ensure((graph.degree(level) + 1) * graph.degree(level) + 4);
    int count = 0;
    int[] further = new int[graph.baseDegree];
    for (int i = 0; i < linkCount; i++) {
      int neighbour = links[i];
      if (alive.test(neighbour)) {
        worker.candidates[count++] = neighbour;
        continue;
      }
      int furtherCount = graph.links(view, neighbour, level, further);
      for (int j = 0; j < furtherCount; j++) {
        int candidate = further[j];
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
    inserter.rank(worker, view, node, distinct, 0);
    chosen[node] = inserter.select(worker, view, node, distinct, graph.degree(level));
    int filled = inserter.fill(worker, distinct, chosen[node], level);
    return Arrays.copyOf(worker.selected, filled);
  }
}
