package io.recommender.ann.internal;

import java.util.Arrays;

/**
 * The best nodes a search has seen, best first, each open or expanded: a sorted array of bounded
 * size, with a bit for each place that is open.
 *
 * <p>An array beats a heap here because it is short, stays in the first-level cache, and is result
 * list and queue of work at once. Of equal scores the one that came first is better.
 *
 * <p>Internal. May change in any release. <b>Confined</b>.
 */
public final class CandidatePool {
  private float[] scores = new float[65];
  private int[] nodes = new int[65];
  private long[] open = new long[2];
  private int[] better = new int[64];
  private int capacity;
  private int size;

  /** The best rank that was taken since this was asked for. */
  private int bestTaken;

  /** Empties the pool for a search that keeps the best {@code capacity} nodes. */
  public void reset(int capacity) {
    this.capacity = capacity;
    size = 0;
    bestTaken = capacity;
    if (nodes.length < capacity + 1) {
      scores = new float[capacity + 1];
      nodes = new int[capacity + 1];
      open = new long[(capacity >>> 6) + 1];
    } else {
      Arrays.fill(open, 0);
    }
  }

  /** A score at or below this one does not enter. */
  public float worst() {
    return size < capacity ? Float.NEGATIVE_INFINITY : scores[size - 1];
  }

  /**
   * Adds those of many nodes that are good enough, as open ones. None may be in the pool.
   *
   * @param from where in {@code nodes} they begin; their scores begin at 0
   */
  public void addAll(int[] candidates, int from, float[] candidateScores, int count) {
    if (better.length < count) {
      better = new int[2 * count];
    }
    int[] better = this.better;
    float worst = worst();
    int kept = 0;
    for (int i = 0; i < count; i++) {
      // Written in any case and kept if better: cheaper than a branch that is often mispredicted.
      better[kept] = i;
      kept += candidateScores[i] > worst ? 1 : 0;
    }
    for (int j = 0; j < kept; j++) {
      int i = better[j];
      if (candidateScores[i] > worst()) {
        add(candidates[from + i], candidateScores[i]);
      }
    }
  }

  private void add(int node, float score) {
    float[] scores = this.scores;
    int place = 0;
    for (int rest = size; rest > 0; ) {
      int half = rest + 1 >>> 1;
      place = scores[place + half - 1] >= score ? place + half : place;
      rest -= half;
    }
    int moved = Math.min(size, capacity - 1) - place;
    System.arraycopy(scores, place, scores, place + 1, moved);
    System.arraycopy(nodes, place, nodes, place + 1, moved);
    scores[place] = score;
    nodes[place] = node;
    if (size < capacity) {
      size++;
    }
    bestTaken = Math.min(bestTaken, place);
    open(place);
  }

  /** Moves the bits from a place on, and sets that of the place. */
  private void open(int place) {
    int word = place >>> 6;
    long bits = open[word];
    long below = (1L << place) - 1;
    long carry = bits >>> 63;
    open[word] = bits & below | (bits & ~below) << 1 | 1L << place;
    int last = capacity >>> 6;
    while (word < last) {
      word++;
      bits = open[word];
      open[word] = bits << 1 | carry;
      carry = bits >>> 63;
    }
    open[last] &= ~(1L << capacity);
  }

  /**
   * Returns the best rank that a node has taken since the last call or {@link #reset}, or the
   * capacity if none has entered.
   */
  public int takeBestRank() {
    int best = bestTaken;
    bestTaken = capacity;
    return best;
  }

  /** Makes all nodes open again. */
  public void reopen() {
    for (int word = 0; word < open.length; word++) {
      int rest = size - (word << 6);
      open[word] = rest >= 64 ? -1 : rest > 0 ? (1L << rest) - 1 : 0;
    }
  }

  /** Returns the best open node and counts it as expanded, or -1 if there is none. */
  public int next() {
    for (int word = 0; word << 6 < size; word++) {
      long bits = open[word];
      if (bits != 0) {
        open[word] = bits & bits - 1;
        return nodes[(word << 6) + Long.numberOfTrailingZeros(bits)];
      }
    }
    return -1;
  }

  /** Returns the best open node, or -1 if there is none. */
  public int peek() {
    for (int word = 0; word << 6 < size; word++) {
      if (open[word] != 0) {
        return nodes[(word << 6) + Long.numberOfTrailingZeros(open[word])];
      }
    }
    return -1;
  }

  /**
   * Returns whether a node is in the pool that was offered with a score: all that were better than
   * the worst one are.
   */
  public boolean holds(int node, float score) {
    if (score > worst()) {
      return true;
    }
    for (int rank = size - 1; rank >= 0 && scores[rank] == score; rank--) {
      if (nodes[rank] == node) {
        return true;
      }
    }
    return false;
  }

  /** Returns the second best open node, or -1 if there are fewer than two. */
  public int peekSecond() {
    boolean isFirst = true;
    for (int word = 0; word << 6 < size; word++) {
      long bits = open[word];
      if (isFirst && bits != 0) {
        bits &= bits - 1;
        isFirst = false;
      }
      if (bits != 0) {
        return nodes[(word << 6) + Long.numberOfTrailingZeros(bits)];
      }
    }
    return -1;
  }

  /** Returns how many nodes there are. */
  public int size() {
    return size;
  }

  /** Returns the node of a rank. */
  public int node(int rank) {
    return nodes[rank];
  }

  /** Returns the score of a rank. */
  public float score(int rank) {
    return scores[rank];
  }
}
