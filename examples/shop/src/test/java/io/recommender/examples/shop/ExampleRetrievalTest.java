package io.recommender.examples.shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import io.recommender.UserHistory;
import io.recommender.ann.FlatIndex;
import io.recommender.ann.vectors.ExampleStore;
import io.recommender.onnx.OnnxReranker;
import io.recommender.onnx.RankerScores;
import io.recommender.onnx.RecommenderBundle;
import io.recommender.onnx.RerankerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** LLM-CF: rankers of two kinds read the examples that one store finds for a user and an item. */
class ExampleRetrievalTest {
  private static final Path RESOURCES = Path.of("../../recommender-onnx/src/test/resources/ranker");
  private static final JsonNode EXPECTED = FixtureFile.read(RESOURCES.resolve("examples.json"));
  private static final int CASES = EXPECTED.get("queries").size();

  private static ExampleStore store() {
    ExampleStore store = new ExampleStore(new FlatIndex(6, Similarity.DOT), 5);
    for (int i = 0; i < EXPECTED.get("keys").size(); i++) {
      store.add(
          "example-" + i,
          FixtureFile.floats(EXPECTED.get("keys").get(i)),
          FixtureFile.floats(EXPECTED.get("payloads").get(i)));
    }
    return store;
  }

  private static List<Item> items() {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < CASES; i++) {
      items.add(
          new Item(
              "item-" + i,
              Map.of(
                  "dense",
                  Feature.Tensor.vector(FixtureFile.floats(EXPECTED.get("dense").get(i))))));
    }
    return items;
  }

  private static float[] query(String itemId) {
    return FixtureFile.floats(EXPECTED.get("queries").get(Integer.parseInt(itemId.substring(5))));
  }

  private static RerankerOptions finding(ExampleStore store, int most) {
    return RerankerOptions.defaults()
        .pairTable("examples", (user, itemId) -> store.nearest(query(itemId), most));
  }

  private static void assertScores(
      String backbone, RerankerOptions options, UserHistory history, String expected) {
    try (OnnxReranker ranker =
        RecommenderBundle.openReranker(RESOURCES.resolve("examples-" + backbone), options)) {
      RankerScores scores = ranker.score(RecommendationRequest.of(history).build(), items());
      for (int i = 0; i < CASES; i++) {
        assertEquals(
            EXPECTED.get(backbone).get(expected).get(i).doubleValue(),
            scores.output(i, "click"),
            1e-5);
      }
    }
  }

  @Test
  void llmCfFindsTheExamplesThatBruteForceFinds() {
    ExampleStore store = store();
    for (int i = 0; i < CASES; i++) {
      List<String> expected = new ArrayList<>();
      EXPECTED.get("found").get(i).forEach(found -> expected.add("example-" + found.intValue()));
      assertEquals(
          expected, store.find(query("item-" + i), 4).stream().map(ScoredItem::itemId).toList());
    }
  }

  @Test
  void llmCfGivesTwoBackbonesTheExamplesOfOneStore() {
    ExampleStore store = store();
    UserHistory ann = UserHistory.empty().forUser("ann");
    for (String backbone : List.of("linear", "deep")) {
      assertScores(backbone, finding(store, 4), ann, "all");
      assertScores(backbone, finding(store, 2), ann, "two");
      assertNotEquals(
          EXPECTED.get(backbone).get("two").get(0).doubleValue(),
          EXPECTED.get(backbone).get("all").get(0).doubleValue(),
          1e-3);
    }
  }

  @Test
  void llmCfWithoutExamplesIsTheBackbone() {
    ExampleStore empty = new ExampleStore(new FlatIndex(6, Similarity.DOT), 5);
    UserHistory ann = UserHistory.empty().forUser("ann");
    for (String backbone : List.of("linear", "deep")) {
      assertScores(backbone, finding(empty, 4), ann, "backbone");
      assertScores(backbone, finding(store(), 4), UserHistory.empty(), "backbone");
    }
  }
}
