package io.recommender.internal;

import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JSON object read strictly: every error names the file, the place, what was expected and what
 * was found, and {@link #close()} refuses members that nobody read.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Confined</b>.
 */
public final class JsonObject implements AutoCloseable {
  private final Kind kind;
  private final String file;
  private final String path;
  private final JsonNode node;
  private final Set<String> read = new HashSet<>();
  private final Set<String> known = new TreeSet<>();

  private JsonObject(Kind kind, String file, String path, JsonNode node) {
    this.kind = kind;
    this.file = file;
    this.path = path;
    this.node = node;
  }

  /**
   * Begins to read an object.
   *
   * @param kind the kind of the exceptions
   * @param file the file, for messages
   * @param path its place in the file, empty at the root
   * @param node the object
   * @return the object
   * @throws RecommenderException if it is no object
   */
  public static JsonObject of(Kind kind, String file, String path, JsonNode node) {
    if (!node.isObject()) {
      throw wrong(kind, file, path, "an object", node);
    }
    return new JsonObject(kind, file, path, node);
  }

  /**
   * {@return whether there is a member}
   *
   * @param member its name
   */
  public boolean has(String member) {
    known.add(member);
    return node.has(member);
  }

  /**
   * Reads a member of any type.
   *
   * @param member its name
   * @param expected what it has to be, for messages
   * @return the member
   */
  public JsonNode require(String member, String expected) {
    read.add(member);
    known.add(member);
    JsonNode value = node.get(member);
    if (value == null) {
      throw invalid(
          kind, file, "%s: expected %s, found no such member".formatted(at(member), expected));
    }
    return value;
  }

  /**
   * Reads an object, to be closed.
   *
   * @param member its name
   * @return the object
   */
  public JsonObject object(String member) {
    return of(kind, file, at(member), require(member, "an object"));
  }

  /**
   * Reads a string that is not empty.
   *
   * @param member its name
   * @return the string
   */
  public String string(String member) {
    JsonNode value = require(member, "a non-empty string");
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw wrong(member, "a non-empty string", value);
    }
    return value.textValue();
  }

  /**
   * Reads a string that is not empty.
   *
   * @param member its name
   * @param otherwise what it is if it is absent
   * @return the string
   */
  public String string(String member, String otherwise) {
    return has(member) ? string(member) : otherwise;
  }

  /**
   * Reads a string that may be empty.
   *
   * @param member its name
   * @param otherwise what it is if it is absent
   * @return the string
   */
  public String text(String member, String otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "a string");
    if (!value.isTextual()) {
      throw wrong(member, "a string", value);
    }
    return value.textValue();
  }

  /**
   * Reads an integer.
   *
   * @param member its name
   * @param least the least value
   * @return the integer
   */
  public int integer(String member, int least) {
    JsonNode value = require(member, "an integer of at least " + least);
    if (!value.isInt() || value.intValue() < least) {
      throw wrong(member, "an integer of at least " + least, value);
    }
    return value.intValue();
  }

  /**
   * Reads an integer.
   *
   * @param member its name
   * @param least the least value
   * @param otherwise what it is if it is absent
   * @return the integer
   */
  public int integer(String member, int least, int otherwise) {
    return has(member) ? integer(member, least) : otherwise;
  }

  /**
   * Reads an integer that may be absent.
   *
   * @param member its name
   * @param least the least value
   * @return the integer
   */
  public Optional<Integer> optionalInteger(String member, int least) {
    return has(member) ? Optional.of(integer(member, least)) : Optional.empty();
  }

  /**
   * Reads a number.
   *
   * @param member its name
   * @param otherwise what it is if it is absent
   * @return the number
   */
  public double number(String member, double otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "a number");
    if (!value.isNumber()) {
      throw wrong(member, "a number", value);
    }
    return value.doubleValue();
  }

  /**
   * Reads true or false.
   *
   * @param member its name
   * @param otherwise what it is if it is absent
   * @return which
   */
  public boolean bool(String member, boolean otherwise) {
    if (!has(member)) {
      return otherwise;
    }
    JsonNode value = require(member, "true or false");
    if (!value.isBoolean()) {
      throw wrong(member, "true or false", value);
    }
    return value.booleanValue();
  }

  /**
   * Reads a constant.
   *
   * @param <E> its type
   * @param member its name
   * @param type its type
   * @return the constant
   */
  public <E extends Enum<E>> E oneOf(String member, Class<E> type) {
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

  /**
   * Reads a constant.
   *
   * @param <E> its type
   * @param member its name
   * @param type its type
   * @param otherwise what it is if it is absent
   * @return the constant
   */
  public <E extends Enum<E>> E oneOf(String member, Class<E> type, E otherwise) {
    return has(member) ? oneOf(member, type) : otherwise;
  }

  /**
   * Reads an array.
   *
   * @param <T> the type of its elements
   * @param member its name
   * @param element reads an element at a place
   * @return the elements
   */
  public <T> List<T> array(String member, BiFunction<String, JsonNode, T> element) {
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

  /**
   * Reads strings that are not empty, none if the member is absent.
   *
   * @param member its name
   * @return the strings
   */
  public List<String> strings(String member) {
    if (!has(member)) {
      return List.of();
    }
    return array(
        member,
        (place, value) -> {
          if (!value.isTextual() || value.textValue().isEmpty()) {
            throw wrong(kind, file, place, "a non-empty string", value);
          }
          return value.textValue();
        });
  }

  /**
   * Reads integers, none if the member is absent.
   *
   * @param member its name
   * @return the integers
   */
  public List<Integer> integers(String member) {
    if (!has(member)) {
      return List.of();
    }
    return array(
        member,
        (place, value) -> {
          if (!value.isInt()) {
            throw wrong(kind, file, place, "an integer", value);
          }
          return value.intValue();
        });
  }

  /** {@return the names of the members, in the order of the text} */
  public Set<String> members() {
    return node.members().keySet();
  }

  /** {@return the file, for messages} */
  public String file() {
    return file;
  }

  /** {@return the place of this object, for messages: empty at the root} */
  public String place() {
    return path;
  }

  /**
   * Makes the exception for a member that is not what it has to be.
   *
   * @param member its name
   * @param expected what it has to be
   * @param found what it is
   * @return the exception
   */
  public RecommenderException wrong(String member, String expected, JsonNode found) {
    return wrong(kind, file, at(member), expected, found);
  }

  /**
   * Makes the exception for a value that is not what it has to be.
   *
   * @param kind its kind
   * @param file the file
   * @param place where in it
   * @param expected what it has to be
   * @param found what it is
   * @return the exception
   */
  public static RecommenderException wrong(
      Kind kind, String file, String place, String expected, JsonNode found) {
    String text = found.toString();
    String shown = text.length() > 80 ? text.substring(0, 77) + "..." : text;
    String where = place.isEmpty() ? "" : place + ": ";
    return invalid(kind, file, where + "expected " + expected + ", found " + shown);
  }

  /** Refuses members that were not read: a misspelt option must not be ignored. */
  @Override
  public void close() {
    List<String> unknown = new ArrayList<>();
    for (String name : node.members().keySet()) {
      if (!read.contains(name)) {
        unknown.add(name);
      }
    }
    if (!unknown.isEmpty()) {
      throw invalid(
          kind,
          file,
          String.format(
              Locale.ROOT,
              "%s: unknown member; known here: %s",
              at(unknown.get(0)),
              String.join(", ", known)));
    }
  }

  private static RecommenderException invalid(Kind kind, String file, String expectedAndFound) {
    return new RecommenderException(kind, file + ": " + expectedAndFound);
  }

  private String at(String member) {
    return path + "/" + member;
  }
}
