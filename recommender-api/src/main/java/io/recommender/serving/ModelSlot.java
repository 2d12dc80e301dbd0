package io.recommender.serving;

import io.recommender.internal.Listeners;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The place of a model that can be swapped for another while calls use it.
 *
 * <p>A call enters the lease of the current model and leaves it when it ends. A swap publishes the
 * next lease and retires the one before; a call that found a retired lease looks again.
 *
 * <p><b>Thread-safe</b>. Swaps take turns.
 */
final class ModelSlot<T> {
  private final String name;
  private final boolean keepsPrevious;
  private final long drainNanos;
  private final Consumer<T> close;
  private final Listeners listeners;
  private final AtomicLong swaps = new AtomicLong();

  private final ReentrantLock swapping = new ReentrantLock();

  /** Guards writes of {@link #current}, and {@link #previous}. */
  private final Object publication = new Object();

  /** Null once closed. */
  private volatile @Nullable Held<T> current;

  private @Nullable Held<T> previous;

  /** The model that was current when this was closed, so that a second close waits for it too. */
  private volatile @Nullable Held<T> last;

  private record Held<T>(Lease<T> lease, Trial trial, long openingNanos, long trialNanos) {
    String version() {
      return trial.version();
    }
  }

  /**
   * What trying a model told.
   *
   * @param version the version of the model; empty if it is unknown
   * @param requests with how many requests it was tried
   */
  record Trial(String version, int requests) {}

  ModelSlot(
      String name,
      boolean keepsPrevious,
      Duration drainTimeout,
      Consumer<T> close,
      Listeners listeners) {
    this.name = name;
    this.keepsPrevious = keepsPrevious;
    drainNanos = drainTimeout.toNanos();
    this.close = close;
    this.listeners = listeners;
  }

  /** Opens the first model. */
  void open(Supplier<? extends T> opening, Function<T, Trial> trial) {
    current = tried(opening, trial);
  }

  /**
   * Enters the current model; the caller leaves the lease.
   *
   * @throws IllegalStateException if closed
   */
  Lease<T> enter() {
    while (true) {
      Held<T> held = current;
      if (held == null) {
        throw closed();
      }
      if (held.lease().tryEnter()) {
        return held.lease();
      }
      Thread.onSpinWait();
    }
  }

  /** Calls the current model and the one that is kept, if they are open. */
  void each(Consumer<? super T> call) {
    List<Held<T>> open = new ArrayList<>();
    synchronized (publication) {
      if (current != null) {
        open.add(current);
      }
      if (previous != null) {
        open.add(previous);
      }
    }
    for (Held<T> held : open) {
      if (held.lease().tryEnter()) {
        try {
          call.accept(held.lease().resource());
        } finally {
          held.lease().leave();
        }
      }
    }
  }

  private IllegalStateException closed() {
    return new IllegalStateException(name + " is closed");
  }

  SwapReport swap(Supplier<? extends T> opening, Function<T, Trial> trial) {
    swapping.lock();
    try {
      Held<T> next;
      Held<T> before;
      Held<T> old;
      try {
        if (current == null) {
          throw closed();
        }
        next = tried(opening, trial);
        synchronized (publication) {
          before = current;
          if (before != null) {
            current = next;
            old = keepsPrevious ? previous : before;
            previous = keepsPrevious ? before : null;
          } else {
            old = next;
          }
        }
        if (before == null) {
          retire(old, drainNanos);
          throw closed();
        }
      } catch (RuntimeException | Error failure) {
        listeners.tell(listener -> listener.swapFailed(name, failure));
        throw failure;
      }
      return told(before, next, old);
    } finally {
      swapping.unlock();
    }
  }

  private SwapReport told(Held<T> before, Held<T> next, @Nullable Held<T> old) {
    swaps.incrementAndGet();
    long nanoseconds = next.openingNanos() + next.trialNanos();
    listeners.tell(
        listener -> listener.modelSwapped(name, before.version(), next.version(), nanoseconds));
    return new SwapReport(
        before.version(),
        next.version(),
        next.trial().requests(),
        Duration.ofNanos(next.openingNanos()),
        Duration.ofNanos(next.trialNanos()),
        old == null || retire(old, drainNanos));
  }

  SwapReport rollback() {
    swapping.lock();
    try {
      Held<T> before;
      Held<T> next;
      synchronized (publication) {
        before = current;
        next = previous;
        if (before == null) {
          throw closed();
        }
        if (next == null) {
          throw new IllegalStateException(
              name
                  + ": expected a previous model, found none; keepPrevious() keeps one open, and"
                  + " a rollback uses it up");
        }
        current = next;
        previous = null;
      }
      return told(before, new Held<>(next.lease(), new Trial(next.version(), 0), 0, 0), before);
    } finally {
      swapping.unlock();
    }
  }

  /** Closes the previous model, so that its memory is free again. */
  boolean dropPrevious(long nanoseconds) {
    Held<T> old;
    synchronized (publication) {
      old = previous;
      previous = null;
    }
    return old == null || retire(old, nanoseconds);
  }

  private Held<T> tried(Supplier<? extends T> opening, Function<T, Trial> trial) {
    long start = System.nanoTime();
    T model = Objects.requireNonNull(opening.get(), "model");
    long opened = System.nanoTime();
    Lease<T> lease = new Lease<>(model, () -> close.accept(model), this::closeFailed);
    try {
      Trial told = trial.apply(model);
      return new Held<>(lease, told, opened - start, System.nanoTime() - opened);
    } catch (RuntimeException | Error failure) {
      try {
        lease.retire(drainNanos);
      } catch (RuntimeException suppressed) {
        failure.addSuppressed(suppressed);
      }
      throw failure;
    }
  }

  /** Retires a model whose successor answers already, so that its failure to close is no error. */
  private boolean retire(Held<T> old, long nanoseconds) {
    try {
      return old.lease().retire(nanoseconds);
    } catch (RuntimeException failure) {
      closeFailed(failure);
      return true;
    }
  }

  private void closeFailed(RuntimeException failure) {
    listeners.tell(listener -> listener.sourceFailed(name, "close", failure));
  }

  String version() {
    Held<T> held = current;
    return held == null ? "" : held.version();
  }

  String previousVersion() {
    synchronized (publication) {
      return previous == null ? "" : previous.version();
    }
  }

  boolean hasPrevious() {
    synchronized (publication) {
      return previous != null;
    }
  }

  long swaps() {
    return swaps.get();
  }

  int inside() {
    Held<T> held = current;
    return held == null ? 0 : held.lease().inside();
  }

  /** Closes both models, after the calls inside. */
  boolean close(long nanoseconds) {
    long end = System.nanoTime() + nanoseconds;
    Held<T> waited;
    synchronized (publication) {
      last = current == null ? last : current;
      waited = last;
      current = null;
    }
    try {
      return waited == null || waited.lease().retire(nanoseconds);
    } finally {
      dropPrevious(Math.max(0, end - System.nanoTime()));
    }
  }

  long drainNanos() {
    return drainNanos;
  }
}
