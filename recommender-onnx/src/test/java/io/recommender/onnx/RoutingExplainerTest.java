package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import io.recommender.testing.ExplainerContract;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A mixture of experts whose graph tells how it routes a user and an item, as MAGNET does: {@code
 * weights = softmax((user * item) router)}, and the score is the experts' own ones by these
 * weights.
 */
class RoutingExplainerTest extends ExplainerContract {
  private static final int WIDTH = 4;
  private static final int ITEMS = 12;
  private static final List<String> EXPERTS = List.of("dominant", "balanced", "complementary");
  private static final float[][] ROUTER = gaussian(27, WIDTH, 3);
  private static final float[][] VECTORS = gaussian(28, ITEMS, WIDTH);
  private static final float[] USER = gaussian(29, 1, WIDTH)[0];

  @TempDir Path folder;

  private OnnxReranker ranker;

  private static float[][] gaussian(long seed, int rows, int columns) {
    Random random = new Random(seed);
    float[][] table = new float[rows][columns];
    for (float[] row : table) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return table;
  }

  private static OnnxWriter graph(boolean softmax) {
    OnnxWriter writer =
        new OnnxWriter()
            .input("user", OnnxWriter.FLOAT, 1, WIDTH)
            .input("item", OnnxWriter.FLOAT, "batch", WIDTH)
            .floats("router", Fixtures.flat(ROUTER), WIDTH, 3)
            .node("Mul", "pair", List.of("user", "item"))
            .node("MatMul", "routed", List.of("pair", "router"));
    writer =
        softmax
            ? writer.node("Softmax", "expert_weights", List.of("routed"), "axis", 1)
            : writer.node("Identity", "expert_weights", List.of("routed"));
    return writer
        .longs("axis", new long[] {1}, 1)
        .node("Mul", "weighted", List.of("expert_weights", "routed"))
        .node("ReduceSum", "scores", List.of("weighted", "axis"), "keepdims", 1)
        .output("scores", OnnxWriter.FLOAT, "batch", 1)
        .output("expert_weights", OnnxWriter.FLOAT, "batch", 3);
  }

