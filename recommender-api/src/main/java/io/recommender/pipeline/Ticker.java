package io.recommender.pipeline;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Time, and waiting. Tests have their own. */
interface Ticker {
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException {
          return latch.await(nanoseconds, TimeUnit.NANOSECONDS);
        }
      };

  long nanoTime();

  /** Waits until the latch opens or the time is over; returns whether it opened. */
  boolean await(CountDownLatch latch, long nanoseconds) throws InterruptedException;
}
