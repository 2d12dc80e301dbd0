package io.recommender.ann;

import io.recommender.Similarity;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the nodes among which a walk looks for the best to begin with.
 *
 * <p>A walk that has one node to begin with comes to one of the clusters of a graph and may not
 * leave it: at the upper levels it keeps a single node, and a link from one cluster to another is
 * kept only by the few nodes that are nearest to the other. Of two clusters that lie apart, one was
 * out of reach for 1 of 2,000 queries, and in some graphs for 1 of 10; of twenty, for 1 of 50. Some
 * dozens of nodes drawn from all have one in every cluster that is not small. They are compared
 * with every query, and so lie in the cache.
 *
 * <p><b>Confined</b> to the writer.
 */
final class EntryNodes {
  /** The highest level that has so many nodes is the one to begin at. */
  private static final int LEAST = 32;

  /** With more nodes than this at that level, not all are compared. */
  static final int MOST = 64;

  /** No nodes. */
  static final EntryNodes.Chosen NONE = new Chosen(new int[0], 0, true, null);

  /**
   * One of so many nodes is listed. With one of 16, walks end as often where they should, and with
   * one of 64 less often.
   */
  private static final int LISTED_PART = 32;

  /** Lists are made anew when this part of as many nodes as they have has come. */
  private static final int NEW_PART = 32;

  private final HnswGraph graph;
  private final Similarity similarity;
  private final int[] links;

  /** The nodes of upper levels. */
  private final IntArrayList upper = new IntArrayList();

  private Chosen chosen = NONE;

  EntryNodes(HnswGraph graph, Similarity similarity) {
    this.graph = graph;
    this.similarity = similarity;
    links = new int[graph.baseDegree];
  }

  /**
   * Nodes to begin with.
   *
   * @param nodes by number; empty if no node has an upper level
   * @param level a level that all of them have, above the lowest
   * @param isAll whether no other node has that level
   * @param lists where walks by codes of the same space begin instead, if there are many nodes
   */
  record Chosen(int[] nodes, int level, boolean isAll, @Nullable EntryLists lists) {}

  /** Returns the choice for all nodes that were added. */
  Chosen chosen() {
    return chosen;
  }

  /** Adds nodes that have been linked. The choice does not depend on the order. */
  void add(int[] nodes) {
    HnswGraph.View view = graph.view();
    boolean changes = false;
    for (int node : nodes) {
      int level = graph.level(view, node);
      if (level > 0) {
        upper.add(node);
        changes |= level >= chosen.level;
      }
    }
    if (changes) {
      choose(view);
    }
  }

  /** Forgets all nodes but these. */
  void reset(int[] nodes) {
    upper.clear();
    chosen = NONE;
    add(nodes);
  }

  /** Makes lists for the codes there are, if there are none or many nodes have come since. */
  void arrange() {
    EntryLists old = chosen.lists;
    HnswGraph.View view = graph.view();
    EntryLists lists = null;
    // One of as many nodes as the degree has an upper level.
    int step = Math.max(1, LISTED_PART / graph.degree);
    int count = upper.size() / step;
    if (view.codes() instanceof NibbleRows codes && count >= EntryLists.LEAST) {
      boolean isNew =
          old == null || old.space() != codes.space() || count - old.size() > old.size() / NEW_PART;
      lists = isNew ? EntryLists.of(graph, similarity, each(step, above(view, 1))) : old;
    }
    chosen = new Chosen(chosen.nodes, chosen.level, chosen.isAll, lists);
  }

  /** Returns about how many bytes lists take, of an index with so many links. */
  static long listBytes(long nodes, int m, long codeBytes) {
    return EntryLists.bytes(nodes / Math.max(m, LISTED_PART), codeBytes);
  }

  private static int[] each(int step, int[] nodes) {
    Arrays.sort(nodes);
    return IntStream.range(0, nodes.length / step).map(i -> nodes[i * step]).toArray();
  }

  private void choose(HnswGraph.View view) {
    int level = upper.intStream().map(node -> graph.level(view, node)).max().orElse(1);
    int[] nodes = above(view, level);
    while (nodes.length < LEAST && level > 1) {
      nodes = above(view, --level);
    }
    Arrays.sort(nodes);
    boolean isAll = nodes.length <= MOST;
    if (!isAll) {
      int[] all = nodes;
      nodes = new int[MOST];
      Arrays.setAll(nodes, i -> all[(int) ((long) i * all.length / MOST)]);
    }
    chosen = nodes.length == 0 ? NONE : new Chosen(nodes, level, isAll, chosen.lists);
  }

  private int[] above(HnswGraph.View view, int level) {
    return upper
        .intStream()
        .filter(node -> graph.level(view, node) >= level && leadsOn(view, node))
        .toArray();
  }

  /** Returns whether a walk comes further: nodes may have ended before they were linked. */
  private boolean leadsOn(HnswGraph.View view, int node) {
    return upper.size() == 1 || graph.links(view, node, 0, links) > 0;
  }
}
