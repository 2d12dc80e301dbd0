package io.recommender.examples.benchmarks.index;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Times searches of one thread.
 *
 * <p>How long is a matter of CPU time, so that a busy machine makes a measurement longer and not
 * worse. The clock of CPU time may advance in steps of 10 ms; a measurement begins and ends with a
 * step.
 */
final class QueryTimer {
  private static final long LONGEST_STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How often the clock of CPU time, which costs about a microsecond, is read. */
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private long[] latencies = new long[1 << 12];
  private int next;

  /** One search. */
  interface Search {
    /** Answers the query of a number. */
    void answer(int query) throws IOException;
  }

  /** Returns the CPU time that this process has used, in all its threads, in nanoseconds. */
  static long cpuNanos() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }

  /**
   * Searches one query after another for some time, beginning where the last measurement ended.
   *
   * @param queryCount how many queries there are
   * @param windowMillis for how much CPU time, at least
   */
  Timing measure(Search search, int queryCount, long windowMillis) throws IOException {
    long cpuStart = nextStep(search, queryCount);
    long cpuEnd = cpuStart + TimeUnit.MILLISECONDS.toNanos(windowMillis);
    long cpu = cpuStart;
    int count = 0;
    long start = System.nanoTime();
    long previous = start;
    long polled = start;
    while (cpu < cpuEnd) {
      answerNext(search, queryCount);
      long now = System.nanoTime();
      if (count == latencies.length) {
        latencies = Arrays.copyOf(latencies, 2 * count);
      }
      latencies[count++] = now - previous;
      previous = now;
      if (now - polled >= POLL_NANOS) {
        polled = now;
        cpu = cpuNanos();
      }
    }
    double wallSeconds = (previous - start) / 1e9;
    double cpuSeconds = (cpu - cpuStart) / 1e9;
    Arrays.sort(latencies, 0, count);
    return new Timing(
        count / cpuSeconds,
        count / wallSeconds,
        latencies[count / 2] / 1e3,
        latencies[(int) (count * 0.99)] / 1e3);
  }

  private long nextStep(Search search, int queryCount) throws IOException {
    long before = cpuNanos();
    long latest = System.nanoTime() + LONGEST_STEP_NANOS;
    long cpu = before;
    while (cpu == before && System.nanoTime() < latest) {
      answerNext(search, queryCount);
      cpu = cpuNanos();
    }
    return cpu;
  }

  private void answerNext(Search search, int queryCount) throws IOException {
    search.answer(next);
    next = next + 1 < queryCount ? next + 1 : 0;
  }
}
