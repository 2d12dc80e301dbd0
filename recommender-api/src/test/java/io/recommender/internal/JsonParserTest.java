package io.recommender.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonParserTest {

  private static JsonNode parse(String text) {
    try {
      return JsonParser.parse(text);
    } catch (JsonParser.SyntaxException e) {
      throw new AssertionError(text, e);
    }
  }

  private static String refusal(String text) {
    return assertThrows(JsonParser.SyntaxException.class, () -> JsonParser.parse(text), text)
        .getMessage();
  }

  @Test
  void valuesAreRead() {
    JsonNode root =
        parse(
            " {\"a\" : [1, -2.5e3, true, false, null, \"x\\n"
                + "\\u00e9\\\"/\\/\"],\r\n"
                + "\t\"b\":{}, \"\":[]} ");
    List<JsonNode> a = root.members().get("a").elements();
    assertEquals(1, a.get(0).intValue());
    assertTrue(a.get(0).isInt() && !a.get(1).isInt());
    assertEquals(-2500, a.get(1).doubleValue());
    assertEquals(-2500f, a.get(1).floatValue());
    assertTrue(a.get(2).booleanValue() && a.get(3).isBoolean() && !a.get(3).booleanValue());
    assertFalse(a.get(4).isBoolean() || a.get(4).isTextual() || a.get(4).isObject());
    assertEquals("x\né\"//", a.get(5).textValue());
    assertEquals(3, root.size());
    assertEquals(
        "{\"a\":[1,-2.5E+3,true,false,null,\"x\\né\\\"//\"],\"b\":{},\"\":[]}", root.toString());
  }

  @Test
  void integersHaveNoFractionAndFit() {
    assertTrue(parse("2147483647").isInt() && parse("-2147483648").isInt());
    assertFalse(parse("2147483648").isInt() || parse("1.0").isInt() || parse("\"1\"").isInt());
  }

  @Test
  void numbersAreEqualByValueAndObjectsInAnyOrder() {
    assertEquals(parse("{\"a\":1,\"b\":[2.50]}"), parse("{\"b\":[2.5],\"a\":1.0}"));
    assertEquals(parse("[100]").hashCode(), parse("[1e2]").hashCode());
    assertNotEquals(parse("[1]"), parse("[\"1\"]"));
    assertNotEquals(parse("null"), parse("\"null\""));
  }

  @Test
  void everythingElseIsRefusedWithItsPlace() {
    assertEquals("line 1, column 1: expected a value, found the end", refusal(""));
    assertEquals("line 2, column 3: expected a value, found ']'", refusal("[1,\n  ]"));
    assertEquals("line 1, column 3: expected the end, found '2'", refusal("1 2"));
    assertEquals("line 1, column 2: expected the end, found '1'", refusal("01"));
    assertEquals("line 1, column 3: expected a digit, found the end", refusal("1."));
    assertEquals(
        "line 1, column 13: expected each member once, not 'a' twice, found '}'",
        refusal("{\"a\":1,\"a\":2}"));
    for (String wrong :
        List.of(
            "nul",
            "True",
            "NaN",
            "-",
            "+1",
            ".5",
            "1e",
            "1e9999999",
            "'a'",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\t\"",
            "\"\u0000\"",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1,}",
            "[",
            "{",
            "// no\n1",
            "\uFEFF1",
            "[".repeat(100_000))) {
      assertTrue(refusal(wrong).startsWith("line "), wrong);
    }
  }

  private static Object random(Random random, int depth) {
    switch (random.nextInt(depth > 3 ? 4 : 6)) {
      case 0 -> {
        return random.nextInt();
      }
      case 1 -> {
        return (double) random.nextInt(1000) / 8;
      }
      case 2 -> {
        return random.nextBoolean();
      }
      case 3 -> {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
          text.append((char) (random.nextBoolean() ? random.nextInt(128) : random.nextInt(65536)));
        }
        return text.toString();
      }
      default -> {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          list.add(random(random, depth + 1));
        }
        return list;
      }
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    Random random = new Random(1);
    for (int i = 0; i < 2_000; i++) {
      String written = JsonWriter.write(random(random, 0));
      JsonNode read = parse(written);
      assertEquals(read, parse(read.toString()));
      assertEquals(written, JsonWriter.write(read), "as it was written");
    }
  }
}
