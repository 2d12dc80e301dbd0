package io.recommender.ann.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to save a file, against other threads and other processes.
 *
 * <p>Held by locking a file beside it, which stays there: if it were deleted, a process that waits
 * for the deleted one and a process that makes a new one would both hold it. The system frees the
 * lock of a process that dies.
 */
final class SnapshotLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotLock.class);
  private static final long RETRY_NANOS = 1_000_000;

  /**
   * A file lock is held by a whole process, and lost when any of its channels of that file is
   * closed; so the threads of this process take turns before they open one.
   */
  private static final Map<Path, Thread> HOLDERS = new HashMap<>();

  private final Path file;
  private final FileChannel channel;

  private SnapshotLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Waits for the lock.
   *
   * @param file the file to save, absolute and without links
   * @throws IllegalStateException if this thread holds it
   * @throws FileLockInterruptionException if the thread is interrupted, whose flag stays set
   */
  static SnapshotLock acquire(Path file) throws IOException {
    enter(file);
    try {
      FileChannel channel =
          FileChannel.open(
              file.resolveSibling(file.getFileName() + ".lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE);
      try {
        lock(channel);
        return new SnapshotLock(file, channel);
      } catch (IOException | RuntimeException | Error e) {
        channel.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      leave(file);
      throw e;
    }
  }

  private static void lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        channel.lock();
        return;
      } catch (OverlappingFileLockException e) {
        // Held by this process, but through another class loader. That cannot be waited for.
        LockSupport.parkNanos(RETRY_NANOS);
        if (Thread.currentThread().isInterrupted()) {
          throw new FileLockInterruptionException();
        }
      }
    }
  }

  private static void enter(Path file) throws FileLockInterruptionException {
    Thread self = Thread.currentThread();
    synchronized (HOLDERS) {
      if (HOLDERS.get(file) == self) {
        throw new IllegalStateException(
            file + ": expected one save at a time, found one in another");
      }
      try {
        while (HOLDERS.putIfAbsent(file, self) != null) {
          HOLDERS.wait();
        }
      } catch (InterruptedException e) {
        self.interrupt();
        throw new FileLockInterruptionException();
      }
    }
  }

  private static void leave(Path file) {
    synchronized (HOLDERS) {
      HOLDERS.remove(file);
      HOLDERS.notifyAll();
    }
  }

  /** Gives the lock back. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.warn("{}: the lock beside it may stay until the end of this process", file, e);
    } finally {
      leave(file);
    }
  }
}
