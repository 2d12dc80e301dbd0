package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rankers of many fields: twelve categorical ones and two sequences, as INFNet reads them, and
 * features of a user that are sent once or with each candidate, as OneRank may have them.
 */
class FieldSystemsTest {
  private static final int WIDTH = 4;
  private static final int SINGLE = 8;
  private static final int LISTS = 4;
  private static final int VALUES = 3;
  private static final int LIST_VALUES = 5;
  private static final int MOST_VALUES = 6;
  private static final int STEPS = 50;
  private static final int ITEMS = 24;
  private static final int UNKNOWN = LIST_VALUES + 1;
  private static final List<String> BEHAVIORS = List.of("click", "buy");
  private static final List<String> TASKS = List.of("ctr", "cvr");
  private static final float[][] FIELD_ROWS = table(29, SINGLE * (VALUES + 1));
  private static final float[][] LIST_ROWS = table(30, LIST_VALUES + 2);
  private static final float[][] STEP_ROWS = table(31, ITEMS + 1);
  private static final float[][] TASK_ROWS = table(32, TASKS.size());

  @TempDir Path folder;

  private static float[][] table(long seed, int rows) {
    Random random = new Random(seed);
    float[][] table = new float[rows][WIDTH];
    for (float[] row : table) {
      for (int i = 0; i < WIDTH; i++) {
        row[i] = (random.nextInt(65) - 32) / 64f;
      }
    }
    return table;
  }

