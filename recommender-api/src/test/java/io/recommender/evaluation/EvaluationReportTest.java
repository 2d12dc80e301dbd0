package io.recommender.evaluation;

import static io.recommender.evaluation.Fixtures.items;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
}
