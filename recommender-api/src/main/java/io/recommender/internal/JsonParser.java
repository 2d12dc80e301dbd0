package io.recommender.internal;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON as RFC 8259 has it and nothing else: no comments, no trailing commas, no member twice,
 * no more than {@value #MAX_DEPTH} values in each other.
 *
 * <p>Internal. May change in any release.
 *
 * <p><b>Confined</b>.
 */
public final class JsonParser {
  private static final int MAX_DEPTH = 500;
  private static final int MAX_NUMBER_LENGTH = 1_000;
  private static final int MAX_EXPONENT_DIGITS = 6;

  private final String text;
  private int at;

  private JsonParser(String text) {
    this.text = text;
  }

  /** A text is not JSON. */
  public static final class SyntaxException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The message without the line. */
    private final String inLine;

    SyntaxException(int line, int column, String problem) {
      super("line %d, column %d: %s".formatted(line, column, problem));
      inLine = "column %d: %s".formatted(column, problem);
    }

    /** {@return the message without the line, for texts of one line} */
    public String inLine() {
      return inLine;
    }
  }

  /**
   * Reads a text.
   *
   * @param text the text, one value
   * @return the value
   * @throws SyntaxException if it is not JSON, with the line and the column
   */
  public static JsonNode parse(String text) throws SyntaxException {
    JsonParser parser = new JsonParser(text);
    JsonNode value = parser.value(0);
    parser.skipSpace();
    if (parser.at < text.length()) {
      throw parser.wrong("the end");
    }
    return value;
  }

  private JsonNode value(int depth) throws SyntaxException {
    if (depth > MAX_DEPTH) {
      throw wrong("at most " + MAX_DEPTH + " values in each other");
    }
    skipSpace();
    switch (peek()) {
      case '{' -> {
        return object(depth);
      }
      case '[' -> {
        return array(depth);
      }
      case '"' -> {
        return JsonNode.text(string());
      }
      case 't' -> {
        return word("true", JsonNode.TRUE);
      }
      case 'f' -> {
        return word("false", JsonNode.FALSE);
      }
      case 'n' -> {
        return word("null", JsonNode.NULL);
      }
      default -> {
        return number();
      }
    }
  }

  private JsonNode object(int depth) throws SyntaxException {
    Map<String, JsonNode> members = new LinkedHashMap<>();
    at++;
    skipSpace();
    if (!accept('}')) {
      do {
        skipSpace();
        if (peek() != '"') {
          throw wrong("the name of a member");
        }
        String name = string();
        skipSpace();
        expect(':');
        if (members.put(name, value(depth + 1)) != null) {
          throw wrong("each member once, not '" + name + "' twice");
        }
        skipSpace();
      } while (accept(','));
      expect('}');
    }
    return JsonNode.object(members);
  }

  private JsonNode array(int depth) throws SyntaxException {
    List<JsonNode> elements = new ArrayList<>();
    at++;
    skipSpace();
    if (!accept(']')) {
      do {
        elements.add(value(depth + 1));
        skipSpace();
      } while (accept(','));
      expect(']');
    }
    return JsonNode.array(elements);
  }

  private JsonNode word(String word, JsonNode value) throws SyntaxException {
    if (!text.startsWith(word, at)) {
      throw wrong("a value");
    }
    at += word.length();
    return value;
  }

  private JsonNode number() throws SyntaxException {
    int from = at;
    accept('-');
    if (!accept('0')) {
      digits("a value");
    }
    if (accept('.')) {
      digits("a digit");
    }
    if (accept('e') || accept('E')) {
      if (!accept('+')) {
        accept('-');
      }
      int exponent = at;
      digits("a digit");
      if (at - exponent > MAX_EXPONENT_DIGITS) {
        throw wrong("an exponent of at most " + MAX_EXPONENT_DIGITS + " digits");
      }
    }
    if (at - from > MAX_NUMBER_LENGTH) {
      throw wrong("a number of at most " + MAX_NUMBER_LENGTH + " chars");
    }
    return JsonNode.number(new BigDecimal(text.substring(from, at)));
  }

  private void digits(String expected) throws SyntaxException {
    int from = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == from) {
      throw wrong(expected);
    }
  }

  private String string() throws SyntaxException {
    StringBuilder value = new StringBuilder();
    at++;
    while (true) {
      char c = peek();
      if (c < ' ') {
        throw wrong(at == text.length() ? "the end of a string" : "no control character");
      }
      at++;
      if (c == '"') {
        return value.toString();
      }
      value.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() throws SyntaxException {
    char c = peek();
    at++;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> {
        at--;
        throw wrong("an escape such as \\n");
      }
    };
  }

  private char unicode() throws SyntaxException {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(peek(), 16);
      if (digit < 0 || peek() > 'f') {
        throw wrong("four hexadecimal digits");
      }
      code = code * 16 + digit;
      at++;
    }
    return (char) code;
  }

  private void skipSpace() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
      at++;
    }
  }

  /** Returns the next char, 0 at the end. */
  private char peek() {
    return at < text.length() ? text.charAt(at) : 0;
  }

  private boolean accept(char c) {
    if (peek() != c || at == text.length()) {
      return false;
    }
    at++;
    return true;
  }

  private void expect(char c) throws SyntaxException {
    if (!accept(c)) {
      throw wrong("'" + c + "'");
    }
  }

  private SyntaxException wrong(String expected) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < at; i++) {
      column = text.charAt(i) == '\n' ? 1 : column + 1;
      line += text.charAt(i) == '\n' ? 1 : 0;
    }
    String found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end";
    return new SyntaxException(line, column, "expected %s, found %s".formatted(expected, found));
  }
}
