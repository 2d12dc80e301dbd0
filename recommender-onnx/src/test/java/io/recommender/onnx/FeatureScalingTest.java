package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.RecommendationRequest;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.UserHistory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pixels as the manifest says they are normalized, by a mean and a deviation of each channel. */
class FeatureScalingTest {
  private static final double[] MEAN = {0.5, 0.25, 0};
  private static final double[] DEVIATION = {0.25, 0.5, 2};
  private static final float[] PIXELS = {0, 0.5f, 0.75f, 1, 0, 0.25f, 0.5f, 1, 0, 1, 2, 4};
  private static final float[] NORMALIZED = {-2, 0, 1, 2, -0.5f, 0, 0.5f, 1.5f, 0, 0.5f, 1, 2};

  @TempDir Path folder;

  private static void normalize(ObjectNode input, double[] mean, double[] deviation) {
    ObjectNode normalization = input.putObject("normalization");
    for (double number : mean) {
      normalization.withArray("/mean").add(number);
    }
    for (double number : deviation) {
      normalization.withArray("/deviation").add(number);
    }
  }

  /** An encoder whose vector is the image as the graph reads it. */
  private BundleWriter encoder(double[] mean, double[] deviation) {
    BundleWriter bundle =
        EncoderFixtures.encoder(folder)
            .model(
                new OnnxWriter()
                    .input("pixel_values", OnnxWriter.FLOAT, "batch", 3, 2, 2)
                    .node("Flatten", "embedding", List.of("pixel_values"))
                    .output("embedding", OnnxWriter.FLOAT, "batch", 12)
                    .model());
    ObjectNode encoder = bundle.manifest.withObject("/encoder");
    encoder.remove("text");
    encoder.putArray("inputs");
    ObjectNode input =
        EncoderFixtures.input(encoder, "FEATURE", "pixel_values")
            .put("feature", "image")
            .put("default", 0.125);
    normalize(input, mean, deviation);
    encoder.withObject("/embedding").put("dimension", 12).put("similarity", "DOT");
    return bundle;
  }

