package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.TextTokenizer.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTokenizerTest {
  @TempDir Path folder;

  private static JsonNode golden(String name) {
    return FixtureJson.read(EncoderFixtures.RESOURCES.resolve(name + ".golden.json"));
  }

  private static JsonTokenizer open(String name, int maxLength, boolean pairs) {
    return JsonTokenizer.open(
        EncoderFixtures.RESOURCES.resolve(name + ".json"),
        EncoderFixtures.layout(maxLength, pairs, true));
  }

  private static long[] longs(JsonNode array) {
    long[] values = new long[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).longValue();
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(strings = {"wordpiece", "byte-pairs"})
  void textsBecomeTheTokensOfTransformers(String name) {
    JsonNode golden = golden(name);
    try (JsonTokenizer tokenizer = open(name, golden.get("maxLength").intValue(), false)) {
      for (JsonNode single : golden.get("singles")) {
        Tokens tokens = tokenizer.encode(single.get("text").textValue());
        String text = single.toString();
        assertArrayEquals(longs(single.get("ids")), tokens.ids(), text);
        assertArrayEquals(new long[tokens.length()], tokens.types(), text);
        assertEquals(single.get("truncated").booleanValue(), tokens.truncated(), text);
      }
      assertEquals(61, golden.get("singles").size());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"wordpiece", "byte-pairs"})
  void pairsOfTextsBecomeTheTokensOfTransformers(String name) {
    JsonNode golden = golden(name);
    try (JsonTokenizer tokenizer = open(name, golden.get("maxLength").intValue(), true)) {
      for (JsonNode pair : golden.get("pairs")) {
        Tokens tokens =
            tokenizer.encode(pair.get("text").textValue(), pair.get("pair").textValue());
        assertArrayEquals(longs(pair.get("ids")), tokens.ids(), pair.toString());
        assertArrayEquals(longs(pair.get("types")), tokens.types(), pair.toString());
      }
    }
  }

  @Test
  void halvesOfSurrogatePairsAreReplaced() {
    try (JsonTokenizer tokenizer = open("byte-pairs", 40, false)) {
      for (String half : List.of("\ud83d", "\ude00")) {
        assertArrayEquals(
            tokenizer.encode("a \ufffd b").ids(), tokenizer.encode("a " + half + " b").ids());
      }
      assertArrayEquals(
          tokenizer.encode("\ufffd\ud83d\ude00\ufffd").ids(),
          tokenizer.encode("\ude00\ud83d\ude00\ud83d").ids());
    }
  }

  @Test
  void specialTokensAreLeftOutWhenTheManifestSaysSo() {
    Path file = EncoderFixtures.RESOURCES.resolve("wordpiece.json");
    try (JsonTokenizer with = open("wordpiece", 20, false);
        JsonTokenizer without =
            JsonTokenizer.open(file, EncoderFixtures.layout(20, false, false))) {
      long[] all = with.encode("red shoe").ids();
      assertEquals(2, all[0]);
      assertEquals(3, all[all.length - 1]);
      assertArrayEquals(
          java.util.Arrays.copyOfRange(all, 1, all.length - 1), without.encode("red shoe").ids());
      assertEquals(0, without.encode("").length());
    }
  }

  @Test
  void theLargestTokenCountsAddedOnes() throws IOException {
    ObjectNode json =
        (ObjectNode) FixtureJson.JSON.readTree(EncoderFixtures.resource("wordpiece.json"));
    try (JsonTokenizer tokenizer = open(json)) {
      assertEquals(232, tokenizer.largestToken());
    }
    ObjectNode added = json.get("added_tokens").get(0).deepCopy();
    ((ArrayNode) json.get("added_tokens")).add(added.put("id", 300).put("content", "<new>"));
    try (JsonTokenizer tokenizer = open(json)) {
      assertEquals(300, tokenizer.largestToken());
    }
  }

  private JsonTokenizer open(JsonNode json) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json.toString());
    return JsonTokenizer.open(file, EncoderFixtures.layout(12, false, true));
  }

  @Test
  void threadsShareATokenizer() throws Exception {
    JsonNode golden = golden("wordpiece");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (JsonTokenizer tokenizer = open("wordpiece", golden.get("maxLength").intValue(), false)) {
      List<Future<?>> callers = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        callers.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < 20; round++) {
                    for (JsonNode single : golden.get("singles")) {
                      assertArrayEquals(
                          longs(single.get("ids")),
                          tokenizer.encode(single.get("text").textValue()).ids());
                    }
                  }
                }));
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void theLibraryLeavesNoPropertyBehind() {
    open("wordpiece", 20, false).close();
    assertEquals(null, System.getProperty("ai.djl.offline"));
    assertEquals(null, System.getProperty("RUST_FLAVOR"));
  }

  private void assertRefused(JsonNode json, String... named) {
    RecommenderException e = assertThrows(RecommenderException.class, () -> open(json));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  /** Some of these would bring the process down if the native code got to see them. */
  @Test
  void malformedTokenizersAreRefused() throws IOException {
    JsonNode sound = FixtureJson.JSON.readTree(EncoderFixtures.resource("wordpiece.json"));
    assertRefused(FixtureJson.JSON.createObjectNode(), "tokenizer.json: /model/vocab");
    ObjectNode json = sound.deepCopy();
    json.remove("model");
    assertRefused(json, "/model/vocab: expected an object or an array of tokens, found none");
    json = sound.deepCopy();
    json.withObject("/model").put("type", "Nonsense");
    assertRefused(json, "tokenizer.json: expected a tokenizer, found one that cannot be read");
    json = sound.deepCopy();
    json.withObject("/model/vocab").put("red", -1);
    assertRefused(json, "/model/vocab", "integers of at least 0, found -1");
    json = sound.deepCopy();
    json.withObject("/post_processor/special_tokens").remove("[SEP]");
    assertRefused(
        json, "/post_processor/single: expected a token of special_tokens, found '[SEP]'");
    ObjectNode sequence = FixtureJson.JSON.createObjectNode().put("type", "Sequence");
    sequence.putArray("processors").add(json.get("post_processor"));
    json.set("post_processor", sequence);
    assertRefused(
        json, "/post_processor/single: expected a token of special_tokens, found '[SEP]'");
    json = sound.deepCopy();
    json.withObject("/pre_tokenizer").put("type", "Nonsense");
    assertRefused(json, "tokenizer.json: expected a tokenizer, found one that cannot be read");
  }

  @Test
  void aMaximumThatSpecialTokensFillIsRefused() {
    Path file = EncoderFixtures.RESOURCES.resolve("wordpiece.json");
    RecommenderException e =
        assertThrows(
            RecommenderException.class,
            () -> JsonTokenizer.open(file, EncoderFixtures.layout(2, false, true)));
    assertTrue(
        e.getMessage().contains("/encoder/text/maxLength: expected more than the 2 tokens"),
        e.getMessage());
    e =
        assertThrows(
            RecommenderException.class,
            () -> JsonTokenizer.open(file, EncoderFixtures.layout(3, true, true)));
    assertTrue(e.getMessage().contains("expected more than the 3 tokens"), e.getMessage());
    JsonTokenizer.open(file, EncoderFixtures.layout(3, false, true)).close();
  }
}
