package io.recommender.examples.benchmarks.index;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code examples/run benchmark index}: measures vector indexes side by side. */
@Command(
    name = "examples/run benchmark index",
    description = {
      "Measures vector indexes side by side: builds, memory, and searches by recall.",
      "",
      "Each engine has a process of its own and one thread to search with. Engines take turns, so"
          + " compare within one run. CPU QPS are queries per second of CPU time of the whole"
          + " process; on a busy machine trust them more than QPS."
    },
    footer = {
      "",
      "Examples:",
      "  examples/run benchmark index --n 20000 --dimension 64 --engines hnsw,hnswlib",
      "  examples/run benchmark index --base train-images-idx3-ubyte.gz \\",
      "      --queries t10k-images-idx3-ubyte.gz --metric l2 --threads 1,2 --out mnist"
    })
public final class IndexBenchmark implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private final SharedOptions shared = new SharedOptions();

  @Option(
      names = "--data",
      paramLabel = "KIND",
      description = "synthetic: makes vectors, unless files are given. The only kind.")
  private String data = "synthetic";

  @Option(
      names = "--n",
      paramLabel = "N",
      description = "How many items; of a file, the first N. Default: 100000, or all of the file.")
  private @Nullable Integer n;

  @Option(
      names = "--query-count",
      paramLabel = "N",
      description = "How many queries; of a file, the first N. Default: ${DEFAULT-VALUE}.")
  private int queryCount = 2000;

  @Option(
      names = "--norms",
      paramLabel = "KIND",
      description = "The lengths of synthetic items: unit or lognormal. Default: unit.")
  private SyntheticVectors.Norms norms = SyntheticVectors.Norms.UNIT;

  @Option(
      names = "--base",
      paramLabel = "FILE",
      description = "The items: .fvecs, .npy (float32) or IDX (.idx, ...ubyte), also with .gz.")
  private @Nullable Path base;

  @Option(names = "--queries", paramLabel = "FILE", description = "The queries, likewise.")
  private @Nullable Path queries;

  @Option(
      names = "--mean-of",
      paramLabel = "N",
      description =
          "Queries that are the mean of N items each, as the vector of a user's history may be.")
  private @Nullable Integer meanOf;

  @Option(names = "--metric", paramLabel = "KIND", description = "ip, l2 or cosine. Default: ip.")
  private Metric metric = Metric.IP;

  @Option(names = "-k", paramLabel = "N", description = "Items in an answer. Default: 10.")
  private int k = 10;

  @Option(
      names = "--m",
      paramLabel = "N",
      description = "Links of a node: m at the higher levels, 2m at the lowest. Default: 16.")
  private int m = 16;

  @Option(
      names = "--ef-construction",
      paramLabel = "N",
      description = "Breadth of the search for a new node's neighbours. Default: 100.")
  private int efConstruction = 100;

  @Option(
      names = "--ef-construction-of",
      split = ",",
      paramLabel = "NAME=N",
      description =
          "Another breadth for an engine, to compare builds that are searched with equal recall:"
              + " hnsw=65.")
  private Map<String, Integer> efConstructionOf = Map.of();

  @Option(
      names = "--ef",
      split = ",",
      paramLabel = "N",
      description = "Breadths of the searches. Default: 10,20,40,80,160,320.")
  private List<Integer> efs = List.of(10, 20, 40, 80, 160, 320);

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description = "Threads of a build; a list builds once for each. Default: 1.")
  private List<Integer> threads = List.of(1);

  @Option(
      names = "--window",
      paramLabel = "MS",
      description = "CPU time of one measurement, in milliseconds. Default: ${DEFAULT-VALUE}.")
  private long window = 500;

  @Option(
      names = "--warmup",
      paramLabel = "MS",
      description =
          "CPU time of an engine's warm-up, over all ef, in milliseconds. Default: ${DEFAULT-VALUE}.")
  private long warmup = 5000;

  @Option(
      names = "--engines",
      split = ",",
      paramLabel = "NAME",
      description =
          "Some of hnsw, hnsw-float, hnsw-int1, hnsw-int8, flat, jvector, lucene, hnswlib."
              + " Default: all but hnsw-float, hnsw-int1 and hnsw-int8.")
  private List<String> engines = List.of("hnsw", "flat", "jvector", "lucene", "hnswlib");

  @Option(
      names = "--filter",
      split = ",",
      paramLabel = "FILTER",
      description = {
        "Search again under filters. A number: a random share of the items. cluster or"
            + " cluster:share: the items nearest to a random one, by default 0.01 of all. live or"
            + " live:share: random items, by default 0.9, some of which change every 100 searches."
      })
  private List<String> filters = List.of();

  @Option(
      names = "--filter-ef",
      split = ",",
      paramLabel = "N",
      description = "Breadths of the searches under filters. Default: as --ef.")
  private List<Integer> filterEfs = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Write report.json and report.html there.")
  private @Nullable Path out;

  @Option(
      names = "--jvm-arg",
      paramLabel = "ARG",
      description = "Passed to the Java engines, for example --jvm-arg=-Xmx8g; may be repeated.")
  private List<String> jvmArguments = List.of();

  @Option(
      names = "--java-home",
      paramLabel = "DIR",
      description = "The JDK of the Java engines. Default: the one that runs this.")
  private Path javaHome = Path.of(System.getProperty("java.home"));

  @Option(
      names = "--python",
      paramLabel = "COMMAND",
      description = "A Python with hnswlib and numpy. Default: ${DEFAULT-VALUE}.")
  private String python = "python3";

  private IndexBenchmark() {}

  /**
   * Runs the benchmark and exits with 0, with 1 after an error or if an engine failed, or with 2 if
   * the options were not understood.
   *
   * @param arguments the options
   */
  public static void main(String[] arguments) {
    System.exit(commandLine(utf8(FileDescriptor.out), utf8(FileDescriptor.err)).execute(arguments));
  }

  static CommandLine commandLine(PrintWriter out, PrintWriter err) {
    return new CommandLine(new IndexBenchmark())
        .setOut(out)
        .setErr(err)
        .setUsageHelpWidth(100)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (exception, command, parsed) -> {
              command.getErr().println("error: " + message(exception));
              return CommandLine.ExitCode.SOFTWARE;
            });
  }

  private static String message(Exception exception) {
    if (exception instanceof NoSuchFileException) {
      return exception.getMessage() + ": no such file";
    }
    return exception instanceof IOException || exception instanceof IllegalArgumentException
        ? exception.getMessage()
        : exception.toString();
  }

  private static PrintWriter utf8(FileDescriptor descriptor) {
    return new PrintWriter(
        new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8), true);
  }

  @Override
  public Integer call() throws IOException {
    BenchmarkSettings settings = settings();
    Progress progress =
        new Progress(spec.commandLine().getErr(), Boolean.getBoolean("examples.stderr.terminal"));
    Path file = base;
    BenchmarkData read = file == null ? synthetic(progress) : files(file, progress);
    String description =
        file == null
            ? "synthetic, %s norms, seed %d"
                .formatted(norms.name().toLowerCase(Locale.ROOT), shared.seed())
            : file.getFileName().toString();
    if (meanOf != null) {
      description += ", queries the mean of %d items".formatted(meanOf);
    }
    if (settings.k() > read.base().length) {
      throw shared.usage("-k: expected at most the number of items, %d", read.base().length);
    }
    return run(settings, read, description, progress);
  }

  private BenchmarkData synthetic(Progress progress) {
    int count = n == null ? 100_000 : n;
    progress.step("making %,d vectors of length %d".formatted(count, shared.dimension()));
    BenchmarkData made =
        SyntheticVectors.generate(count, shared.dimension(), queryCount, shared.seed(), norms);
    return meanOf == null ? made : new BenchmarkData(made.base(), means(made.base(), meanOf));
  }

  private BenchmarkData files(Path file, Progress progress) throws IOException {
    progress.step("reading " + file.getFileName());
    float[][] items = VectorFile.read(file, n == null ? Integer.MAX_VALUE : n);
    float[][] asked =
        meanOf == null ? VectorFile.read(queriesFile(), queryCount) : means(items, meanOf);
    return new BenchmarkData(items, asked);
  }

  private Path queriesFile() {
    return Objects.requireNonNull(queries, "queries");
  }

  private float[][] means(float[][] items, int each) {
    return MeanQueries.of(items, queryCount, each, shared.seed());
  }

  private int run(
      BenchmarkSettings settings, BenchmarkData read, String description, Progress progress)
      throws IOException {
    Path folder = out;
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Path scratch = Files.createTempDirectory("benchmark-index");
    boolean failed;
    try (IndexComparison comparison = new IndexComparison(settings, read, scratch, progress)) {
      BenchmarkReport report = comparison.run(description);
      failed = comparison.hasFailures();
      spec.commandLine().getOut().print(new TextReport(report).text());
      spec.commandLine().getOut().flush();
      if (folder != null) {
        new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .writeValue(folder.resolve("report.json").toFile(), report);
        Files.writeString(folder.resolve("report.html"), new HtmlReport(report).page());
        progress.step("wrote report.json and report.html to " + folder);
      }
    } finally {
      delete(scratch);
    }
    return failed ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = new ArrayList<>(walk.toList());
    }
    // Contents come after their folder.
    for (int i = files.size() - 1; i >= 0; i--) {
      Files.delete(files.get(i));
    }
  }

  private BenchmarkSettings settings() {
    if (!data.equals("synthetic")) {
      throw shared.usage(
          "--data: expected synthetic, found %s; for files use --base and --queries", data);
    }
    if (meanOf != null) {
      shared.atLeastOne("--mean-of", meanOf);
      if (queries != null) {
        throw shared.usage("--mean-of and --queries: expected one of them");
      }
    } else if ((base == null) != (queries == null)) {
      throw shared.usage("--base and --queries: expected both or neither");
    }
    shared.atLeastOne("--n", n == null ? 1 : n);
    shared.check();
    shared.atLeastOne("--query-count", queryCount);
    shared.atLeastOne("-k", k);
    shared.atLeastOne("--ef-construction", efConstruction);
    shared.atLeastOne("--window", window);
    shared.atLeastOne("--warmup", warmup);
    threads.forEach(count -> shared.atLeastOne("--threads", count));
    if (m < 2 || m > 256) {
      throw shared.usage("--m: expected 2 to 256, found %d", m);
    }
    List<Engine> chosen;
    try {
      chosen = engines.stream().map(Engine::of).distinct().toList();
      filters.forEach(BenchmarkFilter::share);
    } catch (IllegalArgumentException e) {
      throw shared.usage("%s", e.getMessage());
    }
    Map<String, Integer> others = new TreeMap<>();
    efConstructionOf.forEach(
        (name, value) -> {
          shared.atLeastOne("--ef-construction-of", value);
          if (chosen.stream().noneMatch(engine -> engine.id().equals(name))) {
            throw shared.usage(
                "--ef-construction-of: expected one of the engines measured, found %s", name);
          }
          others.put(name, value);
        });
    List<Integer> breadths = ascending("--ef", efs);
    return new BenchmarkSettings(
        metric,
        k,
        m,
        efConstruction,
        others,
        breadths,
        filters,
        filterEfs.isEmpty() ? breadths : ascending("--filter-ef", filterEfs),
        threads,
        shared.rounds(),
        window,
        warmup,
        shared.seed(),
        chosen,
        new BenchmarkSettings.Processes(javaHome, jvmArguments, python));
  }

  private List<Integer> ascending(String name, List<Integer> values) {
    values.forEach(value -> shared.atLeastOne(name, value));
    return values.stream().distinct().sorted().toList();
  }
}
