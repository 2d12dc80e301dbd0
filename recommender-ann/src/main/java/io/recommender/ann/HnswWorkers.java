package io.recommender.ann;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads for the time of one call, each with memory of its own: the one that calls, and helpers
 * from an executor, as far as it lends any.
 *
 * <p>The calling thread works too and waits only for helpers that have begun. So it comes to its
 * end alone if the executor refuses, is busy for ever, or runs helpers in the calling thread. A
 * helper that begins late joins what is being done then, or else does nothing; until it begins it
 * is not given to the executor again, so no more of them wait there than there are helpers.
 *
 * @param <W> the memory of a thread
 */
final class HnswWorkers<W> implements AutoCloseable {
  private static final int GRAIN = 16;

  /** That of the calling thread first. */
  private final List<W> memories = new ArrayList<>();

  private final List<Helper> helpers = new ArrayList<>();
  private final Executor executor;

  /** The threads of this call, if nobody lent any. */
  private final @Nullable ExecutorService own;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition isDone = lock.newCondition();

  /** What is being done. Guarded by lock. */
  private @Nullable Round<W> round;

  /** How many helpers are at it. Guarded by lock. */
  private int working;

  /**
   * Prepares threads.
   *
   * @param count how many there are at most, with the one that calls
   * @param executor where the others come from, or null for new ones
   * @param memory makes the memory of a thread
   */
  HnswWorkers(int count, @Nullable Executor executor, Supplier<W> memory) {
    for (int i = 0; i < count; i++) {
      memories.add(memory.get());
      if (i > 0) {
        helpers.add(new Helper(i));
      }
    }
    own = count > 1 && executor == null ? Executors.newFixedThreadPool(count - 1) : null;
    this.executor = Objects.requireNonNullElse(executor, own == null ? Runnable::run : own);
  }

  /** Returns the memory of the thread that calls. */
  W first() {
    return memories.get(0);
  }

  @FunctionalInterface
  interface Task<W> {
    void run(W worker, int index);
  }

  /**
   * Runs a task for each index from 0 to count - 1, in any order, and waits for all.
   *
   * @throws RuntimeException what a task threw, or the executor other than to refuse; then no task
   *     runs any more, and not all have
   */
  void forEach(int count, Task<W> task) {
    forEach(count, GRAIN, task);
  }

  /**
   * As {@link #forEach(int, Task)}.
   *
   * @param grain how many indexes a thread takes at once
   */
  void forEach(int count, int grain, Task<W> task) {
    Round<W> now = new Round<>(count, grain, task);
    if (helpers.isEmpty() || count <= grain) {
      now.work(first());
    } else {
      begin(now);
      try {
        call((count - 1) / grain);
        now.work(first());
      } finally {
        now.stop();
        end();
      }
    }
    now.throwFailure();
  }

  private void begin(Round<W> now) {
    lock.lock();
    try {
      round = now;
    } finally {
      lock.unlock();
    }
  }

  /** Gives helpers to the executor until it refuses. Without the lock: it may run them at once. */
  private void call(int most) {
    for (Helper helper : helpers.subList(0, Math.min(most, helpers.size()))) {
      if (helper.setCalled(true)) {
        boolean isAccepted = false;
        try {
          executor.execute(helper);
          isAccepted = true;
        } catch (RejectedExecutionException e) {
          return;
        } finally {
          if (!isAccepted) {
            helper.setCalled(false);
          }
        }
      }
    }
  }

  /** Waits to the end even if interrupted: half a batch must not be published. */
  private void end() {
    lock.lock();
    try {
      round = null;
      while (working > 0) {
        isDone.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the threads of this call. Those of an executor that was lent stay. */
  @Override
  public void close() {
    // An executor may keep helpers that never begin for as long as it lives.
    memories.clear();
    if (own != null) {
      own.shutdown();
    }
  }

  /** A thread's part, run by the executor. */
  private final class Helper implements Runnable {
    private final int number;

    /** Whether the executor has it and it has not begun. Guarded by lock. */
    private boolean isCalled;

    /** Whether it is at work: if it began late, it may be called again for the same round. */
    private boolean isWorking;

    Helper(int number) {
      this.number = number;
    }

    /** Returns whether that is a change. */
    boolean setCalled(boolean value) {
      lock.lock();
      try {
        boolean isChange = isCalled != value;
        isCalled = value;
        return isChange;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void run() {
      Round<W> joined;
      W mine;
      lock.lock();
      try {
        joined = round;
        // An executor that runs it twice must not have two threads share its memory.
        boolean isExpected = isCalled;
        isCalled = false;
        if (!isExpected || isWorking || joined == null) {
          return;
        }
        mine = memories.get(number);
        isWorking = true;
        working++;
      } finally {
        lock.unlock();
      }
      joined.work(mine);
      lock.lock();
      try {
        isWorking = false;
        if (--working == 0) {
          isDone.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** The indexes of one call, which threads take a few at a time. */
  private static final class Round<W> {
    private final int count;
    private final int grain;
    private final Task<W> task;
    private final AtomicInteger next = new AtomicInteger();
    private final List<Throwable> failures = new ArrayList<>();

    Round(int count, int grain, Task<W> task) {
      this.count = count;
      this.grain = grain;
      this.task = task;
    }

    void work(W worker) {
      try {
        for (int start = next.getAndAdd(grain); start < count; start = next.getAndAdd(grain)) {
          int end = Math.min(count, start + grain);
          for (int i = start; i < end; i++) {
            task.run(worker, i);
          }
        }
      } catch (RuntimeException | Error e) {
        stop();
        synchronized (failures) {
          failures.add(e);
        }
      }
    }

    void stop() {
      next.set(count);
    }

    /** Throws the first failure, with the others. Once nobody works any more. */
    void throwFailure() {
      synchronized (failures) {
        if (failures.isEmpty()) {
          return;
        }
        Throwable failure = failures.get(0);
        for (Throwable other : failures.subList(1, failures.size())) {
          if (other != failure) {
            failure.addSuppressed(other);
          }
        }
        if (failure instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) failure;
      }
    }
  }
}