  /** Every candidate times what was clicked and bought, by the weights of each task. */
  private static OnnxWriter infNet() {
    OnnxWriter graph =
        new OnnxWriter()
            .input("fields", OnnxWriter.INT64, "batch", SINGLE)
            .floats("field_rows", Fixtures.flat(FIELD_ROWS), FIELD_ROWS.length, WIDTH)
            .floats("list_rows", Fixtures.flat(LIST_ROWS), LIST_ROWS.length, WIDTH)
            .floats("step_rows", Fixtures.flat(STEP_ROWS), STEP_ROWS.length, WIDTH)
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1)
            .node("Gather", "each_field", List.of("field_rows", "fields"))
            .node("ReduceSum", "sum_0", List.of("each_field", "axis_1"), "keepdims", 0);
    for (int list = 0; list < LISTS; list++) {
      String name = "list_" + list;
      graph
          .input(name, OnnxWriter.INT64, "batch", name + "_length")
          .input(name + "_mask", OnnxWriter.FLOAT, "batch", name + "_length");
      sum(graph, name, "list_rows");
      graph.node("Add", "sum_" + (list + 1), List.of("sum_" + list, name + "_sum"));
    }
    for (int task = 0; task < TASKS.size(); task++) {
      String behavior = BEHAVIORS.get(task);
      graph
          .input(behavior, OnnxWriter.INT64, 1, behavior + "_length")
          .input(behavior + "_mask", OnnxWriter.FLOAT, 1, behavior + "_length");
      sum(graph, behavior, "step_rows");
      graph
          .floats("task_" + task, TASK_ROWS[task], 1, WIDTH)
          .node("Add", "user_" + task, List.of(behavior + "_sum", "task_" + task))
          .node("Mul", "product_" + task, List.of("sum_" + LISTS, "user_" + task))
          .node("ReduceSum", "score_" + task, List.of("product_" + task, "axis_1"), "keepdims", 1);
    }
    return graph
        .node("Concat", "scores", List.of("score_0", "score_1"), "axis", 1)
        .output("scores", OnnxWriter.FLOAT, "batch", 2);
  }

  private static void sum(OnnxWriter graph, String name, String rows) {
    graph
        .node("Gather", name + "_rows", List.of(rows, name))
        .node("Unsqueeze", name + "_each", List.of(name + "_mask", "axis_2"))
        .node("Mul", name + "_masked", List.of(name + "_rows", name + "_each"))
        .node("ReduceSum", name + "_sum", List.of(name + "_masked", "axis_1"), "keepdims", 0);
  }

  private Path infNetBundle(String name, String length, String side) throws IOException {
    BundleWriter bundle =
        RankerFixtures.emptyBundle(Files.createDirectory(folder.resolve(name)))
            .model(infNet().model());
    bundle.items(IntStream.range(0, ITEMS).mapToObj(RankerFixtures::id).toList());
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    ObjectNode fields = RankerFixtures.input(ranker, "CATEGORY", "fields").put("side", "CANDIDATE");
    for (int field = 0; field < SINGLE; field++) {
      ObjectNode column = fields.withArray("/columns").addObject().put("feature", "field_" + field);
      int unknown = field * (VALUES + 1);
      ObjectNode vocabulary = column.put("default", unknown).putObject("vocabulary");
      for (int value = 0; value < VALUES; value++) {
        vocabulary.put("v" + value, unknown + 1 + value);
      }
    }
    for (int list = 0; list < LISTS; list++) {
      ObjectNode input =
          RankerFixtures.input(ranker, "CATEGORY_LIST", "list_" + list)
              .put("side", "CANDIDATE")
              .put("feature", "list_" + list);
      ObjectNode vocabulary = layout(input, MOST_VALUES, length, side).put("default", UNKNOWN);
      vocabulary = vocabulary.putObject("vocabulary");
      for (int value = 0; value < LIST_VALUES; value++) {
        vocabulary.put("v" + value, 1 + value);
      }
      RankerFixtures.input(ranker, "MASK", "list_" + list + "_mask").put("of", "list_" + list);
    }
    for (String behavior : BEHAVIORS) {
      ObjectNode input =
          RankerFixtures.input(ranker, "HISTORY", behavior)
              .put("behavior", behavior)
              .put("idOffset", 1);
      layout(input, STEPS, length, side);
      RankerFixtures.input(ranker, "MASK", behavior + "_mask").put("of", behavior);
    }
    ranker.putObject("scores").put("name", "scores");
    TASKS.forEach(
        task -> ranker.withArray("/tasks").addObject().put("name", task).put("kind", "VALUE"));
    return bundle.seal();
  }

  private static ObjectNode layout(ObjectNode input, int most, String length, String side) {
    return input
        .put("maxLength", most)
        .put("length", length)
        .put("paddingSide", side)
        .put("paddingId", 0);
  }

  /** Items whose values are known, unheard of (from the last known one on) or absent. */
  private static List<Item> ads(Random random) {
    List<Item> ads = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Map<String, Feature> features = new HashMap<>();
      for (int field = 0; field < SINGLE; field++) {
        int value = random.nextInt(VALUES + 2);
        if (value <= VALUES) {
          features.put("field_" + field, new Feature.Category("v" + value));
        }
      }
      for (int list = 0; list < LISTS; list++) {
        List<String> values = new ArrayList<>();
        for (int j = random.nextInt(MOST_VALUES + 1); j > 0; j--) {
          values.add("v" + random.nextInt(LIST_VALUES + 2));
        }
        features.put("list_" + list, new Feature.Ids(values));
      }
      ads.add(new Item("ad-" + i, features));
    }
    return ads;
  }

  private static int value(String text) {
    return Integer.parseInt(text.substring(1));
  }

  private static double[] expected(Item ad, List<List<Integer>> histories) {
    double[] candidate = new double[WIDTH];
    for (int field = 0; field < SINGLE; field++) {
      int value =
          ad.features().get("field_" + field) instanceof Feature.Category category
              ? value(category.value())
              : VALUES;
      add(candidate, FIELD_ROWS[field * (VALUES + 1) + (value < VALUES ? value + 1 : 0)]);
    }
    for (int list = 0; list < LISTS; list++) {
      for (String text : ((Feature.Ids) ad.features().get("list_" + list)).values()) {
        add(candidate, LIST_ROWS[value(text) < LIST_VALUES ? value(text) + 1 : UNKNOWN]);
      }
    }
    double[] scores = new double[TASKS.size()];
    for (int task = 0; task < scores.length; task++) {
      double[] user = new double[WIDTH];
      add(user, TASK_ROWS[task]);
      histories.get(task).forEach(item -> add(user, STEP_ROWS[item + 1]));
      for (int i = 0; i < WIDTH; i++) {
        scores[task] += candidate[i] * user[i];
      }
    }
    return scores;
  }

  private static void add(double[] sum, float[] row) {
    for (int i = 0; i < WIDTH; i++) {
      sum[i] += row[i];
    }
  }

  @Test
  void infNetReadsTwelveFieldsAndTwoSequencesOfAnyLength() throws IOException {
    Random random = new Random(29);
    List<Item> ads = ads(random);
    try (OnnxReranker ragged =
            RecommenderBundle.openReranker(infNetBundle("ragged", "DYNAMIC", "RIGHT"));
        OnnxReranker padded =
            RecommenderBundle.openReranker(infNetBundle("padded", "FIXED", "LEFT"))) {
      for (int[] lengths : new int[][] {{0, 0}, {1, 0}, {0, 7}, {13, 50}, {50, 3}, {50, 50}}) {
        List<List<Integer>> histories = new ArrayList<>();
        List<Interaction> steps = new ArrayList<>();
        for (int task = 0; task < 2; task++) {
          List<Integer> items = new ArrayList<>();
          for (int i = 0; i < lengths[task]; i++) {
            items.add(random.nextInt(ITEMS));
            steps.add(
                Interaction.of(RankerFixtures.id(items.get(i))).withBehavior(BEHAVIORS.get(task)));
          }
          histories.add(items);
        }
        RecommendationRequest request = RecommendationRequest.of(UserHistory.of(steps)).build();
        RankerScores together = ragged.score(request, ads);
        RankerScores fixed = padded.score(request, ads);
        assertEquals(TASKS, ragged.tasks());
        for (int ad = 0; ad < ads.size(); ad++) {
          RankerScores alone = ragged.score(request, List.of(ads.get(ad)));
          double[] scores = expected(ads.get(ad), histories);
          for (int task = 0; task < 2; task++) {
            String name = TASKS.get(task);
            double scale = Math.max(1, Math.abs(scores[task]));
            assertEquals(scores[task], together.output(ad, name), 1e-5 * scale);
            assertEquals(alone.output(0, name), together.output(ad, name), 1e-6 * scale);
            assertEquals(fixed.output(ad, name), together.output(ad, name), 1e-6 * scale);
          }
        }
      }
    }
  }

  /** A user of four numbers and candidates of four, and what three tasks make of their product. */
  private Path oneRank(String side) throws IOException {
    BundleWriter bundle =
        RankerFixtures.emptyBundle(Files.createDirectory(folder.resolve(side)))
            .model(
                new OnnxWriter()
                    .input("user", OnnxWriter.FLOAT, side.equals("REQUEST") ? 1 : "batch", WIDTH)
                    .input("item", OnnxWriter.FLOAT, "batch", WIDTH)
                    .floats("tasks", Fixtures.flat(table(28, 3)), WIDTH, 3)
                    .node("Mul", "pair", List.of("user", "item"))
                    .node("Tanh", "bent", List.of("pair"))
                    .node("MatMul", "scores", List.of("bent", "tasks"))
                    .output("scores", OnnxWriter.FLOAT, "batch", 3)
                    .model());
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    RankerFixtures.input(ranker, "FEATURE", "user").put("side", side).put("feature", "user");
    RankerFixtures.input(ranker, "FEATURE", "item").put("side", "CANDIDATE").put("feature", "item");
    ranker.putObject("scores").put("name", "scores");
    for (String task : List.of("click", "like", "buy")) {
      ranker.withArray("/tasks").addObject().put("name", task).put("kind", "LOGIT");
    }
    return bundle.seal();
  }

  @Test
  void oneRankScoresAUserSentOnceAsOneSentWithEachCandidate() throws IOException {
    Random random = new Random(28);
    Feature user = Feature.Tensor.vector(row(random));
    List<Item> items = new ArrayList<>();
    List<Item> tiled = new ArrayList<>();
    List<ScoredItem> candidates = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Feature item = Feature.Tensor.vector(row(random));
      items.add(new Item("ad-" + i, Map.of("item", item)));
      tiled.add(new Item("ad-" + i, Map.of("item", item, "user", user)));
      candidates.add(new ScoredItem("ad-" + i, 0));
    }
    Map<String, Double> weights = Map.of("click", 1.0, "like", 0.5, "buy", 3.0);
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty()).context("user", user).build();
    RerankerOptions knowing =
        RerankerOptions.defaults()
            .items(id -> Optional.of(items.get(Integer.parseInt(id.substring(3)))));
    try (OnnxReranker once = RecommenderBundle.openReranker(oneRank("REQUEST"), knowing);
        OnnxReranker each = RecommenderBundle.openReranker(oneRank("CANDIDATE"))) {
      RankerScores sent = once.score(request, items);
      RankerScores repeated = each.score(request, tiled);
      double[] combined = new double[items.size()];
      for (String task : once.tasks()) {
        assertArrayEquals(repeated.scores(task), sent.scores(task), 1e-6);
        for (int i = 0; i < combined.length; i++) {
          combined[i] += weights.getOrDefault(task, 0.0) * sent.scores(task)[i];
        }
      }
      List<String> byHand =
          IntStream.range(0, combined.length)
              .boxed()
              .sorted(Comparator.comparingDouble(i -> -combined[i]))
              .map(i -> "ad-" + i)
              .toList();
      List<String> ranked =
          once.rankingBy(ScorePolicy.weightedSum(weights)).rerank(request, candidates).stream()
              .map(ScoredItem::itemId)
              .toList();
      assertEquals(byHand, ranked);
      assertTrue(!ranked.equals(candidates.stream().map(ScoredItem::itemId).toList()));
    }
  }

  private static float[] row(Random random) {
    float[] row = new float[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      row[i] = (float) random.nextGaussian();
    }
    return row;
  }
}
