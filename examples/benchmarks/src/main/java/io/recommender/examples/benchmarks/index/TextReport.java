package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Writes a report for a terminal. */
final class TextReport {
  private static final String NAME = "%-14s";

  private final BenchmarkReport report;
  private final StringBuilder text = new StringBuilder();

  TextReport(BenchmarkReport report) {
    this.report = report;
  }

  String text() {
    BenchmarkReport.Data data = report.data();
    line(
        "%n%s: %,d x %d, %,d queries, %s, m %s, efConstruction %s",
        data.description(),
        data.items(),
        data.dimension(),
        data.queries(),
        report.parameters().get("metric"),
        report.parameters().get("m"),
        report.efConstruction());
    line(
        "%s, %d processors, %s",
        report.machine().cpu(), report.machine().processors(), report.machine().jdk());
    line("data sha256 %s", data.sha256());
    engines();
    builds();
    line("%nSearches, one thread; CPU QPS: queries per second of CPU time, median [min..max]");
    searchHeader();
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      engine.searches().forEach(search -> searchLine(engine, search));
    }
    line("%nCPU QPS at recall@%d, interpolated", report.k());
    levels();
    report.filters().forEach(this::filtered);
    return text.toString();
  }

  private void engines() {
    line("");
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      line(NAME + " %s", engine.label(), engine.description());
      engine.notes().forEach(note -> line(NAME + " ! %s", "", note));
    }
    report.absent().forEach((engine, reason) -> line(NAME + " left out: %s", engine, reason));
  }

  private void builds() {
    line(
        "%n" + NAME + " %8s %9s %9s %12s  %s",
        "Build",
        "threads",
        "wall s",
        "CPU s",
        "memory MB",
        "");
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      BenchmarkReport.Memory memory = engine.memory();
      for (int i = 0; i < engine.builds().size(); i++) {
        BenchmarkReport.Build build = engine.builds().get(i);
        boolean last = i == engine.builds().size() - 1;
        line(
            NAME + " %8d %9.2f %9.2f %12s  %s",
            engine.label(),
            build.threads(),
            build.wallSeconds(),
            build.cpuSeconds(),
            last && memory.bytes() > 0 ? Texts.megabytes(memory.bytes()) : "",
            last ? memory.how() : "");
      }
    }
    long raw = 4L * report.data().items() * report.data().dimension();
    line(NAME + " %8s %9s %9s %12s", "(floats alone)", "", "", "", Texts.megabytes(raw));
  }

  private void searchHeader() {
    line(
        NAME + " %5s %8s %10s %-23s %9s %9s %9s",
        "engine",
        "ef",
        "recall",
        "CPU QPS",
        "",
        "QPS",
        "p50 µs",
        "p99 µs");
  }

  private void searchLine(BenchmarkReport.EngineResult engine, BenchmarkReport.Search search) {
    BenchmarkReport.Spread rate = search.cpuQps();
    line(
        NAME + " %5s %8.4f %10s %-23s %9s %9.1f %9.1f%s",
        engine.label(),
        engine.exact() ? "-" : Integer.toString(search.ef()),
        search.recall(),
        Texts.rate(rate.median()),
        "[" + Texts.rate(rate.min()) + ".." + Texts.rate(rate.max()) + "]",
        Texts.rate(search.qps().median()),
        search.p50Micros(),
        search.p99Micros(),
        search.shortAnswers() > 0 ? "  %d answers too short".formatted(search.shortAnswers()) : "");
  }

  private void levels() {
    List<String> header = new ArrayList<>();
    BenchmarkReport.LEVELS.forEach(level -> header.add(Texts.number(level)));
    row("", header);
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      row(
          engine.label(),
          BenchmarkReport.LEVELS.stream().map(level -> rate(engine.cpuQpsAt(level))).toList());
    }
    for (Ratios.Row ratio : Ratios.of(report)) {
      row(ratio.name(), ratio.values().stream().map(Ratios::text).toList());
    }
  }

  private static String rate(OptionalDouble rate) {
    return rate.isPresent() ? Texts.rate(rate.getAsDouble()) : Texts.ABSENT;
  }

  private void row(String name, List<String> cells) {
    StringBuilder row = new StringBuilder(Texts.format("%-28s", name));
    cells.forEach(cell -> row.append(Texts.format("%10s", cell)));
    line("%s", row.toString().stripTrailing());
  }

  private void filtered(BenchmarkReport.Filtered filter) {
    line("%nFilter: %s, %s of the items", filter.filter(), Texts.number(filter.selectivity()));
    searchHeader();
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      engine.searchesUnder(filter.filter()).forEach(search -> searchLine(engine, search));
    }
  }

  private void line(String format, Object... arguments) {
    text.append(Texts.format(format, arguments).stripTrailing()).append('\n');
  }
}
