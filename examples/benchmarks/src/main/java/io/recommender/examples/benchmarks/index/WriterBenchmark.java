package io.recommender.examples.benchmarks.index;

import io.recommender.Similarity;
import io.recommender.ann.HnswIndex;
import io.recommender.ann.SearchHits;
import io.recommender.ann.SearchOptions;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code examples/run benchmark writer}: what one thread's searches take while the index is idle,
 * and while another thread adds at full speed.
 */
@Command(
    name = "examples/run benchmark writer",
    description = {
      "Measures searches of one thread while nothing changes and while another thread adds items,"
          + " one by one and as fast as it can; the two take turns.",
      "",
      "Each round goes on with the index of the round before. When as many items have been added as"
          + " there were at first, they are replaced by others."
    })
public final class WriterBenchmark implements Callable<Integer> {
  private static final int QUERIES = 2000;
  private static final int CLOCK_EVERY = 8;

  @Spec private CommandSpec spec;

  @Mixin private final SharedOptions shared = new SharedOptions();

  @Option(
      names = "--n",
      paramLabel = "N",
      description = "How many items there are at first. Default: ${DEFAULT-VALUE}.")
  private int n = 150_000;

  @Option(names = "--ef", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
  private int ef = 64;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "How long each half of a round lasts. Default: ${DEFAULT-VALUE}.")
  private double seconds = 4;

  private final SearchHits hits = new SearchHits();
  private long[] latencies = new long[1 << 16];
  private int next;
  private int written;

  private WriterBenchmark() {}

  /** Percentiles of the time of a search, in microseconds. */
  private record Half(double p50, double p99) {}

  /**
   * Runs the benchmark and exits with 0, or with 2 if the options were not understood.
   *
   * @param arguments the options
   */
  public static void main(String[] arguments) {
    PrintWriter out =
        new PrintWriter(
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
            true);
    System.exit(commandLine(out).execute(arguments));
  }

  static CommandLine commandLine(PrintWriter out) {
    return new CommandLine(new WriterBenchmark()).setOut(out).setUsageHelpWidth(100);
  }

  @Override
  public Integer call() throws InterruptedException, ExecutionException {
    shared.atLeastOne("--n", n);
    if (n > 1 << 29) {
      throw shared.usage("--n: expected at most 536870912, found %d", n);
    }
    shared.check();
    shared.atLeastOne("--ef", ef);
    if (!(seconds > 0) || !(seconds < 1e6)) {
      throw shared.usage(
          "--seconds: expected a positive number below 1,000,000, found %s", seconds);
    }
    PrintWriter out = spec.commandLine().getOut();
    BenchmarkData data =
        SyntheticVectors.generate(
            2 * n, shared.dimension(), QUERIES, shared.seed(), SyntheticVectors.Norms.UNIT);
    HnswIndex index =
        HnswIndex.builder(shared.dimension(), Similarity.DOT)
            .expectedSize(n)
            .seed(shared.seed())
            .build();
    List<String> itemIds = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      itemIds.add(Integer.toString(i));
    }
    index.addAll(itemIds, Arrays.copyOf(data.base(), n));
    out.printf(
        "%,d x %d, inner product, ef %d, k 10, one searching thread, %d processors, %s%n",
        n,
        shared.dimension(),
        ef,
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("java.vm.version"));
    out.println("round   idle: p50     p99 us   adding: p50     p99 us   ratio of p99   added a s");
    // Warm code on both sides before anything counts.
    search(index, data.queries(), seconds);
    add(index, data, seconds);
    double[] ratios = new double[shared.rounds()];
    for (int round = 0; round < shared.rounds(); round++) {
      Half idle = search(index, data.queries(), seconds);
      ExecutorService writer = Executors.newSingleThreadExecutor();
      Half adding;
      long added;
      try {
        Future<Long> adds = writer.submit(() -> add(index, data, seconds));
        adding = search(index, data.queries(), seconds);
        added = adds.get();
      } finally {
        writer.shutdown();
      }
      ratios[round] = adding.p99() / idle.p99();
      out.printf(
          "%5d %11.1f %10.1f %13.1f %10.1f %14.2f %11.0f%n",
          round + 1,
          idle.p50(),
          idle.p99(),
          adding.p50(),
          adding.p99(),
          ratios[round],
          added / seconds);
    }
    Arrays.sort(ratios);
    out.printf(
        "ratio of the 99th percentiles: median %.2f, from %.2f to %.2f%n",
        ratios[shared.rounds() / 2], ratios[0], ratios[shared.rounds() - 1]);
    return CommandLine.ExitCode.OK;
  }

  private Half search(HnswIndex index, float[][] queries, double seconds) {
    SearchOptions options = SearchOptions.defaults().ef(ef);
    long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    int count = 0;
    long before = System.nanoTime();
    while (before < end) {
      index.search(queries[next], 10, options, hits);
      next = next + 1 < queries.length ? next + 1 : 0;
      long now = System.nanoTime();
      if (count == latencies.length) {
        latencies = Arrays.copyOf(latencies, 2 * count);
      }
      latencies[count++] = now - before;
      before = now;
    }
    Arrays.sort(latencies, 0, count);
    return new Half(latencies[count / 2] / 1e3, latencies[(int) (count * 0.99)] / 1e3);
  }

  /** Adds items one after another and returns how many. */
  private long add(HnswIndex index, BenchmarkData data, double seconds) {
    long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    long added = 0;
    while (added % CLOCK_EVERY != 0 || System.nanoTime() < end) {
      int number = n + written % n;
      // The second time round an item gets the vector of another.
      int vector = n + (written % n + written / n) % n;
      index.add(Integer.toString(number), data.base()[vector]);
      written++;
      added++;
    }
    return added;
  }
}
