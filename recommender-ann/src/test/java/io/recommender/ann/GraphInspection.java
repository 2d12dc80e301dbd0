package io.recommender.ann;

import java.lang.reflect.Field;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Looks into the graph of an index that nobody changes meanwhile. */
final class GraphInspection {
  private final HnswNodes nodes;
  private final HnswGraph graph;

  GraphInspection(HnswIndex index) {
    nodes = (HnswNodes) field(index, "nodes");
    graph = (HnswGraph) field(nodes, "graph");
  }

  private static Object field(Object owner, String name) {
    try {
      Field field = owner.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(owner);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  int allocated() {
    return graph.allocated();
  }

  /** Returns the item where searches begin. */
  String entry() {
    return nodes.ids().id(graph.view().entry());
  }

  /** Returns the number of an item named by {@link TestVectors#id} of which a node is. */
  int itemNumber(int node) {
    return Integer.parseInt(nodes.ids().id(node).replaceAll("[^0-9]", ""));
  }

  /** Returns the nodes of which walks begin at the best. */
  int[] entries() {
    return graph.view().entries().nodes();
  }

  /** Returns the nodes of lists among which walks by codes look for some to begin at. */
  int[] listed() {
    EntryLists lists = graph.view().entries().lists();
    return lists == null ? new int[0] : lists.nodes();
  }

  /** Returns the level of these. */
  int entryLevel() {
    return graph.view().entries().level();
  }

  int level(int node) {
    return graph.level(graph.view(), node);
  }

  /** Returns of how many nodes the codes are copied for filters. */
  long packedNodes() {
    return ((FilterTable) field(nodes.sets(), "table")).packedNodes();
  }

  /** Returns how many nodes have ended and are still linked. */
  int endedAndLinked() {
    BitSet reached = reached();
    return (int) reached.stream().filter(node -> !nodes.life().isAlive(node)).count();
  }

  /** Returns the items that no walk at the lowest level comes to. */
  List<String> unreachable() {
    BitSet reached = reached();
    List<String> missed = new ArrayList<>();
    for (int node = 0; node < graph.view().size(); node++) {
      if (nodes.life().isAlive(node) && !reached.get(node)) {
        missed.add(nodes.ids().id(node));
      }
    }
    return missed;
  }

  private BitSet reached() {
    BitSet reached = new BitSet();
    ArrayDeque<Integer> waiting = new ArrayDeque<>();
    int entry = graph.view().entry();
    if (entry != HnswGraph.NONE) {
      reached.set(entry);
      waiting.add(entry);
    }
    while (!waiting.isEmpty()) {
      for (int neighbour : links(waiting.remove(), 0)) {
        if (!reached.get(neighbour)) {
          reached.set(neighbour);
          waiting.add(neighbour);
        }
      }
    }
    return reached;
  }

  int[] links(int node, int level) {
    HnswGraph.View view = graph.view();
    int[] links = new int[graph.baseDegree];
    return Arrays.copyOf(links, graph.links(view, node, level, links));
  }

  /** Returns everything of the graph that decides how searches go. */
  List<Object> content() {
    HnswGraph.View view = graph.view();
    List<Object> content = new ArrayList<>(List.of(view.size(), view.entry(), view.top()));
    content.add(Arrays.stream(entries()).boxed().toList());
    for (int node = 0; node < view.size(); node++) {
      content.add(nodes.life().isAlive(node) ? nodes.ids().id(node) : "ended");
      for (int level = graph.level(view, node); level >= 0; level--) {
        content.add(Arrays.stream(links(node, level)).boxed().toList());
      }
      NodeCodes codes = view.codes();
      if (codes != null) {
        content.add(codeHash(codes, node));
        content.add(List.of(codes.scale(node), codes.bias(node)));
      }
    }
    return content;
  }

  private static int codeHash(NodeCodes codes, int node) {
    if (codes instanceof BitRows bits) {
      long[] chunk = bits.chunks()[node >>> bits.shift()];
      int at = bits.offset(node);
      return Arrays.hashCode(Arrays.copyOfRange(chunk, at, at + bits.space().words));
    }
    NibbleRows nibbles = (NibbleRows) codes;
    short[] chunk = nibbles.chunks()[node >>> nibbles.shift()];
    int at = nibbles.offset(node);
    return Arrays.hashCode(Arrays.copyOfRange(chunk, at, at + nibbles.stride()));
  }
}
