package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;
import java.util.Arrays;

/**
 * One search through a graph at a time, with the memory that searches reuse.
 *
 * <p>A node's unvisited neighbours are scored together, which keeps several cache misses in flight:
 * a search waits for memory, not for arithmetic.
 *
 * <p><b>Confined</b>.
 */
final class HnswSearch {
  private final HnswGraph graph;
  private final HnswGraph.Ranking ranking;
  final CandidatePool pool = new CandidatePool();

  /** A bit for each node; all zero between searches. */
  private long[] visited = new long[0];

  /** The nodes whose bits are set, in the order of the visit. */
  private int[] touched = new int[1024];

  private int touchedCount;
  private final float[] scores;

  /** Nodes whose links were read. */
  private int expanded;

  HnswSearch(HnswGraph graph, HnswGraph.Ranking ranking) {
    this.graph = graph;
    this.ranking = ranking;
    scores = new float[graph.baseDegree + 4];
  }

  /** Finds the best node of every level above one, each from that of the level before. */
  int descend(HnswGraph.View view, float[] query, int level) {
    int best = view.entry();
    touched[0] = best;
    graph.score(view, ranking, query, touched, 0, 1, scores);
    float bestScore = scores[0];
    for (int current = view.top(); current > level; current--) {
      boolean better = true;
      while (better) {
        better = false;
        int[] links = graph.links(view, best, current);
        int at = graph.linksAt(best, current);
        int count = links[at];
        graph.score(view, ranking, query, links, at + 1, count, scores);
        for (int i = 0; i < count; i++) {
          if (scores[i] > bestScore) {
            bestScore = scores[i];
            best = links[at + 1 + i];
            better = true;
          }
        }
      }
    }
    return best;
  }

  /**
   * Leaves the best {@code ef} nodes of a level that a walk from {@code start} finds in the pool.
   */
  void search(HnswGraph.View view, float[] query, int start, int level, int ef) {
    begin(view.size());
    pool.reset(ef);
    touch(start);
    offer(view, query, 0);
    for (int node = pool.next(); node >= 0; node = pool.next()) {
      int[] links = graph.links(view, node, level);
      int at = graph.linksAt(node, level);
      int from = touchedCount;
      visit(links, at + 1, links[at]);
      expanded++;
      offer(view, query, from);
    }
    end();
  }

  private void begin(int size) {
    int words = (size + 63) >>> 6;
    if (visited.length < words) {
      visited = new long[Math.max(words, visited.length * 3 / 2)];
    }
    touchedCount = 0;
    expanded = 0;
  }

  private void end() {
    for (int i = 0; i < touchedCount; i++) {
      visited[touched[i] >>> 6] = 0;
    }
  }

  private void touch(int node) {
    visited[node >>> 6] |= 1L << node;
    touched[touchedCount++] = node;
  }

  private void visit(int[] links, int from, int count) {
    if (touched.length < touchedCount + count + 1) {
      touched = Arrays.copyOf(touched, 2 * touched.length + count);
    }
    int[] touched = this.touched;
    long[] visited = this.visited;
    int end = touchedCount;
    for (int i = from; i < from + count; i++) {
      int node = links[i];
      long word = visited[node >>> 6];
      long bit = word >>> node & 1;
      // Written in any case and kept if new: cheaper than a branch that is often mispredicted.
      touched[end] = node;
      end += 1 - (int) bit;
      visited[node >>> 6] = word | 1L << node;
    }
    touchedCount = end;
  }

  private void offer(HnswGraph.View view, float[] query, int from) {
    int count = touchedCount - from;
    graph.score(view, ranking, query, touched, from, count, scores);
    float worst = pool.worst();
    for (int i = 0; i < count; i++) {
      if (scores[i] > worst) {
        pool.add(touched[from + i], scores[i]);
        worst = pool.worst();
      }
    }
  }

  /** How many vectors the last search compared with the query. */
  int visitedCount() {
    return touchedCount;
  }

  /** How many nodes the last search expanded. */
  int expandedCount() {
    return expanded;
  }
}
