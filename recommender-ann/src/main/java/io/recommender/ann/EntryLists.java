package io.recommender.ann;

import io.recommender.Similarity;
import io.recommender.ann.internal.CandidatePool;
import java.util.Arrays;

/**
 * Nodes of upper levels in lists, each with a leader, among which a walk by codes looks for nodes
 * to begin with: those of the leaders that are nearest (cluster pruning, Chierichetti et al.,
 * Finding near neighbors through cluster pruning, PODS 2007).
 *
 * <p>A walk by links from the upper levels down meets fewer nodes, but waits for each, and one in
 * some dozens ends in another region than that of the nearest nodes, which it then has to leave.
 * Here copies of codes are read in order and multiplied many at once. Measured on five kinds of
 * vectors: walks of recall 0.95 to 0.99 compare 15 to 40 % fewer nodes after that.
 *
 * <p>How many lists are looked through depends on the query. Nearness is the score of the best node
 * found, less the mean of the scores of all leaders, in standard deviations of these: it does not
 * depend on the length of a query, and it is known for the listed nodes themselves, each as a query
 * for the others. A query looks on until it has found what is as near as three quarters of the
 * listed nodes find. Most do in the first lists. Others, which may well be unlike all nodes, such
 * as the mean of what a user bought, then have more to begin with: of queries that are the mean of
 * three items, half as many as with a fixed number of nodes find none of the nearest ten.
 *
 * <p><b>Immutable</b>.
 */
final class EntryLists {
  /** With fewer nodes than this, the links between nodes of upper levels are as good. */
  static final int LEAST = 128;

  /** A walk begins at so many nodes, if there are as many. */
  static final int STARTS = 8;

  /** There are so many leaders for each node of a list of mean length. */
  private static final int LEADERS = 2;

  /** At least so many nodes of lists are compared for each leader. */
  private static final int COMPARED = 1;

  /** No more lists are looked through after so many nodes for each leader. */
  private static final int MOST_COMPARED = 8;

  /** As many listed nodes tell how near others are. */
  private static final int SAMPLE = 256;

  /** Nearness is enough that so many of a hundred listed nodes do not come to. */
  private static final int ENOUGH_PERCENT = 25;

  /** A nearness is usual that so many of a hundred listed nodes do not come to. */
  private static final int USUAL_PERCENT = 40;

  private static final int BLOCK = PackedNodes.BLOCK;

  /** A place without a node. */
  private static final int EMPTY = -1;

  private final PackedNodes leaders;
  private final PackedNodes members;

  /** The first block of each list. */
  private final int[] blocks;

  private final int[] lengths;
  private final int size;

  /** The nearness at which to stop. */
  private final double enough;

  /** The nearness to which most come. */
  private final double usual;

  private EntryLists(PackedNodes leaders, PackedNodes members, int[] blocks, int[] lengths) {
    this.leaders = leaders;
    this.members = members;
    this.blocks = blocks;
    this.lengths = lengths;
    size = Arrays.stream(lengths).sum();
    enough = Double.POSITIVE_INFINITY;
    usual = Double.POSITIVE_INFINITY;
  }

  /** Takes over lists. */
  private EntryLists(EntryLists lists, double enough, double usual) {
    leaders = lists.leaders;
    members = lists.members;
    blocks = lists.blocks;
    lengths = lists.lengths;
    size = lists.size;
    this.enough = enough;
    this.usual = usual;
  }

  /**
   * Makes lists.
   *
   * @param nodes nodes that have codes, at least one
   */
  static EntryLists of(HnswGraph graph, Similarity similarity, int[] nodes) {
    HnswGraph.View view = graph.view();
    NibbleRows codes = (NibbleRows) graph.codes(view);
    int count = leaders(nodes.length);
    int[] leaders = new int[count];
    Arrays.setAll(leaders, list -> nodes[(int) ((long) list * nodes.length / count)]);
    PackedNodes packed = PackedNodes.of(leaders, codes);
    int[] nearest = nearest(graph, similarity, nodes, packed);
    int[] lengths = new int[count];
    for (int list : nearest) {
      lengths[list]++;
    }
    int[] blocks = new int[count];
    int total = 0;
    for (int list = 0; list < count; list++) {
      blocks[list] = total;
      total += (lengths[list] + BLOCK - 1) / BLOCK;
    }
    int[] members = new int[total * BLOCK];
    Arrays.fill(members, EMPTY);
    int[] ends = new int[count];
    for (int i = 0; i < nodes.length; i++) {
      int list = nearest[i];
      members[blocks[list] * BLOCK + ends[list]++] = nodes[i];
    }
    return new EntryLists(packed, PackedNodes.of(members, codes), blocks, lengths)
        .measured(graph, similarity, nodes);
  }

  /** Returns the same lists, with the nearness of some of the nodes in them. */
  private EntryLists measured(HnswGraph graph, Similarity similarity, int[] nodes) {
    NibbleScorer scorer = new NibbleScorer(graph, HnswGraph.Ranking.ofQueries(similarity), false);
    Lookup lookup = new Lookup();
    CandidatePool best = new CandidatePool();
    int sample = Math.min(SAMPLE, nodes.length);
    double[] found = new double[sample];
    for (int i = 0; i < sample; i++) {
      int node = nodes[(int) ((long) i * nodes.length / sample)];
      scorer.prepareCodes(graph.view(), node);
      lookup.find(this, scorer, node, best);
      found[i] = lookup.nearness;
    }
    Arrays.sort(found);
    double enough = found[ENOUGH_PERCENT * sample / 100];
    double usual = found[USUAL_PERCENT * sample / 100];
    return new EntryLists(this, enough, usual);
  }

