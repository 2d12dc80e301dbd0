package io.recommender.evaluation;

import io.recommender.internal.JsonWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Lays a report out as aligned tables. */
final class TextReport {
  private final EvaluationReport report;
  private final StringBuilder text = new StringBuilder();

  private TextReport(EvaluationReport report) {
    this.report = report;
  }

  static String write(EvaluationReport report, boolean includeTimings) {
    TextReport writer = new TextReport(report);
    writer.headline();
    for (MetricTable table : MetricTable.details(report)) {
      writer.table(table);
    }
    writer.answers();
    if (includeTimings) {
      writer.latency();
    }
    writer.differences();
    writer.entries("Protocol", report.protocol().entries());
    if (includeTimings) {
      writer.entries("Machine", report.environment().entries());
    }
    return writer.text.toString();
  }

  private void headline() {
    Map<String, Object> protocol = report.protocol().entries();
    text.append(
        "%s, %s: %s cases, seen items %s, all items ranked\n\n"
            .formatted(
                protocol.get("dataset"),
                protocol.get("split"),
                protocol.get("cases"),
                protocol.get("seenItems")));
    table(MetricTable.headline(report));
    text.append("* best measured value of the column\n\n");
    TextTable intervals =
        new TextTable("95 % interval", "HR@" + report.mainCutoff(), "NDCG@" + report.mainCutoff());
    for (EvaluationResult result : report.results()) {
      intervals.row(
          result.name(),
          interval(result.interval(Metric.HIT_RATE)),
          interval(result.interval(Metric.NDCG)));
    }
    text.append(intervals).append('\n');
  }

  private void table(MetricTable table) {
    String[] header = table.header();
    for (int i = 1; i < header.length; i++) {
      header[i] += " "; // over the digits, not over the star
    }
    TextTable lines = new TextTable(header);
    for (MetricTable.Row row : table.rows()) {
      String[] cells = new String[row.cells().size() + 1];
      cells[0] = row.name();
      for (int i = 1; i < cells.length; i++) {
        MetricTable.Cell cell = row.cells().get(i - 1);
        cells[i] = cell.text() + (cell.isBest() ? "*" : " ");
      }
      lines.row(cells);
    }
    text.append(lines).append('\n');
  }

  private void answers() {
    TextTable table =
        new TextTable("Answers", "all", "short", "tied", "fallback", "model runs", "notices");
    for (EvaluationResult result : report.results()) {
      table.row(
          result.name(),
          Integer.toString(result.answers()),
          Integer.toString(result.shortAnswers()),
          Integer.toString(result.tiedAnswers()),
          Integer.toString(result.fallbackAnswers()),
          decimal("%.2f", result.modelRunsPerRequest()),
          result.noticeText());
    }
    text.append(table).append('\n');
  }

  private void latency() {
    TextTable table =
        new TextTable("Latency in µs", "p50", "p90", "p95", "p99", "max", "requests/s");
    List<EvaluationResult> measured =
        report.results().stream().filter(EvaluationResult::isMeasured).toList();
    for (EvaluationResult result : measured) {
      LatencySummary latency = result.latency().orElseThrow();
      table.row(
          result.name(),
          decimal("%.1f", latency.p50()),
          decimal("%.1f", latency.p90()),
          decimal("%.1f", latency.p95()),
          decimal("%.1f", latency.p99()),
          decimal("%.1f", latency.max()),
          decimal("%.0f", latency.requestsPerSecond()));
    }
    if (!measured.isEmpty()) {
      text.append(table).append('\n');
    }
  }

  private void differences() {
    if (report.differences().isEmpty()) {
      return;
    }
    TextTable table =
        new TextTable("Paired difference", "metric", "difference", "95 % interval", "");
    for (PairedDifference each : report.differences()) {
      ConfidenceInterval difference = each.difference();
      table.row(
          each.first() + " - " + each.second(),
          each.metric().label() + "@" + each.cutoff(),
          decimal("%+.4f", difference.estimate()),
          "[%s, %s]"
              .formatted(decimal("%+.4f", difference.low()), decimal("%+.4f", difference.high())),
          difference.excludesZero() ? "" : "may be chance");
    }
    text.append(table).append('\n');
  }

  private void entries(String title, Map<String, Object> entries) {
    text.append(title).append('\n');
    int width = entries.keySet().stream().mapToInt(String::length).max().orElse(0);
    entries.forEach(
        (name, value) ->
            text.append("  ")
                .append(name)
                .append(" ".repeat(width - name.length() + 2))
                .append(display(value))
                .append('\n'));
  }

  static String display(Object value) {
    if (value instanceof int[] numbers) {
      return Arrays.toString(numbers).replaceAll("[\\[\\]]", "");
    }
    return value instanceof Double number ? JsonWriter.number(number) : value.toString();
  }

  private static String interval(Optional<ConfidenceInterval> interval) {
    return interval
        .map(each -> decimal("%.4f", each.low()) + " - " + decimal("%.4f", each.high()))
        .orElse("n/a");
  }

  private static String decimal(String pattern, double value) {
    return String.format(Locale.ROOT, pattern, value);
  }
}
