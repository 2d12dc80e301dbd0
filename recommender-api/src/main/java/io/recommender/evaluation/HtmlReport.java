package io.recommender.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** Lays a report out as one page that needs nothing but itself. */
final class HtmlReport {
  private final EvaluationReport report;
  private final boolean includeTimings;
  private final Map<String, Object> protocol;
  private final StringBuilder html = new StringBuilder();

  private HtmlReport(EvaluationReport report, boolean includeTimings) {
    this.report = report;
    this.includeTimings =
        includeTimings && report.results().stream().anyMatch(EvaluationResult::isMeasured);
    protocol = report.protocol().entries();
  }

  static String write(EvaluationReport report, boolean includeTimings) {
    return new HtmlReport(report, includeTimings).page();
  }

  private String page() {
    String title = "Evaluation on " + protocol.get("dataset");
    html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.append("<meta http-equiv=\"Content-Security-Policy\" ");
    html.append("content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<title>").append(Svg.escape(title)).append("</title>\n");
    html.append("<style>\n").append(HtmlStyle.CSS).append("</style>\n</head>\n<body>\n<main>\n");
    html.append("<h1>").append(Svg.escape(title)).append("</h1>\n");
    html.append("<p class=\"lead\">").append(Svg.escape(lead())).append("</p>\n");
    tiles();
    cautions();
    headline();
    curves();
    if (includeTimings) {
      latency();
    }
    popularity();
    for (MetricTable table : MetricTable.details(report)) {
      open(table.title());
      table(table);
      close();
    }
    differences();
    answers();
    protocol();
    return html.append("</main>\n</body>\n</html>\n").toString();
  }

  private String lead() {
    return String.format(
        Locale.ROOT,
        "%s: %,d cases of %,d users, %,d candidate items, seen items %s.",
        protocol.get("split"),
        protocol.get("cases"),
        protocol.get("users"),
        protocol.get("catalogItems"),
        protocol.get("seenItems"));
  }

  private void tiles() {
    int cutoff = report.mainCutoff();
    html.append("<div class=\"tiles\">\n");
    for (Metric metric : new Metric[] {Metric.NDCG, Metric.HIT_RATE, Metric.ITEM_COVERAGE_RATIO}) {
      bestBy(metric, cutoff)
          .ifPresent(
              best -> {
                String interval =
                    best.interval(metric).map(each -> ", 95 % " + range(metric, each)).orElse("");
                tile(
                    metric.label() + "@" + cutoff,
                    metric.format(best.value(metric, cutoff)),
                    best.name() + interval);
              });
    }
    if (includeTimings) {
      EvaluationResult fastest = null;
      for (EvaluationResult result : report.results()) {
        if (result.isMeasured() && (fastest == null || p99(result) < p99(fastest))) {
          fastest = result;
        }
      }
      if (fastest != null) {
        tile("p99 latency", LatencyChart.micros(p99(fastest)), fastest.name());
      }
    }
    html.append("</div>\n");
  }

  private void tile(String what, String value, String who) {
    html.append("<div class=\"tile\"><span>Best ").append(Svg.escape(what)).append("</span><b>");
    html.append(Svg.escape(value)).append("</b><span>").append(Svg.escape(who));
    html.append("</span></div>\n");
  }

  private Optional<EvaluationResult> bestBy(Metric metric, int cutoff) {
    EvaluationResult best = null;
    for (EvaluationResult result : report.results()) {
      double value = result.value(metric, cutoff);
      if (!Double.isNaN(value) && (best == null || value > best.value(metric, cutoff))) {
        best = result;
      }
    }
    return Optional.ofNullable(best);
  }

  private static double p99(EvaluationResult result) {
    return result.latency().orElseThrow().p99();
  }

  /** What would make a reader trust the numbers too much. */
  private void cautions() {
    List<String> cautions = new ArrayList<>();
    caution(cautions, "casesWithoutRelevantItem", "Cases without a relevant item, left out");
    caution(cautions, "relevantItemsOutsideCatalog", "Relevant items outside the catalogue");
    if ("filtered".equals(protocol.get("seenItems"))) {
      caution(cautions, "relevantItemsInHistory", "Relevant items filtered away as seen");
    }
    caution(
        cautions,
        "Answers with equal scores, whose order the recommender chose",
        EvaluationResult::tiedAnswers);
    caution(cautions, "Answers of the fallback", EvaluationResult::fallbackAnswers);
    caution(cautions, "Answers with fewer items than asked for", EvaluationResult::shortAnswers);
    if (!report.references().isEmpty()) {
      cautions.add("Published values were measured elsewhere; compare the protocol below first.");
    }
    if (!cautions.isEmpty()) {
      html.append("<section class=\"warn\">\n<h2>Read with care</h2>\n<ul>\n");
      cautions.forEach(each -> html.append("<li>").append(Svg.escape(each)).append("</li>\n"));
      html.append("</ul>\n");
      close();
    }
  }

