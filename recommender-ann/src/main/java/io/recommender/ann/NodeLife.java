package io.recommender.ann;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * From which version to which a node is shown, and its place among equals: a search that began at
 * version v shows the nodes that began at or before v and ended after v, so it sees each item once
 * and as it was at v.
 *
 * <p>Versions are kept as stamps of 31 bits that wrap around, which tells any two apart that are
 * less than 2^30 versions from each other. Long before the oldest ones come that far they are moved
 * up, which no reader notices: it began later than either.
 *
 * <p><b>Thread safety.</b> One writer, which publishes a version by a volatile write after it wrote
 * what the version shows. A reader that has read the version sees everything of it, and whatever it
 * happens to see of a later one compares as not yet there. When the place of a node is taken again
 * its beginning is written before its end, and a reader reads the end first: so an old beginning is
 * never seen with a new end.
 */
final class NodeLife {
  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle PAGE = MethodHandles.arrayElementVarHandle(int[][].class);
  private static final int PAGE_BITS = 8;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;

  /** No stamp: those are odd. */
  private static final int NEVER = 0;

  /** So many versions old a stamp becomes at least before it is moved up, at most twice as many. */
  static final int OLD = 1 << 28;

  private volatile Lives lives = new Lives(new int[64], new int[1][], null);

  private final int expected;
  private long movedUp;

  /**
   * Makes a life for no nodes.
   *
   * @param expected how many nodes are expected; there may be more
   */
  NodeLife(int expected) {
    this.expected = expected;
  }

  /**
   * Stamps and places.
   *
   * @param ends in pages, which take memory once a node of them has ended
   * @param orders null while the place of each node is its number
   */
  private record Lives(int[] begins, int @Nullable [][] ends, int @Nullable [] orders) {
    Lives extended(int length) {
      return new Lives(
          Arrays.copyOf(begins, length),
          Arrays.copyOf(ends, (length + PAGE_MASK) >>> PAGE_BITS),
          orders == null ? null : Arrays.copyOf(orders, length));
    }

    int end(int node) {
      int[] page = (int[]) PAGE.getAcquire(ends, node >>> PAGE_BITS);
      return page == null ? NEVER : (int) ELEMENT.getAcquire(page, node & PAGE_MASK);
    }

    void setEnd(int node, int stamp) {
      int[] page = ends[node >>> PAGE_BITS];
      if (page == null && stamp == NEVER) {
        return;
      }
      if (page == null) {
        page = new int[1 << PAGE_BITS];
        PAGE.setRelease(ends, node >>> PAGE_BITS, page);
      }
      ELEMENT.setRelease(page, node & PAGE_MASK, stamp);
    }

    Lives withOrders() {
      int[] all = new int[begins.length];
      Arrays.setAll(all, node -> node);
      return new Lives(begins, ends, all);
    }
  }

  private static int stamp(long version) {
    return (int) version << 1 | 1;
  }

  void ensure(int nodes) {
    Lives current = lives;
    if (current.begins.length < nodes) {
      lives = current.extended(NodeIds.grown(current.begins.length, nodes, expected));
    }
  }

  boolean isShown(int node, long version) {
    Lives current = lives;
    if (node >= current.begins.length) {
      return false;
    }
    int end = current.end(node);
    int begin = current.begins[node];
    int now = stamp(version);
    return begin != NEVER && now - begin >= 0 && (end == NEVER || now - end < 0);
  }

  /** Returns whether the latest version shows a node. */
  boolean isAlive(int node) {
    Lives current = lives;
    int end = current.end(node);
    return end == NEVER && current.begins[node] != NEVER;
  }

  /** Returns whether a node was shown once and is no more. */
  boolean hasEnded(int node) {
    return lives.end(node) != NEVER;
  }

  /** The place of a node among equal scores. */
  int order(int node) {
    int[] orders = lives.orders;
    return orders == null ? node : orders[node];
  }

  void begin(int node, long version, int order) {
    if (lives.orders == null && order != node) {
      lives = lives.withOrders();
    }
    Lives current = lives;
    if (current.orders != null) {
      current.orders[node] = order;
    }
    current.begins[node] = stamp(version);
  }

  void end(int node, long version) {
    lives.setEnd(node, stamp(version));
  }

  /** Forgets a node that no reader can reach any more. */
  void clear(int node) {
    Lives current = lives;
    current.begins[node] = NEVER;
    current.setEnd(node, NEVER);
  }

  /**
   * Moves old stamps up where it is time to. Before each new version.
   *
   * @param version the version to come
   */
  void moveUp(long version) {
    if (version - movedUp < OLD) {
      return;
    }
    movedUp = version;
    int oldest = stamp(version - OLD);
    moveUp(lives.begins, oldest);
    for (int[] page : lives.ends) {
      if (page != null) {
        moveUp(page, oldest);
      }
    }
  }

  private static void moveUp(int[] stamps, int oldest) {
    for (int i = 0; i < stamps.length; i++) {
      if (stamps[i] != NEVER && stamps[i] - oldest < 0) {
        stamps[i] = oldest;
      }
    }
  }
}
