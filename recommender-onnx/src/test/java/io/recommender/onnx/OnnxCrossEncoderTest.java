package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxCrossEncoderTest {
  @TempDir Path folder;

  @Nested
  class Contract extends RerankerContract {
    @Override
    protected Reranker create() {
      return RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal());
    }

    @Override
    protected List<String> itemIds() {
      return IntStream.range(0, CrossFixtures.TITLES.size()).mapToObj(CrossFixtures::id).toList();
    }
  }

  /** A BERT by Transformers, whose golden scores are those of PyTorch. */
  @Nested
  class ExportedContract extends RerankerContract {
    @Override
    protected Reranker create() {
      RerankerOptions options = RerankerOptions.defaults();
      return RecommenderBundle.openCrossEncoder(CrossFixtures.RESOURCES.resolve("bert"), options);
    }

    @Override
    protected List<String> itemIds() {
      return IntStream.range(0, 12).mapToObj(CrossFixtures::id).toList();
    }
  }

  private static RecommendationRequest request() {
    return RecommendationRequest.of(
            UserHistory.of(CrossFixtures.id(2), CrossFixtures.id(0), "gone", CrossFixtures.id(7)))
        .context("query", new Feature.Text("light lamp"))
        .build();
  }

  private static final String ASKED = "light lamp red shoe; green towel";

  private static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  /** Each candidate with the score that a test computes for it, best first. */
  private static List<ScoredItem> expected() {
    List<ScoredItem> expected = new ArrayList<>();
    for (ScoredItem candidate : CrossFixtures.candidates()) {
      int ordinal = Integer.parseInt(candidate.itemId().substring(4));
      expected.add(
          new ScoredItem(
              candidate.itemId(),
              sigmoid(CrossFixtures.logit(ASKED, CrossFixtures.TITLES.get(ordinal))),
              candidate.source()));
    }
    expected.sort(Comparator.comparingDouble(ScoredItem::score).reversed());
    return expected;
  }

  private static void assertRanked(List<ScoredItem> expected, List<ScoredItem> found) {
    assertEquals(
        expected.stream().map(ScoredItem::itemId).toList(),
        found.stream().map(ScoredItem::itemId).toList());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).score(), found.get(i).score(), 1e-6);
      assertEquals(expected.get(i).source(), found.get(i).source());
    }
  }

  @ParameterizedTest
  @CsvSource({"256,512", "256,1", "1,512", "3,40", "256,45"})
  void candidatesAreRankedByTheScoresOfTheirPairs(int chunk, int maxTokens) {
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(
            CrossFixtures.bundle(folder, false).seal(),
            RerankerOptions.defaults().chunk(chunk).maxTokens(maxTokens))) {
      assertRanked(expected(), reader.rerank(request(), CrossFixtures.candidates()));
      List<ScoredItem> shuffled = new ArrayList<>(CrossFixtures.candidates());
      Collections.shuffle(shuffled, new Random(8));
      assertRanked(expected(), reader.rerank(request(), shuffled));
    }
  }

  @ParameterizedTest
  @CsvSource({"RIGHT,FIXED", "LEFT,FIXED", "LEFT,DYNAMIC"})
  void paddingGoesWhereTheBundleSays(String side, String length) {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text").put("paddingSide", side).put("length", length);
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      assertRanked(expected(), reader.rerank(request(), CrossFixtures.candidates()));
    }
  }

  /** Two long titles between short ones: by length they share a run, in order they would not. */
  @Test
  void pairsOfSimilarLengthShareARun() {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text").put("request", "{query}").remove("history");
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      items.add(
          CrossFixtures.item(
              "x" + i, i % 2 == 0 ? "mug" : "small warm jacket, organic, 12 cm, pack of 7"));
    }
    RecommendationRequest asked =
        RecommendationRequest.of(UserHistory.empty())
            .context("query", new Feature.Text("lamp"))
            .build();
    // A short pair has 5 tokens or a few more, a long one as many as there may be: 20.
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(
            bundle.seal(), RerankerOptions.defaults().maxTokens(120))) {
      long before = reader.modelRuns();
      double[] scores = reader.score(asked, items);
      assertEquals(2, reader.modelRuns() - before);
      for (int i = 0; i < 12; i++) {
        assertEquals(scores[i % 2], scores[i], 1e-6);
        assertEquals(
            sigmoid(CrossFixtures.logit("lamp", items.get(i).text("title").orElseThrow())),
            scores[i],
            1e-6);
      }
      assertNotEquals(scores[0], scores[1], 1e-4);
    }
  }

  @ParameterizedTest
  @EnumSource(TokenLayout.Truncation.class)
  void theTextThatTheBundleNamesGivesWay(TokenLayout.Truncation truncation) {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text").put("truncation", truncation.name());
    boolean first = truncation == TokenLayout.Truncation.ONLY_FIRST;
    String query =
        first
            ? "red shoe, blue lamp, green towel, warm jacket, dry tent, soft mug, folding table"
            : "mug";
    String title = first ? "mug" : CrossFixtures.TITLES.get(5) + CrossFixtures.TITLES.get(5);
    RecommendationRequest asked =
        RecommendationRequest.of(UserHistory.empty())
            .context("query", new Feature.Text(query))
            .build();
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      assertEquals(
          sigmoid(CrossFixtures.logit(truncation, query + " ", title)),
          reader.score(asked, List.of(CrossFixtures.item("x", title)))[0],
          1e-6);
      assertEquals(1, reader.truncatedPairs());
    }
  }

  @Test
  void theItemMayComeFirst() {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text").put("order", "ITEM_FIRST");
    // What tells the order apart: which text the tokenizer's types are zero for, when one is cut.
    bundle.manifest.withObject("/crossEncoder/text").put("truncation", "ONLY_FIRST");
    String title = CrossFixtures.TITLES.get(5) + " " + CrossFixtures.TITLES.get(1);
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      RecommendationRequest asked =
          RecommendationRequest.of(UserHistory.empty())
              .context("query", new Feature.Text("lamp"))
              .build();
      assertEquals(
          sigmoid(CrossFixtures.logit(TokenLayout.Truncation.ONLY_FIRST, title, "lamp ")),
          reader.score(asked, List.of(CrossFixtures.item("x", title)))[0],
          1e-6);
    }
  }

  @ParameterizedTest
  @CsvSource({"FAIL", "LAST", "DROP"})
  void aCandidateWithoutATextIsTreatedAsTheBundleSays(String missing) {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/text").put("missing", missing);
    List<ScoredItem> candidates = new ArrayList<>(CrossFixtures.candidates());
    candidates.add(0, new ScoredItem("untitled", 99, "x"));
    candidates.add(3, new ScoredItem("unheard-of", 98, "y"));
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      if (missing.equals("FAIL")) {
        IllegalArgumentException e =
            assertThrows(
                IllegalArgumentException.class, () -> reader.rerank(request(), candidates));
        assertEquals(
            "item 'untitled', feature 'title': expected a text, found none", e.getMessage());
        return;
      }
      List<ScoredItem> found = reader.rerank(request(), candidates);
      List<ScoredItem> expected = expected();
      if (missing.equals("LAST")) {
        double lowest = expected.get(expected.size() - 1).score();
        expected.add(new ScoredItem("untitled", lowest, "x"));
        expected.add(new ScoredItem("unheard-of", lowest, "y"));
        assertEquals(
            List.of(new ScoredItem("untitled", 0, "x")),
            reader.rerank(request(), candidates.subList(0, 1)));
      } else {
        assertEquals(List.of(), reader.rerank(request(), candidates.subList(0, 1)));
      }
      assertRanked(expected, found);
    }
  }

  @Test
  void itemsOfTheApplicationGoFirst() {
    Map<String, String> titles = Map.of(CrossFixtures.id(0), "blue book", "sku-new", "tent");
    RerankerOptions options =
        RerankerOptions.defaults()
            .items(id -> Optional.ofNullable(titles.get(id)).map(t -> CrossFixtures.item(id, t)));
    RecommendationRequest asked =
        RecommendationRequest.of(UserHistory.of(CrossFixtures.id(0))).build();
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal(), options)) {
      List<ScoredItem> ranked =
          reader.rerank(
              asked, List.of(new ScoredItem("sku-new", 1), new ScoredItem(CrossFixtures.id(2), 2)));
      for (ScoredItem item : ranked) {
        String title = item.itemId().equals("sku-new") ? "tent" : "mug";
        assertEquals(sigmoid(CrossFixtures.logit(" blue book", title)), item.score(), 1e-6);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"LOGIT", "VALUE"})
  void theKindOfTheScoreIsThatOfTheBundle(String kind) {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle.manifest.withObject("/crossEncoder/score").put("kind", kind);
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      double logit = CrossFixtures.logit(ASKED, "mug");
      assertEquals(
          kind.equals("VALUE") ? logit : sigmoid(logit),
          reader.score(request(), List.of(CrossFixtures.item("x", "mug")))[0],
          1e-6);
    }
  }

  @Test
  void aLogitIsCalibratedAsTheBundleSays() {
    BundleWriter bundle = CrossFixtures.bundle(folder, false);
    bundle
        .manifest
        .withObject("/crossEncoder/score/calibration")
        .put("kind", "PLATT")
        .put("slope", 0.5)
        .put("intercept", -1);
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      assertEquals(
          sigmoid(0.5 * CrossFixtures.logit(ASKED, "mug") - 1),
          reader.score(request(), List.of(CrossFixtures.item("x", "mug")))[0],
          1e-6);
    }
  }

  @Test
  void aGraphOfAFixedBatchKeepsIt() {
    BundleWriter bundle = CrossFixtures.bundle(folder, true);
    bundle.model(CrossFixtures.graph(true, 3).model());
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(bundle.seal())) {
      assertRanked(expected(), reader.rerank(request(), CrossFixtures.candidates()));
    }
  }

  @Test
  void nothingIsRunForNoCandidates() {
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal())) {
      long before = reader.modelRuns();
      assertEquals(List.of(), reader.rerank(request(), List.of()));
      assertArrayEquals(new double[0], reader.score(request(), List.of()));
      assertEquals(before, reader.modelRuns());
    }
  }

  @Test
  void threadsShareACrossEncoder() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal())) {
      List<ScoredItem> expected = reader.rerank(request(), CrossFixtures.candidates());
      List<Future<?>> callers = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        callers.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    assertEquals(expected, reader.rerank(request(), CrossFixtures.candidates()));
                  }
                }));
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void closingWaitsForACallInFlight() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    RerankerOptions options =
        RerankerOptions.defaults()
            .items(
                id -> {
                  inside.countDown();
                  try {
                    goOn.await();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                  return Optional.of(CrossFixtures.item(id, "mug"));
                });
    OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal(), options);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<List<ScoredItem>> call =
          threads.submit(() -> reader.rerank(request(), CrossFixtures.candidates()));
      inside.await();
      Future<?> closing = threads.submit(reader::close);
      goOn.countDown();
      assertEquals(8, call.get().size());
      closing.get();
      assertThrows(
          IllegalStateException.class, () -> reader.rerank(request(), CrossFixtures.candidates()));
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void nothingIsAnsweredAfterClose() {
    OnnxCrossEncoder reader =
        RecommenderBundle.openCrossEncoder(CrossFixtures.bundle(folder, false).seal());
    assertEquals("OnnxCrossEncoder", reader.diagnose(0).component());
    reader.close();
    reader.close();
    for (org.junit.jupiter.api.function.Executable call :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> reader.rerank(request(), List.of()),
            () -> reader.score(request(), List.of()),
            () -> reader.diagnose(0))) {
      IllegalStateException e = assertThrows(IllegalStateException.class, call);
      assertTrue(e.getMessage().endsWith(" is closed"), e.getMessage());
    }
  }

  @Test
  void theBundleTellsWhatItIs() {
    Path sealed = CrossFixtures.bundle(folder, true).seal();
    ObjectNode manifest = (ObjectNode) FixtureJson.read(sealed.resolve(Manifest.FILE));
    assertEquals("CROSS_ENCODER", manifest.get("contract").textValue());
    RecommenderBundle read = RecommenderBundle.read(sealed);
    assertEquals("CROSS_ENCODER", read.contract());
    assertEquals(9, read.catalog().size());
    try (OnnxCrossEncoder reader = RecommenderBundle.openCrossEncoder(sealed)) {
      assertEquals(read.fingerprint(), reader.fingerprint());
      assertEquals(9, reader.catalog().size());
      assertEquals("cpu", reader.device());
      assertTrue(reader.toString().contains(reader.modelVersion()));
    }
  }
}
