package io.recommender.serving;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Something open, how many calls are using it, and its end: it is closed once, after the last call.
 *
 * <p>The state is the number of calls inside; the sign bit says that nobody is admitted any more.
 *
 * <p><b>Thread-safe</b>.
 */
final class Lease<T> {
  private static final int RETIRED = Integer.MIN_VALUE;

  private final T resource;
  private final Runnable close;
  private final Consumer<RuntimeException> lateFailure;
  private final AtomicInteger state = new AtomicInteger();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch left = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Whether whoever retired it has gone, so that the last call has to close it. */
  private volatile boolean abandoned;

  /**
   * Leases something.
   *
   * @param close closes it
   * @param lateFailure is told when a call that is the last one fails to close it
   */
  Lease(T resource, Runnable close, Consumer<RuntimeException> lateFailure) {
    this.resource = resource;
    this.close = close;
    this.lateFailure = lateFailure;
  }

  T resource() {
    return resource;
  }

  /** Lets a call in, unless it is over. Who is let in has to {@link #leave}. */
  boolean tryEnter() {
    for (int now = state.get(); now >= 0; now = state.get()) {
      if (state.compareAndSet(now, now + 1)) {
        return true;
      }
    }
    return false;
  }

  void leave() {
    if (state.decrementAndGet() == RETIRED) {
      left.countDown();
      if (abandoned) {
        closeLate();
      }
    }
  }

  /** How many calls are inside. */
  int inside() {
    return state.get() & ~RETIRED;
  }

  boolean isRetired() {
    return state.get() < 0;
  }

  /**
   * Admits nobody any more, waits for the calls inside, and closes. When the time is over or the
   * thread is interrupted, the last call closes instead. May be called again and by several.
   *
   * @return whether it is closed now
   */
  boolean retire(long nanoseconds) {
    int before = state.getAndUpdate(now -> now | RETIRED);
    if ((before & ~RETIRED) == 0) {
      left.countDown();
    }
    long end = System.nanoTime() + nanoseconds;
    if (await(left, nanoseconds)) {
      if (closing.compareAndSet(false, true)) {
        closeNow();
        return true;
      }
      return await(closed, end - System.nanoTime());
    }
    abandoned = true;
    if (left.getCount() == 0) {
      closeLate();
    }
    return closed.getCount() == 0;
  }

  private void closeNow() {
    try {
      close.run();
    } finally {
      closed.countDown();
    }
  }

  private void closeLate() {
    if (closing.compareAndSet(false, true)) {
      try {
        closeNow();
      } catch (RuntimeException failure) {
        lateFailure.accept(failure);
      }
    }
  }

  private static boolean await(CountDownLatch latch, long nanoseconds) {
    try {
      return latch.await(nanoseconds, TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
