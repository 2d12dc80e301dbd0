package io.recommender.ann;

import java.util.Arrays;

/**
 * Copies of the codes of some nodes one after the other, so that a scan reads memory in order.
 *
 * <p><b>Immutable</b>.
 *
 * @param nodes the nodes
 * @param codes row i is that of node i of them
 */
record PackedNodes(int[] nodes, NibbleRows codes) {

  /** Copies the codes of a set. */
  static PackedNodes of(NodeSet set, NibbleRows from) {
    int shift = 31 - Integer.numberOfLeadingZeros(Math.max(64, (1 << 22) / from.stride()));
    int chunks = (set.count() + (1 << shift) - 1) >>> shift;
    NibbleRows rows = new NibbleRows(from.space(), shift).extended(chunks);
    int[] nodes = new int[set.count()];
    int count = set.list(0, nodes, 0);
    for (int i = 0; i < count; i++) {
      rows.copy(i, from, nodes[i]);
    }
    return new PackedNodes(Arrays.copyOf(nodes, count), rows);
  }
}
