package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReadersTest {
  private final Readers readers = new Readers();

  @Test
  void nobodyReadsAtFirst() {
    assertEquals(Long.MAX_VALUE, readers.earliest());
  }

  @Test
  void knowsTheEarliestOfAnyNumberOfReaders() {
    ArrayDeque<AtomicLong> cells = new ArrayDeque<>();
    for (int version = 0; version < 100; version++) {
      cells.add(readers.enter(version));
      assertEquals(0, readers.earliest());
    }
    for (int version = 0; version < 100; version++) {
      assertEquals(version, readers.earliest());
      readers.leave(cells.remove());
    }
    assertEquals(Long.MAX_VALUE, readers.earliest());
  }
}
