package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.recommender.Catalog;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.testing.SequenceRecommenderContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxSequenceRecommenderTest {
  @TempDir Path folder;

  @Nested
  class ScoresContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal());
    }

    @Override
    protected Catalog items() {
      return Catalog.ofIds(Fixtures.IDS);
    }
  }

  @Nested
  class VectorContract extends SequenceRecommenderContract {
    @Override
    protected SequenceRecommender create() {
      return RecommenderBundle.open(
          Fixtures.vectorBundle(folder, "DOT").seal(),
          BundleOptions.defaults().index(ListIndex::new));
    }

    @Override
    protected Catalog items() {
      return Catalog.ofIds(Fixtures.IDS);
    }
  }

  private static UserHistory history(int... ordinals) {
    return UserHistory.ofItems(IntStream.of(ordinals).mapToObj(Fixtures.IDS::get).toList());
  }

  private static List<ScoredItem> ranked(float[] scores, String source) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer i) -> -scores[i])
                .thenComparing(Comparator.naturalOrder()))
        .map(i -> new ScoredItem(Fixtures.IDS.get(i), scores[i], source))
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"FIXED,LEFT", "FIXED,RIGHT", "DYNAMIC,LEFT", "DYNAMIC,RIGHT"})
  void ranksTheWholeCatalogueByTheScoresOfTheNewestItems(String length, String side) {
    Path bundle = Fixtures.scoresBundle(folder, length, side).seal();
    Random random = new Random(11);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle)) {
      for (int size = 1; size <= 3 * Fixtures.LENGTH; size++) {
        int[] ordinals = random.ints(size, 0, Fixtures.ITEMS).toArray();
        List<ScoredItem> expected = ranked(Fixtures.expectedScores(ordinals), "test");
        for (int k : new int[] {1, 10, Fixtures.ITEMS}) {
          Recommendations answer =
              recommender.recommend(RecommendationRequest.of(history(ordinals)).k(k).build());
          assertEquals(expected.subList(0, k), answer.items());
          assertEquals(ScoreKind.LOGIT, answer.scoreKind());
          assertEquals(1, answer.modelRuns());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void searchesTheIndexWithTheUserVector(Similarity similarity) {
    Path bundle = Fixtures.vectorBundle(folder, similarity.name()).seal();
    BundleOptions options = BundleOptions.defaults().index(ListIndex::new);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle, options)) {
      ListIndex oracle = new ListIndex(Fixtures.DIMENSION, similarity, Fixtures.ITEMS);
      oracle.addAll(Fixtures.IDS, Fixtures.ITEM);
      Recommendations answer = recommender.recommend(history(4, 1, 8, 30, 2, 2, 17));
      assertEquals(
          oracle.search(Fixtures.expectedUser(4, 1, 8, 30, 2, 2, 17), 10).stream()
              .map(item -> new ScoredItem(item.itemId(), item.score(), "test"))
              .toList(),
          answer.items());
      assertEquals(similarity.scoreKind(), answer.scoreKind());
    }
  }

  @Test
  void aUserVectorIsNormalizedWhenTheManifestAsksForIt() {
    BundleWriter writer = Fixtures.vectorBundle(folder, "DOT");
    writer.manifest.withObject("/embedding").put("normalize", true);
    BundleOptions options = BundleOptions.defaults().index(ListIndex::new);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal(), options)) {
      float[] user = Fixtures.expectedUser(3, 9);
      double norm = 0;
      for (float component : user) {
        norm += component * component;
      }
      double expected = 0;
      ScoredItem best = recommender.recommend(history(3, 9)).items().get(0);
      float[] item = Fixtures.ITEM[Fixtures.IDS.indexOf(best.itemId())];
      for (int i = 0; i < user.length; i++) {
        expected += user[i] / Math.sqrt(norm) * item[i];
      }
      assertEquals(expected, best.score(), 1e-5);
    }
  }

  @Test
  void halfPrecisionScoresAreWidened() {
    OnnxWriter model = Fixtures.scoresLeft("batch", "length");
    model
        .node("Cast", "half", List.of("scores"), "to", OnnxWriter.FLOAT16)
        .output("half", OnnxWriter.FLOAT16, "batch", Fixtures.ITEMS);
    BundleWriter writer = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").model(model.model());
    writer.scores("half");
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal())) {
      assertEquals(
          ranked(Fixtures.expectedScores(3, 4), "test").subList(0, 10),
          recommender.recommend(history(3, 4)).items());
    }
  }

  @Test
  void columnsBesideTheItemsAreNeverRead() {
    OnnxWriter model = Fixtures.scoresLeft("batch", "length");
    float[] nan = {Float.NaN};
    model
        .floats("nan", nan, 1, 1)
        .node("Gather", "one_column", List.of("scores", "column_zero"), "axis", 1)
        .longs("column_zero", new long[] {0}, 1)
        .node("Mul", "bad", List.of("one_column", "nan"))
        .node("Concat", "wide", List.of("bad", "scores", "bad"), "axis", 1)
        .output("wide", OnnxWriter.FLOAT, "batch", Fixtures.ITEMS + 2);
    BundleWriter writer = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").model(model.model());
    writer.scores("wide");
    writer.manifest.withObject("/scores").put("offset", 1);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal())) {
      assertEquals(
          ranked(Fixtures.expectedScores(3, 4), "test"),
          recommender
              .recommend(RecommendationRequest.of(history(3, 4)).k(Fixtures.ITEMS).build())
              .items());
    }
  }

  @Test
  void minusInfinityRulesAnItemOutAndNanIsAnError() {
    float[] added = new float[Fixtures.ITEMS];
    added[5] = Float.NEGATIVE_INFINITY;
    OnnxSequenceRecommender without5 = RecommenderBundle.open(withAdded(added).seal());
    try (without5) {
      Recommendations all =
          without5.recommend(RecommendationRequest.of(history(1)).k(Fixtures.ITEMS).build());
      assertEquals(Fixtures.ITEMS - 1, all.size());
      assertFalse(all.itemIds().contains(Fixtures.IDS.get(5)));
      ItemFilter only5 = ItemFilter.allow(Set.of(Fixtures.IDS.get(5)));
      assertTrue(
          without5
              .recommend(RecommendationRequest.of(history(1)).filter(only5).build())
              .hasNotice(Notice.Code.SHORTFALL));
    }
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      added[5] = wrong;
      try (OnnxSequenceRecommender recommender = RecommenderBundle.open(withAdded(added).seal())) {
        RecommenderException e =
            assertThrows(RecommenderException.class, () -> recommender.recommend(history(1)));
        assertEquals(Kind.NON_FINITE_OUTPUT, e.kind());
        assertTrue(
            e.getMessage().contains("column 5 (item '%s')".formatted(Fixtures.IDS.get(5))),
            e.getMessage());
        assertTrue(e.getMessage().contains(Float.toString(wrong)), e.getMessage());
      }
    }
  }

  private BundleWriter withAdded(float[] added) {
    OnnxWriter model =
        Fixtures.scoresLeft("batch", "length")
            .floats("added", added, 1, Fixtures.ITEMS)
            .node("Add", "more", List.of("scores", "added"))
            .output("more", OnnxWriter.FLOAT, "batch", Fixtures.ITEMS);
    return Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").model(model.model()).scores("more");
  }

  @Test
  void aNonFiniteUserVectorIsAnError() {
    OnnxWriter model =
        Fixtures.userVector("batch", Fixtures.LENGTH)
            .floats("nan", new float[] {Float.NaN}, 1, 1)
            .node("Add", "bad", List.of("user", "nan"))
            .output("bad", OnnxWriter.FLOAT, "batch", Fixtures.DIMENSION);
    BundleWriter writer =
        Fixtures.vectorBundle(folder, "DOT")
            .model(model.model())
            .embedding("bad", Fixtures.DIMENSION, "DOT");
    BundleOptions options = BundleOptions.defaults().index(ListIndex::new);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal(), options)) {
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> recommender.recommend(history(1)));
      assertEquals(Kind.NON_FINITE_OUTPUT, e.kind());
    }
  }

  @Test
  void unknownItemsAreSkippedSentOrRefusedAsTheManifestSays() {
    BundleWriter writer = Fixtures.scoresBundle(folder, "FIXED", "LEFT");
    UserHistory mixed = UserHistory.of(Fixtures.IDS.get(2), "new-1", Fixtures.IDS.get(7), "new-2");
    try (OnnxSequenceRecommender skipping = RecommenderBundle.open(writer.seal())) {
      Recommendations answer = skipping.recommend(mixed);
      assertEquals(ranked(Fixtures.expectedScores(2, 7), "test").subList(0, 10), answer.items());
      Notice notice = answer.notices().get(0);
      assertEquals(Notice.Code.UNKNOWN_ITEMS, notice.code());
      assertEquals(2, notice.count());
    }
    writer.manifest.put("unknownItems", "UNK");
    writer.sequence().put("unknownId", 12);
    try (OnnxSequenceRecommender sending = RecommenderBundle.open(writer.seal())) {
      assertEquals(
          ranked(Fixtures.expectedScores(2, 11, 7, 11), "test").subList(0, 10),
          sending.recommend(mixed).items());
    }
    UserHistory nothingKnown = UserHistory.of("new-1", "new-2");
    try (OnnxSequenceRecommender sending = RecommenderBundle.open(writer.seal())) {
      assertTrue(sending.recommend(nothingKnown).hasNotice(Notice.Code.FALLBACK_USED));
    }
    writer.manifest.put("unknownItems", "FAIL");
    try (OnnxSequenceRecommender failing = RecommenderBundle.open(writer.seal())) {
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> failing.recommend(mixed));
      assertEquals(Kind.UNKNOWN_ITEM, e.kind());
      assertTrue(e.getMessage().contains("interaction 4 of 4"), e.getMessage());
      assertTrue(e.getMessage().contains("'new-2'"), e.getMessage());
      assertEquals(10, failing.recommend(history(1)).size(), "stays usable");
    }
  }

  @Test
  void theFallbackAnswersWhenTheHistorySaysNothing() {
    BundleWriter writer = Fixtures.scoresBundle(folder, "FIXED", "LEFT");
    ArrayNode fallback = writer.manifest.putArray("fallback");
    List.of(9, 4, 6, 1).forEach(ordinal -> fallback.add(Fixtures.IDS.get(ordinal)));
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal())) {
      long runs = recommender.modelRuns();
      ItemFilter not4 = ItemFilter.deny(Set.of(Fixtures.IDS.get(4)));
      for (UserHistory nothing : List.of(UserHistory.empty(), UserHistory.of("new-1"))) {
        Recommendations answer =
            recommender.recommend(RecommendationRequest.of(nothing).k(2).filter(not4).build());
        assertEquals(List.of(Fixtures.IDS.get(9), Fixtures.IDS.get(6)), answer.itemIds());
        assertEquals(OnnxSequenceRecommender.FALLBACK_SOURCE, answer.items().get(0).source());
        assertTrue(answer.hasNotice(Notice.Code.FALLBACK_USED));
        assertFalse(answer.hasNotice(Notice.Code.SHORTFALL));
        assertEquals(0, answer.modelRuns());
      }
      assertEquals(runs, recommender.modelRuns(), "no model run");
    }
  }

  @Test
  void aFixedBatchIsPaddedAndALargeBatchIsSplit() {
    for (int fixed : new int[] {1, 4}) {
      BundleWriter writer =
          Fixtures.scoresBundle(folder, "FIXED", "LEFT")
              .model(Fixtures.scoresLeft(fixed, Fixtures.LENGTH).model());
      try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal())) {
        assertBatch(recommender);
      }
    }
    BundleWriter writer = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT");
    BundleOptions options = BundleOptions.defaults().maxBatch(4);
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(writer.seal(), options)) {
      long before = recommender.modelRuns();
      assertBatch(recommender);
      assertEquals(3, recommender.modelRuns() - before, "nine requests in batches of four");
    }
  }

  private static void assertBatch(OnnxSequenceRecommender recommender) {
    List<RecommendationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      requests.add(RecommendationRequest.of(history(i, 2 * i, 30 - i)).k(3).build());
    }
    List<Recommendations> answers = recommender.recommendAll(requests);
    for (int i = 0; i < 9; i++) {
      assertEquals(
          ranked(Fixtures.expectedScores(i, 2 * i, 30 - i), "test").subList(0, 3),
          answers.get(i).items());
    }
  }

  @Test
  void theVersionNamesModelAndFingerprint() {
    Path bundle = Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal();
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle)) {
      assertEquals(64, recommender.fingerprint().length());
      assertEquals(
          "test@1+" + recommender.fingerprint().substring(0, 12), recommender.modelVersion());
      assertEquals("cpu", recommender.device());
      assertEquals(recommender.modelVersion(), recommender.recommend(history(1)).modelVersion());
      RecommenderBundle read = RecommenderBundle.read(bundle);
      assertEquals(recommender.fingerprint(), read.fingerprint());
      assertEquals("SEQ_LOGITS", read.contract());
      assertEquals(Fixtures.LENGTH, read.maxLength());
    }
  }
}
