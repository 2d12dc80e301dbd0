package io.recommender.evaluation;

/** Hears how far a long task is. Called by one thread at a time; must return at once. */
@FunctionalInterface
public interface ProgressListener {

  /**
   * Hears how far a task is.
   *
   * @param task what is being done, such as the name of a recommender
   * @param done how many steps are done
   * @param total how many steps there are; {@code done == total} exactly once, at the end
   */
  void progress(String task, long done, long total);

  /** {@return a listener that does nothing} */
  static ProgressListener none() {
    return (task, done, total) -> {};
  }
}
