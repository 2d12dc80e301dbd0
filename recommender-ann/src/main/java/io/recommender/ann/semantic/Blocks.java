package io.recommender.ann.semantic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Runs work on numbers from 0 on in blocks, on several threads that live as long as the call. What
 * a block does must not depend on others, so that the outcome is the same with any number of
 * threads.
 */
final class Blocks {
  private static final int LENGTH = 256;

  private Blocks() {}

  /** Work on the numbers of a range, in memory of the thread. */
  interface Work<M> {
    void run(int from, int to, M memory);
  }

  /**
   * Runs work.
   *
   * @param count the numbers are below this
   * @param threads how many threads, with the one that calls
   * @param memory makes what each thread needs
   */
  static <M> void run(int count, int threads, Supplier<M> memory, Work<M> work) {
    int blocks = (count + LENGTH - 1) / LENGTH;
    AtomicInteger next = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Runnable task =
        () -> {
          M own = memory.get();
          for (int block = next.getAndIncrement();
              block < blocks && failure.get() == null;
              block = next.getAndIncrement()) {
            work.run(block * LENGTH, Math.min(count, (block + 1) * LENGTH), own);
          }
        };
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, blocks); i++) {
      Thread thread = new Thread(task, "residual-quantizer-" + i);
      thread.setDaemon(true);
      thread.setUncaughtExceptionHandler((dead, cause) -> failure.compareAndSet(null, cause));
      thread.start();
      others.add(thread);
    }
    try {
      task.run();
    } finally {
      join(others);
    }
    if (failure.get() != null) {
      throw new IllegalStateException("a thread failed", failure.get());
    }
  }

  private static void join(List<Thread> threads) {
    boolean wasInterrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException interruption) {
          wasInterrupted = true;
        }
      }
    }
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
