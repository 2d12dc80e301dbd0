package io.recommender.examples.benchmarks.text;

import ai.djl.ModelException;
import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code examples/run benchmark texts}: encodes the same texts with several libraries. */
@Command(
    name = "examples/run benchmark texts",
    mixinStandardHelpOptions = true,
    description = {
      "Encodes a file of texts with this library, LangChain4j and DJL, in turns, on the same model,",
      "the same runtime and the same number of threads. Needs JDK 21 or newer."
    })
public final class TextBenchmark implements Callable<Integer> {
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  @Parameters(
      paramLabel = "DIR",
      description = "Bundle of recommender_export.text_encoder --pool-outside, with mean pooling.")
  private Path bundle = Path.of(".");

  @Spec private CommandSpec spec;

  @Option(names = "--file", required = true, description = "A text a line, UTF-8.")
  private Path file = Path.of(".");

  @Option(names = "--threads", description = "Threads (default: ${DEFAULT-VALUE}).")
  private int threads = 2;

  @Option(names = "--rounds", description = "Measured rounds (default: ${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(names = "--warm-up", description = "Texts before (default: ${DEFAULT-VALUE}).")
  private int warmUp = 1000;

  @Option(names = "--batch", description = "Texts of a run in DJL (default: ${DEFAULT-VALUE}).")
  private int batch = 32;

  @Option(
      names = "--on-request",
      description = {
        "Encodes with this library alone, once for each line that it reads, and writes the seconds",
        "and the seconds of processor time. For whoever takes turns with it from outside."
      })
  private boolean onRequest;

  @Option(
      names = "--vectors",
      description = "Where the vectors of the library go: float32, little-endian, row by row.")
  private @Nullable Path vectors;

  /**
   * Runs the command.
   *
   * @param arguments see {@code --help}
   */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new TextBenchmark());
  }

  @Override
  public Integer call() throws IOException, OrtException, ModelException {
    if (!onRequest) {
      requireStates();
    }
    List<String> texts = Files.readAllLines(file);
    List<TextEngine> engines = new ArrayList<>();
    try {
      if (!onRequest) {
        // DJL cannot start once somebody else has started the runtime.
        engines.add(new DjlTexts(bundle, threads, batch));
        engines.add(0, new LangChain4jTexts(bundle, threads));
      }
      engines.add(0, new LibraryTexts(bundle, threads));
      List<String> first = texts.subList(0, Math.min(warmUp, texts.size()));
      engines.forEach(engine -> engine.encode(first));
      if (onRequest) {
        answer(engines.get(0), texts);
      } else {
        compare(engines, texts, System.out);
      }
    } finally {
      engines.forEach(TextEngine::close);
    }
    return 0;
  }

  /**
   * The others pool themselves, by the mean, and end the process where there is nothing to pool.
   */
  private void requireStates() throws IOException {
    Path manifest = bundle.resolve("manifest.json");
    String pooling =
        new ObjectMapper()
            .readTree(manifest.toFile())
            .at("/encoder/embedding/pooling")
            .asText("NONE");
    if (!pooling.equals("MEAN")) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          manifest
              + ": /encoder/embedding/pooling: expected MEAN, for which the graph gives the states"
              + " of tokens (text_encoder --pool-outside), found "
              + pooling
              + ". Only --on-request takes such a bundle.");
    }
  }

  private void answer(TextEngine engine, List<String> texts) throws IOException {
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    while (requests.readLine() != null) {
      long start = System.nanoTime();
      long busy = PROCESS.getProcessCpuTime();
      float[][] made = engine.encode(texts);
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.println(seconds + " " + (PROCESS.getProcessCpuTime() - busy) / 1e9);
      write(made);
    }
  }

  private void compare(List<TextEngine> engines, List<String> texts, PrintStream out)
      throws IOException {
    double[][] seconds = new double[engines.size()][rounds];
    double[][] busy = new double[engines.size()][rounds];
    float[][][] made = new float[engines.size()][][];
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < engines.size(); turn++) {
        int engine = (turn + round) % engines.size();
        long start = System.nanoTime();
        long before = PROCESS.getProcessCpuTime();
        made[engine] = engines.get(engine).encode(texts);
        seconds[engine][round] = (System.nanoTime() - start) / 1e9;
        busy[engine][round] = (PROCESS.getProcessCpuTime() - before) / 1e9;
      }
    }
    write(made[0]);
    out.printf(
        Locale.ROOT,
        "%d texts, %d threads, %d rounds in turns, Java %s%n%n",
        texts.size(),
        threads,
        rounds,
        Runtime.version());
    out.println(
        "                       seconds: median, least, most   texts/s   time   processor   difference");
    for (int i = 0; i < engines.size(); i++) {
      double[] sorted = seconds[i].clone();
      Arrays.sort(sorted);
      double median = sorted[rounds / 2];
      out.printf(
          Locale.ROOT,
          "%-24s %10.2f %7.2f %7.2f %11.0f %6.2f %11.2f %12.1e%n",
          engines.get(i).name(),
          median,
          sorted[0],
          sorted[rounds - 1],
          texts.size() / median,
          ratio(seconds[i], seconds[0]),
          ratio(busy[i], busy[0]),
          difference(made[i], made[0]));
    }
    out.println(
        "\ntime: median over the rounds of the ratio to the first; difference of components");
  }

  private static double ratio(double[] times, double[] than) {
    double[] ratios = new double[times.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = times[i] / than[i];
    }
    Arrays.sort(ratios);
    return ratios[ratios.length / 2];
  }

  private static double difference(float[][] one, float[][] other) {
    double most = 0;
    for (int i = 0; i < one.length; i++) {
      for (int j = 0; j < one[i].length; j++) {
        most = Math.max(most, Math.abs(one[i][j] - other[i][j]));
      }
    }
    return most;
  }

  private void write(float[][] made) throws IOException {
    if (vectors == null || made.length == 0) {
      return;
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(made.length * made[0].length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    for (float[] vector : made) {
      bytes.asFloatBuffer().put(vector);
      bytes.position(bytes.position() + vector.length * Float.BYTES);
    }
    Files.write(vectors, bytes.array());
  }
}
