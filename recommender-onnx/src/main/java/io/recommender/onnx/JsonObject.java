package io.recommender.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.RecommenderException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JSON object read strictly: every error names the file, the place, what was expected and what
 * was found, and {@link #close()} refuses members that nobody read.
 */
final class JsonObject implements AutoCloseable {
  private final String file;
  private final String path;
  private final JsonNode node;
  private final Set<String> read = new HashSet<>();

  private JsonObject(String file, String path, JsonNode node) {
    this.file = file;
    this.path = path;
    this.node = node;
  }

  static JsonObject of(String file, String path, JsonNode node) {
    if (!node.isObject()) {
      throw wrong(file, path, "an object", node);
    }
    return new JsonObject(file, path, node);
  }

  boolean has(String member) {
    return node.has(member);
  }

  JsonNode require(String member, String expected) {
    read.add(member);
    JsonNode value = node.get(member);
    if (value == null) {
      throw BundleFailures.invalid(
          file, "%s: expected %s, found no such member".formatted(at(member), expected));
    }
    return value;
  }

  JsonObject object(String member) {
    return of(file, at(member), require(member, "an object"));
  }

  String string(String member) {
    JsonNode value = require(member, "a non-empty string");
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw wrong(member, "a non-empty string", value);
    }
    return value.textValue();
  }

  String string(String member, String otherwise) {
    return has(member) ? string(member) : otherwise;
  }

  /** A string that may be empty. */
  String text(String member, String otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "a string");
    if (!value.isTextual()) {
      throw wrong(member, "a string", value);
    }
    return value.textValue();
  }

  /** A plain name inside the bundle's folder, so that no bundle can reach outside of it. */
  String fileName(String member) {
    String name = string(member);
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw wrong(member, "a plain file name", node.get(member));
    }
    return name;
  }

  int integer(String member, int least) {
    JsonNode value = require(member, "an integer of at least " + least);
    if (!value.isInt() || value.intValue() < least) {
      throw wrong(member, "an integer of at least " + least, value);
    }
    return value.intValue();
  }

  int integer(String member, int least, int otherwise) {
    return has(member) ? integer(member, least) : otherwise;
  }

  Optional<Integer> optionalInteger(String member, int least) {
    return has(member) ? Optional.of(integer(member, least)) : Optional.empty();
  }

  double number(String member, double otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "a number");
    if (!value.isNumber()) {
      throw wrong(member, "a number", value);
    }
    return value.doubleValue();
  }

  boolean bool(String member, boolean otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "true or false");
    if (!value.isBoolean()) {
      throw wrong(member, "true or false", value);
    }
    return value.booleanValue();
  }

  <E extends Enum<E>> E oneOf(String member, Class<E> type) {
    String expected =
        "one of "
            + Stream.of(type.getEnumConstants())
                .map(constant -> '"' + constant.name() + '"')
                .collect(Collectors.joining(", "));
    JsonNode value = require(member, expected);
    for (E constant : type.getEnumConstants()) {
      if (value.isTextual() && constant.name().equals(value.textValue())) {
        return constant;
      }
    }
    throw wrong(member, expected, value);
  }

  <E extends Enum<E>> E oneOf(String member, Class<E> type, E otherwise) {
    return has(member) ? oneOf(member, type) : otherwise;
  }

  <T> List<T> array(String member, BiFunction<String, JsonNode, T> element) {
    JsonNode value = require(member, "an array");
    if (!value.isArray()) {
      throw wrong(member, "an array", value);
    }
    List<T> elements = new ArrayList<>(value.size());
    for (int i = 0; i < value.size(); i++) {
      elements.add(element.apply(at(member) + "/" + i, value.get(i)));
    }
    return elements;
  }

  List<String> strings(String member) {
    if (!has(member)) {
      return List.of();
    }
    return array(
        member,
        (place, value) -> {
          if (!value.isTextual() || value.textValue().isEmpty()) {
            throw wrong(file, place, "a non-empty string", value);
          }
          return value.textValue();
        });
  }

  List<Integer> integers(String member) {
    if (!has(member)) {
      return List.of();
    }
    return array(
        member,
        (place, value) -> {
          if (!value.isInt()) {
            throw wrong(file, place, "an integer", value);
          }
          return value.intValue();
        });
  }

  Iterator<String> members() {
    return node.fieldNames();
  }

  String file() {
    return file;
  }

  /** The place of this object, for messages: empty at the root. */
  String place() {
    return path;
  }

  RecommenderException wrong(String member, String expected, JsonNode found) {
    return wrong(file, at(member), expected, found);
  }

  static RecommenderException wrong(String file, String place, String expected, JsonNode found) {
    String text = found.toString();
    String shown = text.length() > 80 ? text.substring(0, 77) + "..." : text;
    String where = place.isEmpty() ? "" : place + ": ";
    return BundleFailures.invalid(file, where + "expected " + expected + ", found " + shown);
  }

  /** Refuses members that were not read: a misspelt option must not be ignored. */
  @Override
  public void close() {
    List<String> unknown = new ArrayList<>();
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!read.contains(name)) {
                unknown.add(name);
              }
            });
    if (!unknown.isEmpty()) {
      throw BundleFailures.invalid(
          file,
          String.format(
              Locale.ROOT,
              "%s: unknown member; known here: %s",
              at(unknown.get(0)),
              read.stream().sorted().collect(Collectors.joining(", "))));
    }
  }

  private String at(String member) {
    return path + "/" + member;
  }
}
