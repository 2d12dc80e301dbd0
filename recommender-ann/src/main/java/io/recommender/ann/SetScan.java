package io.recommender.ann;

import io.recommender.ann.internal.CandidatePool;

/**
 * Scores the members of a set by codes.
 *
 * <p><b>Confined</b>.
 */
final class SetScan {
  private static final int BLOCK = 64;

  /** So many copied codes are scored at once. */
  private static final int PACKED = 4 * PackedNodes.BLOCK;

  /** A scan of copied codes reads the clock once in so many steps. */
  private static final int CLOCK_EVERY = 16;

  private final CandidatePool pool;
  private final int[] block = new int[BLOCK];
  private final float[] scores = new float[Math.max(BLOCK + 4, PACKED)];
  private int scored;

  /** Kept, so that reading ahead is not left out. */
  private int kept;

  /**
   * Makes a scan.
   *
   * @param pool receives the members
   */
  SetScan(CandidatePool pool) {
    this.pool = pool;
  }

  /**
   * Offers the members of a set to the pool.
   *
   * @param deadline when to stop, as {@link System#nanoTime}, or {@link Long#MAX_VALUE}
   * @return whether all were offered
   */
  boolean run(HnswGraph.View view, NodeScorer walker, NodeSet set, long deadline) {
    scored = 0;
    PackedNodes packed = set.packed();
    return packed != null && walker instanceof NibbleScorer byCodes && !byCodes.isMissed()
        ? scorePacked(byCodes, packed, deadline)
        : scoreMembers(view, walker, set, deadline);
  }

  /** {@return how many members the last run scored} */
  int scored() {
    return scored;
  }

  private boolean scoreMembers(HnswGraph.View view, NodeScorer walker, NodeSet set, long deadline) {
    boolean inTime = true;
    int next = 0;
    int count;
    while (inTime && (count = set.list(next, block, 0)) > 0) {
      kept += walker.touch(view, block, 0, count);
      walker.score(view, block, 0, count, scores);
      pool.addAll(block, 0, scores, count);
      scored += count;
      next = block[count - 1] + 1;
      inTime = !isLate(deadline);
    }
    return inTime;
  }

  private boolean scorePacked(NibbleScorer walker, PackedNodes packed, long deadline) {
    int[] nodes = packed.nodes();
    boolean inTime = true;
    int done = 0;
    for (int steps = 1; done < nodes.length && inTime; steps++) {
      int count = Math.min(PACKED, nodes.length - done);
      int blocks = (count + PackedNodes.BLOCK - 1) / PackedNodes.BLOCK;
      walker.score(packed, done / PackedNodes.BLOCK, blocks, scores);
      pool.addAll(nodes, done, scores, count);
      // Reading the clock takes as long as scoring dozens of rows.
      inTime = steps % CLOCK_EVERY != 0 || !isLate(deadline);
      done += PACKED;
    }
    scored = Math.min(done, nodes.length);
    return inTime;
  }

  private static boolean isLate(long deadline) {
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0;
  }
}
