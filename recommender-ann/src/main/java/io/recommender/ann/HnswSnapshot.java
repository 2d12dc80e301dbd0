package io.recommender.ann;

import io.recommender.RecommenderException;
import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import io.recommender.ann.internal.VectorKernels;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A graph in a file: its parameters, and for each node its state, vector, codes and links.
 *
 * <p>Sections: {@code parameters}; {@code nodes}, a state byte each, and for those that are not
 * free the place among equals and the id; {@code extras}, {@code links}, {@code levels}, {@code
 * rows} as {@link HnswGraph} has them; and those of {@link CodesSnapshot}.
 *
 * <p>Checksums tell a damaged file from a whole one, not a file that somebody made from one that
 * was saved. So reading also checks that every number is one that an index may have: then nothing
 * in it overflows, leads outside of an array or to a score that is no number. This is done while
 * the sections are read; rows that are to be mapped are read once for it.
 */
final class HnswSnapshot {
  static final String KIND = "hnsw";
  static final int FORMAT = 3;

  /** States of nodes. */
  static final byte FREE = 0;

  static final byte SHOWN = 1;
  static final byte ENDED = 2;

  static final double MAX_SQUARES = HnswIndex.MAX_NORM * HnswIndex.MAX_NORM;

  /** How far sums of squares may differ that were computed in another order. */
  static final double ROUNDING = 1 + 1e-6;

  /** What is kept of the writer of an index. */
  record Counters(
      int nodes,
      int entry,
      int top,
      long levelsDrawn,
      int nextOrder,
      double squares,
      long trained) {}

  /** A node as a file has it; the id is empty if it is free. */
  record Node(byte state, int order, String itemId) {
    boolean isFree() {
      return state == FREE;
    }
  }

  private HnswSnapshot() {}

  static void writeParameters(
      SnapshotWriter out, HnswIndexBuilder builder, Counters counters, RecallTable recall) {
    SectionWriter section = out.section("parameters");
    section
        .putInt(builder.dimension)
        .putString(builder.similarity.name())
        .putString(builder.quantization.name())
        .putInt(builder.m)
        .putInt(builder.efConstruction)
        .putInt(builder.ef)
        .putInt(builder.threads)
        .putInt(builder.exactBelow)
        .putInt(builder.trainedFrom)
        .putLong(builder.seed)
        .putInt(counters.nodes)
        .putInt(counters.entry)
        .putInt(counters.top)
        .putLong(counters.levelsDrawn)
        .putInt(counters.nextOrder)
        .putDouble(counters.squares)
        .putLong(counters.trained);
    recall.write(section);
  }

  static HnswIndexBuilder readBuilder(SnapshotReader in, SectionReader section) {
    int dimension = section.getInt();
    String similarity = section.getString();
    String quantization = section.getString();
    try {
      HnswIndexBuilder builder =
          HnswIndex.builder(dimension, Similarity.valueOf(similarity))
              .quantization(Quantization.valueOf(quantization))
              .m(section.getInt())
              .efConstruction(section.getInt())
              .ef(section.getInt())
              .threads(section.getInt())
              .exactBelow(section.getInt())
              .trainedFrom(section.getInt());
      return builder.seed(section.getLong());
    } catch (IllegalArgumentException e) {
      throw invalid(in, "parameters", e.getMessage());
    }
  }

  static Counters readCounters(SnapshotReader in, SectionReader section) {
    Counters counters =
        new Counters(
            section.getInt(),
            section.getInt(),
            section.getInt(),
            section.getLong(),
            section.getInt(),
            section.getDouble(),
            section.getLong());
    check(in, "parameters", counters.nodes >= 0, "a number of nodes, found " + counters.nodes);
    check(
        in,
        "parameters",
        counters.entry >= HnswGraph.NONE && counters.entry < counters.nodes,
        "an entry among %d nodes, found %d".formatted(counters.nodes, counters.entry));
    check(
        in,
        "parameters",
        counters.nextOrder >= 0 && counters.trained >= 0 && counters.levelsDrawn >= 0,
        "counts, found " + counters);
    check(
        in,
        "parameters",
        counters.trained <= counters.nodes,
        "a mean of at most %d nodes, found %d".formatted(counters.nodes, counters.trained));
    check(
        in,
        "parameters",
        counters.squares >= 0 && counters.squares <= MAX_SQUARES * ROUNDING,
        "a squared norm of at most %s, found %s".formatted(MAX_SQUARES, counters.squares));
    return counters;
  }

