package io.recommender.internal;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Immutable</b>.
 */
public final class JsonNode implements Iterable<JsonNode> {
  static final JsonNode NULL = new JsonNode(Kind.NULL, "null");
  static final JsonNode TRUE = new JsonNode(Kind.BOOLEAN, true);
  static final JsonNode FALSE = new JsonNode(Kind.BOOLEAN, false);

  private static final BigDecimal LEAST_INT = BigDecimal.valueOf(Integer.MIN_VALUE);
  private static final BigDecimal GREATEST_INT = BigDecimal.valueOf(Integer.MAX_VALUE);

  private final Kind kind;
  private final Object value;

  private JsonNode(Kind kind, Object value) {
    this.kind = kind;
    this.value = value;
  }

  private enum Kind {
    OBJECT,
    ARRAY,
    STRING,
    NUMBER,
    BOOLEAN,
    NULL
  }

  static JsonNode object(Map<String, JsonNode> members) {
    return new JsonNode(Kind.OBJECT, Collections.unmodifiableMap(new LinkedHashMap<>(members)));
  }

  static JsonNode array(List<JsonNode> elements) {
    return new JsonNode(Kind.ARRAY, List.copyOf(elements));
  }

  static JsonNode text(String text) {
    return new JsonNode(Kind.STRING, text);
  }

  static JsonNode number(BigDecimal number) {
    return new JsonNode(Kind.NUMBER, number);
  }

  /** {@return whether it is an object} */
  public boolean isObject() {
    return kind == Kind.OBJECT;
  }

  /** {@return whether it is an array} */
  public boolean isArray() {
    return kind == Kind.ARRAY;
  }

  /** {@return whether it is a string} */
  public boolean isTextual() {
    return kind == Kind.STRING;
  }

  /** {@return whether it is a number} */
  public boolean isNumber() {
    return kind == Kind.NUMBER;
  }

  /** {@return whether it is a number without fraction and exponent, in the range of an int} */
  public boolean isInt() {
    return value instanceof BigDecimal number
        && number.scale() == 0
        && number.compareTo(LEAST_INT) >= 0
        && number.compareTo(GREATEST_INT) <= 0;
  }

  /** {@return whether it is true or false} */
  public boolean isBoolean() {
    return kind == Kind.BOOLEAN;
  }

  /** {@return whether it is null} */
  public boolean isNull() {
    return kind == Kind.NULL;
  }

  /** {@return the string; empty if it is none} */
  public String textValue() {
    return isTextual() ? (String) value : "";
  }

  /** {@return the number as an int; 0 if it is none} */
  public int intValue() {
    return value instanceof BigDecimal number ? number.intValue() : 0;
  }

  /** {@return the number as the nearest double; 0 if it is none} */
  public double doubleValue() {
    return value instanceof BigDecimal number ? number.doubleValue() : 0;
  }

  /** {@return the number as the nearest float; 0 if it is none} */
  public float floatValue() {
    return value instanceof BigDecimal number ? number.floatValue() : 0;
  }

  /** {@return whether it is true} */
  public boolean booleanValue() {
    return value.equals(true);
  }

  /**
   * Returns a member.
   *
   * @param member its name
   * @return the member; null if there is none, or this is no object
   */
  public @Nullable JsonNode get(String member) {
    return members().get(member);
  }

  /**
   * Returns an element of an array.
   *
   * @param place its place, from 0
   * @return the element
   */
  public JsonNode get(int place) {
    return elements().get(place);
  }

  /**
   * Returns whether an object has a member.
   *
   * @param member its name
   * @return whether it does
   */
  public boolean has(String member) {
    return members().containsKey(member);
  }

  /** {@return the number of members or elements} */
  public int size() {
    return isObject() ? members().size() : elements().size();
  }

  /** {@return the members by name, in the order of the text; empty if this is no object} */
  @SuppressWarnings("unchecked")
  public Map<String, JsonNode> members() {
    return isObject() ? (Map<String, JsonNode>) value : Map.of();
  }

  /** {@return the elements in order; empty if this is no array} */
  @SuppressWarnings("unchecked")
  public List<JsonNode> elements() {
    return isArray() ? (List<JsonNode>) value : List.of();
  }

  /** {@return the elements of an array} */
  @Override
  public Iterator<JsonNode> iterator() {
    return elements().iterator();
  }

  /** Numbers are equal if their values are; objects whatever the order of their members. */
  @Override
  public boolean equals(Object other) {
    return other instanceof JsonNode that
        && kind == that.kind
        && (value instanceof BigDecimal number
            ? number.compareTo((BigDecimal) that.value) == 0
            : value.equals(that.value));
  }

  @Override
  public int hashCode() {
    return value instanceof BigDecimal number
        ? number.stripTrailingZeros().hashCode()
        : value.hashCode();
  }

  /** {@return the value as JSON, in one line} */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    write(text);
    return text.toString();
  }

  private void write(StringBuilder text) {
    String separator = "";
    switch (kind) {
      case OBJECT -> {
        text.append('{');
        for (Map.Entry<String, JsonNode> member : members().entrySet()) {
          text.append(separator);
          JsonWriter.quote(text, member.getKey());
          text.append(':');
          member.getValue().write(text);
          separator = ",";
        }
        text.append('}');
      }
      case ARRAY -> {
        text.append('[');
        for (JsonNode element : elements()) {
          text.append(separator);
          element.write(text);
          separator = ",";
        }
        text.append(']');
      }
      case STRING -> JsonWriter.quote(text, textValue());
      default -> text.append(value);
    }
  }
}
