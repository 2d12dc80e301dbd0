package io.recommender.ann;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The ids of the nodes of a graph and the node that shows each item now: an open hash table of node
 * numbers over an array of ids, at 12 bytes an item beside the strings.
 *
 * <p><b>Thread safety.</b> One writer. Readers may call {@link #id} and {@link #find} at any time;
 * what they find was true at some moment of the call, and everything written before {@link #put} of
 * a node is visible to who finds it.
 */
final class NodeIds {
  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int EMPTY = -1;
  private static final int REMOVED = -2;

  private volatile String[] ids = new String[64];
  private volatile int[] table = emptyTable(128);

  /** Places of the table that are not EMPTY. */
  private int taken;

  private int size;

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
      i = i + 1 & current.length - 1;
    }
  }

  /** Makes room for nodes below a number. */
  void ensure(int nodes) {
    if (ids.length < nodes) {
      ids = Arrays.copyOf(ids, Math.max(nodes, ids.length * 3 / 2));
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
      i = i + 1 & current.length - 1;
    }
    ELEMENT.setRelease(current, i, node);
    taken++;
    size++;
    if (taken * 2 > current.length) {
      rebuild();
    }
  }

  /** Takes an item out; its node keeps the id. */
  void remove(String itemId) {
    int[] current = table;
    for (int i = slot(itemId, current); current[i] != EMPTY; i = i + 1 & current.length - 1) {
      if (current[i] >= 0 && itemId.equals(ids[current[i]])) {
        ELEMENT.setRelease(current, i, REMOVED);
        size--;
        return;
      }
    }
  }

  private void rebuild() {
    int[] old = table;
    int[] fresh = emptyTable(Integer.highestOneBit(Math.max(64, size * 3)) * 2);
    for (int node : old) {
      if (node >= 0) {
        int i = slot(ids[node], fresh);
        while (fresh[i] != EMPTY) {
          i = i + 1 & fresh.length - 1;
        }
        fresh[i] = node;
      }
    }
    taken = size;
    table = fresh;
  }

  private static int slot(String itemId, int[] table) {
    int hash = itemId.hashCode() * 0x9E3779B1;
    return hash >>> Integer.numberOfLeadingZeros(table.length - 1);
  }
}
