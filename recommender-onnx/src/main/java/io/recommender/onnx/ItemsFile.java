package io.recommender.onnx;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code items.jsonl}: one JSON object a line, in ordinal order. */
final class ItemsFile {
  private ItemsFile() {}

  static Catalog read(Path file, int expectedCount) {
    String name = file.getFileName().toString();
    List<Item> items = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int number = items.size() + 1;
        Item item = parse(name, number, line);
        if (!ids.add(item.id())) {
          throw BundleFailures.invalid(
              name, "line %d: item id '%s' occurs twice".formatted(number, item.id()));
        }
        items.add(item);
      }
    } catch (IOException e) {
      throw BundleFailures.invalid(name, "cannot be read: " + e, e);
    }
    if (items.size() != expectedCount) {
      throw BundleFailures.invalid(
          name,
          "expected %d items as in %s, found %d"
              .formatted(expectedCount, Manifest.FILE, items.size()));
    }
    return Catalog.of(items);
  }

  private static Item parse(String file, int number, String line) {
    JsonNode node;
    try {
      node = ManifestReader.JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw BundleFailures.invalid(
          file, "line %d: not valid JSON: %s".formatted(number, e.getOriginalMessage()), e);
    }
    JsonNode id = node.get("id");
    if (id == null || !id.isTextual() || id.textValue().isEmpty()) {
      throw BundleFailures.invalid(
          file,
          "line %d: expected an object with a non-empty string \"id\", found %s"
              .formatted(number, line.length() > 80 ? line.substring(0, 77) + "..." : line));
    }
    Map<String, Feature> features = new HashMap<>();
    node.properties()
        .forEach(
            entry -> {
              if (!entry.getKey().equals("id") && !entry.getValue().isNull()) {
                try {
                  features.put(
                      entry.getKey(),
                      feature(
                          file,
                          "line %d: \"%s\"".formatted(number, entry.getKey()),
                          entry.getValue()));
                } catch (IllegalArgumentException e) {
                  throw BundleFailures.invalid(
                      file,
                      "line %d: \"%s\": %s".formatted(number, entry.getKey(), e.getMessage()),
                      e);
                }
              }
            });
    return new Item(id.textValue(), features);
  }

  /** What a JSON value means as a feature; the place is for messages. */
  static Feature feature(String file, String place, JsonNode value) {
    if (value.isTextual()) {
      return new Feature.Text(value.textValue());
    }
    if (value.isNumber()) {
      return new Feature.Scalar(value.doubleValue());
    }
    if (value.isBoolean()) {
      return new Feature.Scalar(value.booleanValue() ? 1 : 0);
    }
    if (value.isArray()) {
      boolean texts = true;
      boolean numbers = !value.isEmpty();
      for (JsonNode element : value) {
        texts &= element.isTextual();
        numbers &= element.isNumber();
      }
      if (texts) {
        List<String> ids = new ArrayList<>(value.size());
        value.forEach(element -> ids.add(element.textValue()));
        return new Feature.Ids(ids);
      }
      if (numbers) {
        float[] values = new float[value.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] = value.get(i).floatValue();
        }
        return Feature.Tensor.vector(values);
      }
    }
    throw BundleFailures.invalid(
        file,
        "%s: expected a string, a number, a boolean or an array of only strings or only numbers, found %s"
            .formatted(place, value.getNodeType()));
  }
}
