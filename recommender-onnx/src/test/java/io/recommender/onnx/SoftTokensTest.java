package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import io.recommender.spi.NextTokenScorer.SoftTokens;
import io.recommender.spi.PromptLayout.SoftInput;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Vectors that a graph reads beside tokens, as LLaRA ("LLaRA: Large Language-Recommendation
 * Assistant", SIGIR 2024) is told what a conventional recommender has of an item, and GA-LLM
 * ("Geography-Aware Large Language Models for Next POI Recommendation", 2025) of a place.
 */
class SoftTokensTest {
  private static final float[][] BIGRAMS = GenerativeFixtures.BIGRAMS;

  /** What the graph makes of a vector, and of a token that has one. */
  private static final float[][] PROJECTION = {{1, 2, 3}, {0.5f, -0.5f, 0.25f}};

  private static final float[] MARK = {8, 16, 32};
  private static final float[][] VECTORS = {{1, 4}, {-2, 0.5f}};

  @TempDir Path folder;

  /** Logits after a token: those of its bigrams, of its vector and of the mark. */
  private BundleWriter bundle(String paddingSide) {
    byte[] model =
        new OnnxWriter()
            .input("ids", OnnxWriter.INT64, "rows", "length")
            .input("vectors", OnnxWriter.FLOAT, "rows", "length", 2)
            .input("marks", OnnxWriter.FLOAT, "rows", "length")
            .floats("table", Fixtures.flat(BIGRAMS), 3, 3)
            .floats("projection", Fixtures.flat(PROJECTION), 2, 3)
            .floats("mark", MARK, 1, 1, 3)
            .longs("last", new long[] {2}, 1)
            .node("Gather", "words", List.of("table", "ids"), "axis", 0)
            .node("MatMul", "projected", List.of("vectors", "projection"))
            .node("Unsqueeze", "column", List.of("marks", "last"))
            .node("Mul", "marked", List.of("column", "mark"))
            .node("Add", "both", List.of("words", "projected"))
            .node("Add", "logits", List.of("both", "marked"))
            .output("logits", OnnxWriter.FLOAT, "rows", "length", 3)
            .model();
    BundleWriter bundle = new BundleWriter(folder, "SEQ_GENERATIVE");
    bundle.manifest.remove("sequence");
    bundle
        .items(List.of("a", "b"))
        .model(model)
        .file("codes.npy", GenerativeFixtures.npy("<i4", 2, new int[][] {{0}, {1}}))
        .floats("item_embeddings.npy", Fixtures.flat(VECTORS), 2, 2);
    ObjectNode generation = bundle.manifest.putObject("generation");
    generation.put("layout", "DECODER_ONLY").put("vocabularySize", 3).put("logits", "logits");
    ObjectNode codes = generation.putObject("codes").put("file", "codes.npy").put("unique", true);
    codes.putArray("sizes").add(2);
    codes.putArray("offsets").add(1);
    generation
        .putObject("prompt")
        .put("maxItems", 3)
        .put("paddingSide", paddingSide)
        .put("paddingToken", 2)
        .put("slot", 0);
    ArrayNode inputs = generation.putArray("inputs");
    inputs.addObject().put("role", "TOKEN_IDS").put("name", "ids");
    inputs
        .addObject()
        .put("role", "SOFT_TOKENS")
        .put("name", "vectors")
        .put("width", 2)
        .put("file", "item_embeddings.npy");
    inputs.addObject().put("role", "SOFT_MASK").put("name", "marks");
    return bundle;
  }

  private static float[] expected(int token, float[] vector, boolean isMarked) {
    float[] logits = BIGRAMS[token].clone();
    for (int i = 0; i < logits.length; i++) {
      logits[i] += vector[0] * PROJECTION[0][i] + vector[1] * PROJECTION[1][i];
      logits[i] += isMarked ? MARK[i] : 0;
    }
    return logits;
  }

  private static float[] logits(Decoding decoding, int row) {
    float[] logits = new float[3];
    decoding.logits(row, logits);
    return logits;
  }

  private static Prompt prompt(int[] tokens, int[] places, float[]... vectors) {
    return new Prompt(tokens, Map.of(), Map.of("vectors", new SoftTokens(places, vectors)));
  }

  @Test
  void eachTokenHasItsVectorOrZeros() {
    float[] none = new float[2];
    for (String side : List.of("LEFT", "RIGHT")) {
      try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(bundle(side).seal())) {
        Prompt slotLast = prompt(new int[] {1, 0}, new int[] {1}, new float[] {3, 5});
        Prompt slotFirst = prompt(new int[] {0, 2, 1}, new int[] {0}, new float[] {7, 7});
        Prompt without = prompt(new int[] {2}, new int[0]);
        try (Decoding rows = model.scorer().startAll(List.of(slotLast, slotFirst, without))) {
          assertArrayEquals(expected(0, new float[] {3, 5}, true), logits(rows, 0), side);
          assertArrayEquals(expected(1, none, false), logits(rows, 1), side);
          assertArrayEquals(expected(2, none, false), logits(rows, 2), side);
          rows.advance(new int[] {0, 1}, new int[] {2, 0}, 2);
          assertArrayEquals(expected(2, none, false), logits(rows, 0), side);
          assertArrayEquals(expected(0, none, false), logits(rows, 1), side);
        }
      }
    }
  }

  @Test
  void theBundleHasTheVectorsOfTheItems() {
    try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(bundle("LEFT").seal())) {
      assertEquals(List.of(new SoftInput("vectors", 2)), model.prompt().softInputs());
      assertEquals(OptionalInt.of(0), model.prompt().slot());
      assertArrayEquals(VECTORS[1], model.vector("vectors", 1));
      assertThrows(IllegalArgumentException.class, () -> model.vector("pictures", 1));
    }
  }

  @Test
  void vectorsThatAreMissingOrOfAnotherWidthAreRefused() {
    try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(bundle("LEFT").seal())) {
      refused(model, Prompt.of(1), "expected the soft input 'vectors', found []");
      refused(
          model,
          prompt(new int[] {1}, new int[] {0}, new float[3]),
          "input 'vectors': expected vectors of 2 components, found one of 3");
      refused(
          model,
          new Prompt(
              new int[] {1},
              Map.of(),
              Map.of(
                  "vectors", new SoftTokens(new int[0], new float[0][]),
                  "more", new SoftTokens(new int[0], new float[0][]))),
          "expected the soft inputs [vectors], found");
    }
  }

  private static void refused(OnnxGenerativeModel model, Prompt prompt, String message) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> model.scorer().start(prompt));
    assertTrue(error.getMessage().contains(message), error::getMessage);
  }

  @Test
  void aWidthThatDisagreesIsRefused() {
    BundleWriter bundle = bundle("LEFT");
    ((ObjectNode) bundle.manifest.at("/generation/inputs/1")).put("width", 5);
    bundle.floats("item_embeddings.npy", new float[10], 2, 5);
    RecommenderException error =
        assertThrows(
            RecommenderException.class, () -> RecommenderBundle.openGenerative(bundle.seal()));
    assertEquals(Kind.SHAPE_MISMATCH, error.kind());
    assertTrue(
        error.getMessage().contains("expected float [rows, length, 5], the width in manifest.json"),
        error::getMessage);
  }
}
