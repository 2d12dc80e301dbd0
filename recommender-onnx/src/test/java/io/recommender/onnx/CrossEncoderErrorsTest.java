package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class CrossEncoderErrorsTest {
  @TempDir Path folder;

  private static void assertFails(Kind kind, Executable call, String... named) {
    RecommenderException e = assertThrows(RecommenderException.class, call);
    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  private static void assertRefused(Kind kind, BundleWriter bundle, String... named) {
    assertFails(kind, () -> RecommenderBundle.openCrossEncoder(bundle.seal()).close(), named);
  }

  private BundleWriter bundle() {
    return CrossFixtures.bundle(folder, true);
  }

  private static ObjectNode text(BundleWriter bundle) {
    return bundle.manifest.withObject("/crossEncoder/text");
  }

  @Test
  void aMissingTokenizerIsNamed() throws IOException {
    BundleWriter bundle = bundle();
    Files.delete(folder.resolve("tokenizer.json"));
    assertRefused(
        Kind.BUNDLE_INVALID, bundle, "tokenizer.json: needed by manifest.json, found no such file");
  }

  @Test
  void aVariableThatNoItemHasIsNamed() {
    BundleWriter bundle = bundle();
    text(bundle).put("item", "{titel}");
    assertRefused(
        Kind.BUNDLE_INVALID,
        bundle,
        "manifest.json: /crossEncoder/text: expected variables that items of the bundle have,"
            + " [price, title], or a default, found 'titel'");
    text(bundle).put("item", "{title}").withObject("history").put("template", "{name}");
    assertRefused(Kind.BUNDLE_INVALID, bundle, "[price, title], or a default, found 'name'");
    text(bundle).withObject("defaults").put("name", "something");
    RecommenderBundle.openCrossEncoder(bundle.seal()).close();
  }

  @Test
  void variablesMayBeThoseOfTheApplicationsItems() {
    BundleWriter bundle = bundle();
    text(bundle).put("item", "{titel}");
    RerankerOptions options = RerankerOptions.defaults().items(id -> Optional.empty());
    RecommenderBundle.openCrossEncoder(bundle.seal(), options).close();
  }

  @Test
  void aGraphWithoutTheScoreIsNamed() {
    BundleWriter bundle = bundle();
    bundle.manifest.withObject("/crossEncoder/score").put("name", "logits");
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "model.onnx: output 'logits': expected float or float16 [batch, 1]",
        "found {score=float[?, 1]}");
  }

  @Test
  void aScoreOfTwoClassesIsNamed() {
    BundleWriter bundle = bundle();
    bundle.model(
        CrossFixtures.graph(true, "batch")
            .node("Concat", "scores", List.of("score", "score"), "axis", 1)
            .output("scores", OnnxWriter.FLOAT, "batch", 2)
            .model());
    bundle.manifest.withObject("/crossEncoder/score").put("name", "scores");
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "output 'scores': expected [2, 1] for a batch of 2 x 1, found [2, 2]");
  }

  @Test
  void aGateOfAnotherWidthIsNamedAtLoad() {
    BundleWriter bundle = bundle();
    ((ObjectNode) bundle.manifest.at("/crossEncoder/inputs/3")).putArray("shape").add(3);
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "model.onnx: input 'lora_gate': expected rows of shape [3] as manifest.json says, found"
            + " float[?, 2]");
  }

  @Test
  void aGateOfAnotherWidthIsNamedInACall() {
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle().seal())) {
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.empty())
              .context("lora_gate", Feature.Tensor.vector(1, 2, 3))
              .build();
      assertFails(
          Kind.SHAPE_MISMATCH,
          () -> reader.score(request, List.of(CrossFixtures.item("x", "mug"))),
          "request, feature 'lora_gate': expected a tensor [2] for input 'lora_gate', found a"
              + " tensor [3]");
    }
  }

  @Test
  void aRoleForEveryInputIsDemanded() {
    BundleWriter bundle = bundle();
    bundle.manifest.withArray("/crossEncoder/inputs").remove(2);
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "expected a role in manifest.json for every input",
        "token_type_ids");
  }

  @Test
  void aPaddingTokenThatTheTokenizerDoesNotHaveIsNamed() {
    BundleWriter bundle = bundle();
    text(bundle).put("paddingToken", 5000);
    assertRefused(
        Kind.BUNDLE_INVALID, bundle, "/crossEncoder/text/paddingToken: expected at most 232");
  }

  @Test
  void aMaximumThatSpecialTokensFillIsNamed() {
    BundleWriter bundle = bundle();
    text(bundle).put("maxLength", 3);
    assertRefused(
        Kind.BUNDLE_INVALID,
        bundle,
        "/crossEncoder/text/maxLength: expected more than the 3 tokens");
  }

  @Test
  void optionsThatTheModelDoesNotReadAreNamed() {
    Path sealed = bundle().seal();
    Map<RerankerOptions, String> wrong =
        Map.of(
            RerankerOptions.defaults().userTable("lora_gates", id -> Optional.empty()),
            "table 'lora_gates': expected a feature of the request that an input reads, one of"
                + " [lora_gate], found none of that name",
            RerankerOptions.defaults().itemTable("lora_gate", id -> Optional.empty()),
            "one of [lora_gate], found one of candidates",
            RerankerOptions.defaults().policy(ScorePolicy.weightedSum(Map.of("score", 1.0))),
            "policy: expected none for a cross-encoder");
    wrong.forEach(
        (options, named) -> {
          IllegalArgumentException e =
              assertThrows(
                  IllegalArgumentException.class,
                  () -> RecommenderBundle.openCrossEncoder(sealed, options));
          assertTrue(e.getMessage().contains(named), e.getMessage());
        });
    assertThrows(IllegalArgumentException.class, () -> RerankerOptions.defaults().maxTokens(0));
  }

  @Test
  void everyDoorNamesTheRightOne() {
    Path sealed = bundle().seal();
    String door = "RecommenderBundle.openCrossEncoder(folder) opens";
    assertFails(Kind.BUNDLE_INVALID, () -> RecommenderBundle.open(sealed), door);
    assertFails(Kind.BUNDLE_INVALID, () -> RecommenderBundle.openReranker(sealed), door);
    assertFails(Kind.BUNDLE_INVALID, () -> RecommenderBundle.openEncoder(sealed), door);
    assertFails(
        Kind.BUNDLE_INVALID,
        () -> RecommenderBundle.openCrossEncoder(EncoderFixtures.RESOURCES.resolve("bert-mean")),
        "/contract: expected CROSS_ENCODER, found ITEM_ENCODER, which"
            + " RecommenderBundle.openEncoder(folder) opens");
  }

  @Test
  void anOutputThatIsNoProbabilityIsNamed() {
    BundleWriter bundle = bundle();
    bundle.manifest.withObject("/crossEncoder/score").put("kind", "PROBABILITY");
    String[] opposite = opposite();
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty())
            .context("query", new Feature.Text(opposite[0]))
            .build();
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      assertFails(
          Kind.INFERENCE_FAILED,
          () -> reader.score(request, List.of(CrossFixtures.item("x", opposite[1]))),
          "output 'score' of item 'x'",
          "expected a probability in [0, 1], found");
    }
  }

  @Test
  void aScoreThatIsNotANumberIsNamed() {
    BundleWriter bundle = bundle();
    bundle.model(
        CrossFixtures.graph(true, "batch")
            .node("Log", "strange", List.of("score"))
            .output("strange", OnnxWriter.FLOAT, "batch", 1)
            .model());
    bundle.manifest.withObject("/crossEncoder/score").put("name", "strange").put("kind", "VALUE");
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      String[] opposite = opposite();
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.empty())
              .context("query", new Feature.Text(opposite[0]))
              .build();
      assertFails(
          Kind.NON_FINITE_OUTPUT,
          () -> reader.score(request, List.of(CrossFixtures.item("x", opposite[1]))),
          "output 'strange' of item 'x', component 0: expected a finite number, found NaN");
      assertTrue(
          Double.isFinite(
              reader
                  .score(
                      RecommendationRequest.of(UserHistory.empty())
                          .context("query", new Feature.Text("red shoe"))
                          .build(),
                      List.of(CrossFixtures.item("x", "red shoe")))[0]),
          "usable after a failure");
    }
  }

  /** Two texts whose score is negative. */
  private static String[] opposite() {
    for (String first : CrossFixtures.TITLES) {
      for (String second : CrossFixtures.TITLES) {
        if (CrossFixtures.logit(first + " ", second) < -0.1) {
          return new String[] {first, second};
        }
      }
    }
    throw new AssertionError("no pair with a negative score");
  }

  @Test
  void aTextThatCannotGiveWayIsRefusedAndHarmsNobody() {
    BundleWriter bundle = bundle();
    text(bundle).put("truncation", "ONLY_SECOND");
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      RecommendationRequest request =
          RecommendationRequest.of(UserHistory.empty())
              .context("query", new Feature.Text("red ".repeat(100)))
              .build();
      List<Item> items = List.of(CrossFixtures.item("x", "mug"));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> reader.score(request, items));
      assertTrue(
          e.getMessage().contains("expected the one that is not cut to have fewer than 17 tokens"),
          e.getMessage());
      assertEquals(
          1,
          reader.score(RecommendationRequest.of(UserHistory.of(CrossFixtures.id(0))).build(), items)
              .length);
    }
  }

  @Test
  void goldenScoresThatDifferAreNamed() {
    BundleWriter bundle = bundle();
    bundle.manifest.put("golden", "golden.json");
    double right = CrossFixtures.logit("mug red shoe", "tent", 0.5f, -1f);
    String golden =
        """
        {"tolerance": 1e-4, "requests": [
          {"history": ["sku-0"], "context": {"query": "mug", "lora_gate": [0.5, -1]},
           "candidates": ["sku-6", {"features": {"title": "mug"}}], "outputs": [[%s], [%s]]}]}
        """;
    double other = CrossFixtures.logit("mug red shoe", "mug", 0.5f, -1f);
    bundle.file("golden.json", golden.formatted(right, other));
    RecommenderBundle.openCrossEncoder(bundle.seal()).close();
    bundle.file("golden.json", golden.formatted(right, other + 0.01));
    assertRefused(
        Kind.BUNDLE_INVALID,
        bundle,
        "golden.json: request 1 of 1, candidate 2, task 'score': expected",
        "as in training, found");
  }
}
