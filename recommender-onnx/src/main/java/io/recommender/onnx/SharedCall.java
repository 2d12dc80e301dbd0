package io.recommender.onnx;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One call whose parts several threads take, each the next: the one that calls, and helpers from an
 * executor, as far as it lends any.
 *
 * <p>The calling thread waits only for helpers that have begun. So it comes to its end alone if the
 * executor refuses, is busy for ever, or runs helpers in the calling thread. A helper that begins
 * late does nothing, and what an executor keeps of it holds no memory of the call.
 */
final class SharedCall implements Runnable {
  private final int count;
  private final AtomicInteger next = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition isDone = lock.newCondition();

  /** Null once the call is over. Guarded by lock. */
  private @Nullable Task task;

  /** How many helpers are at it. Guarded by lock. */
  private int working;

  /** The first failure, with the others. Guarded by lock. */
  private @Nullable Throwable failure;

  private SharedCall(int count, Task task) {
    this.count = count;
    this.task = task;
  }

  /** What each thread does. */
  @FunctionalInterface
  interface Task {
    /**
     * Works until there is nothing left.
     *
     * @param next gives the next part, or -1 after the last
     */
    void work(IntSupplier next);
  }

  /**
   * Who helps.
   *
   * @param executor lends the threads
   * @param threads how many work at once, the calling one included
   */
  record Helpers(Executor executor, int threads) {
    /** Nobody: the calling thread does all. */
    static final Helpers NONE = new Helpers(Runnable::run, 1);

    /**
     * Does parts 0 to count - 1, in about that order, and waits for all.
     *
     * @throws RuntimeException what a thread threw, or the executor other than to refuse; then no
     *     part is begun any more, and not all are done
     */
    void forEach(int count, Task task) {
      SharedCall call = new SharedCall(count, task);
      try {
        call.ask(executor, Math.min(threads, count) - 1);
        call.join(task);
      } finally {
        call.end();
      }
      call.throwFailure();
    }
  }

  private void ask(Executor executor, int helpers) {
    try {
      for (int i = 0; i < helpers; i++) {
        executor.execute(this);
      }
    } catch (RejectedExecutionException e) {
      // Those that were not refused help; without any the calling thread does all.
      return;
    }
  }

  /** A helper's part, run by the executor. */
  @Override
  public void run() {
    Task joined;
    lock.lock();
    try {
      joined = task;
      if (joined == null) {
        return;
      }
      working++;
    } finally {
      lock.unlock();
    }
    try {
      join(joined);
    } finally {
      lock.lock();
      try {
        if (--working == 0) {
          isDone.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void join(Task joined) {
    try {
      joined.work(this::take);
    } catch (RuntimeException | Error e) {
      next.set(count);
      lock.lock();
      try {
        if (failure == null) {
          failure = e;
        } else if (failure != e) {
          failure.addSuppressed(e);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private int take() {
    int part = next.get() < count ? next.getAndIncrement() : count;
    return part < count ? part : -1;
  }

  /** Waits to the end even if interrupted: helpers write where the caller reads. */
  private void end() {
    next.set(count);
    lock.lock();
    try {
      task = null;
      while (working > 0) {
        isDone.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private void throwFailure() {
    lock.lock();
    try {
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure instanceof RuntimeException exception) {
        throw exception;
      }
    } finally {
      lock.unlock();
    }
  }
}
