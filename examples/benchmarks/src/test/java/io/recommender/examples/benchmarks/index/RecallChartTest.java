package io.recommender.examples.benchmarks.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/** What a reader sees: places are read from the drawn axes, not computed as the chart does it. */
final class RecallChartTest {
  private static final RecallChart.Series STEEP =
      new RecallChart.Series(
          3, "steep", List.of(search(10, 0.9, 20_000), search(20, 0.97, 9_000), exact(0.99, 700)));
  private static final RecallChart.Series FLAT =
      new RecallChart.Series(7, "flat", List.of(search(40, 0.93, 3_000), search(80, 0.995, 2_500)));

  static BenchmarkReport.Search search(int ef, double recall, double rate) {
    var spread = new BenchmarkReport.Spread(rate, 0.8 * rate, 1.1 * rate, List.of(rate));
    return new BenchmarkReport.Search(ef, recall, 0, spread, spread, 10, 20);
  }

  private static BenchmarkReport.Search exact(double recall, double rate) {
    return search(0, recall, rate);
  }

  private static Drawing draw(RecallChart.Series... series) {
    return new Drawing(RecallChart.draw("Speed", 10, List.of(series)));
  }

  private static RecallChart.Series one(double recall, double rate) {
    return new RecallChart.Series(0, "one", List.of(search(10, recall, rate)));
  }

  @Test
  void marksLieWhereTheAxesSay() {
    Drawing drawing = draw(STEEP, FLAT);
    for (RecallChart.Series series : List.of(STEEP, FLAT)) {
      List<Element> marks = drawing.elements("circle", "mark c" + series.color());
      assertEquals(series.searches().size(), marks.size());
      for (int i = 0; i < marks.size(); i++) {
        BenchmarkReport.Search search = series.searches().get(i);
        Element mark = marks.get(i);
        double x = Drawing.number(mark, "cx");
        assertEquals(drawing.x(search.recall()), x, 0.2);
        assertEquals(drawing.y(search.cpuQps().median()), Drawing.number(mark, "cy"), 0.2);
        Element whisker = drawing.elements("line", "whisker c" + series.color()).get(i);
        assertEquals(x, Drawing.number(whisker, "x1"));
        assertEquals(x, Drawing.number(whisker, "x2"));
        assertEquals(drawing.y(search.cpuQps().min()), Drawing.number(whisker, "y1"), 0.2);
        assertEquals(drawing.y(search.cpuQps().max()), Drawing.number(whisker, "y2"), 0.2);
      }
    }
    assertEquals(
        List.of(
            "steep, ef 10: recall 0.9000, 20,000 queries per CPU second",
            "steep, ef 20: recall 0.9700, 9,000 queries per CPU second",
            "steep: recall 0.9900, 700 queries per CPU second"),
        drawing.elements("circle", "mark c3").stream().map(Element::getTextContent).toList());
  }

  @Test
  void everyEngineHasOneCurveThroughItsMarks() {
    Drawing drawing = draw(STEEP, FLAT);
    assertEquals(2, drawing.elements("path", "curve").size());
    for (RecallChart.Series series : List.of(STEEP, FLAT)) {
      Element curve = drawing.only("path", "curve c" + series.color());
      List<String> corners =
          drawing.elements("circle", "mark c" + series.color()).stream()
              .map(mark -> mark.getAttribute("cx") + " " + mark.getAttribute("cy"))
              .toList();
      assertEquals("M" + String.join("L", corners), curve.getAttribute("d"));
    }
  }

  @Test
  void axesHaveTicksAndUnits() {
    Drawing drawing = draw(STEEP, FLAT);
    assertEquals(
        List.of("recall@10", "queries per CPU second"),
        drawing.elements("text", "axis").stream().map(Element::getTextContent).toList());
    assertEquals(
        List.of("0.9", "0.95", "0.98", "0.99", "0.995", "0.998", "0.999", "1"),
        drawing.recallTicks().stream().map(Element::getTextContent).toList());
    assertEquals(
        List.of("500", "1k", "2k", "5k", "10k", "20k"),
        drawing.rateTicks().stream().map(Element::getTextContent).toList());
    for (Element tick : drawing.recallTicks()) {
      boolean isLast = tick.getTextContent().equals("1");
      assertEquals(!isLast, drawing.hasGridLine("x1", Drawing.number(tick, "x")));
    }
    for (Element tick : drawing.rateTicks()) {
      assertTrue(drawing.hasGridLine("y1", Drawing.number(tick, "y") - 4));
    }
  }

  @Test
  void theChartHasATitle() {
    String svg = RecallChart.draw("Speed under \"a < b\" & c", 10, List.of(STEEP));
    Element root = new Drawing(svg).root();
    assertEquals("img", root.getAttribute("role"));
    assertEquals("Speed under \"a < b\" & c", root.getAttribute("aria-label"));
  }

  @Test
  void namesStandBesideTheEndsOfCurves() {
    Drawing drawing = draw(STEEP, FLAT);
    for (RecallChart.Series series : List.of(STEEP, FLAT)) {
      Element name = drawing.only("text", "name c" + series.color());
      assertEquals(series.name(), name.getTextContent());
      List<Element> marks = drawing.elements("circle", "mark c" + series.color());
      Element last = marks.get(marks.size() - 1);
      double[] leader = drawing.line(drawing.only("path", "leader c" + series.color()));
      assertEquals(Drawing.number(last, "cx"), leader[0], 6);
      assertEquals(Drawing.number(last, "cy"), leader[1], 0.2);
      assertEquals(Drawing.number(name, "x"), leader[2], 6);
      assertEquals(Drawing.number(name, "y"), leader[3], 6);
    }
  }

