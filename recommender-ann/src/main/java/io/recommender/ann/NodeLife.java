package io.recommender.ann;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * From which version to which a node is shown, and its place among equals: a search that began at
 * version v shows the nodes that began at or before v and ended after v, so it sees each item once
 * and as it was at v.
 *
 * <p><b>Thread safety.</b> One writer, which publishes a version by a volatile write after it wrote
 * what the version shows. A reader that has read the version sees everything of it, and whatever it
 * happens to see of a later one compares as not yet there. When the place of a node is taken again
 * its beginning is written before its end, and a reader reads the end first: so an old beginning is
 * never seen with a new end.
 */
final class NodeLife {
  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long NEVER = Long.MAX_VALUE;

  private volatile Lives lives = new Lives(new long[0], new long[0], new int[0]).extended(64);

  private record Lives(long[] begins, long[] ends, int[] orders) {
    Lives extended(int length) {
      long[] newBegins = Arrays.copyOf(begins, length);
      long[] newEnds = Arrays.copyOf(ends, length);
      Arrays.fill(newBegins, begins.length, length, NEVER);
      Arrays.fill(newEnds, ends.length, length, NEVER);
      return new Lives(newBegins, newEnds, Arrays.copyOf(orders, length));
    }
  }

  void ensure(int nodes) {
    Lives current = lives;
    if (current.begins.length < nodes) {
      lives = current.extended(Math.max(nodes, current.begins.length * 3 / 2));
    }
  }

  boolean isShown(int node, long version) {
    Lives current = lives;
    if (node >= current.begins.length) {
      return false;
    }
    long end = (long) ELEMENT.getAcquire(current.ends, node);
    return version < end && current.begins[node] <= version;
  }

  /** Returns whether the latest version shows a node. */
  boolean isAlive(int node) {
    Lives current = lives;
    long end = (long) ELEMENT.getAcquire(current.ends, node);
    return end == NEVER && current.begins[node] != NEVER;
  }

  /** Returns whether a node was shown once and is no more. */
  boolean hasEnded(int node) {
    return lives.ends[node] != NEVER;
  }

  /** The place of a node among equal scores. */
  int order(int node) {
    return lives.orders[node];
  }

  void begin(int node, long version, int order) {
    Lives current = lives;
    current.orders[node] = order;
    current.begins[node] = version;
  }

  void end(int node, long version) {
    lives.ends[node] = version;
  }

  /** Forgets a node that no reader can reach any more. */
  void clear(int node) {
    Lives current = lives;
    current.begins[node] = NEVER;
    ELEMENT.setRelease(current.ends, node, NEVER);
  }
}
