package io.recommender.ann.internal;

/**
 * The best nodes a search has seen, best first, each open or expanded: a sorted array of bounded
 * size.
 *
 * <p>An array beats a heap here because it is short, stays in the first-level cache, and is result
 * list and queue of work at once. Score, node and whether it is open are one number, and what
 * enters together is sorted and then merged in one pass, so that each number moves once. Measured
 * on the walks of queries: 8 microseconds where one search and two moves for each node took 14.
 *
 * <p>Of equal scores the lower node is better. If the pool is full, a score that equals the worst
 * one enters only together with the node that has made it the worst.
 *
 * <p>Internal. May change in any release. <b>Confined</b>.
 */
public final class CandidatePool {
  /** As many are merged at once: they are sorted by counting, which takes the square of steps. */
  private static final int MERGED = 16;

  private static final long OPEN = 1;

  /** Greater than any key. */
  private static final long FENCE = Long.MAX_VALUE;

  /** The fence, then a key for each node: its score, the node counted down, whether it is open. */
  private long[] keys = new long[65];

  /** Which candidates are to be merged next. */
  private final int[] places = new int[MERGED];

  /** The keys of these. */
  private final long[] entering = new long[MERGED];

  private final long[] sorted = new long[MERGED];
  private int capacity;
  private int size;

  /** No place before this one is open. */
  private int firstOpen;

  /** The best rank that was taken since this was asked for. */
  private int bestTaken;

  /** Makes an empty pool of no capacity. */
  public CandidatePool() {
    keys[0] = FENCE;
  }

  /** Empties the pool for a search that keeps the best {@code capacity} nodes. */
  public void reset(int capacity) {
    this.capacity = capacity;
    size = 0;
    firstOpen = 1;
    bestTaken = capacity;
    if (keys.length < capacity + MERGED + 1) {
      keys = new long[capacity + MERGED + 1];
      keys[0] = FENCE;
    }
  }

  /** A score at or below this one does not enter. */
  public float worst() {
    return size < capacity ? Float.NEGATIVE_INFINITY : score(size - 1);
  }

  /**
   * Adds those of many nodes that are good enough, as open ones. None may be in the pool. Takes
   * least if the best come last.
   *
   * @param from where in {@code candidates} they begin; their scores begin at 0
   */
  public void addAll(int[] candidates, int from, float[] candidateScores, int count) {
    int[] places = this.places;
    float worst = worst();
    int kept = 0;
    for (int i = count - 1; i >= 0; i--) {
      // Written in any case and kept if better: cheaper than a branch that is often mispredicted.
      places[kept] = i;
      kept += candidateScores[i] > worst ? 1 : 0;
      if (kept == MERGED) {
        merge(candidates, from, candidateScores, kept);
        worst = worst();
        kept = 0;
      }
    }
    if (kept > 0) {
      merge(candidates, from, candidateScores, kept);
    }
  }

  private static long key(int node, float score) {
    return (long) ascending(Float.floatToRawIntBits(score)) << 32
        | (~node & 0x7fffffffL) << 1
        | OPEN;
  }

  /** Turns the bits of floats into numbers of the same order, and back. */
  private static int ascending(int bits) {
    return bits ^ bits >> 31 & 0x7fffffff;
  }

  private void merge(int[] candidates, int from, float[] candidateScores, int count) {
    for (int i = 0; i < count; i++) {
      int place = places[i];
      entering[i] = key(candidates[from + place], candidateScores[place]);
    }
    sort(count);
    long[] keys = this.keys;
    int last = size;
    int next = count - 1;
    int place = size + count;
    for (; place > capacity; place--) {
      if (keys[last] < sorted[next]) {
        last--;
      } else if (--next < 0) {
        return;
      }
    }
    size = place;
    for (; next >= 0; next--) {
      long key = sorted[next];
      while (keys[last] < key) {
        keys[place--] = keys[last--];
      }
      keys[place--] = key;
    }
    firstOpen = Math.min(firstOpen, place + 1);
    bestTaken = Math.min(bestTaken, place);
  }

  private void sort(int count) {
    long[] entering = this.entering;
    for (int i = 0; i < count; i++) {
      long key = entering[i];
      int rank = 0;
      for (int j = 0; j < count; j++) {
        rank += entering[j] > key ? 1 : 0;
      }
      sorted[rank] = key;
    }
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
    for (int place = 1; place <= size; place++) {
      keys[place] |= OPEN;
    }
    firstOpen = 1;
  }

  /** Returns the best open node and counts it as expanded, or -1 if there is none. */
  public int next() {
    int place = open(firstOpen);
    firstOpen = place;
    if (place > size) {
      return -1;
    }
    keys[place] ^= OPEN;
    return node(place - 1);
  }

  /** Returns the first place from one on that is open, or one behind the last. */
  private int open(int from) {
    long[] keys = this.keys;
    int place = from;
    while (place <= size && (keys[place] & OPEN) == 0) {
      place++;
    }
    return place;
  }

  /** Returns the best open node, or -1 if there is none. */
  public int peek() {
    int place = open(firstOpen);
    firstOpen = place;
    return place > size ? -1 : node(place - 1);
  }

  /** Returns the second best open node, or -1 if there are fewer than two. */
  public int peekSecond() {
    int place = open(open(firstOpen) + 1);
    return place > size ? -1 : node(place - 1);
  }

  /**
   * Returns whether a node is in the pool that was offered with a score: all that were better than
   * the worst one are.
   */
  public boolean holds(int node, float score) {
    if (score > worst()) {
      return true;
    }
    for (int rank = size - 1; rank >= 0 && score(rank) == score; rank--) {
      if (node(rank) == node) {
        return true;
      }
    }
    return false;
  }

  /** Returns how many nodes there can be. */
  public int capacity() {
    return capacity;
  }

  /** Returns how many nodes there are. */
  public int size() {
    return size;
  }

  /** Returns the node of a rank. */
  public int node(int rank) {
    return ~(int) (keys[rank + 1] >> 1) & 0x7fffffff;
  }

  /** Returns the score of a rank. */
  public float score(int rank) {
    return Float.intBitsToFloat(ascending((int) (keys[rank + 1] >> 32)));
  }
}
