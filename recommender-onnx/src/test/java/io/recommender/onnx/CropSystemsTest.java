package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Feature;
import io.recommender.Notice;
import io.recommender.Reason;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoreKind;
import io.recommender.ScoredItem;
import io.recommender.SequenceRecommender;
import io.recommender.UserHistory;
import io.recommender.pipeline.BlendedReranker;
import io.recommender.pipeline.CatalogRecommender;
import io.recommender.pipeline.ClassReranker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Crops by a photo of the soil and a table of measurements, as AgroSense ranks them: an image
 * classifier and trees, each a graph, and their fusion. What is expected was computed by NumPy.
 */
class CropSystemsTest {
  private static final JsonNode EXPECTED = RankerFixtures.json("agrosense.json");
  private static final int SIDE = EXPECTED.get("side").intValue();

  private OnnxReranker trees;
  private OnnxReranker soils;
  private SequenceRecommender advisor;

  @BeforeEach
  void open() {
    trees = RecommenderBundle.openReranker(RankerFixtures.RESOURCES.resolve("crops"));
    soils = RecommenderBundle.openReranker(RankerFixtures.RESOURCES.resolve("soils"));
    advisor =
        new CatalogRecommender(
            "agrosense",
            trees.catalog(),
            BlendedReranker.builder()
                .branch("soil and weather", 0.6, trees)
                .optionalBranch("photo", 0.4, ClassReranker.of(soils, shares()), "pixel_values")
                .build(),
            ScoreKind.PROBABILITY);
  }

  @AfterEach
  void close() {
    advisor.close();
  }

  private static Map<String, Map<String, Double>> shares() {
    Map<String, Map<String, Double>> shares = new HashMap<>();
    for (Map.Entry<String, JsonNode> soil : EXPECTED.get("shares").properties()) {
      Map<String, Double> ofCrops = new HashMap<>();
      soil.getValue()
          .properties()
          .forEach(crop -> ofCrops.put(crop.getKey(), crop.getValue().doubleValue()));
      shares.put(soil.getKey(), ofCrops);
    }
    return shares;
  }

  private static RecommendationRequest.Builder soil(JsonNode measured) {
    RecommendationRequest.Builder request = RecommendationRequest.of(UserHistory.empty()).k(5);
    measured
        .get("soil")
        .properties()
        .forEach(
            each -> request.context(each.getKey(), new Feature.Scalar(each.getValue().asDouble())));
    return request;
  }

