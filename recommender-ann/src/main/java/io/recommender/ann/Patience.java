package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;

/**
 * Ends walks early that have come to where they lead to (after Teofili and Lin, Patience in
 * proximity: a simple early termination strategy for HNSW graph traversal in approximate k-nearest
 * neighbor search, ECIR 2025).
 *
 * <p><b>Confined</b> to a search.
 */
final class Patience {
  private static final int LEAST = 4;

  private int usualPart;
  private int unusualPart;
  private int ranks;

  /** How many steps without a find are borne: mostly, and if nothing usual was found. */
  private int most;

  private int mostUnusual;

  /** The steps since something better was found. */
  private int idle;

  /**
   * Sets how many steps find nothing better before a walk ends: a part of how many nodes are kept,
   * at least {@value #LEAST}.
   *
   * @param usual the part; 0 for no end
   * @param unusual the part where {@linkplain EntryLists lists} do not tell that one half of the
   *     best is as near as usual
   * @param ranks what is found is better if it is one of so many best
   */
  void set(int usual, int unusual, int ranks) {
    usualPart = usual;
    unusualPart = unusual;
    this.ranks = ranks;
  }

  /** Lets walks go on to their end. */
  void setEndless() {
    set(0, 0, 0);
  }

  /** Begins with a walk that keeps so many nodes. */
  void begin(int breadth) {
    most = steps(usualPart, breadth);
    mostUnusual = steps(unusualPart, breadth);
    idle = 0;
  }

  private static int steps(int part, int breadth) {
    return part == 0 ? Integer.MAX_VALUE : Math.max(LEAST, breadth / part);
  }

  /** Takes note of a step. */
  void step(CandidatePool pool) {
    idle = pool.takeBestRank() < ranks ? 0 : idle + 1;
  }

  /**
   * Returns whether to go on.
   *
   * @param isAtLists whether the walk began at what the lookup found
   */
  boolean lasts(CandidatePool pool, boolean isAtLists, EntryLists.Lookup lookup) {
    if (idle < most) {
      return true;
    }
    int half = Math.min(pool.size(), ranks / 2);
    boolean isUsual = isAtLists && half > 0 && lookup.isUsual(pool.score(half - 1));
    return idle < mostUnusual && !isUsual;
  }
}
