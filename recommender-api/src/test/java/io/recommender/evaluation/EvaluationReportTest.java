package io.recommender.evaluation;

import static io.recommender.evaluation.Fixtures.items;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.SequenceRecommender;
import io.recommender.internal.JsonWriter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class EvaluationReportTest {
  private static final ReferenceRow PUBLISHED =
      ReferenceRow.of("Model <2024> \"x\"")
          .with(Metric.HIT_RATE, 5, 0.5)
          .with(Metric.NDCG, 2, 0.25);

  private static EvaluationReport report() {
    RankedLists first = Fixtures.fiveUsers();
    List<List<String>> lists =
        List.of(items("abcde"), items("cabde"), items("bacde"), items("abcde"), items("bcade"));
    RankedLists second = RankedLists.of(first.split(), first.catalog(), lists);
    Map<String, RankedLists> all = new LinkedHashMap<>();
    all.put("mixed", first);
    all.put("popular", second);
    return Evaluator.builder()
        .cutoffs(2, 5)
        .seed(1)
        .options(MetricOptions.defaults().withRelevanceThreshold(3))
        .references(List.of(PUBLISHED))
        .build()
        .evaluate(all);
  }

  @Test
  void headlineAlignsValuesAndMarksTheBest() {
    String text = report().toText(false);
    String expected =
        """
        Accuracy            HR@2     HR@5   NDCG@2   NDCG@5
        ----------------------------------------------------
        mixed             0.7500*  0.7500   0.5610   0.5790
        popular           0.7500*  1.0000*  0.6533*  0.6833*
        Model <2024> "x"       -   0.5000   0.2500        -
        """;
    assertEquals(
        expected, text.lines().skip(2).limit(5).collect(Collectors.joining("\n", "", "\n")));
  }

  @Test
  void jsonHasAllMetricsAtAllCutoffsAndTheProtocol() {
    String json = report().toJson(false);
    assertTrue(
        json.startsWith("{\n  \"format\": \"recommender-evaluation\",\n  \"version\": 1,\n"));
    for (Metric metric : Metric.values()) {
      assertTrue(json.contains("\"" + metric.id() + "\": {\n          \"2\": "), metric.id());
    }
    for (String key :
        List.of(
            "dataHash",
            "split",
            "seed",
            "seenItems",
            "ties",
            "relevanceThreshold",
            "casesWithoutRelevantItem",
            "libraryVersion")) {
      assertTrue(json.contains("    \"" + key + "\": "), key);
    }
    assertTrue(json.contains("\"casesWithoutRelevantItem\": 1,"));
    assertTrue(json.contains("\"name\": \"Model <2024> \\\"x\\\"\""));
    assertFalse(json.contains("latencyMicros") || json.contains("environment"));
    assertTrue(report().toJson(true).contains("\"environment\""));
  }

  @Test
  void jsonNumbersAreRoundedTheSameOnEveryJdk() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("third", 1.0 / 3);
    values.put("one", 1.0);
    values.put("zero", 0.0);
    values.put("tiny", 2e-23);
    values.put("large", 1.5e20);
    values.put("undefined", Double.NaN);
    values.put("text", "a\"b\\c\n\u0001\u2028");
    values.put("list", new int[] {1, 2});
    values.put("none", Map.of());
    assertEquals(
        """
        {
          "third": 0.333333333333333,
          "one": 1,
          "zero": 0,
          "tiny": 2E-23,
          "large": 1.5E+20,
          "undefined": null,
          "text": "a\\"b\\\\c\\n\\u0001\\u2028",
          "list": [1, 2],
          "none": {}
        }
        """,
        JsonWriter.write(values));
  }

  @Test
  void popularitySharesSumToOneMostPopularFirst() {
    EvaluationReport report = report();
    // Every item is its own tenth; the second lists hold only a to e, five times each.
    double[] shares = report.result("popular").popularityShares();
    double[] expected = {0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0};
    for (int i = 0; i < 10; i++) {
      assertEquals(expected[i], shares[i], 1e-12);
    }
    assertEquals(5.0 / 14, report.trainingShares()[0], 1e-12);
  }

  @Test
  void intervalsHoldTheirEstimate() {
    for (EvaluationResult result : report().results()) {
      for (Metric metric : List.of(Metric.HIT_RATE, Metric.NDCG)) {
        ConfidenceInterval interval = result.interval(metric).orElseThrow();
        assertEquals(result.value(metric, 5), interval.estimate(), 1e-12);
        assertTrue(interval.low() <= interval.estimate());
        assertTrue(interval.estimate() <= interval.high());
      }
      assertFalse(result.interval(Metric.MRR).isPresent());
    }
  }

  @Test
  void unknownNamesAreRefused() {
    assertEquals(
        "recommender: expected one of [mixed, popular], found 'x'",
        assertThrows(IllegalArgumentException.class, () -> report().result("x")).getMessage());
    assertEquals(
        "reference 'r': expected a cutoff from 1 and a finite value, found 0 and 0.5",
        assertThrows(
                IllegalArgumentException.class,
                () -> ReferenceRow.of("r").with(Metric.NDCG, 0, 0.5))
            .getMessage());
  }

  @Test
  void pageLoadsNothingRunsNothingAndEscapesNames() {
    String page = report().toHtml(true);
    assertFalse(page.contains("<script") || page.contains("http://") || page.contains("https://"));
    assertFalse(page.contains("url(") || page.contains("@import") || page.contains("<link"));
    assertTrue(page.contains("Model &lt;2024&gt; &quot;x&quot;"));
    assertFalse(page.contains("<2024>"));
    String markup = page.substring(page.indexOf("<body>"), page.indexOf("</html>"));
    assertBalanced(markup);
    for (String section :
        List.of("Accuracy", "Coverage and novelty @5", "Popularity bias @5", "Protocol")) {
      assertTrue(page.contains("<h2>" + section + "</h2>"), section);
    }
    assertTrue(page.contains("Cases without a relevant item, left out: 1."));
  }

  private static void assertBalanced(String markup) {
    Deque<String> open = new ArrayDeque<>();
    Matcher tag =
        Pattern.compile("<(/?)([a-z0-9]+)((?: [a-zA-Z0-9-]+=\"[^\"<>]*\")*)(/?)>").matcher(markup);
    int end = 0;
    while (tag.find()) {
      String between = markup.substring(end, tag.start());
      assertFalse(between.contains("<") || between.contains(">"), between);
      end = tag.end();
      if (tag.group(1).isEmpty()) {
        if (tag.group(4).isEmpty()) {
          open.push(tag.group(2));
        }
      } else {
        assertEquals(open.pop(), tag.group(2));
      }
    }
    assertTrue(open.isEmpty() && end > 1000);
  }

  @Test
  void pageWithoutTimingsIsTheSameBytes() {
    assertEquals(report().toHtml(false), report().toHtml(false));
    assertFalse(report().toHtml(false).contains("<h2>Latency</h2>"));
  }

  @Test
  void pageOfARunShowsLatency() {
    InteractionLog log = Synthetic.log(50, 20, 1);
    Split split = Split.leaveOneOut(log);
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    for (int i = 0; i < 10; i++) {
      recommenders.put("r" + i, Synthetic.markov(split.training(), log.catalog()));
    }
    EvaluationReport report =
        Evaluator.builder().cutoffs(3).build().run(recommenders, split, log.catalog());
    assertTrue(report.toHtml(true).contains("<h2>Latency</h2>"));
    assertFalse(report.toHtml(false).contains("<h2>Latency</h2>"));
    assertEquals(report.toHtml(false), report.toHtml(false));
    assertTrue(report.toHtml(true).contains("class=\"fill c1\""));
  }

  @Test
  void axesEndAtRoundNumbers() {
    assertEquals("0.00 0.01 0.02 0.03 0.04 0.05", labels(0.0463));
    assertEquals("0 20 40 60 80 100", labels(100));
    assertEquals("0.0 0.2 0.4 0.6 0.8 1.0", labels(0));
    assertEquals("0 1 2 3 4 5 6", labels(6));
  }

  private static String labels(double value) {
    Axis axis = Axis.upTo(value);
    return axis.ticks().stream().map(axis::label).collect(Collectors.joining(" "));
  }

  @Test
  void timesAreShownWithAReadableUnit() {
    assertEquals("0.5 µs", LatencyChart.micros(0.5));
    assertEquals("42 µs", LatencyChart.micros(42.4));
    assertEquals("1.5 ms", LatencyChart.micros(1500));
    assertEquals("83 ms", LatencyChart.micros(83_000));
    assertEquals("2.5 s", LatencyChart.micros(2_500_000));
  }
}
