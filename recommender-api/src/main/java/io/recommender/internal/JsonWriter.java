package io.recommender.internal;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Writes maps, lists, arrays, strings, numbers and booleans as indented JSON, in their order.
 *
 * <p>A double is rounded to 15 significant digits: JDK versions differ in how they print the last
 * digit of some. NaN becomes null.
 *
 * <p>Internal. May change in any release.
 */
public final class JsonWriter {
  private static final MathContext DIGITS = new MathContext(15);

  private final StringBuilder text = new StringBuilder();

  private JsonWriter() {}

  /** Returns the text, which ends in a line feed. */
  public static String write(Object value) {
    JsonWriter writer = new JsonWriter();
    writer.value(value, 0);
    return writer.text.append('\n').toString();
  }

  private void value(Object value, int depth) {
    if (value instanceof Map<?, ?> map) {
      object(map, depth);
    } else if (value instanceof List<?> list) {
      list(list, depth);
    } else if (value instanceof int[] numbers) {
      list(Arrays.stream(numbers).boxed().toList(), depth);
    } else if (value instanceof double[] numbers) {
      list(Arrays.stream(numbers).boxed().toList(), depth);
    } else if (value instanceof Double number) {
      text.append(number(number));
    } else if (value instanceof Number || value instanceof Boolean) {
      text.append(value);
    } else {
      string(value.toString());
    }
  }

  /** Returns a number as it is written. */
  public static String number(double value) {
    if (!Double.isFinite(value)) {
      return "null";
    }
    BigDecimal rounded = new BigDecimal(value).round(DIGITS).stripTrailingZeros();
    boolean plain = Math.abs(value) < 1e15 && (value == 0 || Math.abs(value) >= 1e-6);
    return plain ? rounded.toPlainString() : rounded.toString();
  }

  private void object(Map<?, ?> map, int depth) {
    if (map.isEmpty()) {
      text.append("{}");
      return;
    }
    text.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      text.append(separator);
      line(depth + 1);
      string(entry.getKey().toString());
      text.append(": ");
      value(entry.getValue(), depth + 1);
      separator = ",";
    }
    line(depth);
    text.append('}');
  }

  private void list(List<?> list, int depth) {
    boolean flat = list.stream().noneMatch(each -> each instanceof Map || each instanceof List);
    text.append('[');
    for (int i = 0; i < list.size(); i++) {
      if (i > 0) {
        text.append(flat ? ", " : ",");
      }
      if (!flat) {
        line(depth + 1);
      }
      value(list.get(i), depth + 1);
    }
    if (!flat) {
      line(depth);
    }
    text.append(']');
  }

  private void line(int depth) {
    text.append('\n').append("  ".repeat(depth));
  }

  private void string(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c < ' ' || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
            text.append("\\u%04x".formatted((int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }
}
