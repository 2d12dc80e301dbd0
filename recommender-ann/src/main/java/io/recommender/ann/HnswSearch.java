package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;
import java.util.Arrays;

/**
 * One search through a graph at a time, with the memory that searches reuse.
 *
 * <p>A search waits for memory more than for arithmetic. So the links of the next nodes and the
 * codes of unvisited neighbours are read ahead: those of two nodes are on their way while the
 * neighbours of the two before are scored. A node is therefore chosen before the last few scores
 * are known, which costs one comparison in twenty and finds a little more.
 *
 * <p>Lists of links change while they are read, and may lead to nodes that were added after the
 * view was taken: those are passed over.
 *
 * <p><b>Confined</b>.
 */
final class HnswSearch {
  /** How many nodes are expanded at once. Measured: 2 is faster than 1 and 3 at equal recall. */
  private static final int WIDTH = 2;

  private static final int[] NOWHERE = {};

  /** The clock is read once in so many expansions. */
  private static final int CLOCK_EVERY = 16;

  private final HnswGraph graph;
  final CandidatePool pool = new CandidatePool();

  /** A bit for each node; all zero between searches. */
  private long[] visited = new long[0];

  /** The nodes that were or will be scored and whose bits are set, in the order of the visit. */
  private int[] touched = new int[1024];

  private int touchedCount;

  /** The nodes whose bits are set because they were bridged. */
  private int[] bridged = new int[64];

  private int bridgedCount;
  private float[] scores;

  private final boolean keepsScores;

  /** The scores of the touched nodes, where they are kept. */
  private float[] walkScores = new float[0];

  /** The links of a node, and of one across it. */
  private final int[] links;

  private final int[] further;

  /** How many nodes the view in hand has. */
  private int size;

  /** Kept, so that reading ahead is not left out. */
  private int kept;

  /** The node that walks go around, or none. */
  private int barred = HnswGraph.NONE;

  private int descended;
  private int expanded;

  /** The clock is read when so many nodes were expanded. */
  private int clockAt;

  /** A walk ends after so many steps that lead to no better node, or none if 0. */
  private int patience;

  /** Ranks that count as better. */
  private int betterRanks;

  HnswSearch(HnswGraph graph) {
    this(graph, false);
  }

  /**
   * Makes a search.
   *
   * @param keepsScores whether to remember the scores of all nodes that were met
   */
  HnswSearch(HnswGraph graph, boolean keepsScores) {
    this.graph = graph;
    this.keepsScores = keepsScores;
    scores = new float[Math.max(4 * graph.baseDegree, EntryNodes.MOST) + 4];
    links = new int[graph.baseDegree];
    further = new int[graph.baseDegree];
  }

  /**
   * Makes walks end early that have come to where they lead to (after Teofili and Lin, Patience in
   * proximity: a simple early termination strategy for HNSW graph traversal in approximate
   * k-nearest neighbor search, ECIR 2025).
   *
   * @param steps so many steps, of {@value #WIDTH} nodes each, find nothing better; 0 for never
   * @param ranks what is found is better if it is one of so many best
   */
  void endAfter(int steps, int ranks) {
    patience = steps;
    betterRanks = ranks;
  }

  /** Makes walks at the lowest level go around a node, as if it were not linked. */
  void bar(int node) {
    barred = node;
  }

  /** Returns how many levels a walk to one goes through before. */
  static int pathLength(HnswGraph.View view, int level) {
    EntryNodes.Chosen entries = view.entries();
    return (level < entries.level() ? entries.level() : view.top()) - level;
  }

  /** Finds the best node of every level above one, each from that of the level before. */
  int descend(HnswGraph.View view, NodeScorer scorer, int level) {
    return descend(view, scorer, level, NOWHERE);
  }

  /**
   * As {@link #descend(HnswGraph.View, NodeScorer, int)}, and writes down the way.
   *
   * @param path receives the best node of each level, the highest first
   */
  int descend(HnswGraph.View view, NodeScorer scorer, int level, int[] path) {
    EntryNodes.Chosen entries = view.entries();
    int top = view.top();
    int count = 1;
    touched[0] = view.entry();
    if (level < entries.level()) {
      top = entries.level();
      count = entries.nodes().length;
      System.arraycopy(entries.nodes(), 0, touched, 0, count);
    }
    kept += scorer.touch(view, touched, 0, count);
    scorer.score(view, touched, 0, count, scores);
    descended = count;
    int first = 0;
    for (int i = 1; i < count; i++) {
      first = scores[i] > scores[first] ? i : first;
    }
    int best = touched[first];
    float bestScore = scores[first];
    int length = 0;
    for (int current = top; current > level; current--) {
      // The best of all nodes of a level has no better neighbour there.
      boolean better = current != entries.level() || !entries.isAll();
      while (better) {
        better = false;
        count = list(view, best, current);
        kept += scorer.touch(view, touched, 0, count);
        scorer.score(view, touched, 0, count, scores);
        descended += count;
        for (int i = 0; i < count; i++) {
          if (scores[i] > bestScore) {
            bestScore = scores[i];
            best = touched[i];
            better = true;
          }
        }
      }
      if (length < path.length) {
        path[length++] = best;
      }
    }
    return best;
  }

