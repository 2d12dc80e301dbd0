package io.recommender.examples.benchmarks;

import io.recommender.Catalog;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.examples.benchmarks.CallerLoad.Round;
import io.recommender.onnx.BundleOptions;
import io.recommender.onnx.OnnxSequenceRecommender;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.serving.BatchingRecommender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Callers that come at the same time, run together and not, side by side on one bundle.
 *
 * <p>Prints the latency of a caller without company with and without {@link BatchingRecommender},
 * in turns; the throughput of batches of fixed sizes, as many at a time as there are processors,
 * with no callers to wake; and throughput and latency of 64 callers, in turns with the best of
 * those: each asking again as soon as it is answered, on threads of the system and, where the JDK
 * has them, on virtual ones; and thinking between calls, so that all together ask for a part of
 * what the best batches make.
 *
 * <p>The batches are cut from as many requests as there are callers, as they come and sorted by
 * length: more than these no server has at hand. What is measured several times is told as the
 * median of the rounds during which other processes left the processors alone, if they did in
 * three.
 */
public final class BatchingBenchmark {
  private static final int REQUESTS = 4096;
  private static final int CALLERS = 64;
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
  private static final int[] BATCHES = {1, 2, 4, 8, 16, 32, 64};
  private static final int[] PERCENTS = {40, 50, 60, 70, 80, 90};
  private static final int ROUNDS = 9;
  private static final String FEWER = "run together, %d at a time".formatted(PROCESSORS);

  /** The largest of single calls that a 99th percentile may be. */
  private static final double MOST_OF_SINGLE = 5;

  private final List<RecommendationRequest> requests = new ArrayList<>();
  private final long nanos;
  private final CallerLoad load;

  /** Something measured, and its rounds so far. */
  private record Case(String name, int requestsACall, Measurement measurement, List<Round> rounds) {
    Case(String name, int requestsACall, Measurement measurement) {
      this(name, requestsACall, measurement, new ArrayList<>());
    }

    double perSecond() {
      return requestsACall * CallerLoad.median(CallerLoad.quiet(rounds), Round::perSecond);
    }

    double at(double quantile) {
      return CallerLoad.median(CallerLoad.quiet(rounds), round -> round.at(quantile));
    }

    double others() {
      return CallerLoad.median(CallerLoad.quiet(rounds), Round::others);
    }
  }

  /** Measures a round. */
  @FunctionalInterface
  private interface Measurement {
    Round measure() throws Exception;
  }

  private BatchingBenchmark(OnnxSequenceRecommender model, int longest, double seconds) {
    nanos = (long) (seconds * 1e9);
    load = new CallerLoad(seconds / 3);
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
   * @param arguments the bundle, the longest history, and the seconds of each measurement, of which
   *     a round is a third
   */
  public static void main(String[] arguments) throws Exception {
    Path bundle = Path.of(arguments.length > 0 ? arguments[0] : "examples/shop/bundles/shop");
    int longest = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
    double seconds = arguments.length > 2 ? Double.parseDouble(arguments[2]) : 1.5;
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
          public Recommendations recommend(RecommendationRequest request) {
            return model.recommend(request);
          }

          @Override
          public List<Recommendations> recommendAll(List<RecommendationRequest> several) {
            return model.recommendAll(several);
          }
        };
    print(
        "%s, Java %s, %d processors, histories of 1 to %d",
        model.modelVersion(),
        System.getProperty("java.version"),
        PROCESSORS,
        requests.stream().mapToInt(request -> request.history().size()).max().orElse(0));
    try (BatchingRecommender mixed =
            BatchingRecommender.builder("mixed", shared).paddedLength(request -> 1).build();
        BatchingRecommender together = BatchingRecommender.builder("together", shared).build();
        BatchingRecommender fewer =
            BatchingRecommender.builder("fewer", shared).concurrentRuns(PROCESSORS).build()) {
      double single = alone(model, together);
      Case best = bestFixed(model);
      many(model, mixed, together, fewer, best, single);
      paced(model, together, fewer, best, single);
      print("%s", together.diagnose(0).facts());
    }
  }

