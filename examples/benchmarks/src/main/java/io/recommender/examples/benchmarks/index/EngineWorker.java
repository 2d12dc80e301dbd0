package io.recommender.examples.benchmarks.index;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A process with one engine: reads commands from standard input, a JSON object a line, and answers
 * each with a line; {@code hnswlib_worker.py} speaks the same.
 *
 * <ul>
 *   <li>{@code open}: engine, base, queries (files), metric, m, efConstruction, seed, scratch ->
 *       description
 *   <li>{@code build}: threads -> wallSeconds, cpuSeconds; replaces an earlier index
 *   <li>{@code memory} -> bytes, of these offHeapBytes; and how they were measured
 *   <li>{@code filter}: files (the bits of {@link BenchmarkFilter#versions}), none to end one
 *   <li>{@code answer}: k, ef, count -> answers, the rows for each of the first queries
 *   <li>{@code time}: k, ef, windowMillis -> the components of {@link Timing}
 * </ul>
 *
 * <p>What fails is answered with {@code error}. The process ends with its input.
 */
public final class EngineWorker {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int COLLECTIONS = 3;

  private final QueryTimer timer = new QueryTimer();
  private @Nullable Engine engine;
  private IndexAdapter.@Nullable Parameters parameters;
  private @Nullable IndexAdapter adapter;
  private Path base = Path.of("");
  private float[][] queries = {};
  private long heapBefore;

  /** What a filter that changes allows in turn; none where it does not. */
  private List<BitSet> versions = List.of();

  /** How many searches there were since the first version. */
  private int searches;

  private EngineWorker() {}

  /**
   * Answers commands until the input ends.
   *
   * @param arguments none
   * @throws IOException if the input cannot be read
   */
  public static void main(String[] arguments) throws IOException {
    PrintStream out = System.out;
    // Engines print what they like; the answers must stay alone.
    System.setOut(System.err);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    EngineWorker worker = new EngineWorker();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        worker.execute(JSON.readTree(line), answer);
      } catch (IOException | RuntimeException | LinkageError | OutOfMemoryError e) {
        e.printStackTrace();
        String message = e.getMessage();
        answer.put("error", message == null || e instanceof Error ? e.toString() : message);
      }
      out.println(answer);
      out.flush();
    }
    worker.closeAdapter();
  }

  private void execute(JsonNode command, ObjectNode answer) throws IOException {
    switch (command.path("command").asText()) {
      case "open" -> open(command, answer);
      case "build" -> build(command.path("threads").asInt(), answer);
      case "memory" -> memory(answer);
      case "filter" -> filter(command.path("files"));
      case "answer" -> answer(command, answer);
      case "time" -> time(command, answer);
      default -> throw new IllegalArgumentException("command: found " + command);
    }
  }

  private void open(JsonNode command, ObjectNode answer) throws IOException {
    engine = Engine.of(command.path("engine").asText());
    parameters =
        new IndexAdapter.Parameters(
            Metric.valueOf(command.path("metric").asText().toUpperCase(Locale.ROOT)),
            command.path("m").asInt(),
            command.path("efConstruction").asInt(),
            command.path("seed").asLong(),
            Path.of(command.path("scratch").asText()));
    base = Path.of(command.path("base").asText());
    queries = VectorFile.read(Path.of(command.path("queries").asText()), Integer.MAX_VALUE);
    answer.put("description", engine.adapter(parameters).description());
  }

  private void build(int threads, ObjectNode answer) throws IOException {
    closeAdapter();
    heapBefore = usedHeap();
    if (engine == null || parameters == null) {
      throw new IllegalStateException("build: expected open before");
    }
    IndexAdapter built = engine.adapter(parameters);
    adapter = built;
    float[][] rows = VectorFile.read(base, Integer.MAX_VALUE);
    long cpuStart = QueryTimer.cpuNanos();
    long start = System.nanoTime();
    built.build(rows, threads);
    answer.put("wallSeconds", (System.nanoTime() - start) / 1e9);
    answer.put("cpuSeconds", (QueryTimer.cpuNanos() - cpuStart) / 1e9);
  }

  private void memory(ObjectNode answer) throws IOException {
    long offHeap = opened().offHeapBytes();
    answer.put("bytes", Math.max(0, usedHeap() - heapBefore) + offHeap);
    answer.put("offHeapBytes", offHeap);
    answer.put("how", "heap after collection + off-heap");
  }

  private void filter(JsonNode files) throws IOException {
    List<BitSet> read = new ArrayList<>();
    for (JsonNode file : files) {
      read.add(BitSet.valueOf(Files.readAllBytes(Path.of(file.asText()))));
    }
    versions = read.size() > 1 ? read : List.of();
    searches = 0;
    if (read.isEmpty()) {
      opened().clearFilter();
    } else if (read.size() == 1) {
      opened().filter(read.get(0));
    }
  }

  private int search(IndexAdapter searched, float[] query, int k, int ef, int[] rows)
      throws IOException {
    if (!versions.isEmpty()) {
      if (searches % BenchmarkFilter.SEARCHES_OF_A_VERSION == 0) {
        searched.follow(versions.get(BenchmarkFilter.version(searches, versions.size())));
      }
      searches = (searches + 1) % (versions.size() * BenchmarkFilter.SEARCHES_OF_A_VERSION);
    }
    return searched.search(query, k, ef, rows);
  }

  private void answer(JsonNode command, ObjectNode answer) throws IOException {
    IndexAdapter searched = opened();
    int k = command.path("k").asInt();
    int ef = command.path("ef").asInt();
    int count = Math.min(queries.length, command.path("count").asInt());
    int[] rows = new int[k];
    ArrayNode answers = answer.putArray("answers");
    searches = 0;
    for (int q = 0; q < count; q++) {
      int found = search(searched, queries[q], k, ef, rows);
      ArrayNode one = answers.addArray();
      Arrays.stream(rows, 0, found).forEach(one::add);
    }
  }

  private void time(JsonNode command, ObjectNode answer) throws IOException {
    IndexAdapter searched = opened();
    int k = command.path("k").asInt();
    int ef = command.path("ef").asInt();
    int[] rows = new int[k];
    Timing timing =
        timer.measure(
            query -> search(searched, queries[query], k, ef, rows),
            queries.length,
            command.path("windowMillis").asLong());
    answer.put("cpuQps", timing.cpuQps());
    answer.put("qps", timing.qps());
    answer.put("p50Micros", timing.p50Micros());
    answer.put("p99Micros", timing.p99Micros());
  }

  private IndexAdapter opened() {
    IndexAdapter opened = adapter;
    if (opened == null) {
      throw new IllegalStateException("expected build before");
    }
    return opened;
  }

  private void closeAdapter() throws IOException {
    IndexAdapter closed = adapter;
    adapter = null;
    if (closed != null) {
      closed.close();
    }
  }

  private static long usedHeap() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
