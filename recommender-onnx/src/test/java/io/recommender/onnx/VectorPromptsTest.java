package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A language model that reads items as several vectors each, as ILM ("Item-Language Model for
 * Conversational Recommendation", 2024) is told what an item encoder makes of them.
 */
class VectorPromptsTest {
  private static final int WORDS = 6;
  private static final int SLOT = 1;
  private static final int WIDTH = 2;
  private static final int QUERIES = 4;

  private static final String TOKENIZER =
      """
      {"version": "1.0", "truncation": null, "padding": null,
       "added_tokens": [{"id": 1, "content": "<slot>", "single_word": false, "lstrip": false,
         "rstrip": false, "normalized": false, "special": true}],
       "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null,
       "decoder": null,
       "model": {"type": "WordLevel", "unk_token": "[UNK]",
         "vocab": {"[UNK]": 0, "<slot>": 1, "red": 2, "blue": 3, "calm": 4, "loud": 5}}}
      """;

  @TempDir Path vectors;
  @TempDir Path words;

  /** As an encoder makes them: four vectors, each of which says which of two colours it has. */
  private static float[] item(String id) {
    float[] vectors = new float[QUERIES * WIDTH];
    for (int query = 0; query < QUERIES; query++) {
      vectors[query * WIDTH + (id.startsWith("red") ? 0 : 1)] = 1 + query / 8f;
    }
    return vectors;
  }

  /** What comes after a word: "loud" after "calm" and the word itself after any other. */
  private static float[] table() {
    float[] table = new float[WORDS * WORDS];
    for (int word = 0; word < WORDS; word++) {
      table[word * WORDS + (word == 4 ? 5 : word)] = word == SLOT ? 0 : 3;
    }
    return table;
  }

  /** The later a vector comes, the more it counts for the word of its colour. */
  private BundleWriter withVectors() {
    byte[] model =
        new OnnxWriter()
            .input("ids", OnnxWriter.INT64, "rows", "length")
            .input("vectors", OnnxWriter.FLOAT, "rows", "length", WIDTH)
            .input("marks", OnnxWriter.FLOAT, "rows", "length")
            .floats("table", table(), WORDS, WORDS)
            .floats("projection", new float[] {0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0}, WIDTH, WORDS)
            .longs("axis", new long[] {1})
            .longs("axes", new long[] {1}, 1)
            .longs("last", new long[] {2}, 1)
            .node("Gather", "words", List.of("table", "ids"), "axis", 0)
            .node("MatMul", "projected", List.of("vectors", "projection"))
            .node("CumSum", "order", List.of("marks", "axis"))
            .node("Unsqueeze", "column", List.of("order", "last"))
            .node("Mul", "weighted", List.of("projected", "column"))
            .node("ReduceSum", "total", List.of("weighted", "axes"), "keepdims", 1)
            .node("Add", "logits", List.of("words", "total"))
            .output("logits", OnnxWriter.FLOAT, "rows", "length", WORDS)
            .model();
    BundleWriter bundle = bundle(vectors, model);
    ((ObjectNode) bundle.manifest.at("/generation/prompt")).put("slot", SLOT);
    ArrayNode inputs = (ArrayNode) bundle.manifest.at("/generation/inputs");
    inputs.addObject().put("role", "SOFT_TOKENS").put("name", "vectors").put("width", WIDTH);
    inputs.addObject().put("role", "SOFT_MASK").put("name", "marks");
    return bundle;
  }

  private BundleWriter withoutVectors() {
    byte[] model =
        new OnnxWriter()
            .input("ids", OnnxWriter.INT64, "rows", "length")
            .floats("table", table(), WORDS, WORDS)
            .node("Gather", "logits", List.of("table", "ids"), "axis", 0)
            .output("logits", OnnxWriter.FLOAT, "rows", "length", WORDS)
            .model();
    return bundle(words, model);
  }

  private static BundleWriter bundle(Path folder, byte[] model) {
    BundleWriter bundle = new BundleWriter(folder, "TEXT_GENERATION");
    bundle.manifest.remove(List.of("sequence", "inputs", "items", "scores"));
    bundle.model(model).file("tokenizer.json", TOKENIZER);
    ObjectNode generation = bundle.manifest.putObject("generation");
    generation.put("layout", "DECODER_ONLY").put("vocabularySize", WORDS).put("logits", "logits");
    generation
        .putObject("text")
        .put("tokenizer", "tokenizer.json")
        .put("maxPromptTokens", 16)
        .put("maxNewTokens", 1);
    generation.putObject("prompt").put("paddingSide", "LEFT").put("paddingToken", 0);
    generation.putArray("inputs").addObject().put("role", "TOKEN_IDS").put("name", "ids");
    return bundle;
  }

  @Test
  void vectorsAreAtTheirPlaces() {
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(withVectors().seal())) {
      float[] first = {1, 2, 3, 4, 5, 6, 7, 8};
      float[] second = {-1, -2};
      Prompt prompt =
          generator.prompt(
              "calm <<first>> red <<second>> <<first>>", Map.of("first", first, "second", second));
      assertArrayEquals(new int[] {4, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1}, prompt.tokens());
      assertEquals(Set.of("vectors"), prompt.softTokens().keySet());
      SoftTokens soft = prompt.softTokens().get("vectors");
      assertArrayEquals(new int[] {1, 2, 3, 4, 6, 7, 8, 9, 10}, soft.places());
      float[][] rows = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {-1, -2}, {1, 2}, {3, 4}, {5, 6}, {7, 8}};
      assertTrue(Arrays.deepEquals(rows, soft.vectors()), Arrays.deepToString(soft.vectors()));
    }
  }

  @Test
  void whoSwapsTwoItemsGetsAnotherAnswer() {
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(withVectors().seal())) {
      String prompt = "calm <<first>> or <<second>>";
      Map<String, float[]> one = Map.of("first", item("red-1"), "second", item("blue-1"));
      Map<String, float[]> other = Map.of("first", item("blue-1"), "second", item("red-1"));
      assertEquals("blue", generator.generate(prompt, one));
      assertEquals("red", generator.generate(prompt, other));
      assertEquals("blue", generator.generate(prompt, one), "nothing stays of a call");
    }
  }

  @Test
  void textsWithoutVectorsAreThoseOfTheModelAlone() {
    try (OnnxTextGenerator reader = RecommenderBundle.openTextGenerator(withVectors().seal());
        OnnxTextGenerator alone = RecommenderBundle.openTextGenerator(withoutVectors().seal())) {
      for (String prompt : List.of("calm", "red calm", "calm blue", "loud or red")) {
        String expected = alone.generate(prompt);
        assertEquals(expected, reader.generate(prompt));
        assertEquals(expected, reader.generate(prompt, Map.of()));
      }
      assertEquals("loud", reader.generate("calm"));
      IllegalStateException error =
          assertThrows(IllegalStateException.class, () -> alone.generate("calm", Map.of()));
      assertTrue(error.getMessage().contains("expected a model that reads vectors"), "names it");
    }
  }

  @Test
  void placesAndVectorsHaveToAgree() {
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(withVectors().seal())) {
      float[] red = item("red-1");
      refused(
          generator,
          "<<first>> or <<second>>",
          Map.of("first", red),
          "expected vectors for the place 'second', found those of [first]");
      refused(
          generator,
          "<<first>>",
          Map.of("first", red, "second", red),
          "expected a place for the vectors of [second], found none");
      refused(
          generator,
          "<<first>>",
          Map.of("first", new float[3]),
          "vectors of 'first': expected a multiple of 2 components, found 3");
      refused(
          generator,
          "<<first>>",
          Map.of("first", new float[] {0, Float.NaN}),
          "vectors of 'first': expected finite components, found NaN");
      refused(
          generator,
          "<slot> <<first>>",
          Map.of("first", red),
          "expected '<slot>' at no other place than those of vectors, 4, found it at 5");
      refused(
          generator,
          "<<first>> ".repeat(5),
          Map.of("first", red),
          "prompt: expected 1 to 16 tokens, found 20");
      assertEquals("red", generator.generate("<<first>>", Map.of("first", red)));
    }
  }

  private static void refused(
      OnnxTextGenerator generator, String prompt, Map<String, float[]> slots, String message) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> generator.generate(prompt, slots));
    assertTrue(error.getMessage().contains(message), error::getMessage);
  }

  @Test
  void whatDoesNotFitIsRefusedAtOpen() {
    BundleWriter bundle = withVectors();
    ObjectNode prompt = (ObjectNode) bundle.manifest.at("/generation/prompt");
    prompt.put("slot", 2);
    refusedAtOpen(
        bundle, "/generation/prompt/slot: expected one of added_tokens in tokenizer.json");
    prompt.remove("slot");
    refusedAtOpen(bundle, "found none");
    prompt.put("slot", SLOT);
    ObjectNode soft = (ObjectNode) bundle.manifest.at("/generation/inputs/1");
    soft.put("file", "vectors.npy");
    refusedAtOpen(bundle, "expected at most one of role SOFT_TOKENS, without a file");
    soft.remove("file");
    soft.put("width", 3);
    refusedAtOpen(bundle, "expected float [rows, length, 3], the width in manifest.json");
  }

  private static void refusedAtOpen(BundleWriter bundle, String message) {
    Path sealed = bundle.seal();
    RecommenderException error =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openTextGenerator(sealed));
    assertTrue(error.getMessage().contains(message), error::getMessage);
    assertTrue(Set.of(Kind.BUNDLE_INVALID, Kind.SHAPE_MISMATCH).contains(error.kind()));
  }
}
