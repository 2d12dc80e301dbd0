package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * DTRN reads a sequence for each behaviour and makes of them a representation of its own for each
 * task. Here that of a task is a sum of both sequences with weights of the task, and its score is
 * the inner product with the candidate.
 */
class MultiTaskSystemsTest {
  private static final List<String> BEHAVIORS = List.of("click", "buy");
  private static final List<String> TASKS = List.of("ctr", "cvr");
  private static final float[][] GATES = {{1, 0.25f}, {-0.5f, 2}};
  private static final float[][] ROWS = RankerFixtures.ROWS;

  @TempDir Path folder;

  private Path bundle() {
    OnnxWriter graph =
        new OnnxWriter()
            .input("item", OnnxWriter.INT64, "batch")
            .floats("rows", Fixtures.flat(ROWS), ROWS.length, RankerFixtures.WIDTH)
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1)
            .node("Gather", "candidate", List.of("rows", "item"));
    for (String behavior : BEHAVIORS) {
      graph
          .input("hist." + behavior, OnnxWriter.INT64, 1, behavior + "_steps")
          .input("hist." + behavior + "_mask", OnnxWriter.FLOAT, 1, behavior + "_steps")
          .node("Gather", behavior + "_rows", List.of("rows", "hist." + behavior))
          .node("Unsqueeze", behavior + "_each", List.of("hist." + behavior + "_mask", "axis_2"))
          .node("Mul", behavior + "_kept", List.of(behavior + "_rows", behavior + "_each"))
          .node("ReduceSum", behavior, List.of(behavior + "_kept", "axis_1"), "keepdims", 0);
    }
    for (int task = 0; task < 2; task++) {
      graph
          .floats("gate_click_" + task, new float[] {GATES[task][0]})
          .floats("gate_buy_" + task, new float[] {GATES[task][1]})
          .node("Mul", "of_click_" + task, List.of("click", "gate_click_" + task))
          .node("Mul", "of_buy_" + task, List.of("buy", "gate_buy_" + task))
          .node("Add", "bottom_" + task, List.of("of_click_" + task, "of_buy_" + task))
          .node("Mul", "product_" + task, List.of("candidate", "bottom_" + task))
          .node("ReduceSum", "score_" + task, List.of("product_" + task, "axis_1"), "keepdims", 1);
    }
    graph
        .node("Concat", "scores", List.of("score_0", "score_1"), "axis", 1)
        .output("scores", OnnxWriter.FLOAT, "batch", 2);
    BundleWriter bundle = RankerFixtures.emptyBundle(folder).model(graph.model());
    bundle.items(IntStream.range(0, RankerFixtures.ITEMS).mapToObj(RankerFixtures::id).toList());
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    RankerFixtures.input(ranker, "ITEM_ID", "item").put("idOffset", 1);
    for (String behavior : BEHAVIORS) {
      RankerFixtures.input(ranker, "HISTORY", "hist." + behavior)
          .put("behavior", behavior)
          .put("idOffset", 1)
          .put("maxLength", 6)
          .put("paddingId", 0);
      RankerFixtures.input(ranker, "MASK", "hist." + behavior + "_mask")
          .put("of", "hist." + behavior);
    }
    ranker.putObject("scores").put("name", "scores");
    TASKS.forEach(
        task -> ranker.withArray("/tasks").addObject().put("name", task).put("kind", "VALUE"));
    return bundle.seal();
  }

  private static double score(int task, List<Integer> clicks, List<Integer> buys, int item) {
    double sum = 0;
    for (int i = 0; i < RankerFixtures.WIDTH; i++) {
      double bottom = 0;
      for (int click : clicks) {
        bottom += GATES[task][0] * ROWS[click + 1][i];
      }
      for (int buy : buys) {
        bottom += GATES[task][1] * ROWS[buy + 1][i];
      }
      sum += bottom * ROWS[item + 1][i];
    }
    return sum;
  }

  private static RecommendationRequest request(List<Integer> clicks, List<Integer> buys) {
    List<Interaction> history = new ArrayList<>();
    clicks.forEach(
        item -> history.add(Interaction.of(RankerFixtures.id(item)).withBehavior("click")));
    buys.forEach(item -> history.add(Interaction.of(RankerFixtures.id(item)).withBehavior("buy")));
    return RecommendationRequest.of(UserHistory.of(history)).build();
  }

  @Test
  void dtrnScoresEachTaskFromItsOwnViewOfTheBehaviours() {
    List<Integer> clicks = List.of(3, 7, 11, 3);
    List<Integer> buys = List.of(5, 2);
    try (OnnxReranker ranker = RecommenderBundle.openReranker(bundle())) {
      assertEquals(TASKS, ranker.tasks());
      List<List<String>> orders = new ArrayList<>();
      for (int task = 0; task < 2; task++) {
        int ranking = task;
        ScorePolicy policy =
            ScorePolicy.weightedSum(Map.of("ctr", 1.0 - task, "cvr", (double) task));
        List<ScoredItem> ranked =
            ranker.rankingBy(policy).rerank(request(clicks, buys), RankerFixtures.candidates(20));
        orders.add(ranked.stream().map(ScoredItem::itemId).toList());
        assertEquals(
            IntStream.range(0, 20)
                .boxed()
                .sorted(Comparator.comparingDouble(item -> -score(ranking, clicks, buys, item)))
                .map(RankerFixtures::id)
                .toList(),
            orders.get(task));
        for (ScoredItem item : ranked) {
          assertEquals(Map.of("ctr", 0, "cvr", 0).keySet(), item.taskScores().keySet());
          int ordinal = Integer.parseInt(item.itemId().substring(4));
          assertEquals(score(1, clicks, buys, ordinal), item.taskScores().get("cvr"), 1e-5);
        }
      }
      assertNotEquals(orders.get(0), orders.get(1));
      ScorePolicy unknown = ScorePolicy.weightedSum(Map.of("dwell", 1.0));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> ranker.rankingBy(unknown));
      assertTrue(e.getMessage().contains("dwell"), e.getMessage());
    }
  }

  @Test
  void dtrnReadsABehaviourThatNeverOccurredAsZeros() {
    try (OnnxReranker ranker = RecommenderBundle.openReranker(bundle())) {
      List<Integer> some = List.of(4, 9);
      for (boolean clicked : new boolean[] {true, false}) {
        List<Integer> clicks = clicked ? some : List.of();
        List<Integer> buys = clicked ? List.of() : some;
        RankerScores scores = ranker.score(request(clicks, buys), RankerFixtures.items());
        for (int item = 0; item < 20; item++) {
          assertEquals(score(0, clicks, buys, item), scores.output(item, "ctr"), 1e-5);
          assertEquals(score(1, clicks, buys, item), scores.output(item, "cvr"), 1e-5);
        }
      }
      RankerScores scores = ranker.score(request(List.of(), List.of()), RankerFixtures.items());
      for (int item = 0; item < 20; item++) {
        assertEquals(0, Math.abs(scores.output(item, "ctr")));
      }
    }
  }
}