  private static int leaders(long nodes) {
    return (int) Math.ceil(Math.sqrt((double) LEADERS * nodes));
  }

  /** Returns about how many bytes lists take. */
  static long bytes(long nodes, long codeBytes) {
    if (nodes < LEAST) {
      return 0;
    }
    // The last block of each list is half empty.
    long rows = nodes + leaders(nodes) * (BLOCK / 2 + 1L);
    return rows * (codeBytes + Integer.BYTES);
  }

  /** Returns for each node the number of the leader that is nearest, norms evened out. */
  private static int[] nearest(
      HnswGraph graph, Similarity similarity, int[] nodes, PackedNodes leaders) {
    HnswGraph.View view = graph.view();
    HnswGraph.Ranking ranking = HnswGraph.Ranking.ofQueries(similarity);
    NibbleScorer scorer = new NibbleScorer(graph, ranking, false);
    int count = leaders.nodes().length;
    float[] weights = new float[count];
    for (int list = 0; list < count; list++) {
      weights[list] = similarity == Similarity.DOT ? graph.extra(view, leaders.nodes()[list]) : 1;
    }
    float[] scores = new float[leaders.scales().length];
    int[] nearest = new int[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      scorer.prepareCodes(view, nodes[i]);
      scorer.score(leaders, 0, scores.length / BLOCK, scores);
      float best = Float.NEGATIVE_INFINITY;
      for (int list = 0; list < count; list++) {
        float score = scores[list] * weights[list];
        if (score > best) {
          best = score;
          nearest[i] = list;
        }
      }
    }
    return nearest;
  }

  /** What the codes mean. */
  NibbleSpace space() {
    return leaders.space();
  }

  /** How many nodes there are. */
  int size() {
    return size;
  }

  /** Returns the nodes, list after list. */
  int[] nodes() {
    return Arrays.stream(members.nodes()).filter(node -> node != EMPTY).toArray();
  }

  /**
   * Looks for nodes to begin with, for one query at a time.
   *
   * <p><b>Confined</b>.
   */
  static final class Lookup {
    /** The scores of leaders; those of lists that were looked through do not count any more. */
    private float[] leading = new float[BLOCK];

    private float[] scores = new float[BLOCK];
    private int compared;
    private double nearness;

    /** The mean and the deviation of the scores of leaders, for the last query. */
    private double mean;

    private double deviation;

    /** What is usual among the lists that were looked through. */
    private double usual;

    /**
     * Leaves the best nodes of the nearest lists in a pool.
     *
     * @param scorer prepared for a query, in the space of the codes
     * @param barred a node that does not count as found, though it may be left in the pool
     * @param best receives up to {@value #STARTS} nodes
     */
    void find(EntryLists lists, NibbleScorer scorer, int barred, CandidatePool best) {
      int count = lists.lengths.length;
      leading = score(lists.leaders, 0, count, scorer, leading);
      double sum = 0;
      double squares = 0;
      for (int list = 0; list < count; list++) {
        float score = leading[list];
        sum += score;
        squares += (double) score * score;
      }
      mean = sum / count;
      deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
      best.reset(STARTS);
      compared = 0;
      nearness = nearness(Float.NEGATIVE_INFINITY);
      for (int taken = 0; taken < count && goesOn(lists); taken++) {
        int list = takeNearest(count);
        int length = lists.lengths[list];
        scores = score(lists.members, lists.blocks[list], length, scorer, scores);
        best.addAll(lists.members.nodes(), lists.blocks[list] * BLOCK, scores, length);
        compared += length;
        int first = best.size() > 0 && best.node(0) == barred ? 1 : 0;
        if (first < best.size()) {
          nearness = nearness(best.score(first));
        }
      }
      compared += count;
      usual = lists.usual;
    }

    /** Returns how near a score says that a node is. If all leaders are as near, so are others. */
    private double nearness(float score) {
      return deviation > 0 ? (score - mean) / deviation : 0;
    }

    private boolean goesOn(EntryLists lists) {
      int count = lists.lengths.length;
      return compared < COMPARED * count
          || compared < MOST_COMPARED * count && nearness < lists.enough;
    }

    /** Returns the nearest list that was not looked through. There is one. */
    private int takeNearest(int count) {
      int nearest = 0;
      for (int list = 1; list < count; list++) {
        nearest = leading[list] > leading[nearest] ? list : nearest;
      }
      leading[nearest] = Float.NEGATIVE_INFINITY;
      return nearest;
    }

    /** Returns the scores, in the memory given or in more. */
    private static float[] score(
        PackedNodes nodes, int block, int count, NibbleScorer scorer, float[] memory) {
      int blocks = (count + BLOCK - 1) / BLOCK;
      float[] scores = memory.length < blocks * BLOCK ? new float[2 * blocks * BLOCK] : memory;
      scorer.score(nodes, block, blocks, scores);
      return scores;
    }

    /** How many nodes were compared. */
    int compared() {
      return compared;
    }

    /**
     * Returns whether a node of a score is as near to the last query as the best to usual ones
     * among the lists.
     */
    boolean isUsual(float score) {
      return nearness(score) >= usual;
    }
  }
}
