package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.MappedSection;
import io.recommender.ann.internal.VectorKernels;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The arrays of a graph: for each node a row of floats and a list of links at every level it has.
 *
 * <p>A row is a vector; beside it there is one more number, which depends on the similarity.
 *
 * <ul>
 *   <li>L2: -|x|²/2, because q·x - |x|²/2 orders as -|q - x|² does, at one multiplication instead
 *       of two operations.
 *   <li>DOT: |x| to the power of -{@value #TEMPERING}, a weight of the node when the graph is
 *       built. Between nodes as they are, the longest vectors would be everybody's neighbours and
 *       hide the others (Morozov and Babenko, Non-metric similarity graphs for maximum inner
 *       product search, NeurIPS 2018); between directions alone a walk could not find its way to
 *       long vectors. In between both work, with norms evened out more where links are chosen for
 *       their diversity than where candidates are ranked. A search ranks by the true inner product
 *       and does not read it.
 *   <li>COSINE: the norm the vector had before it was scaled to length 1.
 * </ul>
 *
 * <p>Links of level 0 lie in chunks; see {@link NodeLinks}. Those of higher levels lie in an array
 * of their own for the few nodes that have any. Places without a link hold the node itself.
 *
 * <p><b>Thread safety.</b> One writer. A reader takes {@link #view}; the arrays it holds are only
 * ever extended, and a node's row and own links are written before any link leads to it. A list may
 * be rewritten while it is read; then the reader sees some of the old links and some of the new
 * ones, and may see numbers that are neither. Below the size of its view these are nodes too, and
 * whether the version it reads shows them does not depend on who led there.
 */
final class HnswGraph {
  /** How far norms are evened out between the nodes of a graph for inner products. */
  static final double TEMPERING = 0.15;

  /** Norms are even that deviate from their mean by no more than about this part of it. */
  private static final double EVEN = .1;

  /** The squared norm of the shortest vector that is not zero. */
  private static final double LEAST_SQUARES = (double) Float.MIN_VALUE * Float.MIN_VALUE;

  /** That of the longest one, with room for rounding. */
  private static final double MOST_SQUARES = HnswIndex.MAX_NORM * HnswIndex.MAX_NORM * (1 + 1e-9);

  private static final VectorKernels KERNELS = VectorKernels.best();
  private static final int LANES = 16;

  /**
   * Where the first row begins. With the header of an array it fills a cache line, so that rows do
   * not straddle lines where the array itself begins at one.
   */
  private static final int FIRST_ROW = 12;

  private static final int[] NONE_YET = {};

  /** No node. */
  static final int NONE = -1;

  private static final int MAX_CHUNK_FLOATS = 1 << 22;
  private static final int USUAL_SHIFT = 10;

  /** Chunks are made smaller where more than this part of the places would never be used. */
  private static final int UNUSED_PART = 64;

  final int dimension;

  /** Whether there are rows of floats, or codes only. */
  final boolean keepsRows;

  /** Floats from a row to the next: the dimension, rounded up so that whole registers fit. */
  final int stride;

  /** Links at level 0, and at every higher level. */
  final int baseDegree;

  final int degree;

  /** A chunk holds {@code 1 << shift} nodes. */
  final int shift;

  /** Rows that lie in a file, for chunks without floats of their own. */
  private @Nullable MappedSection mapped;

  /** A view without nodes. */
  final View empty;

  private volatile View view;

  /** How many nodes there are; the writer's. */
  private int allocated;

  HnswGraph(int dimension, int m, int expectedSize, boolean keepsRows) {
    this.dimension = dimension;
    this.keepsRows = keepsRows;
    stride = stride(dimension);
    degree = m;
    baseDegree = 2 * m;
    int most = 31 - Integer.numberOfLeadingZeros(Math.max(1, MAX_CHUNK_FLOATS / stride));
    int wanted = 32 - Integer.numberOfLeadingZeros(Math.max(1, expectedSize - 1));
    int bits = Math.min(most, wanted == 1 ? USUAL_SHIFT : wanted);
    while (bits > USUAL_SHIFT && (-expectedSize & (1 << bits) - 1) > expectedSize / UNUSED_PART) {
      bits--;
    }
    shift = Math.max(6, bits);
    empty =
        new View(
            new float[0][],
            new float[0][],
            new NodeLinks(baseDegree, shift),
            new int[0][][],
            null,
            0,
            NONE,
            0,
            EntryNodes.NONE);
    view = empty;
  }

  static int stride(int dimension) {
    return (dimension + LANES - 1) / LANES * LANES;
  }

  /**
   * What a reader holds.
   *
   * @param vectors rows in chunks
   * @param extras a number of each node, in chunks
   * @param links the links of level 0
   * @param upper links of the higher levels by chunk and node, null for nodes of level 0 only
   * @param codes codes of the vectors, if there are any yet
   * @param size the number of nodes
   * @param entry where walks of nodes of the highest levels begin, or NONE
   * @param top the level of the entry
   * @param entries where all other walks begin
   */
  record View(
      float[][] vectors,
      float[][] extras,
      NodeLinks links,
      int[][][] upper,
      @Nullable NodeCodes codes,
      int size,
      int entry,
      int top,
      EntryNodes.Chosen entries) {}

  View view() {
    return view;
  }

  int chunkSize() {
    return 1 << shift;
  }

  /** Takes the next node, which no reader knows before {@link #publish}. */
  int extend() {
    int node = allocated;
    View current = view;
    int chunk = node >>> shift;
    if (chunk == current.vectors().length) {
      float[][] vectors = Arrays.copyOf(current.vectors(), chunk + 1);
      int[][][] upper = Arrays.copyOf(current.upper(), chunk + 1);
      float[][] extras = Arrays.copyOf(current.extras(), chunk + 1);
      boolean isInFile = mapped != null && node < mapped.records();
      vectors[chunk] = new float[keepsRows && !isInFile ? FIRST_ROW + chunkSize() * stride : 0];
      extras[chunk] = new float[chunkSize()];
      upper[chunk] = new int[chunkSize()][];
      NodeCodes codes = current.codes();
      view =
          new View(
              vectors,
              extras,
              current.links().extended(chunk + 1),
              upper,
              codes == null ? null : codes.extended(chunk + 1),
              current.size(),
              current.entry(),
              current.top(),
              current.entries());
    }
    allocated++;
    return node;
  }

  /** Shows readers all nodes, and where to begin. */
  void publish(int entry, int top, EntryNodes.Chosen entries) {
    View current = view;
    view =
        new View(
            current.vectors(),
            current.extras(),
            current.links(),
            current.upper(),
            current.codes(),
            allocated,
            entry,
            top,
            entries);
  }

  /** Shows readers codes of all nodes. */
  void setCodes(NodeCodes codes) {
    if (!keepsRows) {
      view.links().forgetChosen();
    }
    View current = view;
    view =
        new View(
            current.vectors(),
            current.extras(),
            current.links(),
            current.upper(),
            codes,
            current.size(),
            current.entry(),
            current.top(),
            current.entries());
  }

  /** How many nodes there are, those included that no reader knows yet. */
  int allocated() {
    return allocated;
  }

  /**
   * Writes the vector of a node, or what its codes stand for.
   *
   * @param working memory of at least the length of a rotated vector, if there are only codes
   * @return the working memory
   */
  float[] vector(int node, float[] vector, float[] working) {
    View current = view;
    if (mapped != null) {
      float[] row = working.length == stride ? working : new float[stride];
      copyRow(current, node, row, 0);
      System.arraycopy(row, 0, vector, 0, dimension);
      return row;
    }
    if (keepsRows) {
      System.arraycopy(current.vectors()[node >>> shift], offset(node), vector, 0, dimension);
      return working;
    }
    NibbleRows codes = (NibbleRows) codes(current);
    float[] rotated =
        working.length == codes.space().length ? working : new float[codes.space().length];
    codes.decode(node, rotated);
    codes.space().restore(rotated, vector);
    return rotated;
  }

  /** Takes the rows of the nodes to come from a file until they are written. Before any node. */
  void map(MappedSection rows) {
    mapped = rows;
  }

  /** Returns whether rows may have to be read from a file. */
  boolean isMapped() {
    return mapped != null;
  }

  /** Copies a row with its padding. */
  void copyRow(View view, int node, float[] target, int at) {
    float[] rows = view.vectors()[node >>> shift];
    if (rows.length > 0) {
      System.arraycopy(rows, offset(node), target, at, stride);
    } else {
      Objects.requireNonNull(mapped, "mapped").floats(node, 1).get(target, at, stride);
    }
  }

  /** Writes the vector of a node. */
  void writeRow(int node, float[] vector) {
    int chunk = node >>> shift;
    View current = view;
    if (current.vectors()[chunk].length == 0) {
      float[] rows = new float[FIRST_ROW + chunkSize() * stride];
      for (int other = chunk << shift, end = other + chunkSize(); other < end; other++) {
        if (other < Objects.requireNonNull(mapped, "mapped").records()) {
          copyRow(current, other, rows, offset(other));
        }
      }
      float[][] vectors = current.vectors().clone();
      vectors[chunk] = rows;
      view =
          new View(
              vectors,
              current.extras(),
              current.links(),
              current.upper(),
              current.codes(),
              current.size(),
              current.entry(),
              current.top(),
              current.entries());
      current = view;
    }
    System.arraycopy(vector, 0, current.vectors()[chunk], offset(node), dimension);
  }

  /** Returns the codes of a view that has them. */
  NodeCodes codes(View view) {
    return Objects.requireNonNull(view.codes(), "codes");
  }

  int offset(int node) {
    return FIRST_ROW + (node & chunkSize() - 1) * stride;
  }

  /** Returns the level of a node. */
  int level(View view, int node) {
    int[] links = view.upper()[node >>> shift][node & chunkSize() - 1];
    return links == null ? 0 : links.length / degree;
  }

  /** Gives a node room for links at the levels from 0 to its own, and none yet. */
  void setLevel(int node, int level) {
    int[] upper = null;
    if (level > 0) {
      upper = new int[level * degree];
      Arrays.fill(upper, node);
    }
    view.upper()[node >>> shift][node & chunkSize() - 1] = upper;
    view.links().set(node, NONE_YET, 0, 0);
  }

  /** The links of a node at the levels above the lowest, each {@link #degree} places. */
  int[] upperLinks(View view, int node) {
    return view.upper()[node >>> shift][node & chunkSize() - 1];
  }

  /**
   * Writes the links of a node at a level to an array.
   *
   * @param links has room for as many as a node may have
   * @return how many there are
   */
  int links(View view, int node, int level, int[] links) {
    places(view, node, level, links);
    int most = degree(level);
    int count = 0;
    while (count < most && links[count] != node) {
      count++;
    }
    return count;
  }

  /** As {@link #links}, with what all places hold. */
  void places(View view, int node, int level, int[] links) {
    if (level == 0) {
      view.links().get(node, links);
    } else {
      System.arraycopy(upperLinks(view, node), (level - 1) * degree, links, 0, degree);
    }
  }

  /**
   * Sets all links of a level.
   *
   * @param chosen how many, from the first on, were chosen together
   */
  void setLinks(int node, int level, int[] nodes, int count, int chosen) {
    if (level == 0) {
      view.links().set(node, nodes, count, chosen);
    } else {
      int[] links = upperLinks(view, node);
      int at = (level - 1) * degree;
      System.arraycopy(nodes, 0, links, at, count);
      Arrays.fill(links, at + count, at + degree, node);
    }
  }

  /**
   * Returns how many links of a node, from the first on, are known to have been chosen together:
   * none of them is nearer to another than to the node.
   */
  int chosen(View view, int node, int level) {
    return level == 0 ? view.links().chosen(node) : 0;
  }

  /** Sets one link of a level. */
  void setLink(int node, int level, int place, int link) {
    if (level == 0) {
      view.links().set(node, place, link);
    } else {
      upperLinks(view, node)[(level - 1) * degree + place] = link;
    }
  }

  int degree(int level) {
    return level == 0 ? baseDegree : degree;
  }

  /** Returns the extra number for a vector of a squared norm. */
  static float extra(Similarity similarity, double squares) {
    return switch (similarity) {
      case DOT -> squares == 0 ? 1 : (float) StrictMath.pow(squares, -TEMPERING / 2);
      case COSINE -> squares > 0 ? (float) Math.sqrt(squares) : 1;
      case L2 -> (float) (-squares / 2);
    };
  }

  /** Returns the least extra number that a vector may have. */
  static float leastExtra(Similarity similarity) {
    return similarity == Similarity.COSINE
        ? extra(similarity, LEAST_SQUARES)
        : extra(similarity, MOST_SQUARES);
  }

  /** Returns the largest extra number that a vector may have. */
  static float mostExtra(Similarity similarity) {
    return similarity == Similarity.COSINE
        ? extra(similarity, MOST_SQUARES)
        : extra(similarity, LEAST_SQUARES);
  }

  /** Returns the extra number of a node. */
  float extra(View view, int node) {
    return view.extras()[node >>> shift][node & chunkSize() - 1];
  }

  /** Returns whether nodes of a graph for inner products hardly differ in their norms. */
  boolean hasEvenWeights(View view, int[] nodes) {
    double sum = 0;
    double squares = 0;
    for (int node : nodes) {
      double weight = extra(view, node);
      sum += weight;
      squares += weight * weight;
    }
    double mean = sum / nodes.length;
    double deviation = EVEN * TEMPERING;
    return squares / nodes.length <= (1 + deviation * deviation) * mean * mean;
  }

  void setExtra(int node, float extra) {
    view.extras()[node >>> shift][node & chunkSize() - 1] = extra;
  }

  /** How nodes are ranked by a query. */
  enum Ranking {
    /** By the inner product. */
    PRODUCT,
    /** By the inner product and the node's number. */
    PRODUCT_PLUS_EXTRA,
    /** By the inner product times the node's number. */
    PRODUCT_TIMES_EXTRA;

    /** Returns how a query ranks nodes. */
    static Ranking ofQueries(Similarity similarity) {
      return similarity == Similarity.L2 ? PRODUCT_PLUS_EXTRA : PRODUCT;
    }

    /** Returns how a node ranks others when links are chosen. */
    static Ranking ofNodes(Similarity similarity) {
      return similarity == Similarity.DOT ? PRODUCT_TIMES_EXTRA : ofQueries(similarity);
    }
  }

  /**
   * Multiplies rows with a query.
   *
   * @param query of length stride, zero behind the dimension
   * @param nodes the nodes, from place {@code from}
   * @param scores receives the products, from place 0; has room for count rounded up to a multiple
   *     of 4
   */
  void multiply(View view, float[] query, int[] nodes, int from, int count, float[] scores) {
    KERNELS.dotRows(
        query, stride, view.vectors(), FIRST_ROW, shift, stride, nodes, from, count, scores);
  }
}
