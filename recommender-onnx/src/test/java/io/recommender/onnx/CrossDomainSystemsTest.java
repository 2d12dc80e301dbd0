package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.HistoryAugmenter;
import io.recommender.HistoryTransform;
import io.recommender.Interaction;
import io.recommender.ItemFilter;
import io.recommender.Notice;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.pipeline.RecommenderPipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * LLM-EDT: a history of two domains, to which an augmenter adds plausible items of the target, read
 * by a thread for all and one for the target alone, with a profile of the user.
 *
 * <p>{@code scores = Σ weight · shared[id] + Σ in the target (weight · own[id]) + profile ·
 * tastes}; an added interaction weighs one half. The augmenter's model expects film i to lead to
 * book i: of even films surely, of odd ones hardly.
 */
class CrossDomainSystemsTest {
  private static final int EACH = 20;
  private static final int ITEMS = 2 * EACH;
  private static final int LENGTH = 8;
  private static final int PROFILE = 3;
  private static final String FILMS = "films";
  private static final String BOOKS = "books";

  @TempDir Path folder;

  private final Random random = new Random(23);
  private final float[] shared = table(ITEMS + 1, ITEMS);
  private final float[] own = table(ITEMS + 1, ITEMS);
  private final float[] tastes = table(PROFILE, ITEMS);
  private OnnxSequenceRecommender model;
  private OnnxSequenceRecommender expecting;

  /** Multiples of 1/64, so that sums are exact. */
  private float[] table(int rows, int columns) {
    float[] table = new float[rows * columns];
    for (int i = 0; i < table.length; i++) {
      table[i] = (random.nextInt(256) - 128) / 64f;
    }
    return table;
  }

  private static String film(int i) {
    return "film-" + i;
  }

  private static String book(int i) {
    return "book-" + i;
  }

  private static Interaction watched(int i) {
    return Interaction.of(film(i)).withDomain(FILMS);
  }

  private static Interaction read(int i) {
    return Interaction.of(book(i)).withDomain(BOOKS);
  }

  private static int ordinal(String itemId) {
    int number = Integer.parseInt(itemId.substring(5));
    return itemId.startsWith("film") ? number : EACH + number;
  }

  private BundleWriter bundle(String name) throws IOException {
    StringBuilder items = new StringBuilder();
    for (int i = 0; i < ITEMS; i++) {
      items.append(
          "{\"id\":\"%s\",\"domain\":\"%s\"}\n"
              .formatted(i < EACH ? film(i) : book(i - EACH), i < EACH ? FILMS : BOOKS));
    }
    return new BundleWriter(Files.createDirectory(folder.resolve(name)), "SEQ_LOGITS")
        .sequence(LENGTH, "DYNAMIC", "LEFT")
        .input("ITEM_IDS", "item_ids")
        .items(IntStream.range(0, ITEMS).mapToObj(i -> "item-" + i).toList())
        .file("items.jsonl", items.toString())
        .scores("scores");
  }

