package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Interaction;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What each role writes, read back through a model whose scores are its inputs one after another.
 */
class InputTensorsTest {
  private static final int LENGTH = 4;
  private static final List<String> IDS =
      IntStream.range(0, 64).mapToObj(i -> "item-" + (i * 37) % 64).toList();
  private static final Instant NOON = Instant.parse("2024-05-01T12:00:00Z");

  @TempDir Path folder;
  private final OnnxWriter model = new OnnxWriter();
  private final List<String> columns = new ArrayList<>();
  private BundleWriter bundle;
  private int width;

  private BundleWriter begin(String side) {
    bundle = new BundleWriter(folder, "SEQ_LOGITS").sequence(LENGTH, "FIXED", side);
    return bundle;
  }

  /** Adds an input whose values become columns of the scores. */
  private void input(String role, int type, int values, Object... dimensions) {
    input(role, role.toLowerCase(java.util.Locale.ROOT), type, values, dimensions);
  }

  private void input(String role, String name, int type, int values, Object... dimensions) {
    model.input(name, type, dimensions);
    model.node("Cast", name + "_float", List.of(name), "to", OnnxWriter.FLOAT);
    model.longs(name + "_shape", new long[] {-1, values}, 2);
    model.node("Reshape", name + "_flat", List.of(name + "_float", name + "_shape"));
    columns.add(name + "_flat");
    width += values;
  }

  private OnnxSequenceRecommender open() {
    model.longs("tail_shape", new long[] {2}, 2);
    float[] padding = new float[IDS.size() - width];
    model.floats("padding", padding, 1, padding.length);
    model.longs("zero", new long[] {0}, 1);
    model.node("Gather", "first", List.of(columns.get(0), "zero"), "axis", 1);
    model.floats("none", new float[] {0}, 1, 1);
    model.node("Mul", "zero_column", List.of("first", "none"));
    model.node("Add", "tail", List.of("zero_column", "padding"));
    List<String> all = new ArrayList<>(columns);
    all.add("tail");
    model.node("Concat", "scores", all, "axis", 1);
    model.output("scores", OnnxWriter.FLOAT, "batch", IDS.size());
    bundle.items(IDS).scores("scores").model(model.model());
    return RecommenderBundle.open(bundle.seal());
  }

  /** The columns of the answer by ordinal. */
  private float[] values(Recommendations answer) {
    float[] values = new float[width];
    for (ScoredItem item : answer) {
      int ordinal = IDS.indexOf(item.itemId());
      if (ordinal < width) {
        values[ordinal] = (float) item.score();
      }
    }
    return values;
  }

  private Recommendations ask(
      OnnxSequenceRecommender recommender, RecommendationRequest.Builder request) {
    return recommender.recommend(request.k(IDS.size()).build());
  }

  private static UserHistory history(int... ordinals) {
    return UserHistory.ofItems(IntStream.of(ordinals).mapToObj(IDS::get).toList());
  }

