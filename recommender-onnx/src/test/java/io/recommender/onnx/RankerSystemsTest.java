package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.evaluation.ScoreMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systems of the coverage table need of a ranker, one test or more for each. */
class RankerSystemsTest {
  private static final List<String> SOIL =
      List.of("nitrogen", "phosphorus", "potassium", "ph", "rainfall", "humidity");

  @TempDir Path folder;

  private static Path resource(String name) {
    return RankerFixtures.RESOURCES.resolve(name);
  }

  /** Rows of 64 numbers for the committed mixer, a user and so many candidates. */
  private static List<Item> rows(int count) {
    Random random = new Random(64);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(new Item("ad-" + i, Map.of("dense", Feature.Tensor.vector(numbers(random, 64)))));
    }
    return items;
  }

  private static RecommendationRequest user() {
    return RecommendationRequest.of(UserHistory.empty())
        .context("user", Feature.Tensor.vector(numbers(new Random(1), 64)))
        .build();
  }

  private static float[] numbers(Random random, int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static double[] logits(String bundle, int chunk, List<Item> items) {
    try (OnnxReranker ranker =
        RecommenderBundle.openReranker(resource(bundle), RerankerOptions.defaults().chunk(chunk))) {
      RankerScores scores = ranker.score(user(), items);
      return IntStream.range(0, items.size()).mapToDouble(i -> scores.output(i, "click")).toArray();
    }
  }

  /** Kendall's tau-b of two rankings. */
  private static double tau(double[] one, double[] other) {
    long agreeing = 0;
    long ofOne = 0;
    long ofOther = 0;
    for (int i = 0; i < one.length; i++) {
      for (int j = 0; j < i; j++) {
        int first = Double.compare(one[i], one[j]);
        int second = Double.compare(other[i], other[j]);
        agreeing += (long) Integer.signum(first) * Integer.signum(second);
        ofOne += Math.abs(Integer.signum(first));
        ofOther += Math.abs(Integer.signum(second));
      }
    }
    return agreeing / Math.sqrt((double) ofOne * ofOther);
  }

  @Test
  void agroSenseRanksCropsBySoilAndWeather() {
    try (OnnxReranker crops = RecommenderBundle.openReranker(resource("crops"))) {
      JsonNode golden = RankerFixtures.json("crops/golden.json");
      for (JsonNode request : golden.get("requests")) {
        RecommendationRequest.Builder soil = RecommendationRequest.of(UserHistory.empty());
        request
            .get("context")
            .properties()
            .forEach(
                feature ->
                    soil.context(
                        feature.getKey(), new Feature.Scalar(feature.getValue().doubleValue())));
        List<ScoredItem> candidates = new ArrayList<>();
        Map<String, Double> expected = new HashMap<>();
        for (int i = 0; i < 5; i++) {
          String crop = request.get("candidates").get(i).textValue();
          candidates.add(new ScoredItem(crop, 0));
          expected.put(crop, request.get("outputs").get(i).get(0).doubleValue());
        }
        long runs = crops.modelRuns();
        List<ScoredItem> ranked = crops.rerank(soil.build(), candidates);
        assertEquals(runs + 1, crops.modelRuns());
        assertEquals(1, ranked.stream().mapToDouble(ScoredItem::score).sum(), 1e-5);
        for (int i = 0; i < 5; i++) {
          assertEquals(expected.get(ranked.get(i).itemId()), ranked.get(i).score(), 1e-5);
          assertTrue(i == 0 || ranked.get(i - 1).score() >= ranked.get(i).score());
        }
      }
    }
  }

  @Test
  void agroSense2AttributesACropToSoilAndWeather() {
    JsonNode golden = RankerFixtures.json("crops/golden.json").at("/requests/0/context");
    float[] row = new float[SOIL.size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = golden.get(SOIL.get(i)).floatValue();
    }
    TreeShap shap = TreeShap.read(resource("crops").resolve("model.onnx"));
    double[][] added = shap.explain(row);
    double[] margins = shap.margins(row);
    for (int crop = 0; crop < margins.length; crop++) {
      assertEquals(margins[crop], shap.baseValues()[crop] + Arrays.stream(added[crop]).sum(), 1e-6);
    }
  }

  @Test
  void agroSense2ReadsARasterInTheOrderOfItsBands() {
    BundleWriter bundle = RankerFixtures.emptyBundle(folder);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    RankerFixtures.input(ranker, "FEATURE", "raster")
        .put("side", "REQUEST")
        .put("feature", "raster");
    RankerFixtures.input(ranker, "FEATURE", "need").put("side", "CANDIDATE").put("feature", "need");
    ranker.putObject("scores").put("name", "scores");
    ranker.putArray("tasks").addObject().put("name", "crop").put("kind", "LOGIT");
    float[] bands = new float[7];
    for (int band = 0; band < 7; band++) {
      bands[band] = 1f / (1 << band);
    }
    bundle.model(
        new OnnxWriter()
            .input("raster", OnnxWriter.FLOAT, 1, 7, 32, 32)
            .input("need", OnnxWriter.FLOAT, "batch", 7)
            .floats("bands", bands, 7, 1)
            .node("GlobalAveragePool", "pooled", List.of("raster"))
            .node("Flatten", "flat", List.of("pooled"))
            .node("Mul", "met", List.of("need", "flat"))
            .node("MatMul", "scores", List.of("met", "bands"))
            .output("scores", OnnxWriter.FLOAT, "batch", 1)
            .model());
    float[] raster = new float[7 * 32 * 32];
    Arrays.fill(raster, 0, 1024, 1);
    float[] swapped = new float[raster.length];
    Arrays.fill(swapped, 1024, 2048, 1);
    Item crop = new Item("rice", Map.of("need", Feature.Tensor.vector(1, 1, 1, 1, 1, 1, 1)));
    try (OnnxReranker crops = RecommenderBundle.openReranker(bundle.seal())) {
      assertEquals(1, output(crops, Feature.Tensor.of(raster, 7, 32, 32), crop));
      assertEquals(0.5, output(crops, Feature.Tensor.of(swapped, 7, 32, 32), crop));
      RecommenderException e =
          assertThrows(
              RecommenderException.class,
              () -> output(crops, Feature.Tensor.of(raster, 32, 7, 32), crop));
      assertEquals(Kind.SHAPE_MISMATCH, e.kind());
      assertTrue(
          e.getMessage()
              .contains(
                  "expected a tensor [7, 32, 32] for input 'raster', found a tensor [32, 7, 32]"),
          e.getMessage());
    }
  }

  private static float output(OnnxReranker crops, Feature raster, Item crop) {
    return crops
        .score(
            RecommendationRequest.of(UserHistory.empty()).context("raster", raster).build(),
            List.of(crop))
        .output(0, "crop");
  }

  @Test
  void uniMixerScoresFiveHundredCandidatesAlikeInChunks() {
    List<Item> ads = rows(500);
    double[] whole = logits("mixer", 500, ads);
    assertArrayEquals(whole, logits("mixer", 1, ads), 1e-6);
    assertArrayEquals(whole, logits("mixer", 64, ads), 1e-6);
  }

  @Test
  void uniMixerInHalfPrecisionAndInIntegersRanksAlike() throws IOException {
    List<Item> ads = rows(500);
    double[] whole = logits("mixer", 500, ads);
    double half = tau(whole, logits("mixer-fp16", 500, ads));
    assertTrue(half >= 0.99, "fp16: " + half);
    double integers = tau(whole, logits("mixer-int8", 500, ads));
    assertTrue(integers >= 0.95, "int8: " + integers);
    assertTrue(
        Files.size(resource("mixer-fp16").resolve("model.onnx"))
            < 0.6 * Files.size(resource("mixer").resolve("model.onnx")));
  }

  @Test
  void lfm4AdsReadsVectorsOfUsersItemsAndPairs() {
    RecommendationRequest request = RankerFixtures.request();
    Map<String, float[]> ofItems = new HashMap<>();
    Random random = new Random(24);
    for (int i = 0; i < RankerFixtures.ITEMS; i++) {
      ofItems.put(RankerFixtures.id(i), numbers(random, 3));
    }
    float[] user = numbers(random, 3);
    RerankerOptions vectors =
        RerankerOptions.defaults()
            .userTable("ur", id -> Optional.of(Feature.Tensor.vector(user)))
            .itemTable("ir", id -> Optional.of(Feature.Tensor.vector(ofItems.get(id))));
    Path bundle = RankerFixtures.bundle(folder).seal();
    try (OnnxReranker without = RecommenderBundle.openReranker(bundle, vectors);
        OnnxReranker zeros =
            RecommenderBundle.openReranker(
                bundle,
                vectors.pairTable(
                    "cr", (id, item) -> Optional.of(Feature.Tensor.vector(0, 0, 0))))) {
      List<ScoredItem> ranked = without.rerank(request, RankerFixtures.candidates(20));
      assertEquals(zeros.rerank(request, RankerFixtures.candidates(20)), ranked);
      for (ScoredItem item : ranked) {
        double[] expected =
            RankerFixtures.outputs(
                request,
                RankerFixtures.items().get(Integer.parseInt(item.itemId().substring(4))),
                user,
                ofItems.get(item.itemId()));
        assertEquals(RankerFixtures.sigmoid(expected[0]), item.taskScores().get("click"), 1e-5);
      }
    }
  }

  @Test
  void lfm4AdsAssemblesTwoThousandFeaturesOfTwoHundredCandidates() {
    int features = 2000;
    BundleWriter bundle = RankerFixtures.emptyBundle(folder);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    ObjectNode dense = RankerFixtures.input(ranker, "FEATURE", "dense").put("side", "CANDIDATE");
    float[] weights = new float[features];
    for (int i = 0; i < features; i++) {
      dense.withArray("/columns").addObject().put("feature", "f" + i).put("default", i % 3);
      weights[i] = i % 2 == 0 ? i : -i;
    }
    ranker.putObject("scores").put("name", "scores");
    ranker.putArray("tasks").addObject().put("name", "checksum").put("kind", "VALUE");
    bundle.model(
        new OnnxWriter()
            .input("dense", OnnxWriter.FLOAT, "batch", features)
            .floats("weights", weights, features, 1)
            .node("MatMul", "scores", List.of("dense", "weights"))
            .output("scores", OnnxWriter.FLOAT, "batch", 1)
            .model());
    List<Item> ads = new ArrayList<>();
    double[] expected = new double[200];
    for (int ad = 0; ad < 200; ad++) {
      Map<String, Feature> of = new HashMap<>();
      for (int i = 0; i < features; i++) {
        int value = (ad * 31 + i * 7) % 4;
        if (value < 3) {
          of.put("f" + i, new Feature.Scalar(value));
        }
        expected[ad] += (value < 3 ? value : i % 3) * (double) weights[i];
      }
      ads.add(new Item("ad-" + ad, of));
    }
    try (OnnxReranker opened = RecommenderBundle.openReranker(bundle.seal())) {
      double[] found =
          opened
              .score(RecommendationRequest.of(UserHistory.empty()).build(), ads)
              .scores("checksum");
      for (int ad = 0; ad < 200; ad++) {
        assertEquals(expected[ad], found[ad], 1e-4 * Math.max(1, Math.abs(expected[ad])));
      }
    }
  }

  @Test
  void oneRankSendsTheUserOnceAndScoresCandidatesIndependently() {
    Path bundle = RankerFixtures.bundle(folder).seal();
    RecommendationRequest request = RankerFixtures.request();
    try (OnnxReranker ranker = RecommenderBundle.openReranker(bundle)) {
      long before = ranker.requestBytes();
      List<ScoredItem> few = ranker.rerank(request, RankerFixtures.candidates(2));
      long ofTwo = ranker.requestBytes() - before;
      List<ScoredItem> all = ranker.rerank(request, RankerFixtures.candidates(20));
      assertEquals(ofTwo, ranker.requestBytes() - before - ofTwo);
      Map<String, Map<String, Double>> scores = new HashMap<>();
      all.forEach(item -> scores.put(item.itemId(), item.taskScores()));
      for (ScoredItem item : few) {
        item.taskScores()
            .forEach(
                (task, score) -> assertEquals(score, scores.get(item.itemId()).get(task), 1e-6));
      }
      assertEquals(3, few.get(0).taskScores().size());
    }
  }

  @Test
  void infNetPadsListsAndHistoriesWithoutChangingAScore() {
    List<Item> items = RankerFixtures.items();
    BundleWriter bundle = RankerFixtures.bundle(folder);
    bundle.manifest.withObject("/ranker/inputs/0").put("maxLength", 50);
    Path dynamic = bundle.seal();
    List<Interaction> clicks = new ArrayList<>();
    try (OnnxReranker ranker = RecommenderBundle.openReranker(dynamic)) {
      for (int length = 0; length <= 50; length += 5) {
        RecommendationRequest request = RecommendationRequest.of(UserHistory.of(clicks)).build();
        RankerScores ragged = ranker.score(request, items);
        for (int i = 0; i < items.size(); i++) {
          RankerScores alone = ranker.score(request, List.of(items.get(i)));
          double scale = Math.max(1, Math.abs(alone.output(0, "buy")));
          assertEquals(alone.output(0, "buy"), ragged.output(i, "buy"), 1e-6 * scale);
        }
        for (int i = 0; i < 5; i++) {
          clicks.add(
              Interaction.of(RankerFixtures.id((length + 3 * i) % 20)).withBehavior("click"));
        }
      }
      assertOutputs(dynamic, clicks, "LEFT", "FIXED");
    }
  }

  /** The same scores whatever side and length of padding. */
  private void assertOutputs(Path dynamic, List<Interaction> clicks, String side, String length) {
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.of(clicks.subList(0, 13))).build();
    double[] expected;
    try (OnnxReranker ranker = RecommenderBundle.openReranker(dynamic)) {
      expected = ranker.score(request, RankerFixtures.items()).scores("click");
    }
    BundleWriter padded = RankerFixtures.bundle(folder);
    for (int list : new int[] {0, 5}) {
      padded
          .manifest
          .withObject("/ranker/inputs/" + list)
          .put("paddingSide", side)
          .put("length", length);
    }
    padded.manifest.withObject("/ranker/inputs/0").put("maxLength", 50);
    try (OnnxReranker ranker = RecommenderBundle.openReranker(padded.seal())) {
      assertArrayEquals(
          expected, ranker.score(request, RankerFixtures.items()).scores("click"), 1e-6);
    }
  }

  @Test
  void infNetTakesUnknownCategoriesByTheirOwnRow() {
    try (OnnxReranker ranker =
        RecommenderBundle.openReranker(RankerFixtures.bundle(folder).seal())) {
      Item known = RankerFixtures.items().get(4);
      Map<String, Feature> features = new HashMap<>(known.features());
      features.put("tags", new Feature.Ids(List.of("never seen")));
      Item unknown = new Item(known.id(), features);
      features.remove("tags");
      Item none = new Item(known.id(), features);
      for (Item item : List.of(unknown, none)) {
        assertEquals(
            RankerFixtures.outputs(RankerFixtures.request(), item)[0],
            ranker.score(RankerFixtures.request(), List.of(item)).output(0, "click"),
            1e-5);
      }
    }
  }

  @Test
  void llmCfReadsRetrievedExamplesAndNoneAreTheBackbone() {
    BundleWriter bundle = RankerFixtures.emptyBundle(folder);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    RankerFixtures.input(ranker, "VECTOR_LIST", "examples")
        .put("side", "REQUEST")
        .put("feature", "examples")
        .put("maxLength", 4)
        .put("length", "FIXED");
    RankerFixtures.input(ranker, "MASK", "examples_mask").put("of", "examples");
    RankerFixtures.input(ranker, "FEATURE", "dense").put("side", "CANDIDATE").put("feature", "x");
    ranker.putObject("scores").put("name", "scores");
    ranker.putArray("tasks").addObject().put("name", "click").put("kind", "LOGIT");
    bundle.model(
        new OnnxWriter()
            .input("examples", OnnxWriter.FLOAT, 1, 4, 2)
            .input("examples_mask", OnnxWriter.FLOAT, 1, 4)
            .input("dense", OnnxWriter.FLOAT, "batch", 2)
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1)
            .node("Unsqueeze", "each", List.of("examples_mask", "axis_2"))
            .node("Mul", "masked", List.of("examples", "each"))
            .node("ReduceSum", "knowledge", List.of("masked", "axis_1"), "keepdims", 0)
            .node("Mul", "helped", List.of("dense", "knowledge"))
            .node("Add", "both", List.of("helped", "dense"))
            .node("ReduceSum", "scores", List.of("both", "axis_1"), "keepdims", 0)
            .output("scores", OnnxWriter.FLOAT, "batch")
            .model());
    Item item = new Item("film", Map.of("x", Feature.Tensor.vector(2, 3)));
    try (OnnxReranker opened = RecommenderBundle.openReranker(bundle.seal())) {
      for (int count = 0; count <= 6; count++) {
        float[] examples = new float[2 * count];
        for (int i = 0; i < examples.length; i++) {
          examples[i] = i + 1;
        }
        RecommendationRequest.Builder request = RecommendationRequest.of(UserHistory.empty());
        if (count > 0) {
          request.context("examples", Feature.Tensor.of(examples, count, 2));
        }
        double expected = 5;
        for (int i = 0; i < Math.min(count, 4); i++) {
          expected += 2 * examples[2 * i] + 3 * examples[2 * i + 1];
        }
        RankerScores scores = opened.score(request.build(), List.of(item));
        assertEquals(expected, scores.output(0, "click"), 1e-5);
        assertNotEquals(0, scores.size());
      }
    }
  }

  @Test
  void theAucOfTasksIsThatOfTheTrainingFramework() {
    JsonNode reference = RankerFixtures.json("multitask.json");
    List<Item> items = new ArrayList<>();
    for (JsonNode row : reference.get("rows")) {
      Map<String, Feature> features = new HashMap<>();
      row.properties()
          .forEach(
              feature ->
                  features.put(
                      feature.getKey(),
                      feature.getValue().isNumber()
                          ? new Feature.Scalar(feature.getValue().doubleValue())
                          : new Feature.Category(feature.getValue().textValue())));
      items.add(new Item("row-" + items.size(), features));
    }
    try (OnnxReranker ranker = RecommenderBundle.openReranker(resource("multitask"))) {
      RankerScores scores =
          ranker.score(RecommendationRequest.of(UserHistory.empty()).build(), items);
      for (int task = 0; task < 2; task++) {
        boolean[] labels = new boolean[items.size()];
        for (int i = 0; i < labels.length; i++) {
          labels[i] = reference.get("labels").get(i).get(task).intValue() == 1;
        }
        assertEquals(
            reference.get("auc").get(task).doubleValue(),
            ScoreMetrics.auc(scores.scores(ranker.tasks().get(task)), labels),
            1e-5);
      }
    }
  }
}
