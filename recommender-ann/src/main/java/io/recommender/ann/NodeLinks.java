package io.recommender.ann;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The links of the nodes of a graph at the lowest level, in chunks, as many places for each node as
 * it may have links. Places without a link hold the node itself.
 *
 * <p>A link is a number of three bytes, of which two lie in one array and one in another: those of
 * 32 links fill a line of the cache and a half, not two. Beyond {@value #NARROW} nodes there is a
 * fourth byte, in a third array.
 *
 * <p><b>Thread safety.</b> One writer at a time of a node. Who reads a link while it is written may
 * see some of its bytes before and some after, and who took these arrays before there was a fourth
 * byte does not see that: such a number leads to another node, or to none that there is yet, and
 * the reader has to be ready for both.
 *
 * @param degree how many places a node has
 * @param shift a chunk holds {@code 1 << shift} nodes
 * @param low the two lower bytes
 * @param high the third
 * @param highest the fourth, if there is any
 * @param chosen how many links of each node, from the first on, were chosen together
 */
record NodeLinks(
    int degree,
    int shift,
    char[][] low,
    byte[][] high,
    byte[] @Nullable [] highest,
    byte[][] chosen) {
  /** So many nodes are told apart by three bytes. */
  static final int NARROW = 1 << 24;

  /** That more were chosen together is not remembered. */
  private static final int MOST_CHOSEN = 255;

  // With the header of an array these fill a line of the cache, so that places do not straddle
  // lines where the array itself begins at one.
  private static final int FIRST_LOW = 24;
  private static final int FIRST_HIGH = 48;

  NodeLinks(int degree, int shift) {
    this(degree, shift, new char[0][], new byte[0][], null, new byte[0][]);
  }

  /** How many bytes a link takes. */
  static int bytes(long nodes) {
    return nodes > NARROW ? 4 : 3;
  }

  /** Returns the same links with room for further ones. */
  NodeLinks extended(int count) {
    char[][] moreLow = Arrays.copyOf(low, count);
    byte[][] moreHigh = Arrays.copyOf(high, count);
    byte[][] moreChosen = Arrays.copyOf(chosen, count);
    boolean isWide = highest != null || (long) count << shift > NARROW;
    byte[][] moreHighest =
        !isWide ? null : highest == null ? new byte[count][] : Arrays.copyOf(highest, count);
    int places = degree << shift;
    for (int i = 0; i < count; i++) {
      if (i >= low.length) {
        moreLow[i] = new char[FIRST_LOW + places];
        moreHigh[i] = new byte[FIRST_HIGH + places];
        moreChosen[i] = new byte[1 << shift];
      }
      if (moreHighest != null && moreHighest[i] == null) {
        moreHighest[i] = new byte[FIRST_HIGH + places];
      }
    }
    return new NodeLinks(degree, shift, moreLow, moreHigh, moreHighest, moreChosen);
  }

  private int place(int node) {
    return (node & (1 << shift) - 1) * degree;
  }

  /** Where the lower bytes of a node begin in its chunk. */
  int lowAt(int node) {
    return FIRST_LOW + place(node);
  }

  /** Where the third bytes of a node begin in its chunk, and the fourth. */
  int highAt(int node) {
    return FIRST_HIGH + place(node);
  }

  /** Writes what a node's places hold to an array, from its beginning. */
  void get(int node, int[] links) {
    char[] low = this.low[node >>> shift];
    byte[] high = this.high[node >>> shift];
    int lowAt = lowAt(node);
    int highAt = highAt(node);
    for (int i = 0; i < degree; i++) {
      links[i] = low[lowAt + i] | (high[highAt + i] & 0xff) << 16;
    }
    if (highest != null) {
      byte[] fourth = highest[node >>> shift];
      for (int i = 0; i < degree; i++) {
        links[i] |= fourth[highAt + i] << 24;
      }
    }
  }

  /**
   * Fills a node's places with links and with the node itself behind them.
   *
   * @param chosen how many, from the first on, were chosen together
   */
  void set(int node, int[] links, int count, int chosen) {
    for (int i = 0; i < degree; i++) {
      put(node, i, i < count ? links[i] : node);
    }
    setChosen(node, chosen);
  }

  /** Fills one of a node's places with a link that was not chosen together with others. */
  void set(int node, int place, int link) {
    put(node, place, link);
    if (place < chosen(node)) {
      setChosen(node, place);
    }
  }

  /** Returns how many links of a node, from the first on, were chosen together. */
  int chosen(int node) {
    return chosen[node >>> shift][node & (1 << shift) - 1] & 0xff;
  }

  /** Forgets which links were chosen together, because nodes are now compared otherwise. */
  void forgetChosen() {
    for (byte[] chunk : chosen) {
      Arrays.fill(chunk, (byte) 0);
    }
  }

  private void setChosen(int node, int count) {
    chosen[node >>> shift][node & (1 << shift) - 1] = (byte) Math.min(count, MOST_CHOSEN);
  }

  private void put(int node, int place, int link) {
    int chunk = node >>> shift;
    low[chunk][lowAt(node) + place] = (char) link;
    high[chunk][highAt(node) + place] = (byte) (link >>> 16);
    if (highest != null) {
      highest[chunk][highAt(node) + place] = (byte) (link >>> 24);
    }
  }

  /** Begins to read the links of a node; returns something to keep, lest that be left out. */
  int touch(int node) {
    char[] low = this.low[node >>> shift];
    byte[] high = this.high[node >>> shift];
    int lowAt = lowAt(node);
    int highAt = highAt(node);
    // The last ones too: where arrays do not begin at a line, places straddle two.
    return low[lowAt] + low[lowAt + degree - 1] + high[highAt] + high[highAt + degree - 1];
  }
}
