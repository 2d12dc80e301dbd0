package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeLifeTest {
  private final NodeLife life = new NodeLife(0);

  @ParameterizedTest
  @ValueSource(
      longs = {1, (1L << 30) - 1, 1L << 30, (1L << 31) - 1, 1L << 31, (1L << 32) - 1, 1L << 40})
  void aNodeIsShownFromItsBeginningToItsEnd(long begin) {
    life.begin(3, begin, 3);
    assertFalse(life.isShown(3, begin - 1));
    assertTrue(life.isShown(3, begin));
    assertTrue(life.isShown(3, begin + 1000));
    assertTrue(life.isAlive(3));
    assertFalse(life.hasEnded(3));
    life.end(3, begin + 5);
    assertTrue(life.isShown(3, begin + 4));
    assertFalse(life.isShown(3, begin + 5));
    assertFalse(life.isAlive(3));
    assertTrue(life.hasEnded(3));
    life.clear(3);
    assertFalse(life.isShown(3, begin + 4));
    assertFalse(life.isAlive(3));
    assertFalse(life.hasEnded(3));
    assertFalse(life.isShown(2, begin));
    assertFalse(life.isShown(1_000_000, begin));
  }

  @Property(tries = 200)
  void nothingChangesHoweverManyVersionsCome(
      @ForAll @LongRange(min = 1, max = 1L << 33) long begin,
      @ForAll @LongRange(min = 1, max = 1L << 20) long shownFor) {
    NodeLife life = new NodeLife(0);
    life.begin(0, begin, 0);
    life.begin(1, begin, 1);
    life.end(1, begin + shownFor);
    long version = begin + shownFor;
    for (int i = 0; i < 40; i++) {
      version += NodeLife.OLD / 2;
      life.moveUp(version);
      assertTrue(life.isShown(0, version), "version " + version);
      assertTrue(life.isShown(0, version - 1000), "version " + version);
      assertFalse(life.isShown(1, version), "version " + version);
      assertFalse(life.isShown(1, version - 1000), "version " + version);
      assertFalse(life.isShown(2, version), "version " + version);
    }
  }

  @Test
  void placesAreTheNumbersOfTheNodesUntilOneDiffers() {
    life.begin(0, 1, 0);
    life.begin(1, 1, 1);
    assertEquals(1, life.order(1));
    life.begin(2, 2, 0);
    life.begin(3, 2, 2);
    life.ensure(500);
    life.begin(400, 3, 77);
    assertEquals(0, life.order(0));
    assertEquals(1, life.order(1));
    assertEquals(0, life.order(2));
    assertEquals(2, life.order(3));
    assertEquals(77, life.order(400));
    assertTrue(life.isShown(1, 3));
  }
}