  private void caution(
      List<String> cautions, String text, ToIntFunction<EvaluationResult> answers) {
    String counts =
        report.results().stream()
            .filter(result -> answers.applyAsInt(result) > 0)
            .map(
                result ->
                    String.format(
                        Locale.ROOT,
                        "%s (%.1f %%)",
                        result.name(),
                        100.0 * answers.applyAsInt(result) / result.answers()))
            .collect(Collectors.joining(", "));
    if (!counts.isEmpty()) {
      cautions.add("%s: %s.".formatted(text, counts));
    }
  }

  private void caution(List<String> cautions, String entry, String text) {
    if (protocol.get(entry) instanceof Integer count && count > 0) {
      cautions.add("%s: %d.".formatted(text, count));
    }
  }

  private void headline() {
    open("Accuracy");
    html.append("<p class=\"quiet\">The best measured value of each column is marked.</p>\n");
    table(MetricTable.headline(report));
    html.append("<div class=\"pair\">\n");
    for (Metric metric : new Metric[] {Metric.NDCG, Metric.HIT_RATE}) {
      html.append("<figure><h3>").append(metric.label()).append('@').append(report.mainCutoff());
      html.append("</h3>\n").append(Charts.bars(report, metric)).append("</figure>\n");
    }
    html.append("</div>\n<p class=\"quiet\">Whiskers are 95 % bootstrap intervals over users.");
    html.append(report.references().isEmpty() ? "" : " Dashed outlines are published values.");
    html.append("</p>\n");
    close();
  }

  private void curves() {
    open("Accuracy against the cutoff");
    legend(!report.references().isEmpty(), "published");
    html.append("<div class=\"pair\">\n");
    for (Metric metric : new Metric[] {Metric.NDCG, Metric.HIT_RATE}) {
      html.append("<figure><h3>").append(metric.label()).append("@k</h3>\n");
      html.append(Charts.curves(report, metric)).append("</figure>\n");
    }
    html.append("</div>\n");
    close();
  }

  private void latency() {
    open("Latency");
    html.append(
        "<p class=\"quiet\">Each histogram has its own height. Lines mark the median and p99.</p>\n");
    html.append(LatencyChart.draw(report));
    html.append("<div class=\"scroll\"><table><thead><tr><th>Latency</th>");
    for (String column : List.of("p50", "p90", "p95", "p99", "max", "requests/s", "model runs")) {
      html.append("<th>").append(column).append("</th>");
    }
    html.append("</tr></thead><tbody>\n");
    for (int i = 0; i < report.results().size(); i++) {
      EvaluationResult result = report.results().get(i);
      if (result.isMeasured()) {
        LatencySummary latency = result.latency().orElseThrow();
        html.append("<tr><th>").append(name(i, result.name())).append("</th>");
        cell(LatencyChart.micros(latency.p50()));
        cell(LatencyChart.micros(latency.p90()));
        cell(LatencyChart.micros(latency.p95()));
        cell(LatencyChart.micros(latency.p99()));
        cell(LatencyChart.micros(latency.max()));
        cell(String.format(Locale.ROOT, "%,.0f", latency.requestsPerSecond()));
        cell(String.format(Locale.ROOT, "%.2f", result.modelRunsPerRequest()));
        html.append("</tr>\n");
      }
    }
    html.append("</tbody></table></div>\n");
    close();
  }

  private void popularity() {
    open("Popularity of what is recommended @" + report.mainCutoff());
    html.append(
        "<p class=\"quiet\">The catalogue in ten groups of equal size, by training users. ");
    html.append("A recommender far above the training in group 1 favours what is popular anyway.");
    html.append("</p>\n");
    legend(true, "training");
    html.append(Charts.popularity(report));
    close();
  }

  private void legend(boolean dashed, String dashedName) {
    html.append("<div class=\"legend\">");
    for (int i = 0; i < report.results().size(); i++) {
      html.append("<span>").append(name(i, report.results().get(i).name())).append("</span>");
    }
    if (dashed) {
      html.append("<span><i class=\"dash\"></i>").append(dashedName).append("</span>");
    }
    html.append("</div>\n");
  }