  /** Returns the median latency of single calls, in microseconds. */
  private double alone(SequenceRecommender direct, SequenceRecommender combined) {
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
    return at(a, 0.5);
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

  private Case bestFixed(SequenceRecommender model) throws Exception {
    List<Case> cases = new ArrayList<>();
    for (int batch : BATCHES) {
      cases.add(fixed(model, batch, false));
      if (batch > 1 && batch < CALLERS) {
        cases.add(fixed(model, batch, true));
      }
    }
    inTurns(cases, 1 + ROUNDS / 2);
    for (Case each : cases) {
      print(
          "%-36s %,8.0f requests/s, %2d at a time, others had %.2f processors",
          each.name(), each.perSecond(), PROCESSORS, each.others());
    }
    Case best = cases.stream().max(Comparator.comparingDouble(Case::perSecond)).orElseThrow();
    print("the best: %s", best.name());
    return best;
  }

  /** All requests that callers have at a time, in batches of one size. */
  private Case fixed(SequenceRecommender model, int batch, boolean isSorted) {
    return new Case(
        "batches of %d%s".formatted(batch, isSorted ? ", sorted by length" : ""),
        CALLERS,
        () ->
            load.closed(
                Executors.newFixedThreadPool(PROCESSORS),
                PROCESSORS,
                number -> {
                  int from = number * 997 % (REQUESTS - CALLERS);
                  List<RecommendationRequest> all =
                      new ArrayList<>(requests.subList(from, from + CALLERS));
                  if (isSorted) {
                    all.sort(Comparator.comparingInt(request -> request.history().size()));
                  }
                  for (int at = 0; at < CALLERS; at += batch) {
                    model.recommendAll(all.subList(at, at + batch));
                  }
                }));
  }

  private void many(
      SequenceRecommender direct,
      SequenceRecommender mixed,
      SequenceRecommender together,
      SequenceRecommender fewer,
      Case fixed,
      double single)
      throws Exception {
    Case best = new Case(fixed.name(), fixed.requestsACall(), fixed.measurement());
    List<Case> cases = new ArrayList<>(List.of(best));
    cases.add(callers("each by itself", direct, false));
    cases.add(callers("run together, lengths mixed", mixed, false));
    cases.add(callers("run together", together, false));
    cases.add(callers(FEWER, fewer, false));
    if (Runtime.version().feature() >= 21) {
      cases.add(callers("run together, lengths mixed, virtual threads", mixed, true));
      cases.add(callers("run together, virtual threads", together, true));
    }
    inTurns(cases, ROUNDS);
    print("%d callers that ask again at once, in turns with the best batches:", CALLERS);
    for (Case each : cases) {
      print(
          "%-45s %,8.0f requests/s, %.2f of the best batches%s; others had %.2f processors",
          each.name(),
          each.perSecond(),
          each.perSecond() / best.perSecond(),
          each == best
              ? ""
              : String.format(
                  Locale.ROOT,
                  ", p50 %,.0f us, p99 %,.0f us (%.1f single calls)",
                  each.at(0.5),
                  each.at(0.99),
                  each.at(0.99) / single),
          each.others());
    }
    double least = CALLERS * 1e6 / best.perSecond();
    print(
        "at the throughput of the best batches the mean is %,.0f us, %.1f single calls; a mean of"
            + " %.0f single calls takes %,.0f requests/s",
        least, least / single, MOST_OF_SINGLE, CALLERS * 1e6 / (MOST_OF_SINGLE * single));
  }

  private Case callers(String name, SequenceRecommender model, boolean areVirtual) {
    return new Case(
        name,
        1,
        () ->
            load.closed(
                areVirtual ? virtualThreads() : Executors.newFixedThreadPool(CALLERS),
                CALLERS,
                number -> model.recommend(requests.get(number % REQUESTS))));
  }

  private void paced(
      SequenceRecommender direct,
      SequenceRecommender together,
      SequenceRecommender fewer,
      Case best,
      double single)
      throws Exception {
    print(
        "%d callers that think, latency from the moment meant, in single calls of %.0f us:",
        CALLERS, single);
    for (int percent : PERCENTS) {
      double perSecond = best.perSecond() * percent / 100;
      List<Case> cases = new ArrayList<>();
      cases.add(thinking("each by itself", direct, perSecond));
      cases.add(thinking("run together", together, perSecond));
      cases.add(thinking(FEWER, fewer, perSecond));
      inTurns(cases, ROUNDS);
      for (Case each : cases) {
        print(
            "%2d %% of the best batches, %-45s %,8.0f asked a second, p50 %5.1f, p99 %7.1f; others had"
                + " %.2f processors",
            percent,
            each.name(),
            each.perSecond(),
            each.at(0.5) / single,
            each.at(0.99) / single,
            each.others());
      }
    }
  }

  private Case thinking(String name, SequenceRecommender model, double perSecond) {
    return new Case(
        name,
        1,
        () ->
            load.paced(
                Executors.newFixedThreadPool(CALLERS),
                CALLERS,
                perSecond,
                number -> model.recommend(requests.get(number % REQUESTS))));
  }

  /** One round of each after another, so that all have the same machine. */
  private static void inTurns(List<Case> cases, int rounds) throws Exception {
    for (int round = 0; round < rounds; round++) {
      for (Case each : cases) {
        each.rounds().add(each.measurement().measure());
      }
    }
  }

  /** What this is compiled for knows no virtual threads. */
  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
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
