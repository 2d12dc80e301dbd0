package io.recommender.ann;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads for the time of one call, each with memory of its own.
 *
 * @param <W> the memory of a thread
 */
final class HnswWorkers<W> implements AutoCloseable {
  private static final int GRAIN = 16;

  private final List<W> workers = new ArrayList<>();
  private final @Nullable ExecutorService threads;

  HnswWorkers(int count, Supplier<W> memory) {
    for (int i = 0; i < count; i++) {
      workers.add(memory.get());
    }
    threads = count == 1 ? null : Executors.newFixedThreadPool(count - 1);
  }

  /** Returns the memory of the thread that calls. */
  W first() {
    return workers.get(0);
  }

  @FunctionalInterface
  interface Task<W> {
    void run(W worker, int index);
  }

  /** Runs a task for each index from 0 to count - 1, in any order, and waits for all. */
  void forEach(int count, Task<W> task) {
    ExecutorService others = threads;
    AtomicInteger next = new AtomicInteger();
    if (others == null || count <= GRAIN) {
      run(workers.get(0), next, count, task);
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    for (W worker : workers.subList(1, workers.size())) {
      running.add(others.submit(() -> run(worker, next, count, task)));
    }
    run(workers.get(0), next, count, task);
    for (Future<?> each : running) {
      await(each);
    }
  }

  private static <W> void run(W worker, AtomicInteger next, int count, Task<W> task) {
    for (int start = next.getAndAdd(GRAIN); start < count; start = next.getAndAdd(GRAIN)) {
      int end = Math.min(count, start + GRAIN);
      for (int i = start; i < end; i++) {
        task.run(worker, i);
      }
    }
  }

  /** Waits to the end even if interrupted: half a batch must not be published. */
  private static void await(Future<?> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          future.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof RuntimeException failure) {
            throw failure;
          }
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    if (threads != null) {
      threads.shutdown();
    }
  }
}
