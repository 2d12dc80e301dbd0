package io.recommender.pipeline;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of a pipeline that was given no executor. */
final class PipelineThreads {
  private static final long IDLE_SECONDS = 10;

  private PipelineThreads() {}

  /**
   * Creates a pool that starts a daemon thread whenever none is idle, up to a limit, and queues
   * beyond it. Idle threads end after 10 seconds.
   */
  static ThreadPoolExecutor create(String name, int limit) {
    AtomicInteger count = new AtomicInteger();
    // A pool prefers its queue to new threads, so the queue takes only what an idle thread wants;
    // what neither wants is refused, and then queued after all.
    LinkedTransferQueue<Runnable> queue =
        new LinkedTransferQueue<>() {
          private static final long serialVersionUID = 1L;

          @Override
          public boolean offer(Runnable task) {
            return tryTransfer(task);
          }
        };
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            0,
            limit,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            queue,
            task -> {
              Thread thread =
                  new Thread(task, "recommender-" + name + "-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            },
            (task, executor) -> {
              if (!executor.isShutdown()) {
                queue.put(task);
              }
            });
    return pool;
  }
}
