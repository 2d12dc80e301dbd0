package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A time limit says that a call hangs, not that it is slow. */
@Timeout(60)
class HnswWorkersTest {
  private static final int COUNT = 1000;

  private final AtomicInteger made = new AtomicInteger();
  private final AtomicIntegerArray done = new AtomicIntegerArray(COUNT);
  private final ArrayDeque<Runnable> queue = new ArrayDeque<>();

  /** Workers whose memory is a number: 0 for the calling thread. */
  private HnswWorkers<Integer> workers(int count, Executor executor) {
    return new HnswWorkers<>(count, executor, made::getAndIncrement);
  }

  private void assertAllDoneOnce() {
    int[] times = new int[COUNT];
    Arrays.setAll(times, done::get);
    int[] once = new int[COUNT];
    Arrays.fill(once, 1);
    assertArrayEquals(once, times);
  }

  @Test
  void helpersOfAnExecutorTakePart() throws InterruptedException {
    ExecutorService executor = Executors.newFixedThreadPool(3);
    CountDownLatch helped = new CountDownLatch(3);
    Set<Integer> began = ConcurrentHashMap.newKeySet();
    try (HnswWorkers<Integer> workers = workers(4, executor)) {
      workers.forEach(
          COUNT,
          (worker, i) -> {
            done.incrementAndGet(i);
            if (worker != 0 && began.add(worker)) {
              helped.countDown();
            }
            // Whoever is first waits for all others to begin.
            await(helped);
          });
    }
    assertAllDoneOnce();
    assertEquals(Set.of(1, 2, 3), began);
    assertFalse(executor.isShutdown());
    executor.shutdownNow();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void noTwoThreadsShareMemoryAndNoMoreWorkAtOnceThanWereSet() {
    ExecutorService executor = Executors.newFixedThreadPool(8);
    AtomicIntegerArray using = new AtomicIntegerArray(4);
    Executor eager =
        task -> {
          for (int i = 0; i < 4; i++) {
            executor.execute(task);
          }
        };
    try (HnswWorkers<Integer> workers = workers(4, eager)) {
      assertEquals(4, made.get());
      for (int round = 0; round < 50; round++) {
        workers.forEach(
            COUNT,
            (worker, i) -> {
              assertEquals(1, using.incrementAndGet(worker));
              using.decrementAndGet(worker);
            });
      }
    }
    executor.shutdownNow();
  }

  @Test
  void withoutAnExecutorThereAreThreadsForTheCall() {
    CountDownLatch both = new CountDownLatch(2);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    try (HnswWorkers<Integer> workers = new HnswWorkers<>(2, null, made::getAndIncrement)) {
      workers.forEach(
          COUNT,
          (worker, i) -> {
            done.incrementAndGet(i);
            if (threads.add(Thread.currentThread())) {
              both.countDown();
            }
            await(both);
          });
    }
    assertAllDoneOnce();
    assertEquals(2, threads.size());
  }

  @Test
  void theCallingThreadDoesWhatIsRefused() {
    AtomicInteger refused = new AtomicInteger();
    Executor executor =
        task -> {
          refused.incrementAndGet();
          throw new RejectedExecutionException("full");
        };
    try (HnswWorkers<Integer> workers = workers(4, executor)) {
      workers.forEach(COUNT, (worker, i) -> done.addAndGet(i, worker == 0 ? 1 : 100));
    }
    assertAllDoneOnce();
    assertEquals(1, refused.get());
  }

  @Test
  void anExecutorMayRefuseLater() {
    Executor executor =
        task -> {
          if (!queue.isEmpty()) {
            throw new RejectedExecutionException("full");
          }
          queue.add(task);
        };
    try (HnswWorkers<Integer> workers = workers(4, executor)) {
      workers.forEach(COUNT, (worker, i) -> done.incrementAndGet(i));
    }
    assertAllDoneOnce();
    assertEquals(1, queue.size());
  }

  @Test
  void anExecutorMayRunTasksInTheCallingThread() {
    try (HnswWorkers<Integer> workers = workers(4, Runnable::run)) {
      workers.forEach(COUNT, (worker, i) -> done.addAndGet(i, worker == 1 ? 1 : 100));
    }
    assertAllDoneOnce();
  }

  @Test
  void tasksThatNeverBeginAreNotWaitedForAndNotGivenTwice() {
    try (HnswWorkers<Integer> workers = workers(4, queue::add)) {
      for (int round = 0; round < 10; round++) {
        workers.forEach(COUNT / 10, (worker, i) -> assertEquals(0, worker));
        assertEquals(3, queue.size());
      }
    }
    // Too late: there is nothing to do and no memory to do it with.
    queue.forEach(Runnable::run);
  }

  @Test
  void aTaskThatBeginsLateJoinsWhatIsBeingDoneThen() {
    Set<Integer> began = ConcurrentHashMap.newKeySet();
    try (HnswWorkers<Integer> workers = workers(2, queue::add)) {
      workers.forEach(COUNT, (worker, i) -> began.add(worker));
      assertEquals(Set.of(0), began);
      Runnable late = queue.remove();
      workers.forEach(
          COUNT,
          (worker, i) -> {
            done.incrementAndGet(i);
            began.add(worker);
            if (i == 0) {
              late.run();
              // It has run: a second time would share its memory with the first.
              late.run();
            }
          });
      assertAllDoneOnce();
      assertEquals(Set.of(0, 1), began);
      late.run();
      workers.forEach(COUNT, (worker, i) -> began.add(worker));
      assertEquals(1, queue.size());
    }
  }

  /** Called for one round, it begins in the next one, just before it would be called for that. */
  @Test
  void aTaskThatBeganLateIsNotDoneTwiceWhereItIsCalledAgain() {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger using = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    Executor executor =
        task -> {
          switch (calls.getAndIncrement()) {
            case 0 -> task.run();
            case 1 -> queue.add(task);
            case 2 -> {
              threads.add(new Thread(queue.remove()));
              threads.get(0).start();
              await(entered);
            }
            default -> task.run();
          }
        };
    try (HnswWorkers<Integer> workers = workers(3, executor)) {
      workers.forEach(COUNT, (worker, i) -> {});
      workers.forEach(
          COUNT,
          (worker, i) -> {
            done.incrementAndGet(i);
            if (worker == 0) {
              release.countDown();
            } else if (most.accumulateAndGet(using.incrementAndGet(), Math::max) == 1) {
              entered.countDown();
              await(release);
            }
            using.addAndGet(worker == 0 ? 0 : -1);
          });
    }
    assertEquals(4, calls.get());
    assertEquals(1, most.get());
    assertAllDoneOnce();
  }

  @Test
  void whatATaskThrowsComesOutAfterTheOthersHaveEnded() {
    ExecutorService executor = Executors.newFixedThreadPool(3);
    CountDownLatch all = new CountDownLatch(4);
    AtomicInteger working = new AtomicInteger();
    List<Throwable> thrown = new ArrayList<>();
    try (HnswWorkers<Integer> workers = workers(4, executor)) {
      IllegalStateException failure =
          assertThrows(
              IllegalStateException.class,
              () ->
                  workers.forEach(
                      COUNT,
                      (worker, i) -> {
                        working.incrementAndGet();
                        all.countDown();
                        await(all);
                        working.decrementAndGet();
                        IllegalStateException e = new IllegalStateException("worker " + worker);
                        synchronized (thrown) {
                          thrown.add(e);
                        }
                        throw e;
                      }));
      assertEquals(0, working.get());
      assertEquals(4, thrown.size());
      thrown.remove(failure);
      assertEquals(Set.copyOf(thrown), Set.of(failure.getSuppressed()));
      // Nothing is left of it.
      workers.forEach(COUNT, (worker, i) -> done.incrementAndGet(i));
      assertAllDoneOnce();
    }
    executor.shutdownNow();
  }

  @Test
  void anErrorOfAHelperComesOutAsItIs() {
    StackOverflowError error = new StackOverflowError();
    try (HnswWorkers<Integer> workers = workers(2, Runnable::run)) {
      StackOverflowError found =
          assertThrows(
              StackOverflowError.class,
              () ->
                  workers.forEach(
                      COUNT,
                      (worker, i) -> {
                        done.incrementAndGet(i);
                        throw error;
                      }));
      assertSame(error, found);
    }
    assertEquals(1, done.get(0));
    assertEquals(0, done.get(COUNT - 1));
  }

  @Test
  void whatAnExecutorThrowsComesOut() {
    IllegalStateException broken = new IllegalStateException("broken");
    Executor executor =
        task -> {
          task.run();
          throw broken;
        };
    try (HnswWorkers<Integer> workers = workers(4, executor)) {
      IllegalStateException found =
          assertThrows(
              IllegalStateException.class,
              () -> workers.forEach(COUNT, (worker, i) -> done.incrementAndGet(i)));
      assertSame(broken, found);
    }
  }

  @Test
  void anInterruptIsKeptAndEndsNothing() {
    ExecutorService executor = Executors.newFixedThreadPool(2);
    Thread.currentThread().interrupt();
    try (HnswWorkers<Integer> workers = workers(3, executor)) {
      workers.forEach(COUNT, (worker, i) -> done.incrementAndGet(i));
    } finally {
      assertTrue(Thread.interrupted());
    }
    assertAllDoneOnce();
    executor.shutdownNow();
  }
}
