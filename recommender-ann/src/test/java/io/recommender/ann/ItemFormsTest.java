package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Query;
import io.recommender.RecommendationRequest;
import io.recommender.RetrieverRecommender;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.neighbors.MarkovRecommender;
import io.recommender.ann.semantic.BeamDecoder;
import io.recommender.ann.semantic.BeamOptions;
import io.recommender.ann.semantic.CodeShape;
import io.recommender.ann.semantic.CodeTokens;
import io.recommender.ann.semantic.PromptTemplate;
import io.recommender.ann.semantic.SemanticIdIndex;
import io.recommender.ann.text.KeywordIndex;
import io.recommender.evaluation.EvaluationCase;
import io.recommender.evaluation.EvaluationReport;
import io.recommender.evaluation.EvaluationResult;
import io.recommender.evaluation.Evaluator;
import io.recommender.evaluation.InteractionLog;
import io.recommender.evaluation.LatencySummary;
import io.recommender.evaluation.Metric;
import io.recommender.evaluation.ScoreMetrics;
import io.recommender.evaluation.Split;
import io.recommender.testing.BigramScorer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * RecBench: items as ids, texts, semantic embeddings and semantic ids, for the next item and for
 * clicks, by quality and cost. All four forms are in one catalogue, and all four paths in one
 * report over one split.
 */
class ItemFormsTest {
  private static final int ITEMS = 24;
  private static final int CODES = 5;
  private static final Catalog CATALOG = Catalog.of(items());

  private final InteractionLog log = InteractionLog.of("walks", walks());
  private final Split split = Split.leaveOneOut(log);
  private final Map<String, SequenceRecommender> forms = forms();

