package io.recommender.evaluation;

import static io.recommender.evaluation.Fixtures.items;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The values were computed apart from this code, in fractions where there is no logarithm. */
final class MetricTest {
  private static final double EXACT = 1e-9;

  private static final Map<Metric, Double> AT_5_FROM_3 =
      Map.ofEntries(
          Map.entry(Metric.HIT_RATE, 3.0 / 4),
          Map.entry(Metric.RECALL, (1 + 1 + 2.0 / 3 + 0) / 4),
          Map.entry(Metric.PRECISION, (2.0 / 5 + 1.0 / 5 + 2.0 / 5 + 0) / 4),
          Map.entry(Metric.F1, (4.0 / 7 + 2.0 / 6 + 4.0 / 8 + 0) / 4),
          Map.entry(Metric.MRR, (1 + 1.0 / 2 + 1 + 0) / 4),
          Map.entry(Metric.MAP, ((1 + 2.0 / 3) / 2 + 1.0 / 2 + 2.0 / 3 + 0) / 4),
          Map.entry(Metric.MEAN_PRECISION, 0.3958333333333333),
          Map.entry(Metric.NDCG, 0.5790027949270666),
          Map.entry(Metric.GRADED_NDCG, 0.547609656748159),
          Map.entry(Metric.EPC, 0.26578894272524217),
          Map.entry(Metric.EFD, 1.245602792823017),
          Map.entry(Metric.ITEM_COVERAGE, 8.0),
          Map.entry(Metric.ITEM_COVERAGE_RATIO, 8.0 / 10),
          Map.entry(Metric.GINI_INDEX, 0.35555555555555557),
          Map.entry(Metric.GINI_DIVERSITY, 0.6049382716049383),
          Map.entry(Metric.SHANNON_ENTROPY, 2.3306266674359),
          Map.entry(Metric.ENTROPY_PER_ITEM, 0.25049135733245737),
          Map.entry(Metric.ARP, (3.0 / 5 + 5.0 / 5 + 5.0 / 3 + 4.0 / 5) / 4),
          Map.entry(Metric.AVERAGE_POPULARITY, (3 + 5 + 5 + 4 + 0) / 25.0),
          Map.entry(Metric.ACLT, (3 + 3 + 1 + 2 + 0) / 5.0),
          Map.entry(Metric.APLT, (3.0 / 5 + 3.0 / 5 + 1.0 / 3 + 2.0 / 5 + 0) / 5),
          Map.entry(Metric.TAIL_PERCENTAGE, (2 + 1 + 1 + 2 + 0) / 25.0),
          Map.entry(Metric.POP_REO, (2.0 / 3 - 3.0 / 5) / (2.0 / 3 + 3.0 / 5)),
          Map.entry(Metric.POP_RSP, (9.0 / 13 - 9.0 / 23) / (9.0 / 13 + 9.0 / 23)));

  private static final Map<Metric, Double> AT_2_FROM_3 =
      Map.ofEntries(
          Map.entry(Metric.HIT_RATE, 3.0 / 4),
          Map.entry(Metric.RECALL, (1.0 / 2 + 1 + 2.0 / 3 + 0) / 4),
          Map.entry(Metric.PRECISION, (1.0 / 2 + 1.0 / 2 + 1 + 0) / 4),
          Map.entry(Metric.F1, 0.49166666666666664),
          Map.entry(Metric.MRR, 0.625),
          Map.entry(Metric.MAP, (1.0 / 2 + 1.0 / 2 + 1 + 0) / 4),
          Map.entry(Metric.MEAN_PRECISION, (3.0 / 4 + 1.0 / 4 + 1 + 0) / 4),
          Map.entry(Metric.NDCG, 0.561019236584229),
          Map.entry(Metric.GRADED_NDCG, 0.5393347708855715),
          Map.entry(Metric.EPC, 0.34197207891481873),
          Map.entry(Metric.EFD, 1.653677461028802),
          Map.entry(Metric.ITEM_COVERAGE, 6.0),
          Map.entry(Metric.ITEM_COVERAGE_RATIO, 0.6),
          Map.entry(Metric.GINI_INDEX, 0.5),
          Map.entry(Metric.GINI_DIVERSITY, 4.0 / 9),
          Map.entry(Metric.SHANNON_ENTROPY, 2.0),
          Map.entry(Metric.ENTROPY_PER_ITEM, 0.28881132523331055),
          Map.entry(Metric.ARP, 1.375),
          Map.entry(Metric.AVERAGE_POPULARITY, 1.1),
          Map.entry(Metric.ACLT, 0.8),
          Map.entry(Metric.APLT, 0.4),
          Map.entry(Metric.TAIL_PERCENTAGE, 0.1),
          Map.entry(Metric.POP_REO, (3.0 / 5 - 1.0 / 3) / (3.0 / 5 + 1.0 / 3)),
          Map.entry(Metric.POP_RSP, (4.0 / 13 - 4.0 / 23) / (4.0 / 13 + 4.0 / 23)));

