package io.recommender.ann;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The nodes that walks at one level come to from a root, and for each the one link of those which
 * lead to it that is counted on. These links make a tree.
 *
 * <p>Any other node can be added: some node of the tree is given a link to it, in an empty place
 * or, if it is a leaf of the tree, in place of its last link. No node of the tree is lost by that,
 * and no node loses more than one link, above all not those through which all walks go. A tree
 * always has a leaf, so adding nodes one by one ends with all of them in the tree, whatever the
 * graph was.
 *
 * <p><b>Confined</b> to the writer. A link is written when the links of the node it leads to have
 * been, so searches may go on.
 */
final class ReachTree {
  private final HnswGraph graph;
  private final HnswGraph.View view;
  private final int level;
  private final int root;
  private final int[] parents;
  private final int[] links;
  private final BitSet inner = new BitSet();
  private final IntArrayList waiting = new IntArrayList();
  private int size;

  ReachTree(HnswGraph graph, int level, int root) {
    this.graph = graph;
    this.level = level;
    this.root = root;
    view = graph.view();
    parents = new int[view.size()];
    links = new int[graph.baseDegree];
    Arrays.fill(parents, HnswGraph.NONE);
    grow(root, root);
    if (size == 1) {
      inner.clear(root);
    }
  }

  int root() {
    return root;
  }

  /** {@return the number of nodes} */
  int size() {
    return size;
  }

  boolean contains(int node) {
    return parents[node] != HnswGraph.NONE;
  }

  void addTo(BitSet nodes) {
    for (int node = 0; node < parents.length; node++) {
      if (contains(node)) {
        nodes.set(node);
      }
    }
  }

  /** Adds a node and all that is reached from it. */
  private void grow(int parent, int start) {
    add(parent, start);
    while (!waiting.isEmpty()) {
      int node = waiting.popInt();
      int count = graph.links(view, node, level, links);
      for (int i = 0; i < count; i++) {
        if (!contains(links[i])) {
          add(node, links[i]);
        }
      }
    }
  }

  private void add(int parent, int node) {
    parents[node] = parent;
    inner.set(parent);
    size++;
    waiting.push(node);
  }

  /**
   * Links the first of some nodes that is in the tree and has a place to a node that is not.
   *
   * @return whether there was one
   */
  boolean attach(int[] candidates, int node) {
    for (int candidate : candidates) {
      if (attachTo(candidate, node)) {
        return true;
      }
    }
    return false;
  }

  /** As {@link #attach}, but takes any node of the tree if none of the candidates has a place. */
  void attachAnywhere(int[] candidates, int node) {
    boolean isDone = attach(candidates, node);
    for (int candidate = 0; !isDone; candidate++) {
      isDone = attachTo(candidate, node);
    }
  }

  private boolean attachTo(int candidate, int node) {
    if (!contains(candidate)) {
      return false;
    }
    int place = graph.links(view, candidate, level, links);
    if (place == graph.degree(level)) {
      if (inner.get(candidate)) {
        return false;
      }
      // The last one matters least.
      place--;
    }
    graph.setLink(candidate, level, place, node);
    grow(candidate, node);
    return true;
  }
}
