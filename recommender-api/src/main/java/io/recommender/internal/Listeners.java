package io.recommender.internal;

import io.recommender.RecommenderListener;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The listeners of a recommender, none of which can harm an answer.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Thread-safe</b>.
 */
public final class Listeners {
  private static final System.Logger LOGGER = System.getLogger("io.recommender.listeners");

  private final List<RecommenderListener> listeners;
  private final AtomicBoolean warned = new AtomicBoolean();

  /**
   * Creates listeners.
   *
   * @param listeners who is told, in order; copied
   */
  public Listeners(List<RecommenderListener> listeners) {
    this.listeners = List.copyOf(listeners);
  }

  /** {@return whether there is none} */
  public boolean isEmpty() {
    return listeners.isEmpty();
  }

  /**
   * Tells each listener of an event.
   *
   * @param event calls the method of a listener that the event has
   */
  public void tell(Consumer<RecommenderListener> event) {
    for (RecommenderListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (Exception | LinkageError | AssertionError failure) {
        // Said once, with the class alone: a message might name what no log should.
        if (warned.compareAndSet(false, true)) {
          LOGGER.log(
              System.Logger.Level.WARNING,
              "a listener of type {0} threw {1}; later failures are not logged",
              listener.getClass().getName(),
              failure.getClass().getName());
        }
      }
    }
  }
}