  /** The cutoff exceeds every list, and every rated item is relevant. */
  private static final Map<Metric, Double> AT_8_FROM_0 =
      Map.ofEntries(
          Map.entry(Metric.HIT_RATE, 4.0 / 5),
          Map.entry(Metric.RECALL, (1 + 1 + 2.0 / 3 + 1 + 0) / 5),
          Map.entry(Metric.PRECISION, (3 + 2 + 2 + 1 + 0) / 40.0),
          Map.entry(Metric.F1, 0.30626262626262624),
          Map.entry(Metric.MRR, (1 + 1 + 1 + 1.0 / 2 + 0) / 5),
          Map.entry(Metric.MAP, (1 + 1 + 2.0 / 3 + 1.0 / 2 + 0) / 5),
          Map.entry(Metric.MEAN_PRECISION, 0.4060714285714286),
          Map.entry(Metric.NDCG, 0.6792580781120158),
          Map.entry(Metric.GRADED_NDCG, 0.5935014470601239),
          Map.entry(Metric.EPC, 0.34393184232840224),
          Map.entry(Metric.EFD, 1.5806315529572175),
          Map.entry(Metric.ITEM_COVERAGE, 8.0),
          Map.entry(Metric.ITEM_COVERAGE_RATIO, 0.8),
          Map.entry(Metric.GINI_INDEX, 0.35555555555555557),
          Map.entry(Metric.GINI_DIVERSITY, 0.6049382716049383),
          Map.entry(Metric.SHANNON_ENTROPY, 2.3306266674359),
          Map.entry(Metric.ENTROPY_PER_ITEM, 0.25049135733245737),
          Map.entry(Metric.ARP, 1.0166666666666666),
          Map.entry(Metric.AVERAGE_POPULARITY, 17 / 40.0),
          Map.entry(Metric.ACLT, 1.8),
          Map.entry(Metric.APLT, 0.38666666666666666),
          Map.entry(Metric.TAIL_PERCENTAGE, 6 / 40.0),
          Map.entry(Metric.POP_REO, (5.0 / 6 - 3.0 / 5) / (5.0 / 6 + 3.0 / 5)),
          Map.entry(Metric.POP_RSP, (9.0 / 13 - 9.0 / 23) / (9.0 / 13 + 9.0 / 23)));

  @Test
  void fiveUsersAtCutoff5FromRating3() {
    assertValues(AT_5_FROM_3, 5, 3);
  }

  @Test
  void fiveUsersAtCutoff2FromRating3() {
    assertValues(AT_2_FROM_3, 2, 3);
  }

  @Test
  void fiveUsersAtCutoffBeyondEveryList() {
    assertValues(AT_8_FROM_0, 8, 0);
  }

  private static void assertValues(Map<Metric, Double> expected, int cutoff, double threshold) {
    RankedLists lists = Fixtures.fiveUsers();
    MetricOptions options =
        MetricOptions.defaults().withRelevanceThreshold(threshold).withTailRatio(0.3);
    assertEquals(EnumSet.allOf(Metric.class), expected.keySet());
    for (Metric metric : Metric.values()) {
      double actual = metric.compute(lists, cutoff, options);
      assertEquals(expected.get(metric), actual, EXACT, metric.id());
    }
  }

  @Test
  void shortHeadIncludesTheItemThatCrossesTheShare() {
    TrainingStatistics training = Fixtures.fiveUsers().training();
    // 14 pairs; a, b, c and d make 11, which is short of 11.2, so e is the last of the head.
    assertEquals("{0, 1, 2, 3, 4}", training.shortHead(0.8).toString());
    assertEquals("{0}", training.shortHead(0.1).toString());
    assertEquals(7, training.shortHead(1).cardinality());
  }

  @Test
  void tailIsTheRarestOfTheTrainedItemsOrThoseUpToACount() {
    TrainingStatistics training = Fixtures.fiveUsers().training();
    assertEquals("{3}", training.rarest(0.1).toString());
    assertEquals("{3, 4}", training.rarest(0.3).toString());
    assertEquals("{2, 3, 4, 5, 6}", training.rarest(2).toString());
  }

