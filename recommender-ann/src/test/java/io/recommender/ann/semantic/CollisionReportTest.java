package io.recommender.ann.semantic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class CollisionReportTest {
  private static final int[][] CODES = {{1, 2}, {0, 3}, {1, 2}, {1, 5}, {0, 3}, {1, 2}, {2, 2}};

  @Test
  void countsByHand() {
    CollisionReport report = CollisionReport.of(CODES);
    assertEquals(new CollisionReport(7, 4, 5, 3, List.of(3, 3)), report);
    assertEquals(3 / 7.0, report.collisionRate(), 1e-15);
    assertArrayEquals(new int[] {1, 2}, CODES[0], "not sorted in place");
    assertArrayEquals(new int[] {2, 2}, CODES[6]);
  }

  @Test
  void anIndexIsReportedOnAsItIs() {
    SemanticIdIndex index = SemanticIdIndex.builder(CodeShape.of(2, 8)).build();
    for (int i = 0; i < CODES.length; i++) {
      index.add("item-" + i, CODES[i]);
    }
    index.setAvailable("item-0", false);
    assertEquals(CollisionReport.of(CODES), CollisionReport.of(index));
    for (int i = 0; i < 300; i++) {
      index.add("other-" + i, 7, 7);
    }
    index.remove("item-3");
    CollisionReport report = CollisionReport.of(index);
    assertEquals(new CollisionReport(306, 4, 305, 300, List.of(4, 3)), report);
    assertEquals(index.distinctCodes(), report.distinctCodes());
  }

  @Test
  void titlesHaveLevelsOfTheirOwn() {
    assertEquals(
        new CollisionReport(3, 2, 2, 2, List.of(1, 1)),
        CollisionReport.of(new int[][] {{4}, {4, 1}, {4}}));
  }

  @Test
  void withoutItemsNothingCollides() {
    CollisionReport report = CollisionReport.of(new int[0][]);
    assertEquals(new CollisionReport(0, 0, 0, 0, List.of()), report);
    assertEquals(0, report.collisionRate());
  }
}
