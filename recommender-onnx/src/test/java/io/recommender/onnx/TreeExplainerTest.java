package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Explainer;
import io.recommender.Feature;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.testing.ExplainerContract;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The trees of a ranker explain what each feature adds to the score of a crop. */
class TreeExplainerTest extends ExplainerContract {
  private static final Path CROPS = RankerFixtures.RESOURCES.resolve("crops");
  private static final JsonNode SOIL = RankerFixtures.json("agrosense.json").at("/cases/1/soil");
  private static final TreeShap TREES = TreeShap.read(CROPS.resolve("model.onnx"));

  private OnnxReranker crops;

  @AfterEach
  void closeRanker() {
    crops.close();
  }

  @Override
  protected Explainer create() {
    if (crops == null) {
      crops = RecommenderBundle.openReranker(CROPS);
    }
    return crops.explaining(TREES);
  }

  @Override
  protected RecommendationRequest request() {
    RecommendationRequest.Builder request = RecommendationRequest.of(UserHistory.empty());
    SOIL.properties()
        .forEach(
            each -> request.context(each.getKey(), new Feature.Scalar(each.getValue().asDouble())));
    return request.build();
  }

  @Override
  protected List<String> itemIds() {
    return List.of("rice", "maize", "lentil", "coffee", "cotton");
  }

  @Test
  void agroSense2TellsWhatEachMeasurementAddsToACrop() {
    float[] row = new float[6];
    List<String> names = SOIL.properties().stream().map(each -> each.getKey()).toList();
    for (int i = 0; i < 6; i++) {
      row[i] = SOIL.get(names.get(i)).floatValue();
    }
    double[][] added = TREES.explain(row);
    for (int crop = 0; crop < 5; crop++) {
      List<Reason> reasons = create().explain(request(), itemIds().get(crop));
      assertEquals(6, reasons.size());
      for (Reason reason : reasons) {
        assertEquals(Reason.Kind.ATTRIBUTION, reason.kind());
        assertEquals(added[crop][names.indexOf(reason.name())], reason.weight());
      }
      double sum = reasons.stream().mapToDouble(Reason::weight).sum();
      assertEquals(TREES.margins(row)[crop], TREES.baseValues()[crop] + sum, 1e-6);
    }
  }

  @Test
  void explainingDoesNotRunTheModel() {
    long runs = crops.modelRuns();
    create().explain(request(), "rice");
    assertEquals(runs, crops.modelRuns());
  }

  @Test
  void treesOfAnotherModelAreRefused() {
    TreeShap other = TreeShap.read(RankerFixtures.RESOURCES.resolve("trees-two.onnx"));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> crops.explaining(other));
    assertEquals(
        "trees: expected 5 outputs of at most 6 features, found 1 outputs of 6", e.getMessage());
    try (OnnxReranker soils =
        RecommenderBundle.openReranker(RankerFixtures.RESOURCES.resolve("soils"))) {
      IllegalArgumentException unread =
          assertThrows(IllegalArgumentException.class, () -> soils.explaining(TREES));
      assertTrue(unread.getMessage().contains("found 'dense'"), unread.getMessage());
    }
  }
}