  @Test
  void paddingItemLowersCoverageAndRaisesInequality() {
    RankedLists lists = Fixtures.fiveUsers();
    MetricOptions padded = MetricOptions.defaults().withCountsPadding(true);
    assertEquals(8.0 / 11, Metric.ITEM_COVERAGE_RATIO.compute(lists, 5, padded), EXACT);
    // Mean absolute difference of the 11 counts: 128 of 10 items, and 2 · 18 more.
    assertEquals((128 + 36) / (2.0 * 11 * 18), Metric.GINI_INDEX.compute(lists, 5, padded), EXACT);
  }

  @Test
  void nothingRelevantIsUndefinedNotZero() {
    RankedLists lists = Fixtures.fiveUsers();
    MetricOptions strict = MetricOptions.defaults().withRelevanceThreshold(6);
    List<Metric> undefined =
        Arrays.stream(Metric.values())
            .filter(metric -> Double.isNaN(metric.compute(lists, 5, strict)))
            .toList();
    assertEquals(
        "hitRate recall precision f1 mrr map meanPrecision ndcg gradedNdcg epc efd popReo",
        undefined.stream().map(Metric::id).collect(Collectors.joining(" ")));
  }

  @Test
  void emptyListsScoreZeroAndHaveNoDistribution() {
    RankedLists lists =
        Fixtures.lists(
            List.of("ab", "ac"),
            List.of(Map.of("c", 1.0), Map.of("b", 1.0)),
            List.of(items(""), items("")));
    MetricOptions options = MetricOptions.defaults();
    for (Metric metric : Metric.values()) {
      double value = metric.compute(lists, 5, options);
      boolean undefined =
          EnumSet.of(
                  Metric.GINI_INDEX,
                  Metric.GINI_DIVERSITY,
                  Metric.SHANNON_ENTROPY,
                  Metric.ENTROPY_PER_ITEM,
                  Metric.ARP,
                  Metric.POP_REO,
                  Metric.POP_RSP)
              .contains(metric);
      assertEquals(undefined ? Double.NaN : 0, value, metric.id());
    }
  }

  @Test
  void withoutTrainingPopularityIsUndefined() {
    RankedLists lists =
        Fixtures.lists(List.of(""), List.of(Map.of("c", 1.0)), List.of(items("cd")));
    for (Metric metric : Metric.values()) {
      boolean needsTraining =
          metric.ordinal() >= Metric.ARP.ordinal() || metric == Metric.EPC || metric == Metric.EFD;
      double value = metric.compute(lists, 2, MetricOptions.defaults());
      assertEquals(needsTraining, Double.isNaN(value), metric.id());
    }
  }

  @Test
  void relevantItemsOutsideTheCatalogueCountAsMissed() {
    RankedLists lists =
        Fixtures.lists(
            List.of("ab"), List.of(Map.of("c", 1.0, "unknown", 1.0)), List.of(items("cd")));
    assertEquals(0.5, Metric.RECALL.compute(lists, 2, MetricOptions.defaults()), EXACT);
  }

  @Test
  void relevantItemsOfTheTrainingAreNoOpportunity() {
    // Head a, b, c. u1 already has b, so the head offers 1 item, and 1 is found; the tail 1 of 2.
    RankedLists lists =
        Fixtures.lists(
            List.of("ab", "ac"),
            List.of(Map.of("b", 1.0, "d", 1.0), Map.of("b", 1.0, "e", 1.0)),
            List.of(items("d"), items("b")));
    double popReo = Metric.POP_REO.compute(lists, 1, MetricOptions.defaults());
    assertEquals((1 - 1.0 / 2) / (1 + 1.0 / 2), popReo, EXACT);
  }

  @Test
  void listsAreRefusedWithWhatIsWrong() {
    IllegalArgumentException twice =
        assertThrows(
            IllegalArgumentException.class,
            () -> Fixtures.lists(List.of("ab"), List.of(Map.of()), List.of(items("cdc"))));
    assertEquals("list 0: expected each item once, found 'c' again", twice.getMessage());
    IllegalArgumentException unknown =
        assertThrows(
            IllegalArgumentException.class,
            () -> Fixtures.lists(List.of("ab"), List.of(Map.of()), List.of(items("x"))));
    assertEquals("list 0: expected items of the catalogue, found 'x'", unknown.getMessage());
    IllegalArgumentException missing =
        assertThrows(
            IllegalArgumentException.class,
            () -> Fixtures.lists(List.of("ab"), List.of(Map.of()), List.of()));
    assertEquals("lists: expected one for each of 1 cases, found 0", missing.getMessage());
  }

  @Test
  void idsAreUnique() {
    assertEquals(
        Metric.values().length, Arrays.stream(Metric.values()).map(Metric::id).distinct().count());
    assertTrue(Arrays.stream(Metric.values()).allMatch(each -> each.id().matches("[a-zA-Z0-9]+")));
  }
}
