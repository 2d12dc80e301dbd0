package io.recommender.examples.benchmarks.index;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/** Writes a report as one page that needs nothing else. */
final class HtmlReport {
  private final BenchmarkReport report;
  private final StringBuilder html = new StringBuilder();

  HtmlReport(BenchmarkReport report) {
    this.report = report;
  }

  String page() {
    BenchmarkReport.Data data = report.data();
    html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<title>Vector indexes side by side</title>\n<style>\n");
    html.append(ReportStyle.CSS).append("</style>\n</head>\n<body>\n<main>\n");
    html.append("<h1>Vector indexes side by side</h1>\n");
    append(
        "<p class=\"lead\">%,d vectors of length %d, %s · %,d queries · %s · m %s · efConstruction"
            + " %s</p>\n",
        data.items(),
        data.dimension(),
        escape(data.description()),
        data.queries(),
        metricName(),
        report.parameters().get("m"),
        report.efConstruction());
    section("Speed by recall", this::speed);
    section("Builds and memory", this::builds);
    for (BenchmarkReport.Filtered filter : report.filters()) {
      section("Filter: " + filter.filter(), () -> filtered(filter));
    }
    section("All measurements", () -> searches(BenchmarkReport.EngineResult::searches));
    section("How it was measured", this::conditions);
    return html.append("</main>\n</body>\n</html>\n").toString();
  }

  private void section(String title, Runnable content) {
    append("<section>\n<h2>%s</h2>\n", escape(title));
    content.run();
    html.append("</section>\n");
  }

