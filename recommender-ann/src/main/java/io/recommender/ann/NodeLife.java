package io.recommender.ann;

import java.util.Arrays;

/**
 * From which version to which a node is shown: a search that began at version v shows the nodes
 * born at or before v that ended after v, so it sees each item once and as it was at v.
 *
 * <p><b>Thread safety.</b> One writer, which publishes a version by a volatile write after it wrote
 * what the version shows. A reader that has read the version sees everything of it, and whatever it
 * happens to see of a later one compares as not yet there.
 */
final class NodeLife {
  private static final long NEVER = Long.MAX_VALUE;

  private volatile long[][] lives = {filled(64), filled(64)};

  private static long[] filled(int length) {
    long[] versions = new long[length];
    Arrays.fill(versions, NEVER);
    return versions;
  }

  void ensure(int nodes) {
    long[][] current = lives;
    if (current[0].length < nodes) {
      int length = Math.max(nodes, current[0].length * 3 / 2);
      lives = new long[][] {extended(current[0], length), extended(current[1], length)};
    }
  }

  private static long[] extended(long[] versions, int length) {
    long[] extended = Arrays.copyOf(versions, length);
    Arrays.fill(extended, versions.length, length, NEVER);
    return extended;
  }

  boolean isShown(int node, long version) {
    long[][] current = lives;
    return node < current[0].length
        && current[0][node] <= version
        && version < current[1][node];
  }

  /** Returns whether a node is shown by the version that is being made. */
  boolean isAlive(int node) {
    return lives[0][node] != NEVER && lives[1][node] == NEVER;
  }

  void begin(int node, long version) {
    long[][] current = lives;
    current[1][node] = NEVER;
    current[0][node] = version;
  }

  void end(int node, long version) {
    lives[1][node] = version;
  }

  /** Hides a node from every version, before its place is taken again. */
  void clear(int node) {
    lives[0][node] = NEVER;
  }

  /** The version that ended a node. */
  long endOf(int node) {
    return lives[1][node];
  }
}
