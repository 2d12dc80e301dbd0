package io.recommender.testing;

import java.util.concurrent.CountDownLatch;

/** How fakes wait. */
final class Latches {
  private Latches() {}

  /**
   * Waits for a latch.
   *
   * @throws IllegalStateException if the thread is interrupted, which it then still is
   */
  static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting", interrupted);
    }
  }
}
