package io.recommender.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

final class EvaluatorTest {
  private static final InteractionLog LOG = Synthetic.log(300, 60, 5);
  private static final Split SPLIT = Split.leaveOneOut(LOG);
  private static final Catalog CATALOG = LOG.catalog();

  private static Map<String, SequenceRecommender> recommenders() {
    Map<String, SequenceRecommender> recommenders = new LinkedHashMap<>();
    recommenders.put("popularity", Synthetic.popularity(SPLIT.training(), CATALOG));
    recommenders.put("markov", Synthetic.markov(SPLIT.training(), CATALOG));
    return recommenders;
  }

  private static SequenceRecommender answering(
      Function<RecommendationRequest, List<ScoredItem>> items) {
    return request -> Recommendations.of(request.k(), items.apply(request)).build();
  }

  @Test
  void valuesAreThoseOfTheListsTheRecommenderGives() {
    EvaluationReport report = Evaluator.builder().build().run(recommenders(), SPLIT, CATALOG);
    SequenceRecommender markov = Synthetic.markov(SPLIT.training(), CATALOG);
    List<List<String>> lists = new ArrayList<>();
    int hits = 0;
    for (EvaluationCase each : SPLIT.cases()) {
      List<String> list =
          markov.recommend(RecommendationRequest.of(each.history()).k(20).build()).itemIds();
      lists.add(list);
      hits += list.subList(0, 10).containsAll(each.ratings().keySet()) ? 1 : 0;
    }
    EvaluationResult result = report.result("markov");
    assertEquals((double) hits / SPLIT.cases().size(), result.value(Metric.HIT_RATE, 10), 1e-12);
    EvaluationReport given =
        Evaluator.builder()
            .build()
            .evaluate(Map.of("markov", RankedLists.of(SPLIT, CATALOG, lists)));
    for (Metric metric : Metric.values()) {
      for (int cutoff : report.cutoffs()) {
        assertEquals(
            given.result("markov").value(metric, cutoff),
            result.value(metric, cutoff),
            metric.id());
      }
    }
    assertTrue(result.latency().isPresent());
    assertFalse(given.result("markov").latency().isPresent());
  }

  @Test
  void theSameInputsGiveTheSameBytesOnAnyNumberOfThreads() {
    Evaluator.Builder builder = Evaluator.builder().seed(7);
    EvaluationReport one = builder.build().run(recommenders(), SPLIT, CATALOG);
    EvaluationReport again = builder.build().run(recommenders(), SPLIT, CATALOG);
    EvaluationReport four = builder.threads(4).build().run(recommenders(), SPLIT, CATALOG);
    assertEquals(one.toJson(false), again.toJson(false));
    assertEquals(one.toText(false), again.toText(false));
    assertEquals(one.toJson(false), four.toJson(false));
    EvaluationReport otherSeed = builder.seed(8).build().run(recommenders(), SPLIT, CATALOG);
    assertNotEquals(one.toJson(false), otherSeed.toJson(false));
  }

  @Test
  void filteringSeenItemsReachesTheRecommenderAndTheReport() {
    List<RecommendationRequest> requests = Collections.synchronizedList(new ArrayList<>());
    SequenceRecommender spy =
        request -> {
          requests.add(request);
          return Synthetic.popularity(SPLIT.training(), CATALOG).recommend(request);
        };
    Evaluator.builder()
        .seenItems(SeenItems.FILTER)
        .warmUpRequests(3)
        .cutoffs(7, 2, 7)
        .seed(11)
        .build()
        .run(Map.of("spy", spy), SPLIT, CATALOG);
    assertEquals(SPLIT.cases().size() + 3, requests.size());
    for (int i = 0; i < SPLIT.cases().size(); i++) {
      RecommendationRequest request = requests.get(i + 3);
      UserHistory history = SPLIT.cases().get(i).history();
      assertEquals(history, request.history());
      assertEquals(7, request.k());
      assertEquals(11, request.seed());
      assertTrue(history.itemIds().stream().noneMatch(request.filter()::accepts));
    }
  }

  @Test
  void requestsCarryTheTimeOfTheCase() {
    UserHistory user = Fixtures.user("u", "ab");
    Instant time = Instant.ofEpochSecond(5);
    Split split =
        Split.of(
            "given",
            InteractionLog.of("log", List.of(user)),
            List.of(user),
            List.of(EvaluationCase.of(user, Map.of("c", 1.0)).at(time)));
    List<Instant> times = new ArrayList<>();
    SequenceRecommender spy =
        request -> {
          times.add(request.time().orElseThrow());
          return Recommendations.of(request.k(), List.of()).build();
        };
    Evaluator.builder().warmUpRequests(0).build().run(Map.of("spy", spy), split, Fixtures.CATALOG);
    assertEquals(List.of(time), times);
  }

