package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Catalog;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.pipeline.CandidateSource;
import io.recommender.pipeline.Fusion;
import io.recommender.pipeline.RecommenderPipeline;
import io.recommender.testing.SequenceRecommenderContract;
import io.recommender.text.PromptText;
import io.recommender.text.TextRecommender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * ContRec: the latent of the next item is sampled under a condition of the history, the nearest
 * items are found, and a list from a text joins them.
 */
class DiffusionSystemsTest {
  private static final BundleOptions INDEX = BundleOptions.defaults().index(ListIndex::new);
  private static final Path EXPORTED = Path.of("src", "test", "resources", "diffusion");

  @TempDir Path folder;

  @Nested
  class Contract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(DiffusionFixtures.bundle(folder, 0.25f).seal(), INDEX);
    }

    @Override
    protected Catalog items() {
      return Catalog.ofIds(Fixtures.IDS);
    }
  }

  /** A model from PyTorch that draws noise at each step; golden requests are answered at open. */
  @Nested
  class ExportedContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(EXPORTED.resolve("velocity"), INDEX);
    }

    @Override
    protected Catalog items() {
      return Catalog.ofIds(IntStream.range(0, 25).mapToObj(i -> "i" + i).toList());
    }
  }

  private static RecommendationRequest request(long seed, int... ordinals) {
    List<String> history = IntStream.of(ordinals).mapToObj(Fixtures.IDS::get).toList();
    return RecommendationRequest.of(UserHistory.ofItems(history)).seed(seed).build();
  }

  private OnnxSequenceRecommender open(float ofLatent, BundleOptions options) {
    return RecommenderBundle.open(DiffusionFixtures.bundle(folder, ofLatent).seal(), options);
  }

  @ParameterizedTest
  @ValueSource(strings = {"noise", "velocity"})
  void answersAsTheModelDidInTraining(String bundle) {
    try (OnnxSequenceRecommender recommender =
        RecommenderBundle.open(EXPORTED.resolve(bundle), INDEX)) {
      assertEquals(25, recommender.catalog().size());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1})
  void tenStepsOfAnExactModelEndAtTheCondition(double eta) {
    try (OnnxSequenceRecommender recommender = open(0, INDEX.sampling(10, eta))) {
      float[] condition = Fixtures.expectedUser(4, 1, 8);
      float[] latent = recommender.userVector(request(5, 4, 1, 8)).orElseThrow();
      assertArrayEquals(condition, latent, 1e-5f);
      ListIndex oracle = new ListIndex(Fixtures.DIMENSION, Similarity.DOT, Fixtures.ITEMS);
      oracle.addAll(Fixtures.IDS, Fixtures.ITEM);
      Recommendations answer = recommender.recommend(request(5, 4, 1, 8));
      assertEquals(
          oracle.search(condition, 10).stream().map(ScoredItem::itemId).toList(), answer.itemIds());
      assertEquals(11, answer.modelRuns());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1})
  void theSeedDecides(double eta) {
    try (OnnxSequenceRecommender recommender = open(0.25f, INDEX.sampling(10, eta))) {
      RecommendationRequest one = request(1, 4, 1, 8);
      Recommendations answer = recommender.recommend(one);
      assertEquals(answer.items(), recommender.recommend(one).items());
      assertArrayEquals(
          recommender.userVector(one).orElseThrow(), recommender.userVector(one).orElseThrow());
      RecommendationRequest other = request(2, 4, 1, 8);
      assertNotEquals(answer.items(), recommender.recommend(other).items());
      // Beside others a request keeps its own noise.
      List<Recommendations> batch = recommender.recommendAll(List.of(other, one, request(3, 2)));
      assertEquals(answer.itemIds(), batch.get(1).itemIds());
      assertEquals(recommender.recommend(other).itemIds(), batch.get(0).itemIds());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 50, 1000})
  void takesAsManyStepsAsItIsTold(int steps) {
    try (OnnxSequenceRecommender recommender = open(0.25f, INDEX.sampling(steps, 0.5))) {
      assertEquals(1 + steps, recommender.recommend(request(0, 4)).modelRuns());
      long before = recommender.modelRuns();
      recommender.recommendAll(List.of(request(1, 4), request(2, 5), request(3, 6)));
      assertEquals(1 + steps, recommender.modelRuns() - before, "a batch takes the runs of one");
      assertEquals(
          Optional.of("%d of 1000 steps, eta 0.5".formatted(steps)),
          recommender.diagnose(0).fact("sampling"));
    }
  }

  @Test
  void stepsThatAreNoneOrTooManyAreRefused() {
    assertEquals(
        "steps: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> INDEX.sampling(0, 0)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> INDEX.sampling(1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> INDEX.sampling(1, 1.5));
    int sessions = NativeHandles.sessions();
    assertEquals(
        "steps: expected at most 1000, the times of the schedule, found 1001",
        assertThrows(IllegalArgumentException.class, () -> open(0, INDEX.sampling(1001, 0)))
            .getMessage());
    assertEquals(sessions, NativeHandles.sessions());
  }

  /** The fusion of latents with what a language model names, the titles being the ids here. */
  @Test
  void aTextOfWeightZeroLeavesTheOrderOfTheLatents() {
    RecommendationRequest asked = request(9, 4, 1, 8);
    try (OnnxSequenceRecommender latents = open(0.25f, INDEX)) {
      List<String> byLatent = latents.recommend(asked).itemIds();
      List<String> named = new ArrayList<>(byLatent.subList(5, 8));
      named.add(latents.recommend(asked.toBuilder().k(20).build()).itemIds().get(19));
      SequenceRecommender text =
          new TextRecommender(
              prompt -> String.join("\n", named),
              PromptText.of("What comes after {history}?"),
              Catalog.ofIds(Fixtures.IDS),
              "title");
      for (Fusion fusion :
          List.of(Fusion.reciprocalRank(), Fusion.weighted(Fusion.Normalization.MIN_MAX))) {
        assertEquals(byLatent, fused(latents, text, 0, fusion).recommend(asked).itemIds());
        List<String> both = fused(latents, text, 1, fusion).recommend(asked).itemIds();
        assertNotEquals(byLatent, both);
        assertTrue(both.indexOf(named.get(0)) < 5, both.toString());
      }
    }
  }

  private static SequenceRecommender fused(
      SequenceRecommender latents, SequenceRecommender text, double weight, Fusion fusion) {
    return RecommenderPipeline.named("contrec")
        .source(CandidateSource.of("latents", latents).depth(Fixtures.ITEMS))
        .source(CandidateSource.of("text", text).weight(weight))
        .fusion(fusion)
        .build();
  }

  @Test
  void aLatentCanBeSteered() {
    try (OnnxSequenceRecommender recommender = open(0, INDEX)) {
      float[] wanted = Fixtures.expectedUser(30);
      Recommendations steered = recommender.steered(latent -> wanted).recommend(request(5, 4, 1));
      assertEquals(recommender.recommend(request(6, 30)).itemIds(), steered.itemIds());
    }
  }

  @Test
  void withoutAKnownItemNothingIsSampled() {
    BundleWriter bundle = DiffusionFixtures.bundle(folder, 0.25f);
    bundle.manifest.putArray("fallback").add(Fixtures.IDS.get(3));
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle.seal(), INDEX)) {
      long before = recommender.modelRuns();
      Recommendations answer = recommender.recommend(UserHistory.of("gone"));
      assertEquals(List.of(Fixtures.IDS.get(3)), answer.itemIds());
      assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
      assertEquals(before, recommender.modelRuns());
    }
  }

  @Test
  void bothGraphsAreClosed() {
    int sessions = NativeHandles.sessions();
    OnnxSequenceRecommender recommender = open(0, INDEX);
    assertEquals(sessions + 2, NativeHandles.sessions());
    recommender.close();
    recommender.close();
    assertEquals(sessions, NativeHandles.sessions());
  }

  private void assertRefused(BundleWriter bundle, Kind kind, String named) {
    int sessions = NativeHandles.sessions();
    Path sealed = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(sealed, INDEX));
    assertEquals(kind, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(named), e.getMessage());
    assertEquals(sessions, NativeHandles.sessions());
  }

  private static ObjectNode diffusion(BundleWriter bundle) {
    return (ObjectNode) bundle.manifest.get("diffusion");
  }

  @Test
  void graphsThatDoNotFitAreRefused() {
    BundleWriter bundle = DiffusionFixtures.bundle(folder, 0);
    ((ObjectNode) diffusion(bundle).get("condition")).put("size", 5);
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "denoiser.onnx: input 'cond' of role CONDITION");
    bundle = DiffusionFixtures.bundle(folder, 0);
    ((ObjectNode) bundle.manifest.get("embedding")).put("name", "clean");
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "denoiser.onnx: expected an output 'clean'");
    bundle = DiffusionFixtures.bundle(folder, 0);
    ((ObjectNode) diffusion(bundle).get("condition")).put("name", "state");
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "model.onnx: expected an output 'state'");
    bundle = DiffusionFixtures.bundle(folder, 0);
    bundle.file("denoiser.onnx", DiffusionFixtures.denoiser(3, 0).model());
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "expected a batch that varies");
    bundle = DiffusionFixtures.bundle(folder, 0);
    bundle.file("denoiser.onnx", Fixtures.userVector("batch", Fixtures.LENGTH).model());
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "denoiser.onnx: expected an input 'x_t' of role");
    bundle = DiffusionFixtures.bundle(folder, 0);
    bundle.file("denoiser.onnx", halves().model());
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "input 'cond': expected the type of output 'user'");
    bundle = DiffusionFixtures.bundle(folder, 0);
    diffusion(bundle).put("steps", 1001);
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/diffusion/steps: expected at most 1000");
    bundle = DiffusionFixtures.bundle(folder, 0);
    ((ObjectNode) diffusion(bundle).get("inputs").get(1)).put("role", "LATENT");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/diffusion/inputs: input 't' or its role LATENT");
  }

  private static OnnxWriter halves() {
    return new OnnxWriter()
        .input("x_t", OnnxWriter.FLOAT, "batch", Fixtures.DIMENSION)
        .input("t", OnnxWriter.INT64, "batch")
        .input("cond", OnnxWriter.FLOAT16, "batch", Fixtures.DIMENSION)
        .node("Cast", "pred", List.of("cond"), "to", OnnxWriter.FLOAT)
        .output("pred", OnnxWriter.FLOAT, "batch", Fixtures.DIMENSION);
  }

  @Test
  void aLatentThatIsNotFiniteIsAnErrorOfTheCall() {
    try (OnnxSequenceRecommender recommender = open(Float.NaN, INDEX)) {
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> recommender.recommend(request(0, 4)));
      assertEquals(Kind.NON_FINITE_OUTPUT, e.kind());
      assertTrue(e.getMessage().startsWith("denoiser.onnx: output 'pred'"), e.getMessage());
    }
  }
}