  private static Feature photo(JsonNode measured) {
    return Feature.Tensor.of(RankerFixtures.floats(measured.get("photo")), 3, SIDE, SIDE);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.textValue()));
    return texts;
  }

  @Test
  void agroSenseFusesThePhotoWithTheTable() {
    List<String> crops = texts(EXPECTED.get("crops"));
    for (JsonNode measured : EXPECTED.get("cases")) {
      Recommendations answer =
          advisor.recommend(soil(measured).context("pixel_values", photo(measured)).build());
      assertEquals(texts(measured.get("order")), answer.itemIds());
      assertEquals(1, answer.items().stream().mapToDouble(ScoredItem::score).sum(), 1e-5);
      for (ScoredItem crop : answer) {
        int ordinal = crops.indexOf(crop.itemId());
        assertEquals(measured.get("fused").get(ordinal).doubleValue(), crop.score(), 1e-5);
        assertEquals(
            measured.get("trees").get(ordinal).doubleValue(),
            crop.taskScores().get("soil and weather"),
            1e-5);
      }
      assertTrue(answer.notices().isEmpty());
      assertEquals(ScoreKind.PROBABILITY, answer.scoreKind());
    }
  }

  @Test
  void agroSenseWithoutAPhotoRanksByTheTableAndSaysSo() {
    boolean photoMatters = false;
    for (JsonNode measured : EXPECTED.get("cases")) {
      long runs = soils.modelRuns();
      Recommendations answer = advisor.recommend(soil(measured).build());
      assertEquals(texts(measured.get("order_without_photo")), answer.itemIds());
      assertEquals(1, answer.items().stream().mapToDouble(ScoredItem::score).sum(), 1e-5);
      assertTrue(answer.hasNotice(Notice.Code.PART_LEFT_OUT));
      assertEquals(runs, soils.modelRuns());
      photoMatters |= !texts(measured.get("order")).get(0).equals(answer.itemIds().get(0));
    }
    assertTrue(photoMatters, "a photo changes the best crop of one case at least");
  }

  @Test
  void agroSenseRecommendsOnlyWhatGrowsHere() {
    JsonNode measured = EXPECTED.get("cases").get(0);
    String best = measured.get("order").get(0).textValue();
    Recommendations answer =
        advisor.recommend(
            soil(measured)
                .context("pixel_values", photo(measured))
                .k(2)
                .filter(crop -> !crop.equals(best))
                .build());
    assertEquals(texts(measured.get("order")).subList(1, 3), answer.itemIds());
    assertFalse(answer.hasNotice(Notice.Code.SHORTFALL));
  }

  @Test
  void agroSenseRefusesAPhotoOfAnotherShape() {
    JsonNode measured = EXPECTED.get("cases").get(0);
    Feature tall = Feature.Tensor.of(new float[3 * SIDE * 2 * SIDE], 3, 2 * SIDE, SIDE);
    RecommenderException e =
        assertThrows(
            RecommenderException.class,
            () -> advisor.recommend(soil(measured).context("pixel_values", tall).build()));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    assertTrue(
        e.getMessage()
            .contains(
                "expected a tensor [3, 8, 8] for input 'pixel_values', found a tensor [3, 16, 8]"),
        e.getMessage());
    assertEquals(5, advisor.recommend(soil(measured).build()).size());
  }

  @Test
  void agroSenseMayRequireThePhoto() {
    JsonNode measured = EXPECTED.get("cases").get(0);
    SequenceRecommender strict =
        new CatalogRecommender(
            "strict", trees.catalog(), ClassReranker.of(soils, shares()), ScoreKind.PROBABILITY);
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> strict.recommend(soil(measured).build()));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    assertEquals(
        "request, feature 'pixel_values': expected a tensor [3, 8, 8] for input 'pixel_values',"
            + " found none",
        e.getMessage());
    assertEquals(
        5,
        strict.recommend(soil(measured).context("pixel_values", photo(measured)).build()).size());
  }

  /** The classes of the soil beside the crops, and what another order of the bands does. */
  @Test
  void agroSense2TellsTheCropAndTheClassOfTheSoil() {
    JsonNode golden = RankerFixtures.json("fields/golden.json").get("requests");
    JsonNode soilsOf = RankerFixtures.json("fields.json").get("probabilities");
    List<String> names = texts(RankerFixtures.json("fields.json").get("soils"));
    try (OnnxReranker fields =
        RecommenderBundle.openReranker(RankerFixtures.RESOURCES.resolve("fields"))) {
      for (int i = 0; i < golden.size(); i++) {
        RecommendationRequest request = field(golden.get(i), raster(golden.get(i)));
        List<Reason> soil = fields.explaining().explain(request, "rice");
        assertEquals(7, soil.size());
        for (Reason reason : soil) {
          assertEquals(Reason.Kind.CLASS, reason.kind());
          double expected = soilsOf.get(i).get(names.indexOf(reason.name())).doubleValue();
          assertEquals(expected, reason.weight(), 1e-5);
          assertTrue(expected <= soil.get(0).weight() + 1e-5);
        }
        float[] swapped = raster(golden.get(i));
        float[] first = Arrays.copyOf(swapped, 1024);
        System.arraycopy(swapped, 1024, swapped, 0, 1024);
        System.arraycopy(first, 0, swapped, 1024, 1024);
        double[] asIs = probabilities(fields, request);
        double[] other = probabilities(fields, field(golden.get(i), swapped));
        assertEquals(1, Arrays.stream(asIs).sum(), 1e-5);
        double difference = 0;
        for (int crop = 0; crop < 5; crop++) {
          assertEquals(golden.get(i).at("/outputs/" + crop + "/0").doubleValue(), asIs[crop], 1e-5);
          difference = Math.max(difference, Math.abs(asIs[crop] - other[crop]));
        }
        assertTrue(difference > 1e-2, "the order of the bands matters: " + difference);
      }
      Feature.Tensor turned = Feature.Tensor.of(raster(golden.get(0)), 32, 7, 32);
      RecommendationRequest wrong =
          field(golden.get(0), raster(golden.get(0))).toBuilder().context("raster", turned).build();
      RecommenderException e =
          assertThrows(
              RecommenderException.class, () -> fields.explaining().explain(wrong, "rice"));
      assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    }
  }

  private static float[] raster(JsonNode golden) {
    return RankerFixtures.floats(golden.at("/context/raster"));
  }

  private static double[] probabilities(OnnxReranker fields, RecommendationRequest request) {
    List<ScoredItem> crops =
        texts(EXPECTED.get("crops")).stream().map(crop -> new ScoredItem(crop, 0)).toList();
    double[] probabilities = new double[crops.size()];
    for (ScoredItem crop : fields.rerank(request, crops)) {
      probabilities[fields.catalog().ordinal(crop.itemId())] = crop.score();
    }
    return probabilities;
  }

  private static RecommendationRequest field(JsonNode golden, float[] raster) {
    RecommendationRequest.Builder request = RecommendationRequest.of(UserHistory.empty());
    golden
        .get("context")
        .properties()
        .forEach(
            each ->
                request.context(
                    each.getKey(),
                    each.getValue().isArray()
                        ? Feature.Tensor.vector(RankerFixtures.floats(each.getValue()))
                        : new Feature.Scalar(each.getValue().asDouble())));
    return request.context("raster", Feature.Tensor.of(raster, 7, 32, 32)).build();
  }
}