  private void table(MetricTable table) {
    html.append("<div class=\"scroll\"><table><thead><tr>");
    String[] header = table.header();
    for (int i = 0; i < header.length; i++) {
      html.append("<th>").append(i == 0 ? "Recommender" : Svg.escape(header[i])).append("</th>");
    }
    html.append("</tr></thead><tbody>\n");
    for (int i = 0; i < table.rows().size(); i++) {
      MetricTable.Row row = table.rows().get(i);
      html.append(row.isReference() ? "<tr class=\"published\"><th>" : "<tr><th>");
      html.append(
          row.isReference()
              ? Svg.escape(row.name()) + publishedTag(row.name())
              : name(i, row.name()));
      html.append("</th>");
      for (MetricTable.Cell cell : row.cells()) {
        html.append(cell.isBest() ? "<td class=\"best\">" : "<td>");
        html.append(cell.text()).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div>\n");
  }

  private void differences() {
    if (report.differences().isEmpty()) {
      return;
    }
    open("Differences between recommenders");
    html.append(
        "<p class=\"quiet\">For the same users. An interval that holds 0 may be chance.</p>\n");
    html.append("<div class=\"scroll\"><table><thead><tr><th>First − second</th><th>Metric</th>");
    html.append("<th>Difference</th><th>95 % interval</th><th></th></tr></thead><tbody>\n");
    for (PairedDifference each : report.differences()) {
      ConfidenceInterval difference = each.difference();
      html.append("<tr><th>").append(Svg.escape(each.first() + " − " + each.second()));
      html.append("</th>");
      cell(each.metric().label() + "@" + each.cutoff());
      cell(String.format(Locale.ROOT, "%+.4f", difference.estimate()));
      cell(String.format(Locale.ROOT, "%+.4f to %+.4f", difference.low(), difference.high()));
      cell(difference.excludesZero() ? "" : "may be chance");
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div>\n");
    close();
  }

  private void answers() {
    open("Answers");
    html.append("<div class=\"scroll\"><table><thead><tr><th>Recommender</th><th>All</th>");
    html.append("<th>Short</th><th>Tied</th><th>Fallback</th><th>Notices</th><th>Model</th>");
    html.append("</tr></thead><tbody>\n");
    for (int i = 0; i < report.results().size(); i++) {
      EvaluationResult result = report.results().get(i);
      html.append("<tr><th>").append(name(i, result.name())).append("</th>");
      cell(Integer.toString(result.answers()));
      cell(Integer.toString(result.shortAnswers()));
      cell(Integer.toString(result.tiedAnswers()));
      cell(Integer.toString(result.fallbackAnswers()));
      cell(result.noticeText());
      cell(result.modelVersions().isEmpty() ? "-" : String.join(", ", result.modelVersions()));
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div>\n");
    close();
  }

  private void protocol() {
    open("Protocol");
    html.append("<p class=\"quiet\">Two reports are comparable if these are equal.</p>\n");
    entries(protocol);
    if (includeTimings) {
      html.append("<h3>Machine</h3>\n");
      entries(report.environment().entries());
    }
    close();
  }

  private void entries(Map<String, Object> entries) {
    html.append("<dl>\n");
    entries.forEach(
        (name, value) -> {
          String words = name.replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
          html.append("<dt>").append(Svg.escape(words)).append("</dt><dd>");
          html.append(Svg.escape(TextReport.display(value))).append("</dd>\n");
        });
    html.append("</dl>\n");
  }

  private void open(String title) {
    html.append("<section>\n<h2>").append(Svg.escape(title)).append("</h2>\n");
  }

  private void close() {
    html.append("</section>\n");
  }

  private void cell(String text) {
    html.append("<td>").append(Svg.escape(text)).append("</td>");
  }

  private static String publishedTag(String name) {
    boolean saysSo = name.toLowerCase(Locale.ROOT).contains("published");
    return saysSo ? "" : "<span class=\"tag\">published</span>";
  }

  private static String name(int index, String name) {
    return "<i class=\"dot " + Charts.color(index) + "\"></i>" + Svg.escape(name);
  }

  private static String range(Metric metric, ConfidenceInterval interval) {
    return metric.format(interval.low()) + " – " + metric.format(interval.high());
  }
}