  @BeforeEach
  void open() throws IOException {
    OnnxWriter threads =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", "length")
            .input("domain_ids", OnnxWriter.INT64, "batch", "length")
            .input("there", OnnxWriter.FLOAT, "batch", "length")
            .input("added", OnnxWriter.FLOAT, "batch", "length")
            .input("profile", OnnxWriter.FLOAT, "batch", PROFILE)
            .floats("shared", shared, ITEMS + 1, ITEMS)
            .floats("own", own, ITEMS + 1, ITEMS)
            .floats("tastes", tastes, PROFILE, ITEMS)
            .floats("half", new float[] {0.5f})
            .floats("zero", new float[] {0})
            .longs("target", new long[] {2})
            .longs("axis_1", new long[] {1}, 1)
            .longs("axis_2", new long[] {2}, 1)
            .node("Greater", "is_added", List.of("added", "zero"))
            .node("Cast", "one_if_added", List.of("is_added"), "to", OnnxWriter.FLOAT)
            .node("Mul", "less", List.of("one_if_added", "half"))
            .node("Sub", "flat_weight", List.of("there", "less"))
            .node("Unsqueeze", "weight", List.of("flat_weight", "axis_2"))
            .node("Gather", "shared_rows", List.of("shared", "item_ids"))
            .node("Mul", "shared_weighted", List.of("shared_rows", "weight"))
            .node("ReduceSum", "shared_sum", List.of("shared_weighted", "axis_1"), "keepdims", 0)
            .node("Equal", "is_target", List.of("domain_ids", "target"))
            .node("Cast", "flat_mask", List.of("is_target"), "to", OnnxWriter.FLOAT)
            .node("Unsqueeze", "mask", List.of("flat_mask", "axis_2"))
            .node("Gather", "own_rows", List.of("own", "item_ids"))
            .node("Mul", "own_weighted", List.of("own_rows", "weight"))
            .node("Mul", "own_masked", List.of("own_weighted", "mask"))
            .node("ReduceSum", "own_sum", List.of("own_masked", "axis_1"), "keepdims", 0)
            .node("MatMul", "taste", List.of("profile", "tastes"))
            .node("Add", "history", List.of("shared_sum", "own_sum"))
            .node("Add", "scores", List.of("history", "taste"))
            .output("scores", OnnxWriter.FLOAT, "batch", ITEMS);
    BundleWriter served =
        bundle("served")
            .input("ATTENTION_MASK", "there")
            .input(
                "DOMAINS",
                "domain_ids",
                input -> {
                  input.putObject("vocabulary").put(FILMS, 1).put(BOOKS, 2);
                  input.put("default", 0);
                })
            .input(
                "STEP_FEATURE",
                "added",
                input -> input.put("feature", HistoryTransform.ADDED).put("default", 0))
            .input("CONTEXT_FEATURE", "profile", input -> input.put("feature", "profile"))
            .model(threads.model());
    model = RecommenderBundle.open(served.seal());

    float[] leads = new float[(ITEMS + 1) * ITEMS];
    for (int i = 0; i < EACH; i++) {
      leads[(i + 1) * ITEMS + EACH + i] = i % 2 == 0 ? 6 : 2;
    }
    OnnxWriter next =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", "length")
            .floats("leads", leads, ITEMS + 1, ITEMS)
            .longs("minus_one", new long[] {-1})
            .node("Gather", "newest", List.of("item_ids", "minus_one"), "axis", 1)
            .node("Gather", "logits", List.of("leads", "newest"))
            .node("Softmax", "scores", List.of("logits"), "axis", 1)
            .output("scores", OnnxWriter.FLOAT, "batch", ITEMS);
    BundleWriter augmenter = bundle("augmenter").model(next.model());
    augmenter.manifest.withObject("/scores").put("kind", "PROBABILITY");
    expecting = RecommenderBundle.open(augmenter.seal());
  }

  @AfterEach
  void close() {
    model.close();
    expecting.close();
  }

  /** At most so many books that the model is sure of, each after the film that leads to it. */
  private HistoryTransform augment(double threshold, int limit) {
    return HistoryAugmenter.of(
            expecting,
            BOOKS,
            itemId -> model.catalog().find(itemId).flatMap(item -> item.text("domain")))
        .over(model.catalog(), threshold, limit);
  }

  private RecommendationRequest.Builder books(List<Interaction> interactions) {
    return RecommendationRequest.of(UserHistory.of(interactions))
        .filter(
            ItemFilter.allow(
                IntStream.range(0, EACH).mapToObj(CrossDomainSystemsTest::book).toList()))
        .k(EACH);
  }

  private double score(UserHistory history, float[] profile, int column) {
    double score = 0;
    for (Interaction interaction : history.interactions()) {
      double weight = interaction.context().containsKey(HistoryTransform.ADDED) ? 0.5 : 1;
      int row = (ordinal(interaction.itemId()) + 1) * ITEMS;
      boolean inTarget = interaction.domain().orElseThrow().equals(BOOKS);
      score += weight * (shared[row + column] + (inTarget ? own[row + column] : 0));
    }
    for (int i = 0; i < PROFILE; i++) {
      score += profile[i] * tastes[i * ITEMS + column];
    }
    return score;
  }

  private void assertScores(UserHistory read, float[] profile, Recommendations answer) {
    assertEquals(EACH, answer.size());
    for (ScoredItem item : answer) {
      assertTrue(item.itemId().startsWith("book"), item::toString);
      assertEquals(score(read, profile, ordinal(item.itemId())), item.score(), 1e-5);
    }
  }

