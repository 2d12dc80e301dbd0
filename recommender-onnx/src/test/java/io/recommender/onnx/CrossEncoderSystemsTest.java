package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryTransform;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systems of the coverage table need of a cross-encoder, one test or more for each. */
class CrossEncoderSystemsTest {
  private static final List<Item> CANDIDATE = List.of(CrossFixtures.item("x", "wireless lamp"));

  @TempDir Path folder;

  private static RecommendationRequest request(String userId) {
    return RecommendationRequest.of(
            UserHistory.of(CrossFixtures.id(0), CrossFixtures.id(3)).forUser(userId))
        .build();
  }

  private static double logit(double probability) {
    return Math.log(probability / (1 - probability));
  }

  /** RecLoRA: the same texts score differently for users whose adapters are mixed differently. */
  @Test
  void recLoraScoresByTheAdaptersOfTheUser() {
    Map<String, float[]> gates =
        Map.of("ann", new float[] {1, 0}, "bob", new float[] {0, 1}, "zoe", new float[] {0, 0});
    RerankerOptions options =
        RerankerOptions.defaults()
            .userTable(
                "lora_gate", id -> Optional.ofNullable(gates.get(id)).map(Feature.Tensor::vector));
    try (OnnxCrossEncoder personal =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, true).seal(), options)) {
      double base = CrossFixtures.logit(" red shoe; wireless lamp", "wireless lamp");
      double ann = personal.score(request("ann"), CANDIDATE)[0];
      double bob = personal.score(request("bob"), CANDIDATE)[0];
      assertNotEquals(ann, bob, 1e-3);
      assertEquals(
          CrossFixtures.logit(" red shoe; wireless lamp", "wireless lamp", 1, 0), logit(ann), 1e-5);
      assertEquals(
          CrossFixtures.logit(" red shoe; wireless lamp", "wireless lamp", 0, 1), logit(bob), 1e-5);
      double zero = personal.score(request("zoe"), CANDIDATE)[0];
      assertEquals(base, logit(zero), 1e-5);
      assertEquals(zero, personal.score(request("a stranger"), CANDIDATE)[0]);
      assertEquals(
          zero,
          personal
              .score(
                  RecommendationRequest.of(UserHistory.of(CrossFixtures.id(0), CrossFixtures.id(3)))
                      .build(),
                  CANDIDATE)[0]);
    }
  }

  /** RecLoRA: a gate of zeros is the model without adapters, to a millionth. */
  @Test
  void recLoraWithoutAGateIsTheBaseModel() throws Exception {
    Path plain = Files.createDirectory(folder.resolve("plain"));
    Path gated = Files.createDirectory(folder.resolve("gated"));
    List<Item> items =
        CrossFixtures.TITLES.stream().map(title -> CrossFixtures.item(title, title)).toList();
    try (OnnxCrossEncoder base =
            RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(plain, false).seal());
        OnnxCrossEncoder personal =
            RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(gated, true).seal())) {
      double[] expected = base.score(request("ann"), items);
      double[] found = personal.score(request("ann"), items);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], found[i], 1e-6);
      }
    }
  }

  /** RecLoRA: low-rank adapters within a BERT, exported from PyTorch, mixed by the gate. */
  @Test
  void recLoraMixesAdaptersWithinATransformer() {
    Catalog catalog = RecommenderBundle.read(CrossFixtures.RESOURCES.resolve("bert")).catalog();
    List<Item> items = IntStream.range(0, catalog.size()).mapToObj(catalog::item).toList();
    RecommendationRequest.Builder request =
        RecommendationRequest.of(UserHistory.of("sku-4", "sku-8"))
            .context("query", new Feature.Text("dry tent"));
    try (OnnxCrossEncoder base =
            RecommenderBundle.openCrossEncoder(CrossFixtures.RESOURCES.resolve("bert"));
        OnnxCrossEncoder personal =
            RecommenderBundle.openCrossEncoder(CrossFixtures.RESOURCES.resolve("bert-gated"))) {
      double[] expected = base.score(request.build(), items);
      assertEquals(12, expected.length);
      double[] zeros =
          personal.score(request.context("lora_gate", Feature.Tensor.vector(0, 0)).build(), items);
      double[] mixed =
          personal.score(
              request.context("lora_gate", Feature.Tensor.vector(0.5f, -1)).build(), items);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], zeros[i], 1e-6);
        assertNotEquals(expected[i], mixed[i], 1e-4);
      }
    }
  }

  /** RecLoRA: the text view tells 10 items of a history of which the ID view has 500. */
  @Test
  void recLoraTellsFewItemsInWordsAndManyAsIds() {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text/history").put("items", 10);
    bundle.manifest.withObject("/crossEncoder/text").put("maxLength", 200);
    UserHistory whole =
        UserHistory.ofItems(
            IntStream.range(0, 700).mapToObj(i -> CrossFixtures.id(i % 8)).toList());
    UserHistory ids = HistoryTransform.newest(500).apply(whole);
    assertEquals(500, ids.size());
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      double told = reader.score(RecommendationRequest.of(ids).build(), CANDIDATE)[0];
      assertEquals(
          told,
          reader
              .score(
                  RecommendationRequest.of(HistoryTransform.newest(10).apply(ids)).build(),
                  CANDIDATE)[0]);
      assertNotEquals(
          told,
          reader
              .score(
                  RecommendationRequest.of(HistoryTransform.newest(9).apply(ids)).build(),
                  CANDIDATE)[0]);
      assertEquals(0, reader.truncatedPairs());
    }
  }
}
