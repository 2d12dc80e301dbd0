package io.recommender.pipeline;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One call of a source, reranker or fallback, made by whichever thread claims it first, or by none
 * if it is given up before.
 *
 * <p>The fields are written before the state that says so, and read after it. A call that is given
 * up while it runs keeps its place in the bulkhead until it ends.
 */
final class StageCall<T> implements Runnable {
  enum State {
    NEW,
    RUNNING,
    DONE,
    FAILED,
    /** The bulkhead was full or the executor refused. */
    SKIPPED,
    /** Given up before it was begun. */
    ABANDONED
  }

  private final Guard guard;
  private final Supplier<T> work;
  private final CountDownLatch latch;
  private final Ticker ticker;
  private final AtomicReference<State> state;
  private @Nullable T value;
  private @Nullable Throwable failure;
  private long nanoseconds;

  /**
   * Creates a call and enters the bulkhead.
   *
   * @param latch counted down when there is nothing more to wait for
   */
  StageCall(Guard guard, Supplier<T> work, CountDownLatch latch, Ticker ticker) {
    this.guard = guard;
    this.work = work;
    this.latch = latch;
    this.ticker = ticker;
    boolean entered = guard.tryEnter();
    state = new AtomicReference<>(entered ? State.NEW : State.SKIPPED);
    if (!entered) {
      latch.countDown();
    }
  }

  String stage() {
    return guard.stage();
  }

  State state() {
    return state.get();
  }

  /** Makes the call unless another thread does or did, or it was given up. */
  @Override
  public void run() {
    if (!state.compareAndSet(State.NEW, State.RUNNING)) {
      return;
    }
    State end = State.FAILED;
    long start = ticker.nanoTime();
    try {
      value = work.get();
      end = State.DONE;
    } catch (Throwable thrown) {
      // Errors too: they belong to the thread that asked, which may be another one.
      failure = thrown;
    } finally {
      nanoseconds = ticker.nanoTime() - start;
      guard.leave();
      state.set(end);
      latch.countDown();
    }
  }

  /** Sees to it that a call which has not begun never will. */
  void abandon(State as) {
    if (state.compareAndSet(State.NEW, as)) {
      guard.leave();
      latch.countDown();
    }
  }

  /** The result, once the state is DONE. */
  T value() {
    T result = value;
    if (result == null) {
      throw new IllegalStateException(stage() + " returned null");
    }
    return result;
  }

  /** What was thrown, once the state is FAILED. */
  Throwable failure() {
    Throwable thrown = failure;
    return thrown == null ? new IllegalStateException(stage() + " has not failed") : thrown;
  }

  /** How long it took, once the state is DONE or FAILED. */
  long nanoseconds() {
    return nanoseconds;
  }
}
