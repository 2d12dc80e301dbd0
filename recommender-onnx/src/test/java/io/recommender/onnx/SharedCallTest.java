package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedCallTest {
  private static final int PARTS = 1000;

  private final ExecutorService pool = Executors.newFixedThreadPool(3);

  @AfterEach
  void end() {
    pool.shutdownNow();
  }

  private static void assertEachOnce(Executor executor) {
    AtomicIntegerArray done = new AtomicIntegerArray(PARTS);
    new SharedCall.Helpers(executor, 4)
        .forEach(
            PARTS,
            next -> {
              for (int part = next.getAsInt(); part >= 0; part = next.getAsInt()) {
                done.incrementAndGet(part);
              }
            });
    for (int part = 0; part < PARTS; part++) {
      assertEquals(1, done.get(part), "part " + part);
    }
  }

  @Test
  void eachPartIsDoneOnceWhateverTheExecutorDoes() {
    List<Runnable> kept = new ArrayList<>();
    assertEachOnce(pool);
    assertEachOnce(Runnable::run);
    assertEachOnce(kept::add);
    assertEachOnce(
        task -> {
          throw new RejectedExecutionException();
        });
    assertEachOnce(
        task -> {
          pool.execute(task);
          pool.execute(task);
        });
    pool.shutdown();
    assertEachOnce(pool);
    assertEquals(3, kept.size());
  }

  @Test
  void aHelperThatBeginsLateDoesNothing() {
    List<Runnable> kept = new ArrayList<>();
    AtomicInteger workers = new AtomicInteger();
    new SharedCall.Helpers(kept::add, 3)
        .forEach(
            5,
            next -> {
              workers.incrementAndGet();
              drain(next);
            });
    kept.forEach(Runnable::run);
    assertEquals(2, kept.size());
    assertEquals(1, workers.get());
  }

  @Test
  void theThreadsWorkAtTheSameTime() {
    CyclicBarrier all = new CyclicBarrier(4);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    new SharedCall.Helpers(pool, 4)
        .forEach(
            4,
            next -> {
              threads.add(Thread.currentThread());
              await(all);
              drain(next);
            });
    assertEquals(4, threads.size());
    assertTrue(threads.contains(Thread.currentThread()));
  }

  @Test
  void thereAreNoMoreHelpersThanParts() {
    AtomicInteger asked = new AtomicInteger();
    Executor counting =
        task -> {
          asked.incrementAndGet();
          pool.execute(task);
        };
    SharedCall.Helpers helpers = new SharedCall.Helpers(counting, 4);
    helpers.forEach(2, SharedCallTest::drain);
    assertEquals(1, asked.get());
    helpers.forEach(1, SharedCallTest::drain);
    helpers.forEach(0, SharedCallTest::drain);
    assertEquals(1, asked.get());
  }

  @Test
  void aFailureStopsTheCallAndIsThrownWithTheOthers() {
    CyclicBarrier both = new CyclicBarrier(2);
    AtomicInteger begun = new AtomicInteger();
    IllegalStateException thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                new SharedCall.Helpers(pool, 2)
                    .forEach(
                        PARTS,
                        next -> {
                          int part = next.getAsInt();
                          begun.incrementAndGet();
                          await(both);
                          throw new IllegalStateException("part " + part);
                        }));
    assertEquals(1, thrown.getSuppressed().length);
    assertEquals(2, begun.get());
    assertEachOnce(pool);
  }

  @Test
  void whatElseTheExecutorThrowsComesOut() {
    IllegalStateException broken = new IllegalStateException("broken");
    assertSame(
        broken,
        assertThrows(
            IllegalStateException.class,
            () ->
                new SharedCall.Helpers(
                        task -> {
                          throw broken;
                        },
                        2)
                    .forEach(2, SharedCallTest::drain)));
  }

  private static void drain(IntSupplier next) {
    int part = next.getAsInt();
    while (part >= 0) {
      part = next.getAsInt();
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
  }
}
