package io.recommender.pipeline;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** The bulkhead of one source, reranker or fallback. <b>Thread-safe</b>. */
final class Guard {
  private final String stage;
  private final @Nullable Semaphore permits;

  /**
   * Creates a guard.
   *
   * @param stage the name of what is guarded, as in a trace
   * @param maxConcurrentCalls the limit; 0 = none
   */
  Guard(String stage, int maxConcurrentCalls) {
    this.stage = stage;
    permits = maxConcurrentCalls == 0 ? null : new Semaphore(maxConcurrentCalls);
  }

  String stage() {
    return stage;
  }

  boolean tryEnter() {
    return permits == null || permits.tryAcquire();
  }

  void leave() {
    if (permits != null) {
      permits.release();
    }
  }
}
