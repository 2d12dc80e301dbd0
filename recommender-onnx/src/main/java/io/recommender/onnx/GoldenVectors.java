package io.recommender.onnx;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.internal.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Items with the vectors of the training framework, encoded before an encoder is handed out: a
 * warm-up and a proof of parity in one.
 */
final class GoldenVectors {
  private final String file;
  private final double tolerance;
  private final List<Item> items;
  private final List<float[]> vectors;

  private GoldenVectors(String file, double tolerance, List<Item> items, List<float[]> vectors) {
    this.file = file;
    this.tolerance = tolerance;
    this.items = items;
    this.vectors = vectors;
  }

  static GoldenVectors read(Path path, int dimension) {
    String file = path.getFileName().toString();
    try (JsonObject root = BundleJson.object(file, "", BundleJson.read(path))) {
      double tolerance = GoldenRequests.tolerance(root);
      List<Item> items = new ArrayList<>();
      List<float[]> vectors =
          root.array(
              "items",
              (place, value) -> {
                try (JsonObject golden = BundleJson.object(file, place, value)) {
                  items.add(item(golden, "golden " + (items.size() + 1)));
                  return vector(golden, dimension);
                }
              });
      if (items.isEmpty()) {
        throw BundleFailures.invalid(file, "/items: expected at least one, found none");
      }
      return new GoldenVectors(file, tolerance, items, vectors);
    }
  }

  private static Item item(JsonObject golden, String id) {
    try (JsonObject features = golden.object("features")) {
      Map<String, Feature> read = new HashMap<>();
      features
          .members()
          .forEach(
              name ->
                  read.put(
                      name,
                      ItemsFile.feature(
                          golden.file(),
                          golden.place() + "/features/" + name,
                          features.require(name, "a feature"))));
      return new Item(id, read);
    }
  }

  private static float[] vector(JsonObject golden, int dimension) {
    List<Float> components =
        golden.array(
            "vector",
            (place, value) -> {
              if (!value.isNumber() || !Float.isFinite(value.floatValue())) {
                throw BundleJson.wrong(golden.file(), place, "a number", value);
              }
              return value.floatValue();
            });
    if (components.size() != dimension) {
      throw BundleFailures.invalid(
          golden.file(),
          "%s/vector: expected %d numbers, found %d"
              .formatted(golden.place(), dimension, components.size()));
    }
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = components.get(i);
    }
    return vector;
  }

  /** Encodes every item alone, then all of them as a batch. */
  void replay(ItemEncoder encoder) {
    for (int i = 0; i < items.size(); i++) {
      check(i, "", encoder.encode(items.subList(i, i + 1))[0]);
    }
    float[][] batch = encoder.encode(items);
    for (int i = 0; i < items.size(); i++) {
      check(i, " in a batch", batch[i]);
    }
  }

  private void check(int number, String how, float[] found) {
    float[] expected = vectors.get(number);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      if (!(Math.abs(found[i] - expected[i]) <= allowed)) {
        throw BundleFailures.invalid(
            file,
            "item %d of %d%s, component %d: expected %s as in training, found %s (tolerance %s); check the fields and their order, the tokenizer, the pooling and the normalization"
                .formatted(number + 1, items.size(), how, i, expected[i], found[i], tolerance));
      }
    }
  }
}
