package io.recommender.examples.benchmarks.index;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One engine in a run, and what is known of it so far. Confined. */
final class EngineRun implements AutoCloseable {
  private final Engine engine;
  private final EngineProcess process;
  private final List<BenchmarkReport.Build> builds = new ArrayList<>();
  private final List<BenchmarkReport.Filtered> filtered = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Map<Integer, ExactAnswers.Verdict> verdicts = new LinkedHashMap<>();
  private final Map<Integer, List<Timing>> timings = new LinkedHashMap<>();
  private String description = "";
  private BenchmarkReport.Memory memory = new BenchmarkReport.Memory(0, 0, "");
  private List<BenchmarkReport.Search> searches = List.of();
  private boolean failed;
  private boolean paused;

  EngineRun(Engine engine, EngineProcess process) {
    this.engine = engine;
    this.process = process;
  }

  Engine engine() {
    return engine;
  }

  boolean isActive() {
    return !failed && !paused;
  }

  boolean hasFailed() {
    return failed;
  }

  void setPaused(boolean paused) {
    this.paused = paused;
  }

  void note(String text) {
    if (!notes.contains(text)) {
      notes.add(text);
    }
  }

  void fail(String message) {
    failed = true;
    note(message);
    process.close();
  }

  /** Returns at which of some breadths this engine is measured: an exact one knows no breadth. */
  List<Integer> efs(List<Integer> all) {
    return engine.isExact() ? all.subList(0, 1) : all;
  }

  void open(Map<String, ?> arguments) throws IOException {
    description = process.ask("open", arguments).path("description").asText();
  }

  BenchmarkReport.Build build(int threads) throws IOException {
    JsonNode answer = process.ask("build", Map.of("threads", threads));
    BenchmarkReport.Build build =
        new BenchmarkReport.Build(
            threads, answer.path("wallSeconds").asDouble(), answer.path("cpuSeconds").asDouble());
    builds.add(build);
    return build;
  }

  void measureMemory() throws IOException {
    JsonNode answer = process.ask("memory", Map.of());
    memory =
        new BenchmarkReport.Memory(
            answer.path("bytes").asLong(),
            answer.path("offHeapBytes").asLong(),
            answer.path("how").asText());
  }

  /** Sets a filter, given the files of its versions. */
  void filter(List<Path> files) throws IOException {
    process.ask("filter", Map.of("files", files.stream().map(Path::toString).toList()));
  }

  void clearFilter() throws IOException {
    process.ask("filter", Map.of("files", List.of()));
  }

  /** Forgets verdicts and timings. */
  void begin() {
    verdicts.clear();
    timings.clear();
  }

  void judge(int k, int ef, int count, ExactAnswers truth) throws IOException {
    JsonNode answers =
        process.ask("answer", Map.of("k", k, "ef", ef, "count", count)).path("answers");
    int[][] rows = new int[answers.size()][];
    for (int q = 0; q < rows.length; q++) {
      rows[q] = new int[answers.get(q).size()];
      for (int i = 0; i < rows[q].length; i++) {
        rows[q][i] = answers.get(q).get(i).asInt();
      }
    }
    ExactAnswers.Verdict verdict = truth.judge(rows);
    if (verdict.forbidden() > 0) {
      note("answered %d items that do not pass, ef %d".formatted(verdict.forbidden(), ef));
    }
    verdicts.put(ef, verdict);
  }

  Timing time(int k, int ef, long windowMillis) throws IOException {
    return Timing.of(process.ask("time", Map.of("k", k, "ef", ef, "windowMillis", windowMillis)));
  }

  void record(int ef, Timing timing) {
    timings.computeIfAbsent(ef, any -> new ArrayList<>()).add(timing);
  }

  /** Returns what was measured since {@link #begin}. */
  List<BenchmarkReport.Search> searches() {
    List<BenchmarkReport.Search> found = new ArrayList<>();
    timings.forEach(
        (ef, all) ->
            found.add(BenchmarkReport.Search.of(engine.isExact() ? 0 : ef, verdicts.get(ef), all)));
    return found;
  }

  void setSearches(List<BenchmarkReport.Search> searches) {
    this.searches = searches;
  }

  void addFiltered(BenchmarkFilter filter, List<BenchmarkReport.Search> found) {
    filtered.add(new BenchmarkReport.Filtered(filter.name(), filter.selectivity(), found));
  }

  BenchmarkReport.EngineResult result() {
    return new BenchmarkReport.EngineResult(
        engine.id(),
        engine.label(),
        description,
        engine.isExact(),
        List.copyOf(builds),
        memory,
        searches,
        BenchmarkReport.atLevels(searches),
        List.copyOf(filtered),
        List.copyOf(notes));
  }

  @Override
  public void close() {
    process.close();
  }
}
