package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.GeoPosition;
import io.recommender.Interaction;
import io.recommender.RecommendationRequest;
import io.recommender.Recommendations;
import io.recommender.ScoredItem;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The next place to go, as GA-LLM ("Geography-Aware Large Language Models for Next POI
 * Recommendation", 2025) asks for it: check-ins with coordinates and times, and a graph whose
 * scores are distances to the last one.
 */
class NextPlaceTest {
  private static final int LENGTH = 4;
  private static final int PLACES = 20;
  private static final String FEATURE = "lat_lon";

  @TempDir Path folder;

  private final Map<String, GeoPosition> places = new LinkedHashMap<>();

  /** Places in one town, of which some lie beyond the date line. */
  NextPlaceTest() {
    Random random = new Random(4);
    for (int i = 0; i < PLACES; i++) {
      double east = 179.9 + 0.2 * random.nextDouble();
      places.put(
          "poi-" + i,
          new GeoPosition(
              (float) (-16.8 + 0.1 * random.nextGaussian()),
              (float) (east > 180 ? east - 360 : east)));
    }
  }

  private OnnxSequenceRecommender open() {
    float[] points = new float[3 * PLACES];
    int at = 0;
    for (GeoPosition place : places.values()) {
      double phi = Math.toRadians(place.latitude());
      double lambda = Math.toRadians(place.longitude());
      points[at++] = (float) (Math.cos(phi) * Math.cos(lambda));
      points[at++] = (float) (Math.cos(phi) * Math.sin(lambda));
      points[at++] = (float) Math.sin(phi);
    }
    OnnxWriter model =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", LENGTH)
            .input("place", OnnxWriter.FLOAT, "batch", LENGTH, 2)
            .input("time", OnnxWriter.INT64, "batch", LENGTH)
            .longs("last", new long[] {LENGTH - 1})
            .longs("first", new long[] {0}, 1)
            .longs("second", new long[] {1}, 1)
            .longs("axis", new long[] {2}, 1)
            .floats("radians", new float[] {(float) (Math.PI / 180)})
            .floats("half", new float[] {0.5f})
            .floats("scale", new float[] {(float) (-2 * GeoPosition.EARTH_RADIUS)})
            .floats("points", points, 1, PLACES, 3)
            .node("Gather", "here", List.of("place", "last"), "axis", 1)
            .node("Mul", "angles", List.of("here", "radians"))
            .node("Gather", "phi", List.of("angles", "first"), "axis", 1)
            .node("Gather", "lambda", List.of("angles", "second"), "axis", 1)
            .node("Cos", "cos_phi", List.of("phi"))
            .node("Sin", "z", List.of("phi"))
            .node("Cos", "cos_lambda", List.of("lambda"))
            .node("Sin", "sin_lambda", List.of("lambda"))
            .node("Mul", "x", List.of("cos_phi", "cos_lambda"))
            .node("Mul", "y", List.of("cos_phi", "sin_lambda"))
            .node("Concat", "point", List.of("x", "y", "z"), "axis", 1)
            .longs("row", new long[] {-1, 1, 3}, 3)
            .node("Reshape", "point_row", List.of("point", "row"))
            .node("Sub", "apart", List.of("point_row", "points"))
            .node("Mul", "squares", List.of("apart", "apart"))
            .node("ReduceSum", "sum", List.of("squares", "axis"), "keepdims", 0)
            .node("Sqrt", "chord", List.of("sum"))
            .node("Mul", "half_chord", List.of("chord", "half"))
            .node("Asin", "arc", List.of("half_chord"))
            .node("Mul", "scores", List.of("arc", "scale"))
            .output("scores", OnnxWriter.FLOAT, "batch", PLACES);
    BundleWriter bundle =
        new BundleWriter(folder, "SEQ_LOGITS")
            .sequence(LENGTH, "FIXED", "LEFT")
            .input("ITEM_IDS", "item_ids")
            .input("STEP_FEATURE", "place", input -> input.put("feature", FEATURE))
            .input("TIMESTAMPS", "time", input -> input.put("unit", "SECONDS"))
            .items(List.copyOf(places.keySet()))
            .scores("scores")
            .model(model.model());
    return RecommenderBundle.open(bundle.seal());
  }

  private UserHistory history(int... visited) {
    return UserHistory.of(
        IntStream.of(visited)
            .mapToObj(
                i -> {
                  GeoPosition place = places.get("poi-" + i);
                  return Interaction.of("poi-" + i)
                      .withTime(Instant.ofEpochSecond(1_700_000_000L + i))
                      .withContext(
                          FEATURE,
                          Feature.Tensor.vector(
                              (float) place.latitude(), (float) place.longitude()));
                })
            .toList());
  }

  @Test
  void placesComeByDistanceAndTheFilterLeavesTheNearOnes() {
    try (OnnxSequenceRecommender model = open()) {
      for (int last = 0; last < PLACES; last++) {
        GeoPosition here = places.get("poi-" + last);
        List<String> nearest =
            places.keySet().stream()
                .sorted(Comparator.comparingDouble(id -> here.kilometersTo(places.get(id))))
                .toList();
        RecommendationRequest request =
            RecommendationRequest.of(history((last + 3) % PLACES, last)).k(PLACES).build();
        Recommendations answer = model.recommend(request);
        assertEquals(nearest, answer.itemIds());
        assertEquals("poi-" + last, answer.items().get(0).itemId(), "where one is counts too");
        for (ScoredItem item : answer) {
          assertEquals(-here.kilometersTo(places.get(item.itemId())), item.score(), 0.05);
        }
        Recommendations near =
            model.recommend(
                request.toBuilder()
                    .filter(here.within(5, id -> Optional.ofNullable(places.get(id))))
                    .build());
        List<String> within =
            nearest.stream().filter(id -> here.kilometersTo(places.get(id)) <= 5).toList();
        assertEquals(within, near.itemIds());
        assertTrue(within.size() < PLACES);
      }
    }
  }

  @Test
  void aLatitudeThatDoesNotExistIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new GeoPosition(91, 10));
  }
}