  /** Writes the neighbours of a node that the view has. */
  private int list(HnswGraph.View view, int node, int level) {
    int linkCount = graph.links(view, node, level, links);
    int count = 0;
    for (int i = 0; i < linkCount; i++) {
      if (links[i] < view.size()) {
        touched[count++] = links[i];
      }
    }
    return count;
  }

  /**
   * Leaves the best {@code ef} nodes of a level that a walk from {@code start} finds in the pool.
   * At the lowest level the walk begins at the entry too, from which there is a way to every node:
   * from a long vector there may be ways to longer ones only.
   *
   * @param deadline when to stop, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   * @return whether the walk came to its end
   */
  boolean search(
      HnswGraph.View view, NodeScorer scorer, int start, int level, int ef, long deadline) {
    begin(view.size());
    pool.reset(ef);
    touch(start);
    if (level == 0 && isNew(view.entry())) {
      touch(view.entry());
    }
    boolean inTime = true;
    int from = 0;
    int to = touchedCount;
    int idle = 0;
    while (from < to && inTime && (idle < patience || patience == 0)) {
      for (int i = 0; i < WIDTH; i++) {
        int next = pool.next();
        if (next < 0) {
          break;
        }
        expand(view, next, level);
      }
      touchAhead(view, scorer, to, level);
      offer(view, scorer, from, to);
      idle = pool.takeBestRank() < betterRanks ? 0 : idle + 1;
      from = to;
      if (from == touchedCount) {
        expandAny(view, level);
        touchAhead(view, scorer, from, level);
      }
      to = touchedCount;
      inTime = isBefore(deadline);
    }
    end();
    return inTime;
  }

  private void expand(HnswGraph.View view, int node, int level) {
    if (level == 0) {
      visit(view.links(), node);
    } else {
      visit(node, graph.upperLinks(view, node), (level - 1) * graph.degree, graph.degree);
    }
    expanded++;
  }

  /** Expands nodes until one has a neighbour that was not visited. */
  private void expandAny(HnswGraph.View view, int level) {
    int before = touchedCount;
    while (touchedCount == before) {
      int node = pool.next();
      if (node < 0) {
        return;
      }
      expand(view, node, level);
    }
  }

  /**
   * Begins to read the codes of what was visited, all at once, and the links of the nodes that are
   * likely to be next: what is on its way together is waited for once.
   */
  private void touchAhead(HnswGraph.View view, NodeScorer scorer, int from, int level) {
    kept += scorer.touch(view, touched, from, touchedCount - from);
    if (level == 0) {
      touchNext(view);
    }
  }

  /**
   * Leaves the best {@code ef} nodes of a set that a walk at the lowest level finds in the pool.
   * The walk goes from one member of the set to the next, and where a node has few neighbours in
   * the set it steps over the others to theirs (after Patel et al., ACORN: performant and
   * predicate-agnostic search over vector embeddings and structured data, SIGMOD 2024).
   *
   * @param starts where to begin, in the set or not
   * @param deadline when to stop, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   * @return whether the walk came to its end
   */
  boolean searchWithin(
      HnswGraph.View view,
      NodeScorer scorer,
      int[] starts,
      int startCount,
      int ef,
      NodeSet set,
      long deadline) {
    begin(view.size());
    pool.reset(ef);
    for (int i = 0; i < startCount; i++) {
      if (isNew(starts[i])) {
        if (set.contains(starts[i])) {
          touch(starts[i]);
        } else {
          bridge(starts[i]);
          expandWithin(view, scorer, starts[i], set);
        }
      }
    }
    boolean inTime = true;
    int from = 0;
    int to = touchedCount;
    while (from < to && inTime) {
      for (int i = 0; i < WIDTH; i++) {
        int next = pool.next();
        if (next < 0) {
          break;
        }
        expandWithin(view, scorer, next, set);
      }
      offer(view, scorer, from, to);
      from = to;
      while (from == touchedCount) {
        int next = pool.next();
        if (next < 0) {
          break;
        }
        expandWithin(view, scorer, next, set);
      }
      to = touchedCount;
      inTime = isBefore(deadline);
    }
    end();
    return inTime;
  }

  private void expandWithin(HnswGraph.View view, NodeScorer scorer, int node, NodeSet set) {
    int from = touchedCount;
    int members = visitWithin(view, node, links, set);
    expanded++;
    int degree = graph.baseDegree;
    int wanted = degree * 3 / 2;
    for (int i = 0; i < degree && members < wanted; i++) {
      int across = links[i];
      if (across < size && !set.contains(across) && isNew(across)) {
        bridge(across);
        members += visitWithin(view, across, further, set);
      }
    }
    kept += scorer.touch(view, touched, from, touchedCount - from);
    touchNext(view);
  }

  private int visitWithin(HnswGraph.View view, int visitor, int[] links, NodeSet set) {
    view.links().get(visitor, links);
    int members = 0;
    for (int i = 0; i < graph.baseDegree; i++) {
      int node = links[i];
      if (set.contains(node)) {
        members++;
        if (isNew(node)) {
          touch(node);
        }
      }
    }
    return members;
  }