  private static List<Item> items() {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < ITEMS; i++) {
      double angle = 2 * Math.PI * i / ITEMS;
      items.add(
          new Item(
              "i" + i,
              Map.of(
                  "title",
                  new Feature.Text("theme" + i / 4 + " part" + i % 6),
                  "vector",
                  Feature.Tensor.vector((float) Math.cos(angle), (float) Math.sin(angle)),
                  "codes",
                  new Feature.Ids(List.of("" + i / CODES, "" + i % CODES)))));
    }
    return items;
  }

  /** Users go round the items in steps of one, and now and then jump. */
  private static List<UserHistory> walks() {
    Random random = new Random(8);
    List<UserHistory> walks = new ArrayList<>();
    for (int user = 0; user < 60; user++) {
      List<String> items = new ArrayList<>();
      int item = random.nextInt(ITEMS);
      for (int i = 0; i < 6; i++) {
        items.add("i" + item);
        item = (item + (random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 1)) % ITEMS;
      }
      walks.add(UserHistory.ofItems(items).forUser("u" + user));
    }
    return walks;
  }

  private static Item last(RecommendationRequest request) {
    List<String> items = request.history().itemIds();
    return CATALOG.find(items.get(items.size() - 1)).orElseThrow();
  }

  private static float[] vector(Item item) {
    return ((Feature.Tensor) item.features().get("vector")).values();
  }

  private static int[] codes(Item item) {
    return ((Feature.Ids) item.features().get("codes"))
        .values().stream().mapToInt(Integer::parseInt).toArray();
  }

  private Map<String, SequenceRecommender> forms() {
    KeywordIndex titles = KeywordIndex.builder().build();
    FlatIndex vectors = new FlatIndex(2, Similarity.COSINE);
    SemanticIdIndex codes = SemanticIdIndex.builder(CodeShape.of(2, CODES)).unique().build();
    for (Item item : items()) {
      titles.add(item.id(), item.text("title").orElseThrow());
      vectors.add(item.id(), vector(item));
      codes.add(item.id(), codes(item));
    }
    CodeTokens tokens = CodeTokens.offsets(1, 1 + CODES);
    Random random = new Random(9);
    float[][] logits = new float[1 + 2 * CODES][1 + 2 * CODES];
    for (float[] row : logits) {
      for (int i = 0; i < row.length; i++) {
        row[i] = random.nextFloat();
      }
    }
    BeamDecoder decoder =
        BeamDecoder.builder(
                new BigramScorer(logits),
                codes,
                tokens,
                PromptTemplate.builder(codes.shape(), tokens).build())
            .options(BeamOptions.of(ITEMS))
            .build();
    Map<String, SequenceRecommender> all = new LinkedHashMap<>();
    all.put("unique id", MarkovRecommender.fit(CATALOG, split.training()));
    all.put(
        "text",
        new RetrieverRecommender(
            "text", titles, request -> last(request).text("title").map(Query.Text::new)));
    all.put(
        "semantic embedding",
        new RetrieverRecommender(
            "vectors", vectors, request -> Optional.of(new Query.Vector(vector(last(request))))));
    all.put("semantic id", decoder);
    return all;
  }

  private static List<ScoredItem> ask(SequenceRecommender form, EvaluationCase each, int k) {
    return form.recommend(RecommendationRequest.of(each.history()).k(k).build()).items();
  }

  private static String target(EvaluationCase each) {
    return each.ratings().keySet().iterator().next();
  }

  @Test
  void oneReportTellsQualityAndCostOfEachForm() {
    EvaluationReport report =
        Evaluator.builder().cutoffs(5, 10).mainCutoff(10).build().run(forms, split, CATALOG);
    assertEquals(4, report.results().size());
    String text = report.toText();
    for (EvaluationResult result : report.results()) {
      SequenceRecommender form = forms.get(result.name());
      double sum = 0;
      for (EvaluationCase each : split.cases()) {
        List<String> found = ask(form, each, 10).stream().map(ScoredItem::itemId).toList();
        int rank = 1 + found.indexOf(target(each));
        sum += rank == 0 ? 0 : Math.log(2) / Math.log(rank + 1);
      }
      assertEquals(sum / split.cases().size(), result.value(Metric.NDCG, 10), 1e-12);
      LatencySummary latency = result.latency().orElseThrow();
      assertEquals(split.cases().size(), latency.requests());
      assertTrue(0 < latency.p50() && latency.p50() <= latency.p95());
      assertTrue(latency.p95() <= latency.p99());
      int runs = result.name().equals("semantic id") ? 2 : 0;
      assertEquals(runs, result.modelRunsPerRequest(), 1e-12);
      assertTrue(text.contains(result.name()), text);
    }
    assertTrue(text.contains("p95") && text.contains("model runs") && text.contains("NDCG@10"));
    assertTrue(
        report.result("unique id").value(Metric.NDCG, 10)
            > report.result("text").value(Metric.NDCG, 10));
  }

  /** Whether a user takes an item: the last one yes, all others no; unlisted items score lowest. */
  @Test
  void theAreaUnderTheCurveIsMannAndWhitneys() {
    int ties = 0;
    for (SequenceRecommender form : forms.values()) {
      for (EvaluationCase each : split.cases()) {
        Map<String, Double> scores = new LinkedHashMap<>();
        for (int i = 0; i < ITEMS; i++) {
          scores.put("i" + i, -1e9);
        }
        ask(form, each, ITEMS).forEach(item -> scores.put(item.itemId(), item.score()));
        double[] values = scores.values().stream().mapToDouble(Double::doubleValue).toArray();
        boolean[] positives = new boolean[ITEMS];
        positives[CATALOG.ordinal(target(each))] = true;
        double won = 0;
        double positive = scores.get(target(each));
        for (int i = 0; i < ITEMS; i++) {
          boolean isTie = !positives[i] && values[i] == positive;
          won += positives[i] ? 0 : isTie ? 0.5 : values[i] < positive ? 1 : 0;
          ties += isTie ? 1 : 0;
        }
        assertEquals(won / (ITEMS - 1), ScoreMetrics.auc(values, positives), 1e-12);
      }
    }
    assertTrue(ties > 0);
  }
}
