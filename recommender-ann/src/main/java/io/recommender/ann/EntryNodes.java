package io.recommender.ann;

import io.recommender.Similarity;
import it.unimi.dsi.fastutil.doubles.DoubleArrays;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
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

  /** Lists are made anew when this part of as many nodes as they were drawn from has come. */
  private static final int NEW_PART = 32;

  /**
   * Where lengths are uneven, half of what is listed are vectors drawn with a chance that grows
   * with this power of their length, because what is best for a query is among the longest.
   * Measured with deviations of the logarithm of lengths of 0.3 and 1: it saves 10 to 15 % of the
   * comparisons of recall 0.98 and 0.99. If all are drawn, powers of 8 to 12 save as much as each
   * other, and one of 4 less, as does drawing from upper levels only, where there are fewer.
   */
  private static final double LENGTH_POWER = 10;

  private final HnswGraph graph;
  private final Similarity similarity;
  private final int[] links;

  /** The nodes of upper levels. */
  private final IntArrayList upper = new IntArrayList();

  /** All nodes, by inner products. */
  private final BitSet all = new BitSet();

  /** How many nodes there are from which lists are drawn. */
  private int available;

  private Chosen chosen = NONE;

  /** How many nodes those in lists were drawn from. */
  private int drawnFrom;

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
      if (similarity == Similarity.DOT && !all.get(node)) {
        all.set(node);
        available++;
      }
      int level = graph.level(view, node);
      if (level > 0) {
        upper.add(node);
        available += similarity == Similarity.DOT ? 0 : 1;
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
    all.clear();
    available = 0;
    chosen = NONE;
    add(nodes);
  }

  /** Makes lists for the codes there are, if there are none or many nodes have come since. */
  void arrange() {
    EntryLists old = chosen.lists;
    HnswGraph.View view = graph.view();
    EntryLists lists = null;
    // One of as many nodes as the degree has an upper level.
    int count = upper.size() / Math.max(1, LISTED_PART / graph.degree);
    if (view.codes() instanceof NibbleRows codes && count >= EntryLists.LEAST) {
      boolean isOld =
          old == null
              || old.space() != codes.space()
              || available - drawnFrom > drawnFrom / NEW_PART;
      lists = isOld ? EntryLists.of(graph, similarity, listed(view, count)) : old;
      drawnFrom = isOld ? available : drawnFrom;
    }
    chosen = new Chosen(chosen.nodes, chosen.level, chosen.isAll, lists);
  }

  /** Returns about how many bytes lists take, of an index with so many links. */
  static long listBytes(long nodes, int m, long codeBytes) {
    return EntryLists.bytes(nodes / Math.max(m, LISTED_PART), codeBytes);
  }

  private int[] listed(HnswGraph.View view, int count) {
    if (similarity == Similarity.DOT) {
      int[] nodes = all.stream().filter(node -> leadsOn(view, node)).toArray();
      if (!graph.hasEvenWeights(view, nodes)) {
        // A cluster may have short vectors only: the other half leads there.
        IntStream some = Arrays.stream(each(view, count - count / 2));
        return IntStream.concat(some, drawn(view, nodes, count / 2)).distinct().sorted().toArray();
      }
    }
    return each(view, count);
  }

  /** Returns so many nodes of upper levels, evenly spread over all. */
  private int[] each(HnswGraph.View view, int count) {
    int[] nodes = above(view, 1);
    Arrays.sort(nodes);
    int step = upper.size() / count;
    return IntStream.range(0, nodes.length / step).map(i -> nodes[i * step]).toArray();
  }

  /**
   * Draws some nodes, each of which has its own random number (Efraimidis and Spirakis, Weighted
   * random sampling with a reservoir, Information Processing Letters, 2006).
   */
  private IntStream drawn(HnswGraph.View view, int[] nodes, int count) {
    // A vector without length has the weight of one of length 1.
    float most = 0;
    for (int node : nodes) {
      float weight = graph.extra(view, node);
      most = weight == 1 ? most : Math.max(most, weight);
    }
    double power = LENGTH_POWER / HnswGraph.TEMPERING;
    double[] keys = new double[nodes.length];
    int[] order = new int[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      float weight = graph.extra(view, nodes[i]);
      double number = -StrictMath.log(1 - new SplittableRandom(nodes[i]).nextDouble());
      keys[i] = StrictMath.log(number) + power * StrictMath.log(weight == 1 ? most : weight);
      order[i] = i;
    }
    DoubleArrays.quickSortIndirect(order, keys);
    return Arrays.stream(order, 0, Math.min(count, order.length)).map(i -> nodes[i]);
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
