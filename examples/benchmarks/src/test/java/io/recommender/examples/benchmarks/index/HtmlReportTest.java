package io.recommender.examples.benchmarks.index;

import static io.recommender.examples.benchmarks.index.RecallChartTest.search;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/** What a reader sees of a run. */
final class HtmlReportTest {
  private static final Pattern SVG = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL);

  private static BenchmarkReport.EngineResult engine(
      Engine engine,
      List<BenchmarkReport.Search> searches,
      List<BenchmarkReport.Filtered> filtered,
      String... notes) {
    return new BenchmarkReport.EngineResult(
        engine.id(),
        engine.label(),
        "kernels <fast>",
        engine.isExact(),
        List.of(),
        new BenchmarkReport.Memory(0, 0, ""),
        searches,
        BenchmarkReport.atLevels(searches),
        filtered,
        List.of(notes));
  }

  private static String page(BenchmarkReport.EngineResult... engines) {
    return new HtmlReport(
            new BenchmarkReport(
                BenchmarkReport.VERSION,
                "2026-01-02T03:04:05Z",
                new Machine("a CPU", 2, "a system", "a JDK"),
                new BenchmarkReport.Data("<items>.npy", 100, 8, 10, "0123"),
                Map.of("metric", "IP", "k", 5, "m", 16, "efConstruction", 100, "rounds", 3),
                List.of(engines),
                Map.of("hnswlib", "needs Python & more")))
        .page();
  }

  private static List<Drawing> charts(String page) {
    return SVG.matcher(page).results().map(MatchResult::group).map(Drawing::new).toList();
  }

  private static List<String> names(Drawing chart) {
    return chart.elements("text", "name").stream().map(Element::getTextContent).sorted().toList();
  }

  @Test
  void everyFilterHasAChartOfItsOwn() {
    var fast = List.of(search(10, 0.9, 9000), search(20, 0.95, 5000));
    var slow = List.of(search(10, 0.91, 300), search(20, 0.97, 200));
    String page =
        page(
            engine(
                Engine.HNSW, fast, List.of(new BenchmarkReport.Filtered("random 10 %", 0.1, slow))),
            engine(Engine.JVECTOR, slow, List.of(), "filter: cannot <do> that"));
    List<Drawing> charts = charts(page);
    assertEquals(2, charts.size());
    assertEquals(
        "Queries per CPU second against recall", charts.get(0).root().getAttribute("aria-label"));
    assertEquals(List.of("HnswIndex", "JVector"), names(charts.get(0)));
    assertEquals(
        "Queries per CPU second against recall under the filter random 10 %",
        charts.get(1).root().getAttribute("aria-label"));
    assertEquals(List.of("HnswIndex"), names(charts.get(1)));
    assertEquals("recall@5", charts.get(1).elements("text", "axis").get(0).getTextContent());
    assertTrue(
        page.contains("<p class=\"quiet\">Without JVector: filter: cannot &lt;do&gt; that.</p>"),
        page);
    for (Drawing chart : charts) {
      String title = chart.root().getAttribute("aria-label");
      assertTrue(page.contains("<figcaption>" + title + "</figcaption>"), page);
    }
  }

  @Test
  void readersAreToldWhichEnginesAreMissing() {
    String page =
        page(
            engine(Engine.HNSW, List.of(search(10, 0.9, 9000)), List.of()),
            engine(Engine.LUCENE, List.of(), List.of(), "open: the process ended"),
            engine(Engine.FLAT, List.of(), List.of()));
    assertEquals(List.of("HnswIndex"), names(charts(page).get(0)));
    String chart = page.substring(0, page.indexOf("<svg"));
    for (String missing :
        List.of(
            "Without Lucene: open: the process ended.",
            "Without FlatIndex: no measurements.",
            "Without hnswlib (C++): needs Python &amp; more.")) {
      assertTrue(chart.contains("<p class=\"quiet\">" + missing + "</p>"), page);
    }
  }

  @Test
  void aRunWithoutPointsHasNoChart() {
    String page = page(engine(Engine.FLAT, List.of(), List.of(), "build: no memory"));
    assertEquals(List.of(), charts(page));
    assertFalse(page.contains("<figure"), page);
    assertTrue(page.contains("Without FlatIndex: build: no memory."), page);
  }

  @Test
  void whatIsNotOursIsEscaped() {
    String page = page(engine(Engine.HNSW, List.of(search(10, 0.9, 9000)), List.of()));
    assertTrue(page.contains("&lt;items&gt;.npy") && page.contains("kernels &lt;fast&gt;"), page);
    assertFalse(page.contains("<items>") || page.contains("<fast>"), page);
  }

  /** In both schemes, so that curves can be told apart. */
  @Test
  void everyEngineHasAColourOfItsOwn() {
    String css = ReportStyle.CSS;
    List<String> colours = new ArrayList<>();
    for (Engine engine : Engine.values()) {
      String name = "c" + engine.ordinal();
      assertTrue(css.contains("." + name + " { color: var(--" + name + "); }"), name);
      colours.addAll(
          Pattern.compile("--" + name + ": (#[0-9a-f]{6});")
              .matcher(css)
              .results()
              .map(found -> found.group(1))
              .toList());
    }
    assertEquals(2 * Engine.values().length, colours.size());
    assertEquals(colours.size(), new HashSet<>(colours).size());
    assertEquals(
        Stream.of(Engine.values()).map(Engine::label).distinct().count(), Engine.values().length);
  }
}
