package io.recommender.ann;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The ids of the nodes of a graph and the node that shows each item now: an open hash table of node
 * numbers over an array of ids, at about 10 bytes an item beside the strings.
 *
 * <p><b>Thread safety.</b> One writer. Readers may call {@link #id} and {@link #find} at any time;
 * what they find was true at some moment of the call, and everything written before {@link #put} of
 * a node is visible to who finds it.
 */
final class NodeIds {
  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int EMPTY = -1;
  private static final int REMOVED = -2;

  /** A table is made anew when it is as full as this, and then as full as that. */
  private static final double MOST_TAKEN = 0.8;

  private static final double LEAST_TAKEN = 0.6;

  private volatile String[] ids = new String[64];
  private volatile int[] table = emptyTable(64);

  /** Places of the table that are not EMPTY. */
  private int taken;

  private int size;

  private final int expected;

  /**
   * Makes a table without ids.
   *
   * @param expected how many nodes are expected; there may be more
   */
  NodeIds(int expected) {
    this.expected = expected;
  }

  /**
   * Returns the next length of an array that grows with the nodes: by half, but not past what is
   * expected before it has to.
   */
  static int grown(int length, int needed, int expected) {
    int more = (int) Math.min(Integer.MAX_VALUE - 8L, length * 3L / 2);
    return Math.max(needed, needed <= expected ? Math.min(more, expected) : more);
  }

  private static int[] emptyTable(int length) {
    int[] table = new int[length];
    Arrays.fill(table, EMPTY);
    return table;
  }

  /** {@return the number of items} */
  int size() {
    return size;
  }

  String id(int node) {
    return ids[node];
  }

  /** Returns the node that shows an item, or {@link HnswGraph#NONE}. */
  int find(String itemId) {
    int[] current = table;
    int i = slot(itemId, current);
    while (true) {
      int node = (int) ELEMENT.getAcquire(current, i);
      if (node == EMPTY) {
        return HnswGraph.NONE;
      }
      if (node >= 0 && itemId.equals(ids[node])) {
        return node;
      }
      i = next(i, current);
    }
  }

  /** Makes room for nodes below a number. */
  void ensure(int nodes) {
    if (ids.length < nodes) {
      ids = Arrays.copyOf(ids, grown(ids.length, nodes, expected));
    }
    if (nodes > table.length * MOST_TAKEN) {
      rebuild(nodes);
    }
  }

  /** Gives a node its id, without making it the one that shows the item. */
  void setId(int node, String itemId) {
    ids[node] = itemId;
  }

  /** Makes a node the one that shows its item, in place of any other. */
  void put(int node) {
    String itemId = ids[node];
    int[] current = table;
    int i = slot(itemId, current);
    while (current[i] != EMPTY) {
      if (current[i] >= 0 && itemId.equals(ids[current[i]])) {
        ELEMENT.setRelease(current, i, node);
        return;
      }
      i = next(i, current);
    }
    ELEMENT.setRelease(current, i, node);
    taken++;
    size++;
    if (taken > current.length * MOST_TAKEN) {
      rebuild(size);
    }
  }

  /** Takes an item out; its node keeps the id. */
  void remove(String itemId) {
    int[] current = table;
    for (int i = slot(itemId, current); current[i] != EMPTY; i = next(i, current)) {
      if (current[i] >= 0 && itemId.equals(ids[current[i]])) {
        ELEMENT.setRelease(current, i, REMOVED);
        size--;
        return;
      }
    }
  }

  private void rebuild(int items) {
    int[] old = table;
    int[] fresh = emptyTable((int) Math.max(64, items / LEAST_TAKEN));
    for (int node : old) {
      if (node >= 0) {
        int i = slot(ids[node], fresh);
        while (fresh[i] != EMPTY) {
          i = next(i, fresh);
        }
        fresh[i] = node;
      }
    }
    taken = size;
    table = fresh;
  }

  private static int slot(String itemId, int[] table) {
    long hash = itemId.hashCode() * 0x9E3779B1 & 0xffffffffL;
    return (int) (hash * table.length >>> 32);
  }

  private static int next(int slot, int[] table) {
    return slot + 1 == table.length ? 0 : slot + 1;
  }
}