  private BundleWriter bundle(boolean softmax) {
    BundleWriter bundle = RankerFixtures.emptyBundle(folder).model(graph(softmax).model());
    bundle.items(itemIds());
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < ITEMS; i++) {
      lines.append(
          "{\"id\": \"item-%d\", \"vector\": %s}%n".formatted(i, Arrays.toString(VECTORS[i])));
    }
    bundle.file("items.jsonl", lines.toString());
    ObjectNode node = bundle.manifest.putObject("ranker");
    RankerFixtures.input(node, "FEATURE", "user").put("side", "REQUEST").put("feature", "user");
    RankerFixtures.input(node, "FEATURE", "item").put("side", "CANDIDATE").put("feature", "vector");
    node.putObject("scores").put("name", "scores");
    node.putArray("tasks").addObject().put("name", "click").put("kind", "LOGIT");
    ObjectNode reasons = node.putArray("reasons").addObject();
    reasons.put("name", "expert_weights").put("kind", "ROUTING");
    EXPERTS.forEach(reasons.putArray("labels")::add);
    return bundle;
  }

  @AfterEach
  void closeRanker() {
    ranker.close();
  }

  @Override
  protected Explainer create() {
    if (ranker == null) {
      ranker = RecommenderBundle.openReranker(bundle(true).seal());
    }
    return ranker.explaining();
  }

  @Override
  protected RecommendationRequest request() {
    return RecommendationRequest.of(UserHistory.empty())
        .context("user", Feature.Tensor.vector(USER))
        .build();
  }

  @Override
  protected List<String> itemIds() {
    return java.util.stream.IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList();
  }

  /** The shares of the experts in double precision. */
  private static double[] shares(float[] item) {
    double[] shares = new double[3];
    double sum = 0;
    for (int expert = 0; expert < 3; expert++) {
      double logit = 0;
      for (int i = 0; i < WIDTH; i++) {
        logit += (double) USER[i] * item[i] * ROUTER[i][expert];
      }
      shares[expert] = Math.exp(logit);
      sum += shares[expert];
    }
    for (int expert = 0; expert < 3; expert++) {
      shares[expert] /= sum;
    }
    return shares;
  }

  @Test
  void magnetTellsTheSharesOfItsExpertsTheLargestFirst() {
    Set<String> first = new HashSet<>();
    for (int item = 0; item < ITEMS; item++) {
      List<Reason> reasons = create().explain(request(), "item-" + item);
      assertEquals(3, reasons.size());
      assertEquals(1, reasons.stream().mapToDouble(Reason::weight).sum(), 1e-6);
      double[] expected = shares(VECTORS[item]);
      Map<String, Double> found = new HashMap<>();
      for (Reason reason : reasons) {
        assertEquals(Reason.Kind.ROUTING, reason.kind());
        found.put(reason.name(), reason.weight());
      }
      int largest = 0;
      for (int expert = 0; expert < 3; expert++) {
        assertEquals(expected[expert], found.get(EXPERTS.get(expert)), 1e-6);
        largest = expected[expert] > expected[largest] ? expert : largest;
      }
      assertEquals(EXPERTS.get(largest), reasons.get(0).name());
      first.add(reasons.get(0).name());
    }
    assertTrue(first.size() > 1, "one expert decides everything: " + first);
  }

  @Test
  void scoringDoesNotAskForReasonsAndExplainingTakesOneRun() {
    long runs = ranker.modelRuns();
    create().explain(request(), "item-3");
    assertEquals(runs + 1, ranker.modelRuns());
    Item unknown = new Item("new", Map.of("vector", Feature.Tensor.vector(VECTORS[5])));
    try (OnnxReranker knowing =
        RecommenderBundle.openReranker(
            folder,
            RerankerOptions.defaults()
                .items(
                    id ->
                        id.equals("new")
                            ? java.util.Optional.of(unknown)
                            : java.util.Optional.empty()))) {
      assertEquals(
          create().explain(request(), "item-5"), knowing.explaining().explain(request(), "new"));
    }
  }

  @Test
  void aRequestWithoutAFeatureIsRefusedAndAClosedModelToo() {
    Explainer explainer = create();
    RecommendationRequest nobody = RecommendationRequest.of(UserHistory.empty()).build();
    RecommenderException absent =
        assertThrows(RecommenderException.class, () -> explainer.explain(nobody, "item-1"));
    assertEquals(Kind.SHAPE_MISMATCH, absent.kind());
    ranker.close();
    assertThrows(IllegalStateException.class, () -> explainer.explain(request(), "item-1"));
  }

  @Test
  void sharesThatAreNoneAreNamed() {
    try (OnnxReranker raw = RecommenderBundle.openReranker(bundle(false).seal())) {
      RecommenderException e =
          assertThrows(
              RecommenderException.class, () -> raw.explaining().explain(request(), "item-0"));
      assertEquals(Kind.INFERENCE_FAILED, e.kind());
      assertTrue(e.getMessage().contains("output 'expert_weights': weight"), e.getMessage());
    }
  }

  @Test
  void aBundleWithoutReasonsHasNone() {
    BundleWriter bundle = bundle(true);
    ((ObjectNode) bundle.manifest.get("ranker")).remove("reasons");
    try (OnnxReranker silent = RecommenderBundle.openReranker(bundle.seal())) {
      IllegalStateException e = assertThrows(IllegalStateException.class, silent::explaining);
      assertTrue(e.getMessage().contains("expected a model that tells reasons"), e.getMessage());
    }
  }

  @Test
  void reasonsThatTheGraphDoesNotHaveAreRefusedAtLoad() {
    BundleWriter bundle = bundle(true);
    ObjectNode reasons = (ObjectNode) bundle.manifest.at("/ranker/reasons/0");
    reasons.withArray("/labels").add("fourth");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "output 'expert_weights': expected float or float16 [1 or rows, 4]");
    reasons.withArray("/labels").remove(3);
    reasons.put("name", "gate");
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "output 'gate': expected float or float16");
    reasons.put("name", "expert_weights").withArray("/labels").add("dominant");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/labels: expected at least one, each once");
    reasons.withArray("/labels").remove(3);
    bundle.manifest.withArray("/ranker/reasons").add(reasons.deepCopy());
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/ranker/reasons: kind ROUTING occurs twice");
  }

  private static void assertRefused(BundleWriter bundle, Kind kind, String named) {
    Path sealed = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openReranker(sealed));
    assertEquals(kind, e.kind());
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