  private boolean isNew(int node) {
    return (visited[node >>> 6] >>> node & 1) == 0;
  }

  private void bridge(int node) {
    visited[node >>> 6] |= 1L << node;
    if (bridgedCount == bridged.length) {
      bridged = Arrays.copyOf(bridged, 2 * bridgedCount);
    }
    bridged[bridgedCount++] = node;
  }

  private boolean isBefore(long deadline) {
    if (deadline == Long.MAX_VALUE || expanded < clockAt) {
      return true;
    }
    clockAt = expanded + CLOCK_EVERY;
    return System.nanoTime() - deadline < 0;
  }

  private void begin(int nodes) {
    size = nodes;
    int words = (size + 63) >>> 6;
    if (visited.length < words) {
      visited = new long[Math.max(words, visited.length * 3 / 2)];
    }
    touchedCount = 0;
    bridgedCount = 0;
    expanded = 0;
    clockAt = 0;
    if (barred != HnswGraph.NONE) {
      bridge(barred);
    }
  }

  private void end() {
    for (int i = 0; i < touchedCount; i++) {
      visited[touched[i] >>> 6] = 0;
    }
    for (int i = 0; i < bridgedCount; i++) {
      visited[bridged[i] >>> 6] = 0;
    }
  }

  private void touch(int node) {
    visited[node >>> 6] |= 1L << node;
    if (touchedCount == touched.length) {
      touched = Arrays.copyOf(touched, 2 * touchedCount);
    }
    touched[touchedCount++] = node;
  }

  private void visit(NodeLinks links, int visitor) {
    if (links.highest() != null) {
      links.get(visitor, this.links);
      visit(visitor, this.links, 0, links.degree());
      return;
    }
    int count = links.degree();
    if (touched.length < touchedCount + count + 1) {
      touched = Arrays.copyOf(touched, 2 * touched.length + count);
    }
    char[] low = links.low()[visitor >>> links.shift()];
    byte[] high = links.high()[visitor >>> links.shift()];
    int lowAt = links.lowAt(visitor);
    int highAt = links.highAt(visitor);
    int[] touched = this.touched;
    long[] visited = this.visited;
    int size = this.size;
    int end = touchedCount;
    // As in the other visit, without a copy of the links.
    for (int i = 0; i < count; i++) {
      int link = low[lowAt + i] | (high[highAt + i] & 0xff) << 16;
      int node = link < size ? link : visitor;
      long word = visited[node >>> 6];
      long bit = word >>> node & 1;
      touched[end] = node;
      end += 1 - (int) bit;
      visited[node >>> 6] = word | 1L << node;
    }
    touchedCount = end;
  }

  private void visit(int visitor, int[] links, int from, int count) {
    if (touched.length < touchedCount + count + 1) {
      touched = Arrays.copyOf(touched, 2 * touched.length + count);
    }
    int[] touched = this.touched;
    long[] visited = this.visited;
    int size = this.size;
    int end = touchedCount;
    // Places without a link lead to the node itself, which was visited.
    for (int i = from; i < from + count; i++) {
      int link = links[i];
      int node = link < size ? link : visitor;
      long word = visited[node >>> 6];
      long bit = word >>> node & 1;
      // Written in any case and kept if new: cheaper than a branch that is often mispredicted.
      touched[end] = node;
      end += 1 - (int) bit;
      visited[node >>> 6] = word | 1L << node;
    }
    touchedCount = end;
  }

  /** Reads the links of the two nodes that are likely to be next. */
  private void touchNext(HnswGraph.View view) {
    int next = pool.peek();
    if (next >= 0) {
      int second = pool.peekSecond();
      kept += view.links().touch(next);
      if (second >= 0) {
        kept += view.links().touch(second);
      }
    }
  }

  private void offer(HnswGraph.View view, NodeScorer scorer, int from, int to) {
    int count = to - from;
    if (scores.length < count + 4) {
      scores = new float[2 * count + 4];
    }
    scorer.score(view, touched, from, count, scores);
    pool.addAll(touched, from, scores, count);
    if (keepsScores) {
      if (walkScores.length < to) {
        walkScores = Arrays.copyOf(walkScores, touched.length);
      }
      System.arraycopy(scores, 0, walkScores, from, count);
    }
  }

  /**
   * How many nodes the last search scored, those of a descent included if it was the first since.
   */
  int scoredCount() {
    int count = touchedCount + descended;
    descended = 0;
    return count;
  }

  /** How many nodes the last search scored, those of a descent not included. */
  int walkedCount() {
    return touchedCount;
  }

  /** Returns a node that the last search scored. */
  int walked(int place) {
    return touched[place];
  }

  /** Returns the score of such a node, if scores are kept. */
  float walkedScore(int place) {
    return walkScores[place];
  }

  /** How many nodes had their links read by the last search. */
  int expandedCount() {
    return expanded + bridgedCount;
  }

  /** How many nodes outside its set the last search stepped over. */
  int bridgedCount() {
    return bridgedCount;
  }
}
