package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NodeIdsTest {

  @Property(tries = 100)
  void findsWhatAMapFinds(@ForAll long seed, @ForAll @IntRange(max = 400) int expected) {
    Random random = new Random(seed);
    NodeIds ids = new NodeIds(expected);
    Map<String, Integer> map = new HashMap<>();
    int nodes = 0;
    for (int i = 0; i < 1500; i++) {
      // Strings of few characters collide often.
      String itemId = Integer.toString(random.nextInt(300), 2 + random.nextInt(3));
      if (random.nextInt(3) == 0) {
        ids.remove(itemId);
        map.remove(itemId);
      } else {
        ids.ensure(nodes + 1);
        ids.setId(nodes, itemId);
        ids.put(nodes);
        map.put(itemId, nodes++);
      }
      assertEquals(map.size(), ids.size());
      assertEquals(map.getOrDefault(itemId, HnswGraph.NONE), ids.find(itemId));
    }
    map.forEach((itemId, node) -> assertEquals(node, ids.find(itemId)));
  }

  @Test
  void arraysGrowByHalfButNotPastWhatIsExpectedBeforeTheyHaveTo() {
    assertEquals(96, NodeIds.grown(64, 65, 0));
    assertEquals(70, NodeIds.grown(64, 65, 70));
    assertEquals(200, NodeIds.grown(64, 200, 100));
    assertEquals(105, NodeIds.grown(70, 71, 70));
    assertEquals(Integer.MAX_VALUE - 8, NodeIds.grown(Integer.MAX_VALUE - 9, 5, 0));
  }
}
