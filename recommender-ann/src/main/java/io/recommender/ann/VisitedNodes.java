package io.recommender.ann;

import java.util.Arrays;

/**
 * The nodes that one walk has come to, in the order in which it did, and a bit for each.
 *
 * <p><b>Confined</b>.
 */
final class VisitedNodes {
  /** A bit for each node; all zero between walks. */
  private long[] visited = new long[0];

  /** The nodes that were or will be scored. */
  private int[] touched = new int[1024];

  private int touchedCount;

  /** The nodes whose bits are set because they were bridged. */
  private int[] bridged = new int[64];

  private int bridgedCount;

  /** How many nodes there are. */
  private int size;

  /** Begins a walk through so many nodes. */
  void begin(int nodes) {
    size = nodes;
    int words = (size + 63) >>> 6;
    if (visited.length < words) {
      visited = new long[Math.max(words, visited.length * 3 / 2)];
    }
    touchedCount = 0;
    bridgedCount = 0;
  }

  /** Ends a walk. What it touched can be asked for until the next begins. */
  void end() {
    for (int i = 0; i < touchedCount; i++) {
      visited[touched[i] >>> 6] = 0;
    }
    for (int i = 0; i < bridgedCount; i++) {
      visited[bridged[i] >>> 6] = 0;
    }
  }

  /** Returns whether a node was neither touched nor bridged. */
  boolean isNew(int node) {
    return (visited[node >>> 6] >>> node & 1) == 0;
  }

  /** Adds a node to those to be scored. */
  void touch(int node) {
    visited[node >>> 6] |= 1L << node;
    if (touchedCount == touched.length) {
      touched = Arrays.copyOf(touched, 2 * touchedCount);
    }
    touched[touchedCount++] = node;
  }

  /** Adds those of many nodes that are new to those to be scored. */
  void touchNew(int[] nodes) {
    for (int node : nodes) {
      if (isNew(node)) {
        touch(node);
      }
    }
  }

  /** Passes over a node. */
  void bridge(int node) {
    visited[node >>> 6] |= 1L << node;
    if (bridgedCount == bridged.length) {
      bridged = Arrays.copyOf(bridged, 2 * bridgedCount);
    }
    bridged[bridgedCount++] = node;
  }

  /** Touches the new ones of the nodes that one is linked to. */
  void touchLinked(int visitor, int[] links, int from, int count) {
    if (touched.length < touchedCount + count + 1) {
      touched = Arrays.copyOf(touched, 2 * touched.length + count);
    }
    int[] touched = this.touched;
    long[] visited = this.visited;
    int size = this.size;
    int end = touchedCount;
    // Places without a link lead to the node itself, which was visited.
    for (int i = from; i < from + count; i++) {
      int link = links[i];
      int node = link < size ? link : visitor;
      long word = visited[node >>> 6];
      long bit = word >>> node & 1;
      // Written in any case and kept if new: cheaper than a branch that is often mispredicted.
      touched[end] = node;
      end += 1 - (int) bit;
      visited[node >>> 6] = word | 1L << node;
    }
    touchedCount = end;
  }

  /**
   * As {@link #touchLinked(int, int[], int, int)}, without a copy of the links.
   *
   * @param links links of which the highest bits are kept apart
   */
  void touchLinked(int visitor, NodeLinks links) {
    int count = links.degree();
    if (touched.length < touchedCount + count + 1) {
      touched = Arrays.copyOf(touched, 2 * touched.length + count);
    }
    char[] low = links.low()[visitor >>> links.shift()];
    byte[] high = links.high()[visitor >>> links.shift()];
    int lowAt = links.lowAt(visitor);
    int highAt = links.highAt(visitor);
    int[] touched = this.touched;
    long[] visited = this.visited;
    int size = this.size;
    int end = touchedCount;
    for (int i = 0; i < count; i++) {
      int link = low[lowAt + i] | (high[highAt + i] & 0xff) << 16;
      int node = link < size ? link : visitor;
      long word = visited[node >>> 6];
      long bit = word >>> node & 1;
      touched[end] = node;
      end += 1 - (int) bit;
      visited[node >>> 6] = word | 1L << node;
    }
    touchedCount = end;
  }

  /** Returns the touched nodes, of which there are {@link #count}. */
  int[] nodes() {
    return touched;
  }

  /** Returns how many nodes were touched. */
  int count() {
    return touchedCount;
  }

  /** Returns how many nodes were passed over. */
  int bridgedCount() {
    return bridgedCount;
  }
}
