package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class NodeLinksTest {
  private static final int SHIFT = 14;
  private static final int WIDE_CHUNKS = (NodeLinks.NARROW >>> SHIFT) + 1;

  @Property(tries = 300)
  void holdsWhatWasSetAndTheNodeBehindIt(
      @ForAll @Size(max = 6) List<@IntRange(min = 0, max = NodeLinks.NARROW - 1) Integer> given,
      @ForAll @IntRange(min = 0, max = 40_000) int node) {
    NodeLinks links = new NodeLinks(6, SHIFT).extended(3);
    links.set(node, given.stream().mapToInt(link -> link).toArray(), given.size(), 0);
    int[] expected = new int[6];
    for (int i = 0; i < 6; i++) {
      expected[i] = i < given.size() ? given.get(i) : node;
    }
    assertArrayEquals(expected, got(links, node));
    assertNull(links.highest());
  }

  @Test
  void neighboursInAChunkKeepApart() {
    NodeLinks links = new NodeLinks(4, 6).extended(2);
    for (int node = 0; node < 128; node++) {
      links.set(node, new int[] {node << 16, 255 - node, node * 131_071}, 3, 0);
    }
    links.set(64, 1, 0xabcdef);
    for (int node = 0; node < 128; node++) {
      int second = node == 64 ? 0xabcdef : 255 - node;
      assertArrayEquals(
          new int[] {node << 16, second, node * 131_071, node}, got(links, node), "of " + node);
    }
  }

  @Test
  void takesAFourthByteWhereThreeDoNotTellNodesApart() {
    NodeLinks narrow = new NodeLinks(2, SHIFT).extended(WIDE_CHUNKS - 1);
    assertNull(narrow.highest());
    narrow.set(70, new int[] {5, NodeLinks.NARROW - 1}, 2, 0);
    NodeLinks wide = narrow.extended(WIDE_CHUNKS);
    assertNotNull(wide.highest());
    assertArrayEquals(new int[] {5, NodeLinks.NARROW - 1}, got(wide, 70), "kept");
    int last = NodeLinks.NARROW + 63;
    wide.set(70, 0, last);
    wide.set(last, new int[] {Integer.MAX_VALUE}, 1, 0);
    assertArrayEquals(new int[] {last, NodeLinks.NARROW - 1}, got(wide, 70));
    assertArrayEquals(new int[] {Integer.MAX_VALUE, last}, got(wide, last));
    assertArrayEquals(
        new int[] {63, NodeLinks.NARROW - 1}, got(narrow, 70), "without the fourth byte");
    assertArrayEquals(
        new int[] {last, NodeLinks.NARROW - 1}, got(wide.extended(WIDE_CHUNKS + 1), 70));
  }

  @Test
  void remembersHowManyWereChosenTogetherUntilOneOfThemGoes() {
    NodeLinks links = new NodeLinks(300, 6).extended(1);
    int[] some = IntStream.range(100, 400).toArray();
    assertEquals(0, links.chosen(7), "no links yet");
    links.set(7, some, 5, 4);
    links.set(8, some, 300, 300);
    assertEquals(4, links.chosen(7));
    assertEquals(255, links.chosen(8), "as many as a byte counts");
    links.set(7, 5, 9);
    assertEquals(4, links.chosen(7), "one more behind them");
    links.set(7, 2, 9);
    assertEquals(2, links.chosen(7), "those before the one that went");
    assertEquals(2, links.extended(3).chosen(7), "with more room");
    links.set(7, some, 3, 0);
    assertEquals(0, links.chosen(7));
    links.forgetChosen();
    assertEquals(0, links.chosen(8));
  }

  @Test
  void saysWhatALinkTakes() {
    assertEquals(3, NodeLinks.bytes(NodeLinks.NARROW));
    assertEquals(4, NodeLinks.bytes(NodeLinks.NARROW + 1L));
  }

  private static int[] got(NodeLinks links, int node) {
    int[] got = new int[links.degree()];
    links.get(node, got);
    return got;
  }
}
