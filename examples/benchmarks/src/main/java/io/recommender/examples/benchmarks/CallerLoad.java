package io.recommender.examples.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

/**
 * Many callers for a while, and what became of their calls.
 *
 * <p><b>Confined</b>.
 */
final class CallerLoad {
  /** Part of the time measured that runs before it. */
  private static final double BEFORE = 0.25;

  /** As much of a processor may others have in a round that counts. */
  private static final double QUIET = 0.05;

  private final long nanos;

  /** One call of a caller. */
  @FunctionalInterface
  interface Call {
    void make(int number);
  }

  /**
   * What was measured.
   *
   * @param perSecond how many calls ended in a second
   * @param times how long each took, sorted, in nanoseconds
   * @param others how many processors all other processes had; NaN where that is not told
   */
  record Round(double perSecond, long[] times, double others) {
    /** {@return a quantile of the times, in microseconds} */
    double at(double quantile) {
      return times.length == 0 ? Double.NaN : times[(int) (quantile * (times.length - 1))] / 1e3;
    }
  }

  /** Creates a load of rounds of so many seconds. */
  CallerLoad(double seconds) {
    nanos = (long) (seconds * 1e9);
  }

  /** Callers each of which asks again as soon as it is answered. */
  Round closed(ExecutorService threads, int count, Call call) throws Exception {
    return measure(
        threads,
        count,
        (start, caller) -> {
          Times times = new Times();
          for (int number = caller * 61; ; number++) {
            long from = System.nanoTime();
            call.make(number);
            long to = System.nanoTime();
            if (to - start >= nanos) {
              return times;
            }
            if (to - start >= 0) {
              times.add(to - from);
            }
          }
        });
  }

  /**
   * Callers that think between calls, each for an exponential time that does not depend on how long
   * answers take. The time of a call is that from the moment at which it was meant, also where its
   * caller was not yet answered the call before.
   *
   * @param perSecond how many calls are meant in a second, of all callers
   */
  Round paced(ExecutorService threads, int count, double perSecond, Call call) throws Exception {
    double mean = count * 1e9 / perSecond;
    return measure(
        threads,
        count,
        (start, caller) -> {
          SplittableRandom random = new SplittableRandom(caller);
          Times times = new Times();
          double meant = System.nanoTime() - start;
          for (int number = caller * 61; ; number++) {
            meant -= mean * Math.log(1 - random.nextDouble());
            if (meant >= nanos) {
              return times;
            }
            for (long left = (long) meant - (System.nanoTime() - start);
                left > 0;
                left = (long) meant - (System.nanoTime() - start)) {
              LockSupport.parkNanos(left);
            }
            call.make(number);
            if (meant >= 0) {
              times.add(System.nanoTime() - start - (long) meant);
            }
          }
        });
  }

  /** All calls of one caller. */
  @FunctionalInterface
  private interface Caller {
    Times call(long start, int number);
  }

  private Round measure(ExecutorService threads, int count, Caller caller) throws Exception {
    long start = System.nanoTime() + (long) (BEFORE * nanos);
    try {
      List<Callable<Times>> tasks = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int number = i;
        tasks.add(() -> caller.call(start, number));
      }
      Processors before = Processors.now();
      List<long[]> all = new ArrayList<>();
      for (Future<Times> each : threads.invokeAll(tasks)) {
        all.add(each.get().toArray());
      }
      double others = before.others();
      long[] sorted = all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
      return new Round(sorted.length * 1e9 / nanos, sorted, others);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Returns those of the rounds during which others had next to nothing; all if they are few. */
  static List<Round> quiet(List<Round> rounds) {
    List<Round> quiet = rounds.stream().filter(round -> round.others() < QUIET).toList();
    return quiet.size() < 3 ? rounds : quiet;
  }

  /** {@return the median of a number of the rounds} */
  static double median(List<Round> rounds, ToDoubleFunction<Round> number) {
    List<Double> sorted =
        rounds.stream().map(number::applyAsDouble).sorted(Comparator.naturalOrder()).toList();
    return sorted.get(sorted.size() / 2);
  }

  /** Grows. */
  private static final class Times {
    private long[] times = new long[1024];
    private int size;

    void add(long time) {
      if (size == times.length) {
        times = Arrays.copyOf(times, 2 * size);
      }
      times[size++] = time;
    }

    long[] toArray() {
      return Arrays.copyOf(times, size);
    }
  }

  /** What this process had of the processors until a moment, and how long that was. */
  private record Processors(
      com.sun.management.OperatingSystemMXBean system, long moment, long own) {
    static Processors now() {
      if (ManagementFactory.getOperatingSystemMXBean()
          instanceof com.sun.management.OperatingSystemMXBean system) {
        system.getCpuLoad();
        return new Processors(system, System.nanoTime(), system.getProcessCpuTime());
      }
      throw new IllegalStateException("expected a JDK that tells the load of the processors");
    }

    /** Returns how many processors others had since. */
    double others() {
      double own = (system.getProcessCpuTime() - this.own) / (double) (System.nanoTime() - moment);
      double all = system.getCpuLoad() * system.getAvailableProcessors();
      return all < 0 ? Double.NaN : Math.max(0, all - own);
    }
  }
}