  private void speed() {
    append(
        "<p class=\"quiet\">One thread, k = %d. Up and to the right is better; each point is an ef,"
            + " its whisker the range over %s rounds. Points that another one of the same engine"
            + " beats in both are left out.</p>\n",
        report.k(), report.parameters().get("rounds"));
    missing(BenchmarkReport.EngineResult::searches);
    report.absent().forEach((engine, reason) -> without(Engine.of(engine).label(), reason));
    chart("Queries per CPU second against recall", BenchmarkReport.EngineResult::searches);
    append("<h3>Queries per CPU second at recall@%d</h3>\n", report.k());
    List<String> header = new ArrayList<>(List.of("interpolated"));
    BenchmarkReport.LEVELS.forEach(level -> header.add(Texts.number(level)));
    table(header);
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      List<String> cells = new ArrayList<>();
      for (double level : BenchmarkReport.LEVELS) {
        OptionalDouble rate = engine.cpuQpsAt(level);
        cells.add(rate.isPresent() ? Texts.rate(rate.getAsDouble()) : Texts.ABSENT);
      }
      row(name(engine), cells);
    }
    for (Ratios.Row ratio : Ratios.of(report)) {
      html.append("<tr class=\"ratio\">");
      cells(escape(ratio.name()), ratio.values().stream().map(Ratios::text).toList());
    }
    endTable();
  }

  private void builds() {
    table(List.of("", "threads", "wall s", "CPU s", "memory MB", "of raw floats", "measured as"));
    double raw = 4.0 * report.data().items() * report.data().dimension();
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      for (int i = 0; i < engine.builds().size(); i++) {
        BenchmarkReport.Build build = engine.builds().get(i);
        long bytes = i == engine.builds().size() - 1 ? engine.memory().bytes() : 0;
        row(
            i == 0 ? name(engine) : "",
            List.of(
                Integer.toString(build.threads()),
                Texts.format("%.2f", build.wallSeconds()),
                Texts.format("%.2f", build.cpuSeconds()),
                bytes > 0 ? Texts.megabytes(bytes) : "",
                bytes > 0 ? Texts.format("%.2f×", bytes / raw) : "",
                bytes > 0 ? escape(engine.memory().how()) : ""));
      }
    }
    endTable();
  }

  private void filtered(BenchmarkReport.Filtered filter) {
    append(
        "<p class=\"quiet\">%s of the items pass%s.</p>\n",
        Texts.number(100 * filter.selectivity()) + " %",
        filter.filter().startsWith(BenchmarkFilter.LIVE)
            ? Texts.format(
                "; some of them change every %d searches, and what an engine does to follow is"
                    + " timed",
                BenchmarkFilter.SEARCHES_OF_A_VERSION)
            : "");
    missing(engine -> engine.searchesUnder(filter.filter()));
    chart(
        "Queries per CPU second against recall under the filter " + filter.filter(),
        engine -> engine.searchesUnder(filter.filter()));
    searches(engine -> engine.searchesUnder(filter.filter()));
  }

  private void missing(
      Function<BenchmarkReport.EngineResult, List<BenchmarkReport.Search>> searches) {
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      if (searches.apply(engine).isEmpty()) {
        List<String> notes = engine.notes();
        without(engine.label(), notes.isEmpty() ? "no measurements" : String.join("; ", notes));
      }
    }
  }

  private void without(String engine, String reason) {
    append("<p class=\"quiet\">Without %s: %s.</p>\n", escape(engine), escape(reason));
  }

  private void chart(
      String title, Function<BenchmarkReport.EngineResult, List<BenchmarkReport.Search>> searches) {
    List<RecallChart.Series> series = new ArrayList<>();
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      series.add(new RecallChart.Series(color(engine), engine.label(), searches.apply(engine)));
    }
    String chart = RecallChart.draw(title, report.k(), series);
    if (!chart.isEmpty()) {
      append("<figure>\n%s<figcaption>%s</figcaption>\n</figure>\n", chart, escape(title));
    }
  }

  private void searches(
      Function<BenchmarkReport.EngineResult, List<BenchmarkReport.Search>> searches) {
    table(
        List.of(
            "", "ef", "recall", "CPU QPS", "min to max", "QPS", "p50 µs", "p99 µs", "too short"));
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      boolean first = true;
      for (BenchmarkReport.Search search : searches.apply(engine)) {
        BenchmarkReport.Spread rate = search.cpuQps();
        row(
            first ? name(engine) : "",
            List.of(
                engine.exact() ? "exact" : Integer.toString(search.ef()),
                Texts.format("%.4f", search.recall()),
                Texts.rate(rate.median()),
                Texts.rate(rate.min()) + " to " + Texts.rate(rate.max()),
                Texts.rate(search.qps().median()),
                Texts.format("%,.1f", search.p50Micros()),
                Texts.format("%,.1f", search.p99Micros()),
                search.shortAnswers() == 0 ? "" : Integer.toString(search.shortAnswers())));
        first = false;
      }
    }
    endTable();
  }

  private void conditions() {
    html.append(
        """
        <ul class="quiet">
        <li>Each engine has a process of its own. They build one after another and search in turns,
        beginning with another one each round; compare within one run.</li>
        <li>The first build of a JVM also pays for its compilation.</li>
        <li>CPU QPS count the CPU time of the whole process, with garbage collection and
        compilation. The rates of hnswlib are those of many queries a call, its latencies those of
        one query a call from Python.</li>
        <li>Recall is measured against exact answers; items whose score equals that of the last
        right one are right. Too short: answers with fewer items than there are.</li>
        </ul>
        <dl>
        """);
    for (BenchmarkReport.EngineResult engine : report.engines()) {
      entry(engine.label(), engine.description());
      engine.notes().forEach(note -> entry("", note));
    }
    report.absent().forEach((engine, reason) -> entry(engine, "left out: " + reason));
    entry("processor", report.machine().cpu() + ", " + report.machine().processors() + " visible");
    entry("system", report.machine().system());
    entry("JDK", report.machine().jdk());
    entry("date", report.date());
    report
        .parameters()
        .forEach((name, value) -> entry(name, value.toString().replaceAll("^\\[|]$", "")));
    entry("data SHA-256", report.data().sha256());
    html.append("</dl>\n");
  }

  private void entry(String name, String value) {
    append("<dt>%s</dt><dd>%s</dd>\n", escape(name), escape(value.isEmpty() ? "none" : value));
  }

  private String metricName() {
    return switch (Metric.valueOf((String) report.parameters().get("metric"))) {
      case IP -> "inner product";
      case L2 -> "Euclidean distance";
      case COSINE -> "cosine";
    };
  }

  private static int color(BenchmarkReport.EngineResult engine) {
    return Engine.of(engine.engine()).ordinal();
  }

  private static String name(BenchmarkReport.EngineResult engine) {
    return Texts.format("<span class=\"dot c%d\"></span>%s", color(engine), escape(engine.label()));
  }

  private void table(List<String> header) {
    html.append("<div class=\"scroll\"><table>\n<thead><tr>");
    header.forEach(cell -> append("<th>%s</th>", escape(cell)));
    html.append("</tr></thead>\n<tbody>\n");
  }

  private void row(String name, List<String> values) {
    html.append("<tr>");
    cells(name, values);
  }

  private void cells(String name, List<String> values) {
    append("<th>%s</th>", name);
    values.forEach(value -> append("<td>%s</td>", value));
    html.append("</tr>\n");
  }

  private void endTable() {
    html.append("</tbody></table></div>\n");
  }

  private void append(String format, Object... arguments) {
    html.append(Texts.format(format, arguments));
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
