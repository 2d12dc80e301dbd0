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
import io.recommender.Reranker;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import io.recommender.testing.RerankerContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class OnnxListRerankerTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.empty()).build();

  @TempDir Path folder;

  @Nested
  class Contract extends RerankerContract {
    @Override
    protected Reranker create() {
      return RecommenderBundle.openListReranker(ListFixtures.bundle(folder, 0).seal());
    }

    @Override
    protected List<String> itemIds() {
      return ListFixtures.routes().stream().map(Item::id).toList();
    }
  }

  /** A pointer network from PyTorch, whose golden lists are picked when it is opened. */
  @Nested
  class ExportedContract extends RerankerContract {
    @Override
    protected Reranker create() {
      return RecommenderBundle.openListReranker(
          Path.of("src", "test", "resources", "list", "pointer"));
    }

    @Override
    protected List<String> itemIds() {
      return IntStream.range(0, 20).mapToObj(i -> "r" + i).toList();
    }
  }

  private static List<Item> randomItems(Random random, int count) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] numbers = new float[ListFixtures.WIDTH + 1];
      for (int j = 0; j < numbers.length; j++) {
        numbers[j] = (float) random.nextGaussian();
      }
      items.add(new Item("x" + i, Map.of("route", Feature.Tensor.vector(numbers))));
    }
    return items;
  }

  /** Random candidates of the application, against the definition, with every kind of limit. */
  @Test
  void listsAreThoseOfTheDefinition() {
    Map<String, Item> known = new HashMap<>();
    RerankerOptions options =
        RerankerOptions.defaults().items(id -> Optional.ofNullable(known.get(id)));
    BundleWriter bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.withObject("/list").put("minLength", 2).put("maxLength", 6);
    Random random = new Random(10);
    try (OnnxListReranker reranker = RecommenderBundle.openListReranker(bundle.seal(), options)) {
      for (int round = 0; round < 300; round++) {
        known.clear();
        List<Item> items = randomItems(random, 1 + random.nextInt(12));
        items.forEach(item -> known.put(item.id(), item));
        double end = random.nextGaussian();
        RecommendationRequest request =
            REQUEST.toBuilder().context("end", new Feature.Scalar(end)).build();
        ListFixtures.Picked expected = ListFixtures.pick(items, end, 2, 6);
        long before = reranker.modelRuns();
        List<ScoredItem> found = reranker.rerank(request, ListFixtures.candidates(items));
        assertEquals(
            expected.order().stream().map(i -> "x" + i).toList(),
            found.stream().map(ScoredItem::itemId).toList());
        for (int i = 0; i < found.size(); i++) {
          assertEquals(expected.scores().get(i), found.get(i).score(), 1e-5);
          assertTrue(found.get(i).score() <= (i == 0 ? 0 : found.get(i - 1).score()));
        }
        boolean full = found.size() == Math.min(6, items.size());
        assertEquals(found.size() + (full ? 0 : 1), reranker.modelRuns() - before);
      }
    }
  }

  @Test
  void oneCandidateAndNoneAreLists() {
    try (OnnxListReranker reranker =
        RecommenderBundle.openListReranker(ListFixtures.bundle(folder, 0).seal())) {
      List<ScoredItem> one = List.of(new ScoredItem("river", 3, "x"));
      List<ScoredItem> found = reranker.rerank(REQUEST, one);
      assertEquals("river", found.get(0).itemId());
      assertEquals(-Math.log1p(Math.exp(0.3 - 0.9)), found.get(0).score(), 1e-6);
      assertEquals(List.of(), reranker.rerank(REQUEST, List.of(new ScoredItem("detour", 3))));
      long before = reranker.modelRuns();
      assertEquals(List.of(), reranker.rerank(REQUEST, List.of()));
      assertEquals(before, reranker.modelRuns());
    }
  }

  @Test
  void threadsShareAReranker() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<ScoredItem> candidates = ListFixtures.candidates(ListFixtures.routes());
    try (OnnxListReranker reranker =
        RecommenderBundle.openListReranker(ListFixtures.bundle(folder, 0).seal())) {
      List<ScoredItem> expected = reranker.rerank(REQUEST, candidates);
      List<Future<?>> callers = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        int some = 4 + caller;
        List<ScoredItem> ofSome = reranker.rerank(REQUEST, candidates.subList(0, some));
        callers.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    assertEquals(expected, reranker.rerank(REQUEST, candidates));
                    assertEquals(ofSome, reranker.rerank(REQUEST, candidates.subList(0, some)));
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
  void nothingIsAnsweredAfterClose() {
    OnnxListReranker reranker =
        RecommenderBundle.openListReranker(ListFixtures.bundle(folder, 0).seal());
    assertEquals("OnnxListReranker", reranker.diagnose(0).component());
    assertEquals(8, reranker.catalog().size());
    assertEquals(0, reranker.minLength());
    reranker.close();
    reranker.close();
    for (Executable call :
        List.<Executable>of(
            () -> reranker.rerank(REQUEST, List.of()), () -> reranker.diagnose(0))) {
      IllegalStateException e = assertThrows(IllegalStateException.class, call);
      assertTrue(e.getMessage().endsWith(" is closed"), e.getMessage());
    }
  }

  private static void assertFails(Kind kind, Executable call, String named) {
    RecommenderException e = assertThrows(RecommenderException.class, call);
    assertEquals(kind, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }

  private void assertRefused(Kind kind, BundleWriter bundle, String named) {
    assertFails(kind, () -> RecommenderBundle.openListReranker(bundle.seal()).close(), named);
  }

  @Test
  void tensorsThatDoNotFitAreNamed() {
    BundleWriter bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.withObject("/list").put("logits", "scores");
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "model.onnx: output 'scores': expected float or float16 [1, candidates + 1], found");
    bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.withObject("/list/selected").put("name", "picked");
    assertRefused(Kind.SHAPE_MISMATCH, bundle, "expected an input 'picked' of role selected");
    bundle = ListFixtures.bundle(folder, 0);
    ((ObjectNode) bundle.manifest.at("/list/inputs/1")).put("side", "CANDIDATE");
    assertRefused(
        Kind.SHAPE_MISMATCH, bundle, "input 'context': expected any number of candidates, found");
    bundle = ListFixtures.bundle(folder, 0);
    bundle.model(
        ListFixtures.graph(0, OnnxWriter.FLOAT)
            .node("Identity", "short", List.of("of_candidates"))
            .node("Transpose", "few", List.of("short"))
            .output("few", OnnxWriter.FLOAT, 1, "few_length")
            .model());
    bundle.manifest.withObject("/list").put("logits", "few");
    assertRefused(
        Kind.SHAPE_MISMATCH,
        bundle,
        "output 'few': expected [1, 2] for 1 candidates, found [1, 1]");
    bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.withObject("/list/selected").put("offset", 2);
    assertRefused(
        Kind.SHAPE_MISMATCH, bundle.model(lastRowTaken()), "expected to run 3 candidates of which");
  }

  /** A graph with as many rows as candidates, so that an offset of 2 reaches beyond them. */
  private static byte[] lastRowTaken() {
    return new OnnxWriter()
        .input("candidates", OnnxWriter.FLOAT, 1, "candidates", ListFixtures.WIDTH + 1)
        .input("context", OnnxWriter.FLOAT, 1, 1)
        .input("selected", OnnxWriter.INT64, 1, "selected_length")
        .longs("base_column", new long[] {0}, 1)
        .longs("first_axis", new long[] {0}, 1)
        .longs("row", new long[] {0}, 1)
        .longs("few", new long[] {0, 0}, 2, 1)
        .node("Squeeze", "rows", List.of("candidates", "first_axis"))
        .node("Gather", "base", List.of("rows", "base_column"), "axis", 1)
        .node("Gather", "two_rows", List.of("few", "selected"), "axis", 0)
        .node("Cast", "as_floats", List.of("two_rows"), "to", OnnxWriter.FLOAT)
        .node("ReduceSum", "nothing", List.of("as_floats"), "keepdims", 0)
        .node("Add", "end", List.of("context", "nothing"))
        .node("Concat", "all", List.of("base", "end"), "axis", 0)
        .node("Transpose", "logits", List.of("all"))
        .output("logits", OnnxWriter.FLOAT, 1, "logits_length")
        .model();
  }

  @Test
  void whatIsAbsentOrNotFiniteIsNamed() {
    try (OnnxListReranker reranker =
        RecommenderBundle.openListReranker(ListFixtures.bundle(folder, Float.NaN).seal())) {
      assertFails(
          Kind.NON_FINITE_OUTPUT,
          () -> reranker.rerank(REQUEST, List.of(new ScoredItem("river", 1))),
          "output 'logits' of the end of the list: expected a number, found NaN");
      assertFails(
          Kind.SHAPE_MISMATCH,
          () -> reranker.rerank(REQUEST, List.of(new ScoredItem("unheard-of", 1))),
          "item 'unheard-of', feature 'route': expected a tensor");
    }
  }

  @Test
  void optionsThatTheModelDoesNotReadAreNamed() {
    Path sealed = ListFixtures.bundle(folder, 0).seal();
    for (RerankerOptions options :
        List.of(
            RerankerOptions.defaults().policy(ScorePolicy.weightedSum(Map.of("a", 1.0))),
            RerankerOptions.defaults().itemTable("routes", id -> Optional.empty()))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> RecommenderBundle.openListReranker(sealed, options));
    }
    assertFails(
        Kind.BUNDLE_INVALID,
        () -> RecommenderBundle.open(sealed),
        "RecommenderBundle.openListReranker(folder) opens");
    assertFails(
        Kind.BUNDLE_INVALID,
        () -> RecommenderBundle.openListReranker(CrossFixtures.RESOURCES.resolve("bert")),
        "/contract: expected LISTWISE_RERANKER, found CROSS_ENCODER");
  }

  @Test
  void goldenListsThatDifferAreNamed() {
    BundleWriter bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.put("golden", "golden.json");
    List<Item> items = ListFixtures.routes().subList(0, 3);
    ListFixtures.Picked right = ListFixtures.pick(items, 0.5, 0, 9);
    assertEquals(List.of(1, 2), right.order());
    String golden =
        """
        {"requests": [{"context": {"end": 0.5}, "order": %s, "scores": %s,
          "candidates": ["motorway again", "motorway", {"features": {"route": [0.9, 0, 1, 0, 0, 0]}}]}]}
        """;
    bundle.file("golden.json", golden.formatted(right.order(), right.scores()));
    RecommenderBundle.openListReranker(bundle.seal()).close();
    bundle.file("golden.json", golden.formatted("[1, 0]", right.scores()));
    assertRefused(
        Kind.BUNDLE_INVALID,
        bundle,
        "golden.json: request 1 of 1: expected the list [1, 0] as in training, found [1, 2]");
    bundle.file("golden.json", golden.formatted("[1, 2]", "[-0.5, -0.5]"));
    assertRefused(Kind.BUNDLE_INVALID, bundle, "request 1 of 1, place 1: expected the score -0.5");
    bundle.file("golden.json", golden.formatted("[1, 2]", "[-0.5]"));
    assertRefused(Kind.BUNDLE_INVALID, bundle, "found 3 candidates, 1 scores and 2 places");
  }
}
