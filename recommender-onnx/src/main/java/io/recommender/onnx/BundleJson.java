package io.recommender.onnx;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.internal.JsonNode;
import io.recommender.internal.JsonObject;
import io.recommender.internal.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The JSON files of a bundle: whatever is wrong with one makes the bundle invalid. */
final class BundleJson {
  private BundleJson() {}

  static JsonNode read(Path path) {
    String file = String.valueOf(path.getFileName());
    String text;
    try {
      text = Files.readString(path);
    } catch (IOException e) {
      throw BundleFailures.invalid(file, "cannot be read: " + e, e);
    }
    return parse(file, text);
  }

  /** Parses a text; the file is for messages. */
  static JsonNode parse(String file, String text) {
    try {
      return JsonParser.parse(text);
    } catch (JsonParser.SyntaxException e) {
      throw BundleFailures.invalid(file, "not valid JSON: " + e.getMessage(), e);
    }
  }

  /** Begins to read an object. */
  static JsonObject object(String file, String place, JsonNode node) {
    return JsonObject.of(Kind.BUNDLE_INVALID, file, place, node);
  }

  /** Reads an array of finite numbers. */
  static double[] numbers(String file, JsonObject node, String member) {
    return node
        .array(
            member,
            (place, value) -> {
              if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
                throw wrong(file, place, "a number", value);
              }
              return value.doubleValue();
            })
        .stream()
        .mapToDouble(Double::doubleValue)
        .toArray();
  }

  static RecommenderException wrong(String file, String place, String expected, JsonNode found) {
    return JsonObject.wrong(Kind.BUNDLE_INVALID, file, place, expected, found);
  }

  /** A plain name inside the bundle's folder, so that no bundle can reach outside of it. */
  static String fileName(JsonObject object, String member) {
    String name = object.string(member);
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw object.wrong(member, "a plain file name", object.require(member, "a plain file name"));
    }
    return name;
  }
}
