package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import io.recommender.testing.ExplainerContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * TADT-CSA: a decision transformer is told the reward to come and the advantage of each step, and
 * the return that is wanted, and it tells the abstract state, a row of a codebook:
 *
 * <pre>{@code
 * scores = M0[last] + target · M1[last] + ta[last] · M2[last]
 * state  = the row of the codebook next to (rtg[last], ta[last])
 * }</pre>
 */
class StateSystemsTest extends ExplainerContract {
  private static final int ITEMS = 6;
  private static final int LENGTH = 4;
  private static final List<String> IDS = List.of("a", "b", "c", "d", "e", "f");
  private static final List<String> STATES = List.of("curious", "bored", "buying", "leaving");
  private static final float[][] CODEBOOK = {{0, 0}, {1, -1}, {2, 2}, {-1, 1}};
  private static final float[][][] M = {table(1), table(2), table(3)};
  private static final double DEFAULT_RTG = 0.5;

  @TempDir Path folder;

  private OnnxSequenceRecommender model;

  private static float[][] table(long seed) {
    Random random = new Random(seed);
    float[][] table = new float[ITEMS + 1][ITEMS];
    for (int i = 1; i <= ITEMS; i++) {
      for (int j = 0; j < ITEMS; j++) {
        table[i][j] = (random.nextInt(256) - 128) / 64f;
      }
    }
    return table;
  }

  private static OnnxWriter graph() {
    return new OnnxWriter()
        .input("item_ids", OnnxWriter.INT64, "batch", LENGTH)
        .input("rtg", OnnxWriter.FLOAT, "batch", LENGTH)
        .input("ta", OnnxWriter.FLOAT, "batch", LENGTH)
        .input("target", OnnxWriter.FLOAT, "batch")
        .floats("m0", Fixtures.flat(M[0]), ITEMS + 1, ITEMS)
        .floats("m1", Fixtures.flat(M[1]), ITEMS + 1, ITEMS)
        .floats("m2", Fixtures.flat(M[2]), ITEMS + 1, ITEMS)
        .floats("codebook", Fixtures.flat(CODEBOOK), STATES.size(), 2)
        .floats("off_on", new float[] {0, 1}, 2)
        .longs("depth", new long[] {STATES.size()})
        .longs("newest", new long[] {LENGTH - 1}, 1)
        .longs("newest_one", new long[] {LENGTH - 1})
        .longs("axis_1", new long[] {1}, 1)
        .longs("axis_2", new long[] {2}, 1)
        .node("Gather", "last", List.of("item_ids", "newest_one"), "axis", 1)
        .node("Gather", "rtg_last", List.of("rtg", "newest"), "axis", 1)
        .node("Gather", "ta_last", List.of("ta", "newest"), "axis", 1)
        .node("Unsqueeze", "wanted", List.of("target", "axis_1"))
        .node("Gather", "base", List.of("m0", "last"))
        .node("Gather", "by_target", List.of("m1", "last"))
        .node("Gather", "by_advantage", List.of("m2", "last"))
        .node("Mul", "targeted", List.of("wanted", "by_target"))
        .node("Mul", "advantaged", List.of("ta_last", "by_advantage"))
        .node("Add", "sum", List.of("base", "targeted"))
        .node("Add", "scores", List.of("sum", "advantaged"))
        .node("Concat", "state", List.of("rtg_last", "ta_last"), "axis", 1)
        .node("Unsqueeze", "one_state", List.of("state", "axis_1"))
        .node("Sub", "differences", List.of("one_state", "codebook"))
        .node("Mul", "squares", List.of("differences", "differences"))
        .node("ReduceSum", "distances", List.of("squares", "axis_2"), "keepdims", 0)
        .node("ArgMin", "code", List.of("distances"), "axis", 1, "keepdims", 0)
        .node("OneHot", "state_code", List.of("code", "depth", "off_on"))
        .output("scores", OnnxWriter.FLOAT, "batch", ITEMS)
        .output("state_code", OnnxWriter.FLOAT, "batch", STATES.size());
  }

  private BundleWriter bundle() {
    BundleWriter bundle =
        new BundleWriter(folder, "SEQ_LOGITS")
            .sequence(LENGTH, "FIXED", "LEFT")
            .input("ITEM_IDS", "item_ids")
            .input(
                "STEP_FEATURE",
                "rtg",
                input -> input.put("feature", "rtg").put("default", DEFAULT_RTG))
            .input("STEP_FEATURE", "ta", input -> input.put("feature", "ta"))
            .input(
                "CONTEXT_FEATURE",
                "target",
                input -> input.put("feature", "target").put("default", 1))
            .scores("scores")
            .items(IDS)
            .model(graph().model());
    ObjectNode reasons = bundle.manifest.putArray("reasons").addObject();
    reasons.put("name", "state_code").put("kind", "CLASS");
    STATES.forEach(reasons.putArray("labels")::add);
    return bundle;
  }

