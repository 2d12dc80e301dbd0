package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.onnx.TextTokenizer.Tokens;
import io.recommender.onnx.TokenLayout.Truncation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tokenizers of every kind make the tokens of Transformers out of 5,000 titles of the shop, and out
 * of 500 strings that are hard to read: emoji, right-to-left, zero-width, control and private
 * characters, halves of surrogate pairs, 100,000 characters.
 */
class TokenDigestsTest {
  private static final Path RESOURCES = Path.of("src", "test", "resources");
  private static final Path SHOP = Path.of("..", "examples", "shop", "bundles");
  private static final JsonNode DIGESTS =
      FixtureJson.read(RESOURCES.resolve(Path.of("tokens", "digests.json")));
  private static final int MAX_LENGTH = DIGESTS.get("maxLength").intValue();
  private static final List<String> STRANGE = strange();
  private static final List<String> TITLES = titles();

  private static Path file(String name) {
    return switch (name) {
      case "unigram" -> RESOURCES.resolve(Path.of("tokens", "unigram.json"));
      case "shop-text" -> SHOP.resolve(Path.of("shop-text", "tokenizer.json"));
      default -> RESOURCES.resolve(Path.of("encoder", name + ".json"));
    };
  }

  private static List<String> strange() {
    List<String> texts = new ArrayList<>();
    for (JsonNode each : FixtureJson.read(RESOURCES.resolve(Path.of("tokens", "strange.json")))) {
      texts.add(each.get(0).textValue().repeat(each.get(1).intValue()));
    }
    return texts;
  }

  /** The titles, the titles with their categories, and some categories. */
  private static List<String> titles() {
    List<JsonNode> items = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(SHOP.resolve(Path.of("shop", "items.jsonl")))) {
        items.add(FixtureJson.JSON.readTree(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> texts = new ArrayList<>();
    items.forEach(item -> texts.add(item.get("title").textValue()));
    items.forEach(
        item -> texts.add(item.get("title").textValue() + ", " + item.get("category").textValue()));
    items.forEach(item -> texts.add(item.get("category").textValue()));
    return texts.subList(0, 5000);
  }

  @Test
  void thereAreAsManyTextsAsPromised() {
    assertEquals(500, STRANGE.size());
    assertEquals(5000, TITLES.size());
    assertEquals(100_000, STRANGE.stream().mapToInt(String::length).max().orElse(0));
  }

  @ParameterizedTest
  @CsvSource({"wordpiece", "byte-pairs", "unigram", "shop-text"})
  void titlesBecomeTheTokensOfTransformers(String name) {
    JsonNode expected = DIGESTS.at("/tokenizers/" + name + "/titles");
    int block = DIGESTS.get("block").intValue();
    assertEquals(TITLES.size(), expected.size() * block);
    try (JsonTokenizer tokenizer = JsonTokenizer.open(file(name), true)) {
      for (int i = 0; i < expected.size(); i++) {
        TokenDigest found = new TokenDigest();
        List<String> texts = TITLES.subList(i * block, (i + 1) * block);
        texts.forEach(text -> found.add(tokenizer.encode(text).ids()));
        assertEquals(expected.get(i).longValue(), found.value(), () -> "one of " + texts);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"wordpiece", "byte-pairs", "unigram", "shop-text"})
  void strangeStringsBecomeTheTokensOfTransformers(String name) {
    JsonNode expected = DIGESTS.at("/tokenizers/" + name + "/strange");
    List<String> different = new ArrayList<>();
    try (JsonTokenizer tokenizer = JsonTokenizer.open(file(name), true)) {
      for (int i = 0; i < STRANGE.size(); i++) {
        long found = new TokenDigest().add(tokenizer.encode(STRANGE.get(i)).ids()).value();
        if (found != expected.get(i).longValue()) {
          different.add(i + ": " + shown(STRANGE.get(i)));
        }
      }
    }
    assertEquals(List.of(), different);
  }

  @ParameterizedTest
  @CsvSource({"wordpiece", "byte-pairs", "unigram", "shop-text"})
  void pairsAreCutAsByTransformers(String name) {
    List<Tokens> strange;
    List<Tokens> titles;
    try (JsonTokenizer tokenizer = open(name, Truncation.LONGEST_FIRST)) {
      strange = STRANGE.stream().map(tokenizer::part).toList();
      titles = TITLES.subList(0, STRANGE.size()).stream().map(tokenizer::part).toList();
    }
    for (Truncation truncation : Truncation.values()) {
      JsonNode expected =
          DIGESTS.at("/tokenizers/" + name + "/" + truncation.name().toLowerCase(Locale.ROOT));
      List<Integer> different = new ArrayList<>();
      try (JsonTokenizer tokenizer = open(name, truncation)) {
        for (int i = 0; i < strange.size(); i++) {
          Tokens tokens =
              switch (truncation) {
                case LONGEST_FIRST ->
                    tokenizer.join(strange.get(i), strange.get(strange.size() - 1 - i));
                case ONLY_FIRST -> tokenizer.join(strange.get(i), titles.get(i));
                case ONLY_SECOND -> tokenizer.join(titles.get(i), strange.get(i));
              };
          long found = new TokenDigest().add(tokens.ids()).add(tokens.types()).value();
          if (found != expected.get(i).longValue()) {
            different.add(i);
          }
        }
      }
      assertEquals(List.of(), different, truncation.name());
    }
  }

  private static JsonTokenizer open(String name, Truncation truncation) {
    return JsonTokenizer.open(
        file(name), EncoderFixtures.layout(MAX_LENGTH, true, true, truncation));
  }

  /** A text so that every character of it can be told. */
  private static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    text.substring(0, Math.min(40, text.length()))
        .chars()
        .forEach(c -> shown.append(c > 32 && c < 127 ? "" + (char) c : "\\u%04x".formatted(c)));
    return shown + " (" + text.length() + ")";
  }
}