  @Test
  void brokenAnswersAreRefusedNamingTheRecommenderAndTheCase() {
    String first = CATALOG.id(0);
    String second = CATALOG.id(1);
    Map<String, List<ScoredItem>> broken = new LinkedHashMap<>();
    broken.put(
        "recommender 'x', case 0: expected each item once, found '" + first + "' again",
        List.of(new ScoredItem(first, 2), new ScoredItem(first, 1)));
    broken.put(
        "recommender 'x', case 0: expected descending scores, found 2.0 after 1.0 at rank 2",
        List.of(new ScoredItem(first, 1), new ScoredItem(second, 2)));
    broken.put(
        "recommender 'x', case 0: expected items of the catalogue, found 'nowhere' at rank 1",
        List.of(new ScoredItem("nowhere", 1)));
    String seen = SPLIT.cases().get(0).history().itemIds().get(0);
    broken.put(
        "recommender 'x', case 0: expected items that the filter accepts, found '"
            + seen
            + "' at rank 1",
        List.of(new ScoredItem(seen, 1)));
    Evaluator evaluator = Evaluator.builder().seenItems(SeenItems.FILTER).warmUpRequests(0).build();
    String unseen = "expected items that the filter accepts";
    broken.forEach(
        (message, items) -> {
          SeenItems policy = message.contains(unseen) ? SeenItems.FILTER : SeenItems.KEEP;
          IllegalStateException error =
              assertThrows(
                  IllegalStateException.class,
                  () ->
                      Evaluator.builder()
                          .seenItems(policy)
                          .warmUpRequests(0)
                          .build()
                          .run(Map.of("x", answering(request -> items)), SPLIT, CATALOG));
          assertEquals(message, error.getMessage());
        });
    IllegalStateException tooLong =
        assertThrows(
            IllegalStateException.class,
            () ->
                evaluator.run(
                    Map.of(
                        "x",
                        request ->
                            Recommendations.of(
                                    99,
                                    CATALOG_ITEMS.stream()
                                        .map(id -> new ScoredItem(id, 1))
                                        .limit(21)
                                        .toList())
                                .build()),
                    SPLIT,
                    CATALOG));
    assertEquals(
        "recommender 'x', case 0: expected at most 20 items, found 21", tooLong.getMessage());
  }

  private static final List<String> CATALOG_ITEMS = LOG.itemIds();

  @Test
  void failuresOfARecommenderReachTheCallerFromAnyThread() {
    IllegalStateException failure = new IllegalStateException("model is gone");
    SequenceRecommender failing =
        request -> {
          throw failure;
        };
    for (int threads : new int[] {1, 3}) {
      IllegalStateException thrown =
          assertThrows(
              IllegalStateException.class,
              () ->
                  Evaluator.builder()
                      .warmUpRequests(0)
                      .threads(threads)
                      .build()
                      .run(Map.of("x", failing), SPLIT, CATALOG));
      assertEquals(failure, thrown);
    }
  }

  @Test
  void whatAnswersSayOfThemselvesIsCounted() {
    int[] calls = {0};
    SequenceRecommender talkative =
        request -> {
          boolean fallback = calls[0]++ % 3 == 0;
          List<ScoredItem> items =
              List.of(new ScoredItem(CATALOG.id(0), 1), new ScoredItem(CATALOG.id(1), 1));
          Recommendations.Builder answer =
              Recommendations.of(request.k(), items)
                  .modelRuns(2)
                  .modelVersion(fallback ? "fallback-1" : "model-1")
                  .notice(new Notice(Notice.Code.SHORTFALL, 18, "too few"));
          if (fallback) {
            answer.notice(new Notice(Notice.Code.FALLBACK_USED, 1, "nothing known"));
          }
          return answer.build();
        };
    EvaluationResult result =
        Evaluator.builder()
            .warmUpRequests(0)
            .build()
            .run(Map.of("x", talkative), SPLIT, CATALOG)
            .result("x");
    int cases = SPLIT.cases().size();
    assertEquals(cases, result.answers());
    assertEquals((cases + 2) / 3, result.fallbackAnswers());
    assertEquals(cases, result.notices().get(Notice.Code.SHORTFALL));
    assertEquals(cases, result.shortAnswers());
    assertEquals(cases, result.tiedAnswers());
    assertEquals(2, result.modelRunsPerRequest());
    assertEquals(List.of("fallback-1", "model-1"), result.modelVersions());
  }

