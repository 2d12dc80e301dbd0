package io.recommender.examples.benchmarks.index;

import java.io.PrintWriter;

/** Says on standard error what is going on: steps in a line of their own, details in one line. */
final class Progress {
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final boolean terminal;
  private boolean detailShown;

  Progress(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  /** Tells what has happened or begins. */
  void step(String text) {
    clear();
    err.println(text);
    err.flush();
  }

  /** Tells what is going on, until something else is told; only on a terminal. */
  void detail(String text) {
    if (terminal) {
      err.print(ERASE + text);
      err.flush();
      detailShown = true;
    }
  }

  /** Takes away the last detail. */
  void clear() {
    if (detailShown) {
      err.print(ERASE);
      err.flush();
      detailShown = false;
    }
  }
}
