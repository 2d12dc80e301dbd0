package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.PredictingReranker;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rankings against what the fixture's formula gives. */
class OnnxRerankerTest {
  private static final RecommendationRequest REQUEST = RankerFixtures.request();
  private static final ScorePolicy CLICKS = ScorePolicy.weightedSum(Map.of("click", 1.0));

  @TempDir Path folder;

  private final List<OnnxReranker> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(OnnxReranker::close);
  }

  private OnnxReranker open(RerankerOptions options) {
    return open(RankerFixtures.bundle(folder), options);
  }

  private OnnxReranker open(BundleWriter bundle, RerankerOptions options) {
    OnnxReranker reranker = RecommenderBundle.openReranker(bundle.seal(), options);
    opened.add(reranker);
    return reranker;
  }

  private OnnxReranker open() {
    return open(RerankerOptions.defaults());
  }

  private static Map<String, double[]> expected(int count) {
    Map<String, double[]> outputs = new HashMap<>();
    for (Item item : RankerFixtures.items().subList(0, count)) {
      outputs.put(item.id(), RankerFixtures.outputs(REQUEST, item));
    }
    return outputs;
  }

  private static void assertScores(double[] outputs, ScoredItem item) {
    assertEquals(RankerFixtures.sigmoid(outputs[0]), item.taskScores().get("click"), 1e-5);
    assertEquals(RankerFixtures.sigmoid(outputs[1]), item.taskScores().get("buy"), 1e-5);
    assertEquals(
        outputs[2], item.taskScores().get("seconds"), 1e-5 * Math.max(1, Math.abs(outputs[2])));
  }

  @Test
  void ranksAsTheFormulaSays() {
    Map<String, double[]> outputs = expected(20);
    List<ScoredItem> ranked = open().rerank(REQUEST, RankerFixtures.candidates(20));
    assertEquals(
        outputs.keySet().stream()
            .sorted(Comparator.comparingDouble((String id) -> outputs.get(id)[0]).reversed())
            .toList(),
        ranked.stream().map(ScoredItem::itemId).toList());
    for (ScoredItem item : ranked) {
      assertScores(outputs.get(item.itemId()), item);
      assertEquals(item.taskScores().get("click"), item.score());
      int ordinal = Integer.parseInt(item.itemId().substring(4));
      assertEquals("source-" + ordinal % 2, item.source());
    }
  }

  @Test
  void hiddenVectorsAreWhatScoresAreMadeFrom() {
    List<Item> items = RankerFixtures.items().subList(0, 7);
    OnnxReranker reranker = open();
    assertEquals(RankerFixtures.WIDTH, reranker.hiddenSize());
    RankerScores scores = reranker.score(REQUEST, items);
    for (int i = 0; i < items.size(); i++) {
      double[] expected =
          RankerFixtures.hidden(
              REQUEST,
              items.get(i),
              new float[] {0.5f, 0.5f, 0.5f},
              new float[RankerFixtures.WIDTH]);
      float[] found = scores.hidden(i).orElseThrow();
      for (int component = 0; component < found.length; component++) {
        assertEquals(expected[component], found[component], 1e-5);
      }
    }
  }

  @Test
  void predictionsAreInTheOpenForWhatCorrectsThem() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    assertThrows(
        IllegalStateException.class, () -> open(bundle, RerankerOptions.defaults()).predicting());
    ((ObjectNode) bundle.manifest.at("/ranker/tasks/2")).put("kind", "LOGIT");
    OnnxReranker reranker = open(bundle, RerankerOptions.defaults());
    PredictingReranker predicting = reranker.predicting();
    assertEquals(reranker.tasks(), predicting.tasks());
    assertEquals(RankerFixtures.WIDTH, predicting.hiddenSize());
    List<ScoredItem> candidates = RankerFixtures.candidates(20);
    PredictingReranker.Predictions predictions = predicting.predict(REQUEST, candidates);
    RankerScores scores = reranker.score(REQUEST, RankerFixtures.items());
    for (int i = 0; i < candidates.size(); i++) {
      assertEquals((float) scores.score(i, "buy"), predictions.probabilities()[i][1]);
      assertArrayEquals(scores.hidden(i).orElseThrow(), predictions.hidden()[i]);
    }
    List<ScoredItem> ranked = predicting.rerank(REQUEST, candidates);
    assertEquals(
        reranker.rerank(REQUEST, candidates).stream().map(ScoredItem::itemId).toList(),
        ranked.stream().map(ScoredItem::itemId).toList());
    float[][] corrected = predictions.probabilities();
    corrected[7][0] = 1;
    assertEquals(
        candidates.get(7).itemId(),
        predicting.order(REQUEST, candidates, corrected).get(0).itemId());
    assertEquals(List.of(), predicting.rerank(REQUEST, List.of()));
  }

  @Test
  void rowsMadeAtLoadAreThoseMadeInACall() {
    List<ScoredItem> candidates = RankerFixtures.candidates(20);
    List<ScoredItem> remembered = open().rerank(REQUEST, candidates);
    List<ScoredItem> written =
        open(RerankerOptions.defaults().rememberedBytes(0)).rerank(REQUEST, candidates);
    assertEquals(written, remembered);
  }

  @Test
  void theCallerKnowsOtherFeatures() {
    Item dear = new Item(RankerFixtures.id(2), Map.of("price", new Feature.Scalar(100)));
    OnnxReranker reranker =
        open(
            RerankerOptions.defaults()
                .items(id -> id.equals(dear.id()) ? Optional.of(dear) : Optional.empty()));
    List<ScoredItem> ranked = reranker.rerank(REQUEST, RankerFixtures.candidates(5));
    for (ScoredItem item : ranked) {
      boolean changed = item.itemId().equals(dear.id());
      Item read =
          changed ? dear : RankerFixtures.items().get(Integer.parseInt(item.itemId().substring(4)));
      assertScores(RankerFixtures.outputs(REQUEST, read), item);
    }
  }

  @Test
  void anItemOfTheCallerThatChangesIsNeverRankedAsItWas() {
    Map<String, Item> live = new HashMap<>();
    OnnxReranker kept =
        open(RerankerOptions.defaults().items(id -> Optional.ofNullable(live.get(id))));
    for (int price : new int[] {1, 1, 50, 50, 7}) {
      for (Item item : RankerFixtures.items().subList(0, 12)) {
        Map<String, Feature> features = new HashMap<>(item.features());
        features.put("price", new Feature.Scalar(price + item.id().length()));
        live.put(item.id(), new Item(item.id(), features));
      }
      for (int again = 0; again < 3; again++) {
        for (ScoredItem item : kept.rerank(REQUEST, RankerFixtures.candidates(12))) {
          assertScores(RankerFixtures.outputs(REQUEST, live.get(item.itemId())), item);
        }
      }
    }
  }

  @Test
  void tablesAreAskedForItemsWhoseRowsAreKept() {
    Map<String, Item> live = new HashMap<>();
    RankerFixtures.items()
        .forEach(item -> live.put(item.id(), new Item(item.id(), item.features())));
    double[] price = {0};
    OnnxReranker reranker =
        open(
            RerankerOptions.defaults()
                .items(id -> Optional.ofNullable(live.get(id)))
                .itemTable("price", id -> Optional.of(new Feature.Scalar(price[0]))));
    for (int call = 0; call < 4; call++) {
      price[0] = 3 * call;
      for (ScoredItem item : reranker.rerank(REQUEST, RankerFixtures.candidates(9))) {
        Map<String, Feature> features = new HashMap<>(live.get(item.itemId()).features());
        features.put("price", new Feature.Scalar(price[0]));
        assertScores(RankerFixtures.outputs(REQUEST, new Item(item.itemId(), features)), item);
      }
    }
  }

  @Test
  void rowsThatAreKeptAreThoseMadeInACall() {
    Map<String, Item> live = new HashMap<>();
    RankerFixtures.items()
        .forEach(item -> live.put(item.id(), new Item(item.id(), item.features())));
    RerankerOptions options =
        RerankerOptions.defaults().items(id -> Optional.ofNullable(live.get(id)));
    List<ScoredItem> candidates = RankerFixtures.candidates(20);
    List<ScoredItem> expected = open(options.keptBytes(0)).rerank(REQUEST, candidates);
    // Room for four, so that most are forgotten again.
    for (long bytes : new long[] {1, 1000, RerankerOptions.DEFAULT_KEPT_BYTES}) {
      OnnxReranker reranker = open(options.keptBytes(bytes).chunk(7));
      for (int call = 0; call < 3; call++) {
        assertEquals(expected, reranker.rerank(REQUEST, candidates));
      }
    }
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> options.keptBytes(-1));
    assertEquals("keptBytes: expected at least 0, found -1", e.getMessage());
  }

  @Test
  void tablesGoBeforeItemsAndRequests() {
    float[] user = {1, -1, 2};
    float[] pair = {0.25f, 0, -0.5f};
    OnnxReranker reranker =
        open(
            RerankerOptions.defaults()
                .userTable("ur", id -> vector(id.equals("ann"), user))
                .pairTable(
                    "cr", (id, item) -> vector(id.equals("ann") && item.equals("sku-1"), pair))
                .itemTable("price", id -> Optional.of(new Feature.Scalar(2))));
    for (ScoredItem item : reranker.rerank(REQUEST, RankerFixtures.candidates(4))) {
      Item bundled = RankerFixtures.items().get(Integer.parseInt(item.itemId().substring(4)));
      Map<String, Feature> features = new HashMap<>(bundled.features());
      features.put("price", new Feature.Scalar(2));
      float[] added = item.itemId().equals("sku-1") ? pair : new float[3];
      assertScores(
          RankerFixtures.outputs(REQUEST, new Item(item.itemId(), features), user, added), item);
    }
    RecommendationRequest anonymous = RecommendationRequest.of(UserHistory.empty()).build();
    for (ScoredItem item : reranker.rerank(anonymous, RankerFixtures.candidates(4))) {
      Item bundled = RankerFixtures.items().get(Integer.parseInt(item.itemId().substring(4)));
      Map<String, Feature> features = new HashMap<>(bundled.features());
      features.put("price", new Feature.Scalar(2));
      assertScores(RankerFixtures.outputs(anonymous, new Item(item.itemId(), features)), item);
    }
  }

  private static Optional<Feature> vector(boolean known, float[] vector) {
    return known ? Optional.of(Feature.Tensor.vector(vector)) : Optional.empty();
  }

  @Test
  void aTableThatNothingReadsIsRefused() {
    RerankerOptions options = RerankerOptions.defaults().itemTable("ur", id -> Optional.empty());
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> open(options));
    assertEquals(
        "table 'ur': expected a feature that an input of the candidates reads, one of [cr, ir,"
            + " price, rating, tags], found none of that name",
        e.getMessage());
  }

  @Test
  void tensorsOfTheRequestAreSentOnceHoweverManyCandidates() {
    OnnxReranker reranker = open(RerankerOptions.defaults().chunk(4));
    reranker.rerank(REQUEST, RankerFixtures.candidates(1));
    long ofOne = reranker.requestBytes();
    // Two known clicks of 8 bytes and 4 of the mask, 3 floats, one device.
    assertEquals(2 * (8 + 4) + 3 * 4 + 8, ofOne);
    long runs = reranker.modelRuns();
    long candidateBytes = reranker.candidateBytes();
    reranker.rerank(REQUEST, RankerFixtures.candidates(20));
    assertEquals(2 * ofOne, reranker.requestBytes());
    assertEquals(runs + 5, reranker.modelRuns());
    assertTrue(reranker.candidateBytes() - candidateBytes >= 20 * (2 + 3 + 3) * 4);
  }

  @Test
  void noCandidatesNeedNoModel() {
    OnnxReranker reranker = open();
    long runs = reranker.modelRuns();
    assertEquals(List.of(), reranker.rerank(REQUEST, List.of()));
    assertEquals(0, reranker.score(REQUEST, List.of()).size());
    assertEquals(runs, reranker.modelRuns());
  }

  @Test
  void policiesCombineTasks() {
    OnnxReranker reranker = open();
    List<ScoredItem> candidates = RankerFixtures.candidates(20);
    Reranker sum =
        reranker.rankingBy(ScorePolicy.weightedSum(Map.of("click", 2.0, "seconds", -0.5)));
    for (ScoredItem item : sum.rerank(REQUEST, candidates)) {
      assertEquals(
          2 * item.taskScores().get("click") - 0.5 * item.taskScores().get("seconds"),
          item.score(),
          1e-12);
    }
    Reranker product = reranker.rankingBy(ScorePolicy.product(Map.of("click", 1.0, "buy", 2.0)));
    for (ScoredItem item : product.rerank(REQUEST, candidates)) {
      double buy = item.taskScores().get("buy");
      assertEquals(item.taskScores().get("click") * buy * buy, item.score(), 1e-12);
    }
    Reranker function =
        reranker.rankingBy(
            ScorePolicy.of(scores -> Math.max(scores.get("click"), scores.get("buy"))));
    List<ScoredItem> ranked = function.rerank(REQUEST, candidates);
    for (int i = 0; i < ranked.size(); i++) {
      ScoredItem item = ranked.get(i);
      assertEquals(
          Math.max(item.taskScores().get("click"), item.taskScores().get("buy")), item.score());
      assertTrue(i == 0 || ranked.get(i - 1).score() >= item.score());
    }
    sum.close();
    assertEquals(20, product.rerank(REQUEST, candidates).size());
  }

  @Test
  void thePolicyOfTheBundleRanksUnlessTheCallerSaysOtherwise() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle
        .manifest
        .withObject("/ranker/policy")
        .put("kind", "PRODUCT")
        .putObject("tasks")
        .put("buy", 0.5);
    List<ScoredItem> candidates = RankerFixtures.candidates(5);
    OnnxReranker reranker = open(bundle, RerankerOptions.defaults());
    for (ScoredItem item : reranker.rerank(REQUEST, candidates)) {
      assertEquals(Math.sqrt(item.taskScores().get("buy")), item.score(), 1e-12);
    }
    for (ScoredItem item :
        open(bundle, RerankerOptions.defaults().policy(CLICKS)).rerank(REQUEST, candidates)) {
      assertEquals(item.taskScores().get("click"), item.score());
    }
  }

  @Test
  void aTaskThatTheModelDoesNotHaveIsNamed() {
    OnnxReranker reranker = open();
    ScorePolicy wrong = ScorePolicy.weightedSum(Map.of("like", 1.0));
    for (IllegalArgumentException e :
        List.of(
            assertThrows(IllegalArgumentException.class, () -> reranker.rankingBy(wrong)),
            assertThrows(
                IllegalArgumentException.class,
                () -> open(RerankerOptions.defaults().policy(wrong))))) {
      assertEquals("task: expected one of 'click', 'buy', 'seconds', found 'like'", e.getMessage());
    }
    RankerScores scores = reranker.score(REQUEST, RankerFixtures.items().subList(0, 1));
    assertThrows(IllegalArgumentException.class, () -> scores.score(0, "like"));
  }

  @Test
  void tasksAreCalibratedAsTheBundleSays() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle
        .manifest
        .withObject("/ranker/tasks/0/calibration")
        .put("kind", "PLATT")
        .put("slope", 0.5)
        .put("intercept", -1);
    var isotonic =
        bundle.manifest.withObject("/ranker/tasks/1/calibration").put("kind", "ISOTONIC");
    isotonic.putArray("from").add(0.2).add(0.4).add(0.9);
    isotonic.putArray("to").add(0.1).add(0.1).add(0.6);
    OnnxReranker reranker = open(bundle, RerankerOptions.defaults());
    RankerScores scores = reranker.score(REQUEST, RankerFixtures.items());
    for (int i = 0; i < scores.size(); i++) {
      assertEquals(
          RankerFixtures.sigmoid(0.5 * scores.output(i, "click") - 1),
          scores.score(i, "click"),
          1e-12);
      double raw = RankerFixtures.sigmoid(scores.output(i, "buy"));
      double share = Math.min(1, Math.max(0, (raw - 0.4) / 0.5));
      assertEquals(0.1 + 0.5 * share, scores.score(i, "buy"), 1e-12);
      assertEquals(scores.output(i, "seconds"), scores.score(i, "seconds"));
    }
  }

  @Test
  void halfPrecisionIsNarrowedAndWidened() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle.model(RankerFixtures.graph("batch", OnnxWriter.FLOAT16).model());
    RankerScores scores =
        open(bundle, RerankerOptions.defaults()).score(REQUEST, RankerFixtures.items());
    for (int i = 0; i < scores.size(); i++) {
      double[] expected = RankerFixtures.outputs(REQUEST, RankerFixtures.items().get(i));
      // The fixture's inputs are exact in 11 bits; the outputs are rounded to them.
      assertEquals(
          expected[0], scores.output(i, "click"), Math.max(1e-4, Math.abs(expected[0]) / 1024));
      assertTrue(scores.hidden(i).isPresent());
    }
  }

  @Test
  void aGraphWithAFixedBatchIsFilledUp() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle.model(RankerFixtures.graph(6, OnnxWriter.FLOAT).model());
    OnnxReranker reranker = open(bundle, RerankerOptions.defaults());
    assertEquals(
        open().rerank(REQUEST, RankerFixtures.candidates(20)).stream()
            .map(ScoredItem::itemId)
            .toList(),
        reranker.rerank(REQUEST, RankerFixtures.candidates(20)).stream()
            .map(ScoredItem::itemId)
            .toList());
  }

  @Test
  void anUnknownCandidateHasItsUnknownIdAndDefaults() {
    Item unknown = new Item("brand-new", Map.of("price", new Feature.Scalar(1)));
    RankerScores scores = open().score(REQUEST, List.of(unknown));
    assertEquals(RankerFixtures.outputs(REQUEST, unknown)[0], scores.output(0, "click"), 1e-5);
  }

  @Test
  void whatIsRequiredIsNamed() {
    OnnxReranker reranker = open();
    RecommenderException e =
        assertThrows(
            RecommenderException.class,
            () -> reranker.rerank(REQUEST, List.of(new ScoredItem("gone", 1))));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    assertEquals(
        "item 'gone', feature 'price': expected a number for input 'dense', found none",
        e.getMessage());
    RecommendationRequest wrong =
        REQUEST.toBuilder().context("ur", Feature.Tensor.vector(1, 2)).build();
    RecommenderException mismatch =
        assertThrows(
            RecommenderException.class, () -> reranker.rerank(wrong, RankerFixtures.candidates(3)));
    assertEquals(Kind.SHAPE_MISMATCH, mismatch.kind());
    assertEquals(
        "request, feature 'ur': expected a tensor [3] for input 'ur', found a tensor [2]",
        mismatch.getMessage());
    assertEquals(3, reranker.rerank(REQUEST, RankerFixtures.candidates(3)).size());
  }

  @Test
  void notANumberNeverLeaves() {
    RecommendationRequest huge =
        REQUEST.toBuilder().context("ur", Feature.Tensor.vector(3e38f, -3e38f, 3e38f)).build();
    Item item =
        new Item(
            "sku-0", Map.of("price", new Feature.Scalar(1e38), "rating", new Feature.Scalar(1e38)));
    OnnxReranker reranker = open();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> reranker.score(huge, List.of(item)));
    assertEquals(Kind.NON_FINITE_OUTPUT, e.kind());
    assertTrue(e.getMessage().contains("'sku-0'"), e.getMessage());
    Reranker infinite = reranker.rankingBy(ScorePolicy.of(scores -> Double.POSITIVE_INFINITY));
    assertThrows(
        RecommenderException.class, () -> infinite.rerank(REQUEST, RankerFixtures.candidates(2)));
  }

  @Test
  void equalScoresKeepTheirOrder() {
    Reranker same = open().rankingBy(ScorePolicy.of(scores -> 1));
    List<ScoredItem> candidates = RankerFixtures.candidates(9);
    assertEquals(
        candidates.stream().map(ScoredItem::itemId).toList(),
        same.rerank(REQUEST, candidates).stream().map(ScoredItem::itemId).toList());
  }

  @Test
  void callersDoNotDisturbEachOther() throws Exception {
    OnnxReranker reranker = open(RerankerOptions.defaults().chunk(3));
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      requests.add(
          REQUEST.toBuilder()
              .history(UserHistory.ofItems(List.of()))
              .context("ur", Feature.Tensor.vector(i, 1, -i))
              .build());
    }
    List<List<ScoredItem>> alone =
        requests.stream()
            .map(request -> reranker.rerank(request, RankerFixtures.candidates(20)))
            .toList();
    assertNotEquals(alone.get(0), alone.get(1));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<List<ScoredItem>>> calls = new ArrayList<>();
      for (int i = 0; i < 80; i++) {
        RecommendationRequest request = requests.get(i % 8);
        calls.add(() -> reranker.rerank(request, RankerFixtures.candidates(20)));
      }
      List<Future<List<ScoredItem>>> answers = threads.invokeAll(calls);
      for (int i = 0; i < answers.size(); i++) {
        assertEquals(alone.get(i % 8), answers.get(i).get());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void closedIsClosed() {
    OnnxReranker reranker = open();
    Reranker view = reranker.rankingBy(CLICKS);
    reranker.close();
    reranker.close();
    assertThrows(
        IllegalStateException.class, () -> reranker.rerank(REQUEST, RankerFixtures.candidates(2)));
    assertThrows(
        IllegalStateException.class, () -> view.rerank(REQUEST, RankerFixtures.candidates(2)));
    assertThrows(IllegalStateException.class, () -> reranker.score(REQUEST, List.of()));
  }

  @Test
  void goldenCandidatesAreScoredAtLoad() {
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle.manifest.put("golden", "golden.json");
    Item free = new Item("x", Map.of("price", new Feature.Scalar(1)));
    RecommendationRequest request = RecommendationRequest.of(UserHistory.of("sku-1")).build();
    double[] first = RankerFixtures.outputs(request, RankerFixtures.items().get(4));
    double[] second = RankerFixtures.outputs(request, free);
    String golden =
        "{\"tolerance\": 1e-4, \"requests\": [{\"history\": [\"sku-1\"], \"candidates\":"
            + " [\"sku-4\", {\"features\": {\"price\": 1}}], \"outputs\": [[%s, %s, %s], [%s, %s,"
            + " %s]]}]}";
    Object[] numbers = {first[0], first[1], first[2], second[0], second[1], second[2]};
    open(bundle.file("golden.json", golden.formatted(numbers)), RerankerOptions.defaults());
    numbers[4] = second[1] + 0.01;
    bundle.file("golden.json", golden.formatted(numbers));
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> open(bundle, RerankerOptions.defaults()));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(
        e.getMessage().startsWith("golden.json: request 1 of 1, candidate 2, task 'buy': expected"),
        e.getMessage());
  }

  @Test
  void anOpenRankerTellsWhatItIs() {
    OnnxReranker reranker = open();
    assertEquals(RankerFixtures.TASKS, reranker.tasks());
    assertEquals("cpu", reranker.device());
    assertEquals(64, reranker.fingerprint().length());
    assertEquals("test@1+" + reranker.fingerprint().substring(0, 12), reranker.modelVersion());
    assertEquals(RankerFixtures.ITEMS, reranker.catalog().size());
    assertTrue(reranker.toString().contains("click"));
    assertArrayEquals(new double[] {0.5}, new double[] {Calibration.sigmoid(0)});
  }
}
