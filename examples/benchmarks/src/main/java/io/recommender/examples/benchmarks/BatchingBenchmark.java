package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.serving.BatchingRecommender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Callers that come at the same time, run together and not, side by side on one bundle.
 *
 * <p>Prints the latency of a caller without company with and without {@link BatchingRecommender},
 * in turns; the throughput of batches of fixed sizes, as many at a time as there are processors;
 * and throughput and latency of many callers, each of which asks again as soon as it is answered,
 * on threads of the system and, where the JDK has them, on virtual ones.
 */
public final class BatchingBenchmark {
  private static final int REQUESTS = 4096;
  private static final int CALLERS = 64;
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
  private static final int[] BATCHES = {1, 2, 4, 8, 16, 32, 64};

  private final List<RecommendationRequest> requests = new ArrayList<>();
  private final long nanos;

  private BatchingBenchmark(OnnxSequenceRecommender model, int longest, double seconds) {
    nanos = (long) (seconds * 1e9);
    Catalog catalog = model.catalog();
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < REQUESTS; i++) {
      List<String> items = new ArrayList<>();
      for (int j = random.nextInt(longest); j >= 0; j--) {
        items.add(catalog.id(random.nextInt(catalog.size())));
      }
      requests.add(RecommendationRequest.of(UserHistory.ofItems(items)).k(10).build());
    }
  }

  /**
   * Runs everything.
   *
   * @param arguments the bundle, the longest history, and the seconds of each measurement
   */
  public static void main(String[] arguments) throws Exception {
    Path bundle = Path.of(arguments.length > 0 ? arguments[0] : "examples/shop/bundles/shop");
    int longest = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
    double seconds = arguments.length > 2 ? Double.parseDouble(arguments[2]) : 3;
    try (OnnxSequenceRecommender model =
        RecommenderBundle.open(bundle, BundleOptions.defaults().index(FlatIndex::new))) {
      new BatchingBenchmark(model, longest, seconds).run(model);
    }
  }

  private void run(OnnxSequenceRecommender model) throws Exception {
    // The model is closed by whoever opened it.
    SequenceRecommender shared =
        new SequenceRecommender() {
          @Override
          public io.recommender.Recommendations recommend(RecommendationRequest request) {
            return model.recommend(request);
          }

          @Override
          public List<io.recommender.Recommendations> recommendAll(
              List<RecommendationRequest> several) {
            return model.recommendAll(several);
          }
        };
    print(
        "%s, Java %s, %d processors",
        model.modelVersion(), System.getProperty("java.version"), PROCESSORS);
    try (BatchingRecommender combined = BatchingRecommender.builder("combined", shared).build()) {
      alone(model, combined);
      double best = 0;
      for (int batch : BATCHES) {
        best = Math.max(best, fixed(model, batch));
      }
      double direct = many("each by itself", model, false, best);
      double together = many("run together", combined, false, best);
      try (BatchingRecommender byLength =
          BatchingRecommender.builder("by length", shared)
              .paddedLength(model::paddedLength)
              .build()) {
        many("run together by length", byLength, false, best);
        if (hasVirtualThreads()) {
          many("run together", combined, true, best);
          many("run together by length", byLength, true, best);
        }
        print(
            "together / by itself %.2f, together / best fixed batch %.2f",
            together / direct, together / best);
        print("%s", combined.diagnose(0).facts());
      }
    }
  }

  private void alone(SequenceRecommender direct, SequenceRecommender combined) {
    List<Long> without = new ArrayList<>();
    List<Long> with = new ArrayList<>();
    for (long end = System.nanoTime() + 3 * nanos; System.nanoTime() < end; ) {
      boolean isWarm = end - System.nanoTime() < 2 * nanos;
      List<Long> one = time(direct);
      List<Long> other = time(combined);
      if (isWarm) {
        without.addAll(one);
        with.addAll(other);
      }
    }
    long[] a = sorted(without);
    long[] b = sorted(with);
    print(
        "one caller: %.1f us without, %.1f us with (p50), ratio %.3f; p99 %.1f and %.1f us",
        at(a, 0.5), at(b, 0.5), at(b, 0.5) / at(a, 0.5), at(a, 0.99), at(b, 0.99));
  }

  private List<Long> time(SequenceRecommender recommender) {
    List<Long> times = new ArrayList<>(256);
    for (int i = 0; i < 256; i++) {
      long start = System.nanoTime();
      recommender.recommend(requests.get(i));
      times.add(System.nanoTime() - start);
    }
    return times;
  }

  private double fixed(SequenceRecommender model, int batch) throws Exception {
    long[] times =
        callers(
            Executors.newFixedThreadPool(PROCESSORS),
            PROCESSORS,
            caller -> {
              int from = caller * 997 % (REQUESTS - 64);
              model.recommendAll(requests.subList(from, from + batch));
            });
    double perSecond = times.length * (double) batch * 1e9 / nanos;
    print(
        "batches of %2d, %d at a time: %,8.0f requests/s, p50 of a batch %,.0f us",
        batch, PROCESSORS, perSecond, at(times, 0.5));
    return perSecond;
  }

  private double many(String name, SequenceRecommender model, boolean areVirtual, double best)
      throws Exception {
    long[] times =
        callers(
            areVirtual ? virtualThreads() : Executors.newFixedThreadPool(CALLERS),
            CALLERS,
            caller -> model.recommend(requests.get(caller % REQUESTS)));
    double perSecond = times.length * 1e9 / nanos;
    print(
        "%d %s, %s: %,.0f requests/s (%.2f of the best fixed batch), p50 %,.0f us, p99 %,.0f"
            + " us; at the best throughput the mean would be %,.0f us",
        CALLERS,
        areVirtual ? "callers on virtual threads" : "callers",
        name,
        perSecond,
        perSecond / best,
        at(times, 0.5),
        at(times, 0.99),
        CALLERS * 1e6 / best);
    return perSecond;
  }

  private static boolean hasVirtualThreads() {
    return Runtime.version().feature() >= 21;
  }

  /** What this is compiled for knows no virtual threads. */
  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  /** One call of a caller. */
  @FunctionalInterface
  private interface Call {
    void make(int number);
  }

  /** Returns the sorted times of the calls that ended in the time measured. */
  private long[] callers(ExecutorService threads, int count, Call call) throws Exception {
    long start = System.nanoTime() + nanos / 2;
    try {
      List<Callable<List<Long>>> tasks = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int caller = i;
        tasks.add(
            () -> {
              List<Long> times = new ArrayList<>();
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
      List<Long> all = new ArrayList<>();
      for (Future<List<Long>> each : threads.invokeAll(tasks)) {
        all.addAll(each.get());
      }
      return sorted(all);
    } finally {
      threads.shutdownNow();
    }
  }

  private static long[] sorted(List<Long> times) {
    long[] sorted = times.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  private static double at(long[] sorted, double quantile) {
    return sorted.length == 0 ? Double.NaN : sorted[(int) (quantile * (sorted.length - 1))] / 1e3;
  }

  private static void print(String format, Object... arguments) {
    System.out.println(String.format(Locale.ROOT, format, arguments));
  }
}
