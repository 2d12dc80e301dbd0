package io.recommender.ann;

import io.recommender.RecommenderException;
import io.recommender.Similarity;
import io.recommender.ann.internal.SectionReader;
import io.recommender.ann.internal.SectionWriter;
import io.recommender.ann.internal.SnapshotReader;
import io.recommender.ann.internal.SnapshotWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A graph in a file: its parameters, and for each node its state, vector, codes and links.
 *
 * <p>Sections: {@code parameters}; {@code nodes}, a state byte each, and for those that are not
 * free the place among equals and the id; {@code extras}, {@code links}, {@code levels}, {@code
 * rows} and {@code codes} as {@link HnswGraph} and {@link NibbleRows} have them.
 */
final class HnswSnapshot {
  static final String KIND = "hnsw";
  static final int FORMAT = 1;

  /** States of nodes. */
  static final byte FREE = 0;

  static final byte SHOWN = 1;
  static final byte ENDED = 2;

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
  record Node(byte state, int order, String itemId) {}

  private HnswSnapshot() {}

  static void writeParameters(
      SnapshotWriter out, HnswIndex.Builder builder, Counters counters, RecallTable recall) {
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

  static HnswIndex.Builder readBuilder(SnapshotReader in, SectionReader section) {
    int dimension = section.getInt();
    String similarity = section.getString();
    String quantization = section.getString();
    try {
      HnswIndex.Builder builder =
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
    return counters;
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

  static List<Node> readNodes(SnapshotReader in, int count) {
    SectionReader section = in.section("nodes");
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte state = section.getByte();
      check(in, "nodes", state >= FREE && state <= ENDED, "a state from 0 to 2, found " + state);
      nodes.add(
          state == FREE
              ? new Node(state, 0, "")
              : new Node(state, section.getInt(), section.getString()));
    }
    section.finish();
    return nodes;
  }

  static void writeGraph(SnapshotWriter out, HnswGraph graph) {
    HnswGraph.View view = graph.view();
    int count = graph.allocated();
    SectionWriter section = out.section("extras");
    for (int node = 0; node < count; node++) {
      section.putFloat(graph.extra(view, node));
    }
    section = out.section("links");
    for (int node = 0; node < count; node++) {
      section.putInts(graph.links(view, node, 0), graph.linkOffset(node), graph.baseDegree);
    }
    section = out.section("levels");
    for (int node = 0; node < count; node++) {
      int level = graph.level(view, node);
      section.putByte((byte) level);
      if (level > 0) {
        section.putInts(graph.links(view, node, 1), 0, level * graph.degree);
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
    NibbleRows codes = view.codes();
    if (codes != null) {
      writeCodes(out, codes, count);
    }
  }

  private static void writeCodes(SnapshotWriter out, NibbleRows codes, int count) {
    NibbleSpace space = codes.space();
    SectionWriter section = out.section("codes");
    section.putInt(space.planes).putLong(space.seed());
    section.putFloats(space.mean(), 0, space.dimension);
    for (int node = 0; node < count; node++) {
      section.putFloat(codes.scale(node)).putFloat(codes.bias(node));
      section.putShorts(codes.chunks()[node >>> codes.shift()], codes.offset(node), codes.stride());
    }
  }

  /** Fills a graph whose nodes have been taken, but not published. */
  static void readGraph(SnapshotReader in, HnswGraph graph, boolean isMapped) {
    HnswGraph.View view = graph.view();
    int count = graph.allocated();
    SectionReader section = in.section("extras");
    for (int node = 0; node < count; node++) {
      graph.setExtra(node, section.getFloat());
    }
    section.finish();
    section = in.section("levels");
    for (int node = 0; node < count; node++) {
      int level = section.getByte();
      check(in, "levels", level >= 0 && level <= 30, "a level from 0 to 30, found " + level);
      graph.setLevel(node, level);
      if (level > 0) {
        int[] links = graph.links(view, node, 1);
        section.getInts(links, 0, links.length);
        checkLinks(in, "levels", links, 0, links.length, count);
      }
    }
    section.finish();
    section = in.section("links");
    for (int node = 0; node < count; node++) {
      int[] links = graph.links(view, node, 0);
      section.getInts(links, graph.linkOffset(node), graph.baseDegree);
      checkLinks(in, "links", links, graph.linkOffset(node), graph.baseDegree, count);
    }
    section.finish();
    readRows(in, graph, isMapped);
    if (in.sections().contains("codes")) {
      readCodes(in, graph);
    }
  }

  private static void readRows(SnapshotReader in, HnswGraph graph, boolean isMapped) {
    if (!graph.keepsRows) {
      return;
    }
    if (isMapped) {
      in.verify("rows");
      graph.map(in.map("rows", graph.stride * Float.BYTES));
      return;
    }
    SectionReader section = in.section("rows");
    for (int node = 0; node < graph.allocated(); node++) {
      section.getFloats(
          graph.view().vectors()[node >>> graph.shift], graph.offset(node), graph.stride);
    }
    section.finish();
  }

  private static void readCodes(SnapshotReader in, HnswGraph graph) {
    SectionReader section = in.section("codes");
    int planes = section.getInt();
    check(in, "codes", planes == 1 || planes == 2, "1 or 2 planes, found " + planes);
    long seed = section.getLong();
    float[] mean = new float[graph.dimension];
    section.getFloats(mean, 0, mean.length);
    NibbleRows codes =
        new NibbleRows(new NibbleSpace(mean, planes, seed), graph.shift)
            .extended(graph.view().links().length);
    for (int node = 0; node < graph.allocated(); node++) {
      codes.setFactors(node, section.getFloat(), section.getFloat());
      section.getShorts(codes.chunks()[node >>> codes.shift()], codes.offset(node), codes.stride());
    }
    section.finish();
    graph.setCodes(codes);
  }

  private static void checkLinks(
      SnapshotReader in, String section, int[] links, int from, int length, int nodes) {
    for (int i = from; i < from + length; i++) {
      if (links[i] < 0 || links[i] >= nodes) {
        throw invalid(
            in, section, "expected links to %d nodes, found %d".formatted(nodes, links[i]));
      }
    }
  }

  private static void check(SnapshotReader in, String section, boolean holds, String expected) {
    if (!holds) {
      throw invalid(in, section, "expected " + expected);
    }
  }

  private static RecommenderException invalid(SnapshotReader in, String section, String what) {
    return new RecommenderException(
        RecommenderException.Kind.SNAPSHOT_INVALID,
        String.format(Locale.ROOT, "%s: section '%s': %s", in.file(), section, what));
  }
}
