package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ItemIndexFactory;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an approximate index may miss of the golden requests, and what it may not say. */
class GoldenRecallTest {
  @TempDir Path folder;

  /** An index that never finds one of the items. */
  private static ItemIndexFactory without(String missed) {
    return (dimension, similarity, size) ->
        new ListIndex(dimension, similarity, size) {
          @Override
          public List<ScoredItem> search(float[] query, int k, ItemFilter filter) {
            return super.search(query, k, filter.and(itemId -> !itemId.equals(missed)));
          }
        };
  }

  @Test
  void anIndexThatMissesGoldenItemsIsRefusedOrMeasured() {
    List<ScoredItem> best;
    try (var exact =
        RecommenderBundle.open(
            Fixtures.vectorBundle(folder, "DOT").seal(),
            BundleOptions.defaults().index(ListIndex::new))) {
      best =
          exact
              .recommend(RecommendationRequest.of(UserHistory.of(Fixtures.IDS.get(3))).k(4).build())
              .items();
    }
    BundleWriter bundle = Fixtures.vectorBundle(folder, "DOT");
    bundle.manifest.put("golden", "golden.json");
    String golden =
        "{\"requests\": [{\"history\": [\"%s\"], \"k\": 4, \"items\": %s, \"scores\": %s}]}";
    String items = best.stream().map(item -> '"' + item.itemId() + '"').toList().toString();
    bundle.file(
        "golden.json",
        golden.formatted(
            Fixtures.IDS.get(3), items, best.stream().map(ScoredItem::score).toList()));
    BundleOptions misses = BundleOptions.defaults().index(without(best.get(1).itemId()));
    Path path = bundle.seal();
    RecommenderException refused =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(path, misses));
    assertTrue(refused.getMessage().contains("rank 2: expected item"), refused.getMessage());
    refused =
        assertThrows(
            RecommenderException.class,
            () -> RecommenderBundle.open(path, misses.goldenRecall(0.8)));
    assertTrue(
        refused
            .getMessage()
            .contains(
                "expected an index that finds 0.8 of the golden items, found one that finds 0.75"),
        refused.getMessage());
    try (var opened = RecommenderBundle.open(path, misses.goldenRecall(0.7))) {
      assertEquals(Optional.of(0.75), opened.diagnose(0).fact("recall of golden items"));
    }
    bundle.file(
        "golden.json",
        golden.formatted(
            Fixtures.IDS.get(3),
            items,
            best.stream().map(item -> item.score() + (item == best.get(2) ? 0.01 : 0)).toList()));
    Path wrong = bundle.seal();
    refused =
        assertThrows(
            RecommenderException.class,
            () -> RecommenderBundle.open(wrong, misses.goldenRecall(0)));
    assertTrue(
        refused.getMessage().contains("item '%s': expected score".formatted(best.get(2).itemId())),
        refused.getMessage());
    assertThrows(IllegalArgumentException.class, () -> BundleOptions.defaults().goldenRecall(1.01));
  }
}