  private OnnxSequenceRecommender model() {
    if (model == null) {
      model = RecommenderBundle.open(bundle().seal());
    }
    return model;
  }

  @AfterEach
  void closeModel() {
    if (model != null) {
      model.close();
    }
  }

  private static Interaction step(String item, double rtg, double ta) {
    return Interaction.of(item)
        .withContext("rtg", new Feature.Scalar(rtg))
        .withContext("ta", new Feature.Scalar(ta));
  }

  private static RecommendationRequest wanting(double target, Interaction... steps) {
    return RecommendationRequest.of(UserHistory.of(List.of(steps)))
        .context("target", new Feature.Scalar(target))
        .k(ITEMS)
        .build();
  }

  private static List<String> expected(String last, double target, double ta) {
    int row = IDS.indexOf(last) + 1;
    return IntStream.range(0, ITEMS)
        .boxed()
        .sorted(
            Comparator.comparingDouble(
                item -> -(M[0][row][item] + target * M[1][row][item] + ta * M[2][row][item])))
        .map(IDS::get)
        .toList();
  }

  @Override
  protected Explainer create() {
    return model().explaining();
  }

  @Override
  protected RecommendationRequest request() {
    return wanting(1, step("b", 1, 0), step("c", 1.4, 1.3));
  }

  @Override
  protected List<String> itemIds() {
    return IDS;
  }

  @Test
  void tadtCsaRanksByTheReturnThatIsWanted() {
    Set<String> best = new HashSet<>();
    for (String last : IDS) {
      for (double target : new double[] {-8, 0, 8}) {
        Recommendations answer =
            model().recommend(wanting(target, step("a", 0, 0), step(last, 0.25, 0.5)));
        assertEquals(expected(last, target, 0.5), answer.itemIds());
        assertTrue(answer.notices().isEmpty());
      }
      String high = expected(last, 8, 0.5).get(0);
      best.add(high);
      assertNotEquals(high, expected(last, -8, 0.5).get(0));
    }
    assertTrue(best.size() > 1, "one item is best for every return: " + best);
  }

  @Test
  void tadtCsaTurnsAPairByTheSignOfTheAdvantage() {
    for (String last : IDS) {
      List<String> gain = model().recommend(wanting(0, step(last, 0, 6))).itemIds();
      List<String> loss = model().recommend(wanting(0, step(last, 0, -6))).itemIds();
      assertEquals(expected(last, 0, 6), gain);
      assertEquals(expected(last, 0, -6), loss);
      assertNotEquals(gain.get(0), loss.get(0));
    }
  }

  @Test
  void tadtCsaWithoutRewardsTakesTheDefaultsAndSaysSo() {
    Recommendations answer =
        model().recommend(RecommendationRequest.of(UserHistory.of("d", "e")).k(ITEMS).build());
    assertEquals(expected("e", 1, 0), answer.itemIds());
    List<String> noted = new ArrayList<>();
    for (Notice notice : answer.notices()) {
      assertEquals(Notice.Code.DEFAULTED_FEATURE, notice.code());
      noted.add(notice.message().split("'")[1]);
    }
    assertEquals(List.of("rtg", "ta", "target"), noted);
  }

  /** The code is that of the nearest row of the codebook, computed here. */
  @Test
  void tadtCsaTellsTheStateNextInItsCodebook() {
    Random random = new Random(11);
    Set<String> met = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      float rtg = (float) random.nextGaussian() * 2;
      float ta = (float) random.nextGaussian() * 2;
      int nearest = 0;
      double[] distances = new double[STATES.size()];
      for (int row = 0; row < distances.length; row++) {
        distances[row] = Math.pow(rtg - CODEBOOK[row][0], 2) + Math.pow(ta - CODEBOOK[row][1], 2);
        nearest = distances[row] < distances[nearest] ? row : nearest;
      }
      List<Reason> reasons = create().explain(wanting(1, step("a", 9, 9), step("b", rtg, ta)), "c");
      assertEquals(new Reason(Reason.Kind.CLASS, STATES.get(nearest), 1), reasons.get(0));
      assertEquals(STATES.size(), reasons.size());
      assertEquals(0, reasons.get(1).weight());
      met.add(reasons.get(0).name());
    }
    assertEquals(new HashSet<>(STATES), met);
    assertEquals(
        List.of(), create().explain(RecommendationRequest.of(UserHistory.of("gone")).build(), "c"));
  }

  @Test
  void statesThatTheGraphDoesNotTellAreRefusedAtLoad() {
    BundleWriter bundle = bundle();
    bundle.manifest.withArray("/reasons/0/labels").add("fifth");
    Path wrong = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(wrong));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    assertTrue(
        e.getMessage().contains("output 'state_code': expected float or float16 [1 or rows, 5]"),
        e.getMessage());
    bundle.manifest.remove("reasons");
    try (OnnxSequenceRecommender silent = RecommenderBundle.open(bundle.seal())) {
      assertThrows(IllegalStateException.class, silent::explaining);
    }
  }
}
