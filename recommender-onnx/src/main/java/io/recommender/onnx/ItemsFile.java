package io.recommender.onnx;

import io.recommender.Catalog;
import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonParser;
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
    Map<String, String> names = new HashMap<>();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int number = items.size() + 1;
        Item item = parse(name, number, line, names);
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

  /** Parses a line; items share the names of their features, of which there are but a few. */
  private static Item parse(String file, int number, String line, Map<String, String> names) {
    JsonNode node;
    try {
      node = JsonParser.parse(line);
    } catch (JsonParser.SyntaxException e) {
      throw BundleFailures.invalid(
          file, "line %d: not valid JSON: %s".formatted(number, e.inLine()), e);
    }
    JsonNode id = node.get("id");
    if (id == null || !id.isTextual() || id.textValue().isEmpty()) {
      throw BundleFailures.invalid(
          file,
          "line %d: expected an object with a non-empty string \"id\", found %s"
              .formatted(number, line.length() > 80 ? line.substring(0, 77) + "..." : line));
    }
    Map<String, Feature> features = new HashMap<>();
    for (Map.Entry<String, JsonNode> member : node.members().entrySet()) {
      if (member.getKey().equals("id") || member.getValue().isNull()) {
        continue;
      }
      String place = "line %d: \"%s\"".formatted(number, member.getKey());
      try {
        features.put(
            names.computeIfAbsent(member.getKey(), name -> name),
            feature(file, place, member.getValue()));
      } catch (IllegalArgumentException e) {
        throw BundleFailures.invalid(file, place + ": " + e.getMessage(), e);
      }
    }
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
      boolean numbers = value.size() > 0;
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
    throw BundleJson.wrong(
        file,
        place,
        "a string, a number, a boolean or an array of only strings or only numbers",
        value);
  }
}
