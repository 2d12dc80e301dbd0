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

  /** How many of the best nodes of an upper level are expanded. */
  private static final int UPPER_WIDTH = 2;

  private static final int[] NOWHERE = {};

  /** The clock is read once in so many expansions. */
  private static final int CLOCK_EVERY = 16;

  private final HnswGraph graph;
  final CandidatePool pool = new CandidatePool();

  private final VisitedNodes visited = new VisitedNodes();

  /** The best nodes of lists, or of the levels above the one a walk goes to. */
  private final CandidatePool upper = new CandidatePool();

  private final EntryLists.Lookup lookup = new EntryLists.Lookup();

  /** How many nodes of lists were compared, beside those to begin with. */
  private int listed;

  private float[] scores;

  private final boolean keepsScores;

  /** The scores of the touched nodes, where they are kept, and of those of the upper levels. */
  private float[] walkScores = new float[1024];

  /** The links of a node, and of one across it. */
  private final int[] links;

  private final int[] further;

  /** Kept, so that reading ahead is not left out. */
  private int kept;

  /** The node that walks go around, or none. */
  private int barred = HnswGraph.NONE;

  private int expanded;

  /** The clock is read when so many nodes were expanded. */
  private int clockAt;

  /** How long a walk goes on that finds nothing better; endless, unless set. */
  final Patience patience = new Patience();

  private boolean isAtLists;

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
    scores = new float[Math.max(4 * graph.baseDegree, EntryNodes.MOST + 1) + 4];
    links = new int[graph.baseDegree];
    further = new int[graph.baseDegree];
  }

  /** Makes walks go around a node, as if it were not linked, unless it is the only way in. */
  void bar(int node) {
    barred = node;
  }

  /** Returns how many levels a walk to one goes through before. */
  static int pathLength(HnswGraph.View view, int level) {
    EntryNodes.Chosen entries = view.entries();
    return (level < entries.level() ? entries.level() : view.top()) - level;
  }

  /**
   * Finds the best node of every level above one.
   *
   * @param path receives them, that of the highest level first
   */
  void descend(HnswGraph.View view, NodeScorer scorer, int level, int[] path) {
    begin(view.size());
    descendTo(view, scorer, level, path);
    visited.end();
  }

  /**
   * Walks down to a level, from the entry and those chosen beside it, with few of the best of each
   * level: with one alone a walk is led astray more often. The scores of all that it meets are
   * kept.
   */
  private void descendTo(HnswGraph.View view, NodeScorer scorer, int level, int[] path) {
    EntryNodes.Chosen entries = view.entries();
    int top = view.top();
    if (visited.isNew(view.entry())) {
      visited.touch(view.entry());
    }
    if (level < entries.level()) {
      top = entries.level();
      visited.touchNew(entries.nodes());
    }
    if (visited.count() == 0) {
      // There is no other way in than by the one to go around.
      visited.touch(view.entry());
    }
    upper.reset(UPPER_WIDTH);
    int from = scoreUpper(view, scorer, 0);
    int length = 0;
    for (int current = top; current > level; current--) {
      // The best of all nodes of a level have no better neighbours there.
      if (current != entries.level() || !entries.isAll()) {
        upper.reopen();
        while (expandUpper(view, current)) {
          from = scoreUpper(view, scorer, from);
        }
      }
      if (length < path.length) {
        path[length++] = upper.node(0);
      }
    }
  }

  /** Begins at the best nodes of lists, if there are any for such scores. */
  private boolean beginAtLists(HnswGraph.View view, NodeScorer scorer) {
    EntryLists lists = view.entries().lists();
    if (lists == null
        || !(scorer instanceof NibbleScorer byCodes)
        || !byCodes.canScore(view, lists.space())) {
      return false;
    }
    lookup.find(lists, byCodes, barred, upper);
    isAtLists = true;
    listed = lookup.compared();
    for (int rank = 0; rank < upper.size(); rank++) {
      int node = upper.node(rank);
      if (visited.isNew(node)) {
        walkScores[visited.count()] = upper.score(rank);
        visited.touch(node);
        listed--;
      }
    }
    return visited.count() > 0;
  }

  /** Expands the best open nodes, so that what they lead to is waited for once. */
  private boolean expandUpper(HnswGraph.View view, int level) {
    boolean isAny = false;
    for (int i = 0; i < WIDTH; i++) {
      int node = upper.next();
      if (node < 0) {
        break;
      }
      expand(view, node, level);
      isAny = true;
    }
    return isAny;
  }

  private int scoreUpper(HnswGraph.View view, NodeScorer scorer, int from) {
    int to = visited.count();
    kept += scorer.touch(view, visited.nodes(), from, to - from);
    score(view, scorer, from, to);
    keep(from, to);
    upper.addAll(visited.nodes(), from, scores, to - from);
    return to;
  }

  /** Returns the best node of lists or upper levels that the last walk found. */
  int start() {
    return upper.node(0);
  }

  /**
   * Leaves the best {@code ef} nodes that a walk finds in the pool. It comes from {@link
   * EntryLists} or from the upper levels, and all the good ones that it met there are in the pool
   * from the beginning: if the best of them leads into a cluster without the nearest nodes, another
   * may lead to these.
   *
   * @param deadline when to stop, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   * @return whether the walk came to its end
   */
  boolean search(HnswGraph.View view, NodeScorer scorer, int ef, long deadline) {
    begin(view.size());
    pool.reset(ef);
    if (!beginAtLists(view, scorer)) {
      descendTo(view, scorer, 0, NOWHERE);
    }
    int from = visited.count();
    pool.addAll(visited.nodes(), 0, walkScores, from);
    expandAny(view, 0);
    touchAhead(view, scorer, from, 0);
    return walk(view, scorer, 0, from, deadline);
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
    visited.touch(start);
    if (level == 0 && visited.isNew(view.entry())) {
      visited.touch(view.entry());
    }
    return walk(view, scorer, level, 0, deadline);
  }

  /** Walks on from what was touched and not yet scored. */
  private boolean walk(
      HnswGraph.View view, NodeScorer scorer, int level, int unscored, long deadline) {
    boolean inTime = true;
    patience.begin(pool.capacity());
    int from = unscored;
    int to = visited.count();
    while (from < to && inTime && patience.lasts(pool, isAtLists, lookup)) {
      for (int i = 0; i < WIDTH; i++) {
        int next = pool.next();
        if (next < 0) {
          break;
        }
        expand(view, next, level);
      }
      touchAhead(view, scorer, to, level);
      offer(view, scorer, from, to);
      patience.step(pool);
      from = to;
      if (from == visited.count()) {
        expandAny(view, level);
        touchAhead(view, scorer, from, level);
      }
      to = visited.count();
      inTime = isBefore(deadline);
    }
    visited.end();
    return inTime;
  }

  private void expand(HnswGraph.View view, int node, int level) {
    if (level == 0) {
      visit(view.links(), node);
    } else {
      int first = (level - 1) * graph.degree;
      visited.touchLinked(node, graph.upperLinks(view, node), first, graph.degree);
    }
    expanded++;
  }

  /** Expands nodes until one has a neighbour that was not visited. */
  private void expandAny(HnswGraph.View view, int level) {
    int before = visited.count();
    while (visited.count() == before) {
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
    kept += scorer.touch(view, visited.nodes(), from, visited.count() - from);
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
      if (visited.isNew(starts[i])) {
        if (set.contains(starts[i])) {
          visited.touch(starts[i]);
        } else {
          visited.bridge(starts[i]);
          expandWithin(view, scorer, starts[i], set);
        }
      }
    }
    boolean inTime = true;
    int from = 0;
    int to = visited.count();
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
      while (from == visited.count()) {
        int next = pool.next();
        if (next < 0) {
          break;
        }
        expandWithin(view, scorer, next, set);
      }
      to = visited.count();
      inTime = isBefore(deadline);
    }
    visited.end();
    return inTime;
  }

  private void expandWithin(HnswGraph.View view, NodeScorer scorer, int node, NodeSet set) {
    int from = visited.count();
    int members = visitWithin(view, node, links, set);
    expanded++;
    int degree = graph.baseDegree;
    int wanted = degree * 3 / 2;
    for (int i = 0; i < degree && members < wanted; i++) {
      int across = links[i];
      if (across < view.size() && !set.contains(across) && visited.isNew(across)) {
        visited.bridge(across);
        members += visitWithin(view, across, further, set);
      }
    }
    kept += scorer.touch(view, visited.nodes(), from, visited.count() - from);
    touchNext(view);
  }

  private int visitWithin(HnswGraph.View view, int visitor, int[] links, NodeSet set) {
    view.links().get(visitor, links);
    int members = 0;
    for (int i = 0; i < graph.baseDegree; i++) {
      int node = links[i];
      if (set.contains(node)) {
        members++;
        if (visited.isNew(node)) {
          visited.touch(node);
        }
      }
    }
    return members;
  }

  private boolean isBefore(long deadline) {
    if (deadline == Long.MAX_VALUE || expanded < clockAt) {
      return true;
    }
    clockAt = expanded + CLOCK_EVERY;
    return System.nanoTime() - deadline < 0;
  }

  private void begin(int nodes) {
    visited.begin(nodes);
    expanded = 0;
    listed = 0;
    isAtLists = false;
    clockAt = 0;
    if (barred != HnswGraph.NONE) {
      visited.bridge(barred);
    }
  }

  private void visit(NodeLinks links, int visitor) {
    if (links.highest() == null) {
      visited.touchLinked(visitor, links);
    } else {
      links.get(visitor, this.links);
      visited.touchLinked(visitor, this.links, 0, links.degree());
    }
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
    score(view, scorer, from, to);
    pool.addAll(visited.nodes(), from, scores, to - from);
    if (keepsScores) {
      keep(from, to);
    }
  }

  private void score(HnswGraph.View view, NodeScorer scorer, int from, int to) {
    if (scores.length < to - from + 4) {
      scores = new float[2 * (to - from) + 4];
    }
    scorer.score(view, visited.nodes(), from, to - from, scores);
  }

  private void keep(int from, int to) {
    if (walkScores.length < to) {
      walkScores = Arrays.copyOf(walkScores, 2 * to);
    }
    System.arraycopy(scores, 0, walkScores, from, to - from);
  }

  /** How many nodes the last search scored on its way. */
  int scoredCount() {
    return visited.count();
  }

  /** How many other nodes of lists the last search scored before. */
  int listedCount() {
    return listed;
  }

  /** Returns a node that the last search scored. */
  int walked(int place) {
    return visited.nodes()[place];
  }

  /** Returns the score of such a node, if scores are kept. */
  float walkedScore(int place) {
    return walkScores[place];
  }

  /** How many nodes had their links read by the last search. */
  int expandedCount() {
    return expanded + visited.bridgedCount();
  }

  /** How many nodes outside its set the last search stepped over. */
  int bridgedCount() {
    return visited.bridgedCount();
  }
}
