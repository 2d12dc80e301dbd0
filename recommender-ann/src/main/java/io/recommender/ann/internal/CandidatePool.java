package io.recommender.ann.internal;

/**
 * The best nodes a search has seen, best first, each either expanded or not: a sorted array of
 * bounded size with a cursor at the best one that is not expanded.
 *
 * <p>An array beats a heap here because it is short, stays in the first-level cache, and is result
 * list and queue of work at once. Of equal scores the one that came first is better.
 *
 * <p>Internal. May change in any release. <b>Confined</b>.
 */
public final class CandidatePool {
  private static final int EXPANDED = 1 << 31;

  private float[] scores = new float[64];
  private int[] nodes = new int[64];
  private int capacity;
  private int size;
  private int cursor;

  /** Empties the pool for a search that keeps the best {@code capacity} nodes. */
  public void reset(int capacity) {
    this.capacity = capacity;
    size = 0;
    cursor = 0;
    if (nodes.length < capacity + 1) {
      scores = new float[capacity + 1];
      nodes = new int[capacity + 1];
    }
  }

  /** A score at or below this one does not enter. */
  public float worst() {
    return size < capacity ? Float.NEGATIVE_INFINITY : scores[size - 1];
  }

  /** Adds a node that is not in the pool, with a score above {@link #worst}. */
  public void add(int node, float score) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (scores[middle] >= score) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    int moved = Math.min(size, capacity - 1) - low;
    System.arraycopy(scores, low, scores, low + 1, moved);
    System.arraycopy(nodes, low, nodes, low + 1, moved);
    scores[low] = score;
    nodes[low] = node;
    if (size < capacity) {
      size++;
    }
    if (low < cursor) {
      cursor = low;
    }
  }

  /** Returns the best node that was not returned before, or -1. */
  public int next() {
    while (cursor < size) {
      int node = nodes[cursor];
      if (node >= 0) {
        nodes[cursor++] = node | EXPANDED;
        return node;
      }
      cursor++;
    }
    return -1;
  }

  /** Returns how many nodes there are. */
  public int size() {
    return size;
  }

  /** Returns the node of a rank. */
  public int node(int rank) {
    return nodes[rank] & ~EXPANDED;
  }

  /** Returns the score of a rank. */
  public float score(int rank) {
    return scores[rank];
  }
}
