package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systems of the coverage table need of a model that picks lists. */
class ListSystemsTest {
  private static final RecommendationRequest REQUEST =
      RecommendationRequest.of(UserHistory.empty()).build();
  private static final List<ScoredItem> ROUTES = ListFixtures.candidates(ListFixtures.routes());

  @TempDir Path folder;

  private static List<String> ids(List<ScoredItem> items) {
    return items.stream().map(ScoredItem::itemId).toList();
  }

  /** SCASRec: the list has every direction once, in order, and ends where a detour is left. */
  @Test
  void scasRecStopsBeforeItRepeatsItself() {
    try (OnnxListReranker routes =
        RecommenderBundle.openListReranker(ListFixtures.bundle(folder, 0).seal())) {
      long before = routes.modelRuns();
      List<ScoredItem> picked = routes.rerank(REQUEST, ROUTES);
      assertEquals(List.of("motorway", "river", "coast", "hills"), ids(picked));
      assertEquals(picked.size() + 1, routes.modelRuns() - before);
      Set<String> directions =
          picked.stream().map(item -> item.itemId().split(" ")[0]).collect(Collectors.toSet());
      assertEquals(picked.size(), directions.size(), "no near-duplicate pair");
      assertTrue(picked.stream().allMatch(item -> item.source().equals("search")));
    }
  }

  /** SCASRec: an end that never comes gives all eight, and no run when nothing is left to pick. */
  @Test
  void scasRecWithoutAnEndPicksAll() {
    try (OnnxListReranker routes =
        RecommenderBundle.openListReranker(
            ListFixtures.bundle(folder, Float.NEGATIVE_INFINITY).seal())) {
      long before = routes.modelRuns();
      assertEquals(
          List.of(
              "motorway",
              "river",
              "coast",
              "hills",
              "detour",
              "motorway again",
              "river again",
              "coast again"),
          ids(routes.rerank(REQUEST, ROUTES)));
      assertEquals(8, routes.modelRuns() - before);
    }
  }

  /** SCASRec: an end that comes at once gives the shortest list there may be. */
  @Test
  void scasRecWithAnEndAtOnceGivesTheShortestList() {
    for (int minLength : new int[] {0, 1, 3, 8, 20}) {
      BundleWriter bundle = ListFixtures.bundle(folder, Float.POSITIVE_INFINITY);
      bundle.manifest.withObject("/list").put("minLength", minLength);
      try (OnnxListReranker routes = RecommenderBundle.openListReranker(bundle.seal())) {
        long before = routes.modelRuns();
        List<ScoredItem> picked = routes.rerank(REQUEST, ROUTES);
        assertEquals(Math.min(8, minLength), picked.size());
        assertEquals(Math.min(8, minLength + 1), routes.modelRuns() - before);
      }
    }
  }

  /** SCASRec: how long a list is depends on the request. */
  @Test
  void scasRecEndsByTheContext() {
    BundleWriter bundle = ListFixtures.bundle(folder, 0);
    bundle.manifest.withObject("/list").put("maxLength", 5);
    try (OnnxListReranker routes = RecommenderBundle.openListReranker(bundle.seal())) {
      int[] lengths = {1, 2, 3, 4, 5, 5};
      double[] ends = {0.95, 0.85, 0.7, 0.3, 0.1, -9};
      for (int i = 0; i < ends.length; i++) {
        RecommendationRequest request =
            REQUEST.toBuilder().context("end", new Feature.Scalar(ends[i])).build();
        assertEquals(lengths[i], routes.rerank(request, ROUTES).size());
      }
    }
  }
}