  @Test
  void progressEndsExactlyOnceWithDoneEqualToTotal() {
    Map<String, Integer> ends = new LinkedHashMap<>();
    List<Long> markov = new ArrayList<>();
    Evaluator.builder()
        .progressListener(
            (task, done, total) -> {
              if (done == total) {
                ends.merge(task, 1, Integer::sum);
              }
              if (task.equals("markov")) {
                markov.add(done);
              }
            })
        .build()
        .run(recommenders(), SPLIT, CATALOG);
    assertEquals(Map.of("popularity", 1, "markov", 1, "metrics", 1), ends);
    assertEquals(markov.stream().sorted().distinct().toList(), markov);
  }

  @Test
  void pairedDifferenceOfARecommenderWithItselfIsZero() {
    Map<String, SequenceRecommender> twins = new LinkedHashMap<>();
    twins.put("one", Synthetic.markov(SPLIT.training(), CATALOG));
    twins.put("two", Synthetic.markov(SPLIT.training(), CATALOG));
    twins.put("popularity", Synthetic.popularity(SPLIT.training(), CATALOG));
    EvaluationReport report = Evaluator.builder().build().run(twins, SPLIT, CATALOG);
    assertEquals(6, report.differences().size());
    PairedDifference twin = report.differences().get(0);
    assertEquals("two", twin.first());
    assertEquals("one", twin.second());
    assertEquals(new ConfidenceInterval(0, 0, 0), twin.difference());
    assertFalse(twin.difference().excludesZero());
    PairedDifference worse = report.differences().get(1);
    assertEquals("popularity", worse.first());
    double expected =
        report.result("popularity").value(Metric.HIT_RATE, 10)
            - report.result("one").value(Metric.HIT_RATE, 10);
    assertEquals(expected, worse.difference().estimate(), 1e-12);
    assertTrue(worse.difference().excludesZero() && worse.difference().high() < 0);
  }

  @Test
  void wrongArgumentsAreRefused() {
    Evaluator.Builder builder = Evaluator.builder();
    Map<String, Runnable> wrong = new LinkedHashMap<>();
    wrong.put("cutoffs: expected some, each at least 1, found []", () -> builder.cutoffs());
    wrong.put("cutoffs: expected some, each at least 1, found [0, 5]", () -> builder.cutoffs(0, 5));
    wrong.put("main cutoff: expected at least 1, found 0", () -> builder.mainCutoff(0));
    wrong.put(
        "main cutoff: expected one of [1, 5, 10, 20], found 7",
        () -> Evaluator.builder().mainCutoff(7).build());
    wrong.put(
        "bootstrap resamples: expected 0 or at least 40, found 5",
        () -> builder.bootstrapResamples(5));
    wrong.put("warm-up requests: expected at least 0, found -1", () -> builder.warmUpRequests(-1));
    wrong.put("threads: expected at least 1, found 0", () -> builder.threads(0));
    wrong.put(
        "recommenders: expected at least one, found none",
        () -> builder.build().run(Map.of(), SPLIT, CATALOG));
    wrong.put(
        "cases of the split: expected at least one, found none",
        () ->
            builder
                .build()
                .run(recommenders(), Split.of("none", LOG, List.of(), List.of()), CATALOG));
    wrong.put("lists: expected at least one, found none", () -> builder.build().evaluate(Map.of()));
    wrong.put(
        "cutoff: expected one of [1, 5, 10, 20], found 3",
        () ->
            Evaluator.builder()
                .build()
                .run(recommenders(), SPLIT, CATALOG)
                .result("markov")
                .value(Metric.NDCG, 3));
    wrong.put(
        "relevance threshold: expected a finite number, found NaN",
        () -> MetricOptions.defaults().withRelevanceThreshold(Double.NaN));
    wrong.put(
        "short head share: expected a number in (0, 1], found 0.0",
        () -> MetricOptions.defaults().withShortHeadShare(0));
    wrong.put(
        "tail ratio: expected a finite number above 0, found 0.0",
        () -> MetricOptions.defaults().withTailRatio(0));
    wrong.forEach(
        (message, call) ->
            assertEquals(
                message, assertThrows(IllegalArgumentException.class, call::run).getMessage()));
  }
}
