package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelLeaseTest {
  private final ModelLease lease = new ModelLease("model@1");

  @Test
  void everyPartIsClosedOnceAndTheFirstFailureTellsOfTheOthers() {
    List<String> closed = new ArrayList<>();
    RuntimeException first = new IllegalArgumentException("first");
    RuntimeException second = new IllegalArgumentException("second");
    Runnable[] parts = {
      () -> closed.add("a"),
      () -> {
        throw first;
      },
      () -> closed.add("b"),
      () -> {
        throw second;
      },
      () -> closed.add("c")
    };
    assertSame(first, assertThrows(RuntimeException.class, () -> lease.close(parts)));
    assertArrayEquals(new Throwable[] {second}, first.getSuppressed());
    lease.close(parts);
    assertEquals(List.of("a", "b", "c"), closed);
    IllegalStateException e = assertThrows(IllegalStateException.class, lease::enter);
    assertEquals("model@1 is closed", e.getMessage());
    assertEquals(0, lease.inside());
  }

  @Test
  void callsAreCountedWhileTheyAreInside() {
    lease.enter();
    lease.enter();
    assertEquals(2, lease.inside());
    lease.leave();
    assertEquals(1, lease.inside());
    lease.leave();
    assertEquals(0, lease.inside());
  }
}