  @Test
  void atMostSoManyItemsAreAddedAndFlagged() {
    List<Interaction> interactions =
        List.of(watched(2), watched(3), read(9), watched(4), watched(6));
    UserHistory history = UserHistory.of(interactions).forUser("ann");
    UserHistory all = augment(0.5, 9).apply(history);
    assertEquals(
        List.of(film(2), book(2), film(3), book(9), film(4), book(4), film(6), book(6)),
        all.itemIds(),
        "film 3 leads nowhere for sure");
    assertEquals(
        List.of(1, 5, 7),
        IntStream.range(0, all.size())
            .filter(i -> all.interactions().get(i).context().containsKey(HistoryTransform.ADDED))
            .boxed()
            .toList());
    double sure = Math.exp(6) / (Math.exp(6) + ITEMS - 1);
    Feature.Scalar confidence =
        (Feature.Scalar) all.interactions().get(1).context().get(HistoryTransform.ADDED);
    assertEquals(sure, confidence.value(), 1e-6);
    assertEquals(
        List.of(film(2), book(2), film(3), book(9), film(4), book(4), film(6)),
        augment(0.5, 2).apply(history).itemIds());
    assertEquals(9, augment(0.1, 9).apply(history).size());
    assertEquals(history, augment(0.95, 9).apply(history));
  }

  @Test
  void theModelReadsAddedItemsAndAnswersInTheTargetAlone() {
    float[] profile = {1, -2, 0.5f};
    try (RecommenderPipeline home =
        RecommenderPipeline.named("home")
            .transform(augment(0.5, 2))
            .source("model", model)
            .build()) {
      for (int user = 0; user < 20; user++) {
        List<Interaction> interactions = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          int item = random.nextInt(EACH);
          interactions.add(random.nextInt(4) == 0 ? read(item) : watched(item));
        }
        RecommendationRequest request =
            books(interactions).context("profile", Feature.Tensor.vector(profile)).build();
        UserHistory seen = augment(0.5, 2).apply(request.history());
        assertTrue(seen.size() <= request.history().size() + 2);
        Recommendations answer = home.recommend(request);
        assertTrue(answer.itemIds().stream().allMatch(id -> id.startsWith("book")));
        assertEquals(EACH, answer.size());
        RecommendationRequest bare = request.toBuilder().history(seen).build();
        assertEquals(model.recommend(bare).itemIds(), answer.itemIds());
        assertScores(seen, profile, model.recommend(bare));
      }
    }
  }

  @Test
  void theOtherDomainCountsAndCanBeLeftOut() {
    List<Interaction> interactions = List.of(watched(2), read(9), watched(4));
    RecommendationRequest request =
        books(interactions).context("profile", Feature.Tensor.vector(0, 0, 0)).build();
    UserHistory alone = HistoryTransform.domains(Set.of(BOOKS)).apply(request.history());
    assertEquals(List.of(book(9)), alone.itemIds());
    Recommendations both = model.recommend(request);
    Recommendations books = model.recommend(request.toBuilder().history(alone).build());
    assertScores(request.history(), new float[PROFILE], both);
    assertScores(alone, new float[PROFILE], books);
    assertNotEquals(both.items(), books.items());
  }

  @Test
  void aMissingProfileIsZeroAndSaidSo() {
    List<Interaction> interactions = List.of(watched(2), read(9));
    Recommendations without = model.recommend(books(interactions).build());
    Recommendations zero =
        model.recommend(
            books(interactions).context("profile", Feature.Tensor.vector(0, 0, 0)).build());
    assertEquals(zero.items(), without.items());
    assertTrue(saysProfileIsMissing(without), without::toString);
    assertFalse(saysProfileIsMissing(zero), zero::toString);
  }

  @Test
  void noInteractionLacksTheFlagOfAddedOnes() {
    Recommendations answer =
        model.recommend(
            books(List.of(watched(2), read(9)))
                .context("profile", Feature.Tensor.vector(0, 0, 0))
                .build());
    assertFalse(answer.hasNotice(Notice.Code.DEFAULTED_FEATURE), answer::toString);
  }

  private static boolean saysProfileIsMissing(Recommendations answer) {
    return answer.notices().stream()
        .anyMatch(
            notice ->
                notice.code() == Notice.Code.DEFAULTED_FEATURE
                    && notice.message().startsWith("input 'profile'"));
  }
}