  @Test
  void idsMasksAndLengthPaddedOnTheLeft() {
    begin("LEFT").sequence().put("paddingId", 99).put("idOffset", 3);
    input("ITEM_IDS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("ATTENTION_MASK", OnnxWriter.FLOAT, LENGTH, "batch", LENGTH);
    input("PADDING_MASK", OnnxWriter.BOOL, LENGTH, "batch", LENGTH);
    input("LENGTH", OnnxWriter.INT32, 1, "batch");
    for (String role : List.of("ITEM_IDS", "ATTENTION_MASK", "PADDING_MASK", "LENGTH")) {
      bundle.input(role, role.toLowerCase(java.util.Locale.ROOT));
    }
    try (OnnxSequenceRecommender recommender = open()) {
      assertArrayEquals(
          new float[] {99, 99, 8, 4, 0, 0, 1, 1, 1, 1, 0, 0, 2},
          values(ask(recommender, RecommendationRequest.of(history(5, 1)))));
      assertArrayEquals(
          new float[] {5, 6, 7, 8, 1, 1, 1, 1, 0, 0, 0, 0, 4},
          values(ask(recommender, RecommendationRequest.of(history(0, 1, 2, 3, 4, 5)))),
          "the newest four");
    }
  }

  @Test
  void idsAndMasksPaddedOnTheRightWithASuffix() {
    begin("RIGHT").sequence().putArray("suffix").add(77);
    input("ITEM_IDS", OnnxWriter.INT32, LENGTH, "batch", LENGTH);
    input("ATTENTION_MASK", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("LENGTH", OnnxWriter.INT64, 1, "batch");
    for (String role : List.of("ITEM_IDS", "ATTENTION_MASK", "LENGTH")) {
      bundle.input(role, role.toLowerCase(java.util.Locale.ROOT));
    }
    try (OnnxSequenceRecommender recommender = open()) {
      assertArrayEquals(
          new float[] {6, 77, 0, 0, 1, 1, 0, 0, 2},
          values(ask(recommender, RecommendationRequest.of(history(5)))));
      assertArrayEquals(
          new float[] {3, 4, 5, 77, 1, 1, 1, 1, 4},
          values(ask(recommender, RecommendationRequest.of(history(0, 1, 2, 3, 4)))),
          "the suffix is part of the window");
    }
  }

  @Test
  void timesBehaviorsAndDomains() {
    begin("LEFT");
    input("ITEM_IDS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("TIMESTAMPS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("QUERY_TIME", OnnxWriter.FLOAT, 1, "batch");
    input("BEHAVIORS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("DOMAINS", OnnxWriter.INT32, LENGTH, "batch", LENGTH);
    bundle
        .input("ITEM_IDS", "item_ids")
        .input("TIMESTAMPS", "timestamps", input -> input.put("unit", "DAYS").put("default", -1))
        .input("QUERY_TIME", "query_time", input -> input.put("unit", "DAYS"))
        .input(
            "BEHAVIORS",
            "behaviors",
            input -> {
              input.put("default", 9).put("paddingId", 8);
              input.putObject("vocabulary").put("click", 1).put("buy", 2);
            })
        .input(
            "DOMAINS",
            "domains",
            input -> {
              input.put("default", 5);
              input.putObject("vocabulary").put("books", 3);
            });
    UserHistory history =
        UserHistory.of(
            List.of(
                Interaction.of(IDS.get(0)).withTime(NOON).withBehavior("buy").withDomain("books"),
                Interaction.of(IDS.get(1)).withBehavior("wish").withDomain("toys"),
                Interaction.of(IDS.get(2)).withTime(NOON.plusSeconds(86400))));
    try (OnnxSequenceRecommender recommender = open()) {
      float day = 19844;
      Recommendations answer =
          ask(recommender, RecommendationRequest.of(history).time(NOON.plusSeconds(7200)));
      assertArrayEquals(
          new float[] {0, 1, 2, 3, -1, day, -1, day + 1, day + 14 / 24f, 8, 2, 9, 9, 0, 3, 5, 5},
          values(answer),
          1e-3f);
      List<String> defaulted =
          answer.notices().stream()
              .filter(notice -> notice.code() == Notice.Code.DEFAULTED_FEATURE)
              .map(Notice::message)
              .toList();
      assertEquals(3, defaulted.size(), "one time, one behaviour and one domain are absent");
      assertTrue(defaulted.get(0).startsWith("input 'timestamps'"), defaulted.get(0));
    }
  }

  @Test
  void secondsAndMilliseconds() {
    begin("LEFT");
    input("ITEM_IDS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    bundle.input("ITEM_IDS", "item_ids");
    input("TIMESTAMPS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("QUERY_TIME", OnnxWriter.INT64, 1, "batch");
    bundle
        .input("TIMESTAMPS", "timestamps")
        .input("QUERY_TIME", "query_time", input -> input.put("unit", "MILLISECONDS"));
    UserHistory history =
        UserHistory.of(List.of(Interaction.of(IDS.get(0)).withTime(Instant.ofEpochMilli(61_999))));
    try (OnnxSequenceRecommender recommender = open()) {
      assertArrayEquals(
          new float[] {0, 0, 0, 1, 0, 0, 0, 61, 3500},
          values(
              ask(
                  recommender,
                  RecommendationRequest.of(history).time(Instant.ofEpochMilli(3500)))));
    }
  }

  @Test
  void featuresOfStepsAndOfTheRequest() {
    begin("RIGHT");
    input("ITEM_IDS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("STEP_FEATURE", "rating", OnnxWriter.FLOAT, LENGTH, "batch", LENGTH);
    input("STEP_FEATURE", "place", OnnxWriter.FLOAT, 2 * LENGTH, "batch", LENGTH, 2);
    input("CONTEXT_FEATURE", "return_to_go", OnnxWriter.FLOAT, 1, "batch");
    input("CONTEXT_FEATURE", "profile", OnnxWriter.FLOAT, 3, "batch", 3);
    bundle
        .input("ITEM_IDS", "item_ids")
        .input("STEP_FEATURE", "rating", in -> in.put("feature", "stars").put("default", 3))
        .input("STEP_FEATURE", "place", in -> in.put("feature", "lat_lon"))
        .input("CONTEXT_FEATURE", "return_to_go", in -> in.put("feature", "target"))
        .input("CONTEXT_FEATURE", "profile", in -> in.put("feature", "profile").put("default", -2));
    UserHistory history =
        UserHistory.of(
            List.of(
                Interaction.of(IDS.get(0))
                    .withContext("stars", new Feature.Scalar(5))
                    .withContext("lat_lon", Feature.Tensor.vector(52.5f, 13.4f)),
                Interaction.of(IDS.get(1))));
    try (OnnxSequenceRecommender recommender = open()) {
      Recommendations full =
          ask(
              recommender,
              RecommendationRequest.of(history)
                  .context("target", new Feature.Scalar(0.5))
                  .context("profile", Feature.Tensor.vector(7, 8, 9)));
      assertArrayEquals(
          new float[] {1, 2, 0, 0, 5, 3, 0, 0, 52.5f, 13.4f, 0, 0, 0, 0, 0, 0, 0.5f, 7, 8, 9},
          values(full));
      Recommendations bare = ask(recommender, RecommendationRequest.of(history));
      assertArrayEquals(
          new float[] {1, 2, 0, 0, 5, 3, 0, 0, 52.5f, 13.4f, 0, 0, 0, 0, 0, 0, 0, -2, -2, -2},
          values(bare));
      assertEquals(4, bare.notices().size());
      RecommenderException e =
          assertThrows(
              RecommenderException.class,
              () ->
                  ask(
                      recommender,
                      RecommendationRequest.of(history)
                          .context("profile", Feature.Tensor.vector(1, 2))));
      assertEquals(Kind.SHAPE_MISMATCH, e.kind());
      assertEquals(
          "request, feature 'profile': expected a tensor of 3 numbers for input 'profile', found a"
              + " tensor of 2 numbers",
          e.getMessage());
    }
  }

  @Test
  void rowsOfABatchDoNotMix() {
    begin("LEFT");
    bundle.sequence().put("paddingId", 60);
    input("ITEM_IDS", OnnxWriter.INT64, LENGTH, "batch", LENGTH);
    input("LENGTH", OnnxWriter.INT64, 1, "batch");
    bundle.input("ITEM_IDS", "item_ids").input("LENGTH", "length");
    try (OnnxSequenceRecommender recommender = open()) {
      List<RecommendationRequest> requests = new ArrayList<>();
      requests.add(RecommendationRequest.of(history(1, 2, 3)).k(IDS.size()).build());
      requests.add(RecommendationRequest.of(history(9)).k(IDS.size()).build());
      List<Recommendations> answers = recommender.recommendAll(requests);
      assertArrayEquals(new float[] {60, 2, 3, 4, 3}, values(answers.get(0)));
      assertArrayEquals(new float[] {60, 60, 60, 10, 1}, values(answers.get(1)));
    }
  }
}