  @Test
  void eachChannelOfAnImageHasItsMeanAndDeviation() {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(encoder(MEAN, DEVIATION).seal())) {
      Item image = new Item("a", Map.of("image", Feature.Tensor.of(PIXELS, 3, 2, 2)));
      Item flat = new Item("b", Map.of("image", Feature.Tensor.vector(PIXELS)));
      float[][] found = encoder.encode(List.of(image, Item.of("none"), flat));
      assertArrayEquals(NORMALIZED, found[0], 1e-6f);
      assertArrayEquals(NORMALIZED, found[2], 1e-6f);
      for (float number : found[1]) {
        assertEquals(0.125f, number, "a default is what the graph reads");
      }
    }
  }

  @Test
  void onePairOfNumbersIsForAll() {
    try (OnnxItemEncoder encoder =
        RecommenderBundle.openEncoder(encoder(new double[] {0.5}, new double[] {0.25}).seal())) {
      Item image = new Item("a", Map.of("image", Feature.Tensor.of(PIXELS, 3, 2, 2)));
      float[] found = encoder.encode(List.of(image))[0];
      for (int i = 0; i < 12; i++) {
        assertEquals((PIXELS[i] - 0.5f) / 0.25f, found[i], 1e-6f);
      }
    }
  }

  /** A photo of the request and a number of the candidate. */
  @Test
  void rankersNormalizeAsEncodersDo() {
    BundleWriter bundle = RankerFixtures.emptyBundle(folder);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    ObjectNode pixels =
        RankerFixtures.input(ranker, "FEATURE", "pixel_values")
            .put("side", "REQUEST")
            .put("feature", "photo");
    normalize(pixels, MEAN, DEVIATION);
    ObjectNode price =
        RankerFixtures.input(ranker, "FEATURE", "price")
            .put("side", "CANDIDATE")
            .put("feature", "price");
    normalize(price, new double[] {10}, new double[] {4});
    ranker.putObject("scores").put("name", "scores");
    ranker.putArray("tasks").addObject().put("name", "fit").put("kind", "VALUE");
    float[] weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    bundle.model(
        new OnnxWriter()
            .input("pixel_values", OnnxWriter.FLOAT, 1, 3, 2, 2)
            .input("price", OnnxWriter.FLOAT, "batch")
            .floats("weights", weights, 12, 1)
            .longs("axis", new long[] {1}, 1)
            .node("Flatten", "flat", List.of("pixel_values"))
            .node("MatMul", "seen", List.of("flat", "weights"))
            .node("Unsqueeze", "prices", List.of("price", "axis"))
            .node("Add", "scores", List.of("prices", "seen"))
            .output("scores", OnnxWriter.FLOAT, "batch", 1)
            .model());
    double seen = 0;
    for (int i = 0; i < 12; i++) {
      seen += weights[i] * NORMALIZED[i];
    }
    RecommendationRequest request =
        RecommendationRequest.of(UserHistory.empty())
            .context("photo", Feature.Tensor.of(PIXELS, 3, 2, 2))
            .build();
    try (OnnxReranker opened = RecommenderBundle.openReranker(bundle.seal())) {
      List<Item> items =
          List.of(
              new Item("dear", Map.of("price", new Feature.Scalar(18))),
              new Item("cheap", Map.of("price", new Feature.Scalar(4))));
      double[] found = opened.score(request, items).scores("fit");
      assertEquals(seen + 2, found[0], 1e-4);
      assertEquals(seen - 1.5, found[1], 1e-4);
    }
  }

  /** Image, text and category by PyTorch; opening the bundle compares the golden items as well. */
  @Test
  void exportedModalitiesGiveTheVectorsOfTheirFramework() {
    Path bundle = EncoderFixtures.RESOURCES.resolve("two-modalities");
    JsonNode golden = FixtureJson.read(bundle.resolve("golden.json")).get("items");
    assertEquals(8, golden.size());
    List<Item> items = new ArrayList<>();
    for (JsonNode each : golden) {
      Map<String, Feature> features = new HashMap<>();
      for (String name : List.of("image", "text")) {
        if (each.get("features").has(name)) {
          float[] numbers = RankerFixtures.floats(each.get("features").get(name));
          features.put(
              name,
              name.equals("image")
                  ? Feature.Tensor.of(numbers, 3, 4, 4)
                  : Feature.Tensor.vector(numbers));
        }
      }
      if (each.get("features").has("kind")) {
        features.put("kind", new Feature.Category(each.at("/features/kind").textValue()));
      }
      items.add(new Item("item-" + items.size(), features));
    }
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle)) {
      float[][] found = encoder.encode(items);
      for (int i = 0; i < found.length; i++) {
        assertArrayEquals(RankerFixtures.floats(golden.get(i).get("vector")), found[i], 1e-5f);
      }
      Item wide = new Item("x", Map.of("text", Feature.Tensor.vector(1, 2, 3)));
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> encoder.encode(List.of(wide)));
      assertEquals(Kind.SHAPE_MISMATCH, e.kind());
      assertEquals(
          "item 'x', feature 'text': expected a tensor [5] for input 'text_feat', found a tensor"
              + " [3]",
          e.getMessage());
    }
  }

  @Test
  void whatDoesNotFitIsNamedAtLoad() {
    assertRefused(
        encoder(new double[] {1, 2}, new double[] {1, 2}).seal(),
        Kind.SHAPE_MISMATCH,
        "input 'pixel_values': expected 2 channels as the normalization in manifest.json, found"
            + " extents [3, 2, 2]");
    assertRefused(
        encoder(MEAN, new double[] {1, 0, 1}).seal(),
        Kind.BUNDLE_INVALID,
        "/encoder/inputs/0/normalization: expected as many numbers in mean as in deviation");
    assertRefused(
        encoder(MEAN, new double[] {1}).seal(), Kind.BUNDLE_INVALID, "and deviations above 0");
    BundleWriter text = encoder(MEAN, DEVIATION);
    text.manifest.withObject("/encoder/inputs/0/normalization").withArray("/mean").add("x");
    assertRefused(text.seal(), Kind.BUNDLE_INVALID, "/mean/3: expected a number");
  }

  private static void assertRefused(Path bundle, Kind kind, String message) {
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openEncoder(bundle));
    assertEquals(kind, e.kind());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
