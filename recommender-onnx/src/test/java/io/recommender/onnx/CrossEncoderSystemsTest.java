package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.HistoryEdit;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.Item;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
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

  /**
   * RecLoRA's answer in words: the share of yes in the chances of yes and no after a pair, as the
   * softmax of PyTorch over the whole vocabulary gives them.
   */
  @Test
  void recLoraReadsTheChancesOfYesAndNoOfALanguageModel() {
    JsonNode golden =
        FixtureJson.read(CrossFixtures.RESOURCES.resolve("yes-no/golden.json")).get("requests");
    JsonNode chances = FixtureJson.read(CrossFixtures.RESOURCES.resolve("yes-no.json"));
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.RESOURCES.resolve("yes-no"))) {
      for (int i = 0; i < golden.size(); i++) {
        List<String> ids = new ArrayList<>();
        golden.get(i).get("history").forEach(id -> ids.add(id.textValue()));
        RecommendationRequest.Builder request =
            RecommendationRequest.of(UserHistory.ofItems(ids)).k(12);
        if (golden.get(i).has("context")) {
          request.context("query", new Feature.Text(golden.get(i).at("/context/query").asText()));
        }
        List<Item> items = new ArrayList<>();
        Map<String, Double> expected = new HashMap<>();
        for (int j = 0; j < golden.get(i).get("candidates").size(); j++) {
          String id = golden.get(i).get("candidates").get(j).textValue();
          double yes = chances.get(i).get(j).get(0).doubleValue();
          expected.put(id, yes / (yes + chances.get(i).get(j).get(1).doubleValue()));
          items.add(reader.catalog().find(id).orElseThrow());
        }
        double[] scores = reader.score(request.build(), items);
        for (int j = 0; j < scores.length; j++) {
          assertEquals(expected.get(items.get(j).id()), scores[j], 1e-5);
        }
        List<String> ranked =
            reader
                .rerank(
                    request.build(),
                    items.stream().map(item -> new ScoredItem(item.id(), 0)).toList())
                .stream()
                .map(ScoredItem::itemId)
                .toList();
        assertEquals(
            expected.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .map(Map.Entry::getKey)
                .toList(),
            ranked);
      }
    }
  }

  private static final List<String> FITTING = List.of("red shoe", "dry tent", "warm jacket");

  /** A cross-encoder for which shoes, tents and jackets go together, and cables with cables. */
  private OnnxCrossEncoder outfitter(Map<String, Item> items) {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    float[][] table = new float[EncoderFixtures.VOCABULARY][CrossFixtures.WIDTH];
    JsonNode vocabulary =
        FixtureJson.read(EncoderFixtures.RESOURCES.resolve("wordpiece.json")).at("/model/vocab");
    for (String word : List.of("shoe", "tent", "jacket")) {
      table[vocabulary.get(word).intValue()][0] = 0.7f;
    }
    table[vocabulary.get("cable").intValue()][0] = -0.7f;
    bundle.model(CrossFixtures.graph(false, "batch", table).model());
    bundle.manifest.withObject("/crossEncoder/text").put("maxLength", 200);
    bundle.manifest.withObject("/crossEncoder/text/history").put("items", 20);
    return RecommenderBundle.openCrossEncoder(
        bundle.seal(), RerankerOptions.defaults().items(id -> Optional.ofNullable(items.get(id))));
  }

  /** Ten items of a catalogue, the third and the eighth odd ones, and an eleventh of the kind. */
  private static UserHistory withTwoOddItems(Catalog catalog, Map<String, Item> items) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      String id = catalog.id(i);
      boolean odd = i == 2 || i == 7;
      items.put(id, CrossFixtures.item(id, odd ? "wireless cable" : FITTING.get(i % 3)));
      if (i < 10) {
        ids.add(id);
      }
    }
    return UserHistory.ofItems(ids).forUser("ann");
  }

  private static void assertSameAnswer(
      SequenceRecommender recommender, HistoryTransform clean, UserHistory history) {
    List<Interaction> fitting = new ArrayList<>(history.interactions());
    fitting.remove(7);
    fitting.remove(2);
    UserHistory transformed = clean.apply(history);
    assertEquals(fitting, transformed.interactions());
    assertEquals(
        recommender.recommend(history.withInteractions(fitting)).items(),
        recommender.recommend(transformed).items());
    assertTrue(transformed.userId().isPresent());
  }

  /** LLM4DSR: what does not fit goes, before recommenders of three kinds. */
  @Test
  void llm4DsrCleansAHistoryForEveryKindOfRecommender() throws IOException {
    Map<String, Item> items = new HashMap<>();
    try (OnnxCrossEncoder reader = outfitter(items)) {
      HistoryTransform clean = HistoryDenoiser.of(reader, 0.8).over(Catalog.ofIds(List.of("none")));
      Path scores = Files.createDirectory(folder.resolve("scores"));
      try (OnnxSequenceRecommender recommender =
          RecommenderBundle.open(Fixtures.scoresBundle(scores, "DYNAMIC", "LEFT").seal())) {
        UserHistory history = withTwoOddItems(recommender.catalog(), items);
        assertSameAnswer(recommender, clean, history);
        UserHistory nothing =
            HistoryDenoiser.of(reader, 0).over(recommender.catalog()).apply(history);
        assertEquals(
            List.of(Notice.Code.FALLBACK_USED, Notice.Code.SHORTFALL),
            recommender.recommend(nothing).notices().stream().map(Notice::code).toList());
      }
      Path vectors = Files.createDirectory(folder.resolve("vectors"));
      try (OnnxSequenceRecommender recommender =
          RecommenderBundle.open(
              Fixtures.vectorBundle(vectors, "DOT").seal(),
              BundleOptions.defaults().index(ListIndex::new))) {
        assertSameAnswer(recommender, clean, withTwoOddItems(recommender.catalog(), items));
      }
      try (OnnxGenerativeModel model =
          RecommenderBundle.openGenerative(GenerativeFixtures.FOLDER.resolve("decoder"))) {
        assertSameAnswer(
            new PlainBeamSearch(model, 5), clean, withTwoOddItems(model.catalog(), items));
      }
    }
  }

  /** LLM4DSR: only what is certain is done, and nothing comes in from outside the catalogue. */
  @Test
  void llm4DsrEditsWhatItIsSureOfWithinTheCatalogue() {
    Map<String, Item> items = new HashMap<>();
    Catalog catalog = Catalog.ofIds(IntStream.range(0, 11).mapToObj(i -> "g" + i).toList());
    UserHistory history = withTwoOddItems(catalog, items);
    items.put("outside", CrossFixtures.item("outside", "shoe tent jacket"));
    try (OnnxCrossEncoder reader = outfitter(items)) {
      List<HistoryEdit> edits = HistoryDenoiser.of(reader, 0.8).apply(history);
      assertEquals(List.of(2, 7), edits.stream().map(HistoryEdit::position).toList());
      double fit = 1 / (1 + Math.exp(0.7 * 0.7 * 7));
      for (HistoryEdit edit : edits) {
        assertEquals(1 - fit, edit.confidence(), 1e-5);
        assertEquals(Optional.empty(), edit.replacement());
      }
      long before = reader.modelRuns();
      assertSame(history, HistoryDenoiser.of(reader, 1.01).over(catalog).apply(history));
      assertSame(
          UserHistory.empty(),
          HistoryDenoiser.of(reader, 0).over(catalog).apply(UserHistory.empty()));
      assertEquals(before, reader.modelRuns());
      assertSame(history, HistoryDenoiser.of(reader, 0.99).over(catalog).apply(history));
      assertTrue(HistoryDenoiser.of(reader, 0).over(catalog).apply(history).isEmpty());

      HistoryDenoiser replacing =
          HistoryDenoiser.of(reader, 0.8).replacedBy(others -> List.of("g7", "g10", "no text"));
      assertEquals(
          List.of("g0", "g1", "g10", "g3", "g4", "g5", "g6", "g10", "g8", "g9"),
          replacing.over(catalog).apply(history).itemIds());
      // What fits best is not in the catalogue, so that the item stays.
      assertSame(
          history,
          HistoryDenoiser.of(reader, 0.8)
              .replacedBy(others -> List.of("outside", "g10"))
              .over(catalog)
              .apply(history));
    }
  }

  @Test
  void llm4DsrNeedsAProbability() {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/score").put("kind", "VALUE");
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> HistoryDenoiser.of(reader, 0.5));
      assertTrue(e.getMessage().contains("expected a score LOGIT or PROBABILITY, found VALUE"));
      assertThrows(IllegalArgumentException.class, () -> HistoryDenoiser.of(reader, -1));
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