  static RecallTable readRecall(SnapshotReader in, SectionReader section) {
    RecallTable table = RecallTable.read(section, in.formatVersion());
    check(in, "parameters", table.isConsistent(), "ascending recalls of ascending breadths");
    return table;
  }

  /** Checks that sections have the lengths they must have, before memory is laid out for them. */
  static void checkLengths(SnapshotReader in, HnswIndexBuilder builder, Counters counters) {
    long nodes = counters.nodes;
    Quantization form = builder.quantization.resolved(builder.dimension);
    checkLength(in, "extras", nodes * Float.BYTES);
    checkLength(in, "links", nodes * 2 * builder.m * Integer.BYTES);
    if (form.keepsFloats()) {
      long stride = HnswGraph.stride(builder.dimension);
      checkLength(in, "rows", nodes * stride * Float.BYTES);
    }
    CodesSnapshot.checkLengths(in, builder, counters);
  }

  static void checkLength(SnapshotReader in, String section, long expected) {
    long found = in.section(section).length();
    check(in, section, found == expected, "%d bytes, found %d".formatted(expected, found));
  }

  static void writeNodes(SnapshotWriter out, List<Node> nodes) {
    SectionWriter section = out.section("nodes");
    for (Node node : nodes) {
      section.putByte(node.state);
      if (node.state != FREE) {
        section.putInt(node.order).putString(node.itemId);
      }
    }
  }

  static List<Node> readNodes(SnapshotReader in, Counters counters) {
    SectionReader section = in.section("nodes");
    List<Node> nodes = new ArrayList<>();
    Set<String> shown = new HashSet<>();
    IntSet orders = new IntOpenHashSet();
    for (int i = 0; i < counters.nodes; i++) {
      byte state = section.getByte();
      check(in, "nodes", state >= FREE && state <= ENDED, "a state from 0 to 2, found " + state);
      if (state == FREE) {
        nodes.add(new Node(state, 0, ""));
        continue;
      }
      Node node = new Node(state, section.getInt(), section.getString());
      check(
          in,
          "nodes",
          node.order >= 0 && node.order < counters.nextOrder,
          "a place among %d, found %d".formatted(counters.nextOrder, node.order));
      check(in, "nodes", !node.itemId.isEmpty(), "an item id, found none");
      check(
          in,
          "nodes",
          state == ENDED || shown.add(node.itemId),
          "each item once, found another '%s'".formatted(node.itemId));
      check(
          in,
          "nodes",
          state == ENDED || orders.add(node.order),
          "each place once, found another %d, of '%s'".formatted(node.order, node.itemId));
      nodes.add(node);
    }
    section.finish();
    int entry = counters.entry;
    check(
        in,
        "nodes",
        entry == HnswGraph.NONE
            ? nodes.stream().allMatch(Node::isFree)
            : !nodes.get(entry).isFree(),
        "an entry to all nodes, found " + entry);
    return nodes;
  }

  static void writeGraph(SnapshotWriter out, HnswGraph graph, Quantization form) {
    HnswGraph.View view = graph.view();
    int count = graph.allocated();
    SectionWriter section = out.section("extras");
    for (int node = 0; node < count; node++) {
      section.putFloat(graph.extra(view, node));
    }
    section = out.section("links");
    int[] links = new int[graph.baseDegree];
    for (int node = 0; node < count; node++) {
      graph.places(view, node, 0, links);
      section.putInts(links, 0, links.length);
    }
    section = out.section("levels");
    for (int node = 0; node < count; node++) {
      int level = graph.level(view, node);
      section.putByte((byte) level);
      if (level > 0) {
        section.putInts(graph.upperLinks(view, node), 0, level * graph.degree);
      }
    }
    if (graph.keepsRows) {
      section = out.section("rows");
      float[] row = new float[graph.stride];
      for (int node = 0; node < count; node++) {
        graph.copyRow(view, node, row, 0);
        section.putFloats(row, 0, row.length);
      }
    }
    NodeCodes codes = view.codes();
    if (codes != null) {
      CodesSnapshot.write(out, codes, form, count);
    }
  }

