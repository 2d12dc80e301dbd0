package io.recommender.pipeline;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Has calls made, here and in other threads. <b>Thread-safe</b>. */
final class Dispatcher {
  private final Executor executor;
  private final Ticker ticker;

  Dispatcher(Executor executor, Ticker ticker) {
    this.executor = executor;
    this.ticker = ticker;
  }

  Ticker ticker() {
    return ticker;
  }

  /**
   * Makes all calls. This thread makes the first, then each that no other has begun, so it never
   * waits for a thread to become free; a single call stays here.
   *
   * @return whether all have ended: not if this thread was interrupted, which it then still is
   */
  boolean all(List<? extends StageCall<?>> calls, CountDownLatch latch) {
    for (int i = 1; i < calls.size(); i++) {
      try {
        executor.execute(calls.get(i));
      } catch (RejectedExecutionException busy) {
        break;
      }
    }
    calls.get(0).run();
    for (int i = calls.size() - 1; i > 0; i--) {
      calls.get(i).run();
    }
    try {
      latch.await();
      return true;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return latch.getCount() == 0;
    }
  }

  /**
   * Makes calls in other threads until a moment, and gives up those not begun by then.
   *
   * @param end the moment, by the ticker
   * @return whether all have ended
   */
  boolean until(List<? extends StageCall<?>> calls, CountDownLatch latch, long end) {
    for (StageCall<?> call : calls) {
      try {
        executor.execute(call);
      } catch (RejectedExecutionException busy) {
        call.abandon(StageCall.State.SKIPPED);
      }
    }
    boolean ended = false;
    try {
      ended = ticker.await(latch, Math.max(0, end - ticker.nanoTime()));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!ended) {
      calls.forEach(call -> call.abandon(StageCall.State.ABANDONED));
    }
    return ended;
  }
}