  @Test
  void namesOfAllEnginesHaveRoom() {
    RecallChart.Series[] all =
        Stream.of(Engine.values())
            .map(
                engine ->
                    new RecallChart.Series(
                        engine.ordinal(), engine.label(), List.of(search(10, 0.99, 1000))))
            .toArray(RecallChart.Series[]::new);
    Drawing drawing = draw(all);
    List<Element> names = drawing.elements("text", "name");
    assertEquals(
        Stream.of(Engine.values()).map(Engine::label).sorted().toList(),
        names.stream().map(Element::getTextContent).sorted().toList());
    double[] heights = names.stream().mapToDouble(name -> Drawing.number(name, "y")).toArray();
    Arrays.sort(heights);
    for (int i = 1; i < heights.length; i++) {
      assertTrue(heights[i] - heights[i - 1] >= Drawing.TEXT_HEIGHT, Arrays.toString(heights));
    }
    names.forEach(drawing::assertInside);
  }

  @Test
  void namesAreEscaped() {
    String name = "<b>a & \"b\" 'c' %d %s</b>";
    Drawing drawing =
        draw(new RecallChart.Series(1, name, List.of(search(10, 0.9, 100), search(20, 0.95, 50))));
    assertEquals(name, drawing.only("text", "name c1").getTextContent());
    assertTrue(
        drawing
            .elements("circle", "mark c1")
            .get(0)
            .getTextContent()
            .startsWith(name + ", ef 10: recall 0.9000"));
  }

  /** Whatever the figures are, both axes can be read, and everything is inside them. */
  @Test
  void everyRangeCanBeRead() {
    List<RecallChart.Series[]> charts =
        List.of(
            new RecallChart.Series[] {one(0.973, 3000)},
            new RecallChart.Series[] {one(0.5, 0.03)},
            new RecallChart.Series[] {one(0, 7)},
            new RecallChart.Series[] {one(1, 4e6)},
            new RecallChart.Series[] {one(0.99995, 30)},
            new RecallChart.Series[] {one(0.9, 2100), one(0.95, 2300)},
            new RecallChart.Series[] {one(0.001, 2e9), one(1, 0.05)});
    for (RecallChart.Series[] series : charts) {
      Drawing drawing = draw(series);
      List<Element> recalls = drawing.recallTicks();
      List<Element> rates = drawing.rateTicks();
      assertTrue(recalls.size() >= 3, recalls::toString);
      assertTrue(rates.size() >= 2, rates::toString);
      for (int i = 1; i < recalls.size(); i++) {
        double between =
            Drawing.number(recalls.get(i), "x") - Drawing.number(recalls.get(i - 1), "x");
        assertTrue(between >= Drawing.width(recalls.get(i)), "labels of recalls overlap");
      }
      for (int i = 1; i < rates.size(); i++) {
        double between = Drawing.number(rates.get(i - 1), "y") - Drawing.number(rates.get(i), "y");
        assertTrue(between >= Drawing.TEXT_HEIGHT, "labels of rates overlap");
      }
      recalls.forEach(drawing::assertInside);
      rates.forEach(drawing::assertInside);
      double left = drawing.x(Double.parseDouble(recalls.get(0).getTextContent()));
      double right = Drawing.number(recalls.get(recalls.size() - 1), "x");
      for (Element mark : drawing.elements("circle", "mark")) {
        double x = Drawing.number(mark, "cx");
        assertTrue(x >= left && x <= right, x + " is not from " + left + " to " + right);
      }
    }
  }

  @Test
  void onePointIsAMarkWithoutALine() {
    Drawing drawing = draw(one(0.95, 3000));
    Element mark = drawing.only("circle", "mark c0");
    assertEquals(drawing.x(0.95), Drawing.number(mark, "cx"), 0.2);
    assertEquals(drawing.y(3000), Drawing.number(mark, "cy"), 0.2);
    assertTrue(!drawing.only("path", "curve c0").getAttribute("d").contains("L"));
    assertEquals("one", drawing.only("text", "name c0").getTextContent());
  }

  @Test
  void whatIsNotWorthDrawingIsLeftOut() {
    Drawing drawing =
        draw(
            new RecallChart.Series(
                2,
                "beaten",
                List.of(
                    search(10, 0.9, 1000),
                    search(20, 0.89, 900),
                    search(40, 0.9999, 500),
                    search(80, 1, 300))));
    assertEquals(
        List.of(
            "beaten, ef 10: recall 0.9000, 1,000 queries per CPU second",
            "beaten, ef 40: recall 0.9999, 500 queries per CPU second"),
        drawing.elements("circle", "mark").stream().map(Element::getTextContent).toList());
  }

  @Test
  void enginesWithoutPointsAreLeftOut() {
    RecallChart.Series none = new RecallChart.Series(4, "none", List.of());
    RecallChart.Series still = new RecallChart.Series(5, "still", List.of(search(10, 0.9, 0)));
    Drawing drawing = draw(none, STEEP, still);
    assertEquals(1, drawing.elements("path", "curve").size());
    assertEquals(
        List.of("steep"),
        drawing.elements("text", "name").stream().map(Element::getTextContent).toList());
    assertEquals("", RecallChart.draw("Speed", 10, List.of(none, still)));
    assertEquals("", RecallChart.draw("Speed", 10, List.of()));
  }
}