  /** Fills a graph whose nodes have been taken, but not published. */
  static void readGraph(
      SnapshotReader in,
      HnswGraph graph,
      Similarity similarity,
      Quantization form,
      List<Node> nodes,
      Counters counters) {
    int count = graph.allocated();
    SectionReader section = in.section("extras");
    float least = HnswGraph.leastExtra(similarity);
    float most = HnswGraph.mostExtra(similarity);
    for (int node = 0; node < count; node++) {
      float extra = section.getFloat();
      if (!(extra >= least && extra <= most)) {
        throw invalid(
            in,
            "extras",
            "expected a number from %s to %s of node %d, found %s"
                .formatted(least, most, node, extra));
      }
      graph.setExtra(node, extra);
    }
    section.finish();
    section = in.section("levels");
    for (int node = 0; node < count; node++) {
      int level = section.getByte();
      check(in, "levels", level >= 0 && level <= 30, "a level from 0 to 30, found " + level);
      graph.setLevel(node, level);
      if (level > 0) {
        int[] upper = graph.upperLinks(graph.view(), node);
        section.getInts(upper, 0, upper.length);
      }
    }
    section.finish();
    section = in.section("links");
    int[] links = new int[graph.baseDegree];
    for (int node = 0; node < count; node++) {
      section.getInts(links, 0, links.length);
      checkLinks(in, graph, node, nodes, 0, links, 0);
      graph.setLinks(node, 0, links, links.length, 0);
    }
    section.finish();
    for (int node = 0; node < count; node++) {
      for (int level = graph.level(graph.view(), node); level > 0; level--) {
        int[] upper = graph.upperLinks(graph.view(), node);
        checkLinks(in, graph, node, nodes, level, upper, (level - 1) * graph.degree);
      }
    }
    int top = counters.entry == HnswGraph.NONE ? 0 : graph.level(graph.view(), counters.entry);
    check(
        in,
        "levels",
        top == counters.top,
        "%d as that of the entry, found %d".formatted(counters.top, top));
    readRows(in, graph, similarity, counters);
    if (in.sections().contains("codes")) {
      CodesSnapshot.read(in, graph, similarity, form);
    }
  }

  /** Checks the rows of a graph that has no nodes yet, and maps them. */
  static void mapRows(
      SnapshotReader in, HnswGraph graph, Similarity similarity, Counters counters) {
    SectionReader section = in.section("rows");
    float[] row = new float[graph.stride];
    for (int node = 0; node < counters.nodes; node++) {
      readRow(in, section, similarity, counters, node, row);
    }
    section.finish();
    graph.map(in.map("rows", graph.stride * Float.BYTES));
  }

  private static void readRows(
      SnapshotReader in, HnswGraph graph, Similarity similarity, Counters counters) {
    if (!graph.keepsRows || graph.isMapped()) {
      return;
    }
    SectionReader section = in.section("rows");
    float[] row = new float[graph.stride];
    for (int node = 0; node < graph.allocated(); node++) {
      readRow(in, section, similarity, counters, node, row);
      float[] chunk = graph.view().vectors()[node >>> graph.shift];
      System.arraycopy(row, 0, chunk, graph.offset(node), row.length);
    }
    section.finish();
  }

  private static void readRow(
      SnapshotReader in,
      SectionReader section,
      Similarity similarity,
      Counters counters,
      int node,
      float[] row) {
    section.getFloats(row, 0, row.length);
    // One sum finds what is not finite too: nothing that is added to it makes it a number again.
    double squares = VectorKernels.exactDot(row, row, 0, row.length);
    double most = similarity == Similarity.COSINE ? 1 : counters.squares;
    if (!(squares <= most * ROUNDING)) {
      throw invalid(
          in,
          "rows",
          "expected finite elements and a norm of at most %s of node %d, found norm %s"
              .formatted(Math.sqrt(most), node, Math.sqrt(squares)));
    }
  }

  /**
   * Checks that all links of a node at a level lead to nodes, and of one in use to others at that
   * level.
   */
  private static void checkLinks(
      SnapshotReader in,
      HnswGraph graph,
      int node,
      List<Node> nodes,
      int level,
      int[] links,
      int from) {
    boolean isFree = nodes.get(node).isFree();
    for (int i = from; i < from + graph.degree(level); i++) {
      int link = links[i];
      boolean holds = link >= 0 && link < nodes.size();
      if (holds && !isFree) {
        holds = !nodes.get(link).isFree() && graph.level(graph.view(), link) >= level;
      }
      if (!holds) {
        throw invalid(
            in,
            level == 0 ? "links" : "levels",
            "expected links of node %d to nodes in use at level %d of %d, found %d"
                .formatted(node, level, nodes.size(), link));
      }
    }
  }

  static void check(SnapshotReader in, String section, boolean holds, String expected) {
    if (!holds) {
      throw invalid(in, section, "expected " + expected);
    }
  }

  static RecommenderException invalid(SnapshotReader in, String section, String what) {
    return new RecommenderException(
        RecommenderException.Kind.SNAPSHOT_INVALID,
        String.format(Locale.ROOT, "%s: section '%s': %s", in.file(), section, what));
  }
}
