package io.recommender.onnx;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Admits the calls of an open model, and closes what it holds once, when the calls in flight are
 * over: a session that is closed during a run takes the process with it.
 *
 * <p><b>Thread-safe</b>: calls share a read lock, close takes the write lock.
 */
final class ModelLease {
  private final String name;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  /** Guarded by {@link #lock}. */
  private boolean closed;

  /**
   * Makes a lease.
   *
   * @param name what the model is called when it is closed
   */
  ModelLease(String name) {
    this.name = name;
  }

  /**
   * Lets a call in, which has to {@link #leave}.
   *
   * @throws IllegalStateException if closed
   */
  void enter() {
    lock.readLock().lock();
    if (closed) {
      lock.readLock().unlock();
      throw new IllegalStateException(name + " is closed");
    }
  }

  void leave() {
    lock.readLock().unlock();
  }

  /** How many calls are inside. */
  int inside() {
    return lock.getReadLockCount();
  }

  /**
   * Waits for the calls in flight and closes. The second time nothing happens.
   *
   * @param parts what is closed, in this order, each even if one before it fails
   */
  void close(Runnable... parts) {
    lock.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      RuntimeException failure = null;
      for (Runnable part : parts) {
        failure = closed(part, failure);
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private static @Nullable RuntimeException closed(
      Runnable part, @Nullable RuntimeException earlier) {
    try {
      part.run();
      return earlier;
    } catch (RuntimeException e) {
      if (earlier == null) {
        return e;
      }
      earlier.addSuppressed(e);
      return earlier;
    }
  }
}
