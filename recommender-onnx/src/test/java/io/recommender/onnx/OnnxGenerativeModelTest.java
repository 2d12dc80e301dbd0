package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.Recommendations;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.ScoredItem;
import io.recommender.spi.GenerativeModel.Normalization;
import io.recommender.spi.PromptLayout;
import io.recommender.spi.PromptLayout.AlignedInput;
import io.recommender.spi.PromptLayout.AlignedValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/** What a generative bundle says, and what it must not get away with. */
class OnnxGenerativeModelTest {
  @TempDir Path folder;

  @Test
  void theBundleSaysEverythingThatADecoderNeeds() {
    try (OnnxGenerativeModel model = GenerativeFixtures.open("decoder-aligned")) {
      assertEquals(12, model.catalog().size());
      assertEquals("item-3", model.catalog().id(0));
      assertArrayEquals(new int[] {0, 0, 2}, model.codes(1));
      assertNotSame(model.codes(1), model.codes(1));
      assertArrayEquals(new int[] {3, 2, 4}, model.codeSizes());
      assertArrayEquals(new int[][] {{1, 2, 3}, {4, 5}, {6, 7, 8, 9}}, model.codeTokens());
      assertEquals(Normalization.CATALOG, model.normalization());
      assertEquals(OptionalInt.empty(), model.endToken());
      assertEquals(OptionalInt.of(4), model.beams());
      assertEquals(List.of(model.catalog().id(3), model.catalog().id(1)), model.fallback());
      PromptLayout prompt = model.prompt();
      assertEquals(5, prompt.maxItems());
      assertArrayEquals(new int[] {10}, prompt.prefix());
      assertArrayEquals(new int[] {10}, prompt.separator());
      assertArrayEquals(new int[] {10}, prompt.suffix());
      assertArrayEquals(new int[] {10}, prompt.whenEmpty().orElseThrow());
      assertEquals(
          List.of(new AlignedInput("code_position", AlignedValue.CODE_POSITION, 3)),
          prompt.alignedInputs());
      assertEquals(64, model.fingerprint().length());
      assertTrue(model.modelVersion().startsWith("decoder-aligned@1+"));
      assertEquals("cpu", model.device());
      assertEquals(GenerativeFixtures.VOCABULARY, model.scorer().vocabularySize());
    }
  }

  @Test
  void whatIsReadWithoutLoadingTheGraphs() {
    RecommenderBundle bundle =
        RecommenderBundle.read(GenerativeFixtures.FOLDER.resolve("encoder-decoder"));
    assertEquals("SEQ_GENERATIVE", bundle.contract());
    assertEquals(5, bundle.maxLength());
    assertEquals(false, bundle.needsIndex());
  }

  @Test
  void eachContractIsOpenedByItsOwnDoor() {
    Path generative = GenerativeFixtures.FOLDER.resolve("decoder");
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(generative));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(e.getMessage().contains("RecommenderBundle.openGenerative(folder)"));
    Path scores = Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal();
    assertRefused(scores, Kind.BUNDLE_INVALID, "/contract: expected SEQ_GENERATIVE, found SEQ_LOG");
  }

  private static void assertRefused(Path bundle, Kind kind, String... named) {
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openGenerative(bundle));
    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  private static ObjectNode at(BundleWriter bundle, String place) {
    return (ObjectNode) bundle.manifest.at(place);
  }

  @Test
  void aVocabularyThatTheModelDoesNotHave() {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    at(bundle, "/generation").put("vocabularySize", 12);
    assertRefused(
        bundle.seal(),
        Kind.SHAPE_MISMATCH,
        "prompt.onnx: output 'logits'",
        "[rows, 12]",
        "found float[?, 11]");
  }

  @ParameterizedTest
  @CsvSource({
    "decoder, /generation/inputs/0, ids, expected an input 'ids' of role TOKEN_IDS",
    "decoder, /generation/step/inputs/2, rows, expected an input 'rows' of role PARENTS",
    "encoder-decoder, /generation/step/inputs/1, m, expected an input 'm' of role PROMPT_MASK"
  })
  void anInputThatTheGraphDoesNotHave(String name, String place, String input, String named) {
    BundleWriter bundle = GenerativeFixtures.copy(name, folder);
    at(bundle, place).put("name", input);
    assertRefused(bundle.seal(), Kind.SHAPE_MISMATCH, named, "found inputs {");
  }

  @Test
  void anInputThatTheManifestDoesNotSay() {
    BundleWriter bundle = GenerativeFixtures.copy("decoder-aligned", folder);
    ((ArrayNode) bundle.manifest.at("/generation/inputs")).remove(3);
    assertRefused(
        bundle.seal(),
        Kind.SHAPE_MISMATCH,
        "prompt.onnx: expected a role or a cache in manifest.json for every input",
        "code_position");
  }

  @ParameterizedTest
  @CsvSource({
    "0, tensors, prompt.{layer}.k, step.onnx: expected an input 'prompt.0.k'",
    "1, tensors, past.{layer}.k, step.onnx: expected an input 'past.0.k'",
    "1, outputs, present.{layer}.k, step.onnx: expected an output 'present.0.k'"
  })
  void aCacheThatTheGraphDoesNotHave(int cache, String member, String tensor, String named) {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    ((ArrayNode) at(bundle, "/generation/caches/" + cache).get(member)).set(0, tensor);
    RecommenderException e =
        assertThrows(
            RecommenderException.class, () -> RecommenderBundle.openGenerative(bundle.seal()));
    assertEquals(Kind.SHAPE_MISMATCH, e.kind());
    String expected = cache == 0 ? "prompt.onnx: expected an output 'prompt.0.k'" : named;
    assertTrue(e.getMessage().contains(expected), e.getMessage());
    assertTrue(e.getMessage().contains("[rows, 1, length, 4]"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"layers, 3", "heads, 2", "size, 8"})
  void aCacheOfAnotherShape(String member, int value) {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    at(bundle, "/generation/caches/0").put(member, value);
    at(bundle, "/generation/caches/1").put(member, value);
    assertRefused(
        bundle.seal(),
        Kind.SHAPE_MISMATCH,
        member.equals("layers")
            ? "expected an output 'prompt.2.key', a cache of kind PROMPT [rows, 1, length, 4]"
            : "output 'prompt.0.key': expected float or float16 [rows, ");
  }

  @Test
  void tokensOfAnotherTypeOrShape() {
    String expected = "input 'ids' of role TOKEN_IDS: expected int32 or int64 [rows, length]";
    assertRefused(
        GenerativeFixtures.bigrams(folder, "LEFT", OnnxWriter.FLOAT, "rows", "length"),
        Kind.SHAPE_MISMATCH,
        expected,
        "found float[?, ?]");
    assertRefused(
        GenerativeFixtures.bigrams(folder, "LEFT", OnnxWriter.INT64, "length"),
        Kind.SHAPE_MISMATCH,
        expected,
        "found int64[?]");
    assertRefused(
        GenerativeFixtures.bigrams(folder, "LEFT", OnnxWriter.INT64, 1, "length"),
        Kind.SHAPE_MISMATCH,
        expected,
        "found int64[1, ?]");
    assertRefused(
        GenerativeFixtures.bigrams(folder, "LEFT", OnnxWriter.INT64, "rows", 7),
        Kind.SHAPE_MISMATCH,
        "expected graphs that decode two prompts as manifest.json says",
        "model.onnx: run failed for 2 rows of 2 tokens");
  }

  @Test
  void graphsThatAreChanged() {
    BundleWriter bundle = GenerativeFixtures.copy("encoder-decoder", folder);
    bundle.manifest.put("model", "decoder.onnx");
    at(bundle, "/generation/step").put("model", "encoder.onnx");
    assertRefused(bundle.seal(), Kind.SHAPE_MISMATCH, "decoder.onnx: expected an input");
  }

  @Test
  void filesThatAreMissing() throws Exception {
    for (String file : List.of("step.onnx", "codes.npy")) {
      BundleWriter bundle = GenerativeFixtures.copy("decoder", folder.resolve(file));
      Files.delete(bundle.folder.resolve(file));
      assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, file + ": needed by manifest.json");
    }
  }

  /** Codes of the catalogue of twelve; row 7 is given, all other codes are 1. */
  private static byte[] codes(String type, int... row) {
    int[][] codes = new int[12][row.length];
    for (int i = 0; i < codes.length; i++) {
      Arrays.fill(codes[i], 1);
    }
    codes[7] = row;
    return GenerativeFixtures.npy(type, 12, codes);
  }

  @Test
  void codesThatEndEarlyAreShorter() {
    for (String type : List.of("<i4", "<i8")) {
      BundleWriter bundle = GenerativeFixtures.copy("decoder", folder.resolve(type.substring(1)));
      Path sealed = bundle.file("codes.npy", codes(type, 2, 0, -1)).seal();
      try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(sealed)) {
        assertArrayEquals(new int[] {2, 0}, model.codes(7));
        assertArrayEquals(new int[] {1, 1, 1}, model.codes(8));
      }
    }
  }

  @Test
  void codesThatAreWrong() {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    assertRefused(
        bundle.file("codes.npy", codes("<i4", 3, 0, 0)).seal(),
        Kind.BUNDLE_INVALID,
        "codes.npy: row 7, level 0: expected a code of 0 to 2 as manifest.json says, found 3");
    assertRefused(
        bundle.file("codes.npy", codes("<i4", 1, -1, 0)).seal(),
        Kind.BUNDLE_INVALID,
        "row 7, level 1: expected a code of 0 to 1 as manifest.json says, found -1");
    assertRefused(
        bundle.file("codes.npy", codes("<i4", -1, -1, -1)).seal(),
        Kind.BUNDLE_INVALID,
        "row 7: expected at least one code, found none");
    assertRefused(
        bundle.file("codes.npy", codes("<i4", 1, 1)).seal(),
        Kind.SHAPE_MISMATCH,
        "codes.npy: expected shape (12, 3) (items, levels), found (12, 2)");
    assertRefused(
        bundle.file("codes.npy", codes("<f4", 1, 1, 1)).seal(),
        Kind.BUNDLE_INVALID,
        "codes.npy: expected little-endian int32 '<i4' or int64 '<i8' in C order, found '<f4'");
  }

  @Test
  void codesThatShouldDiffer() {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    ((ObjectNode) bundle.manifest.at("/generation/codes")).put("unique", true);
    int[][] codes = new int[12][];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = new int[] {i % 3, i / 3 % 2, i / 6};
    }
    bundle.file("codes.npy", GenerativeFixtures.npy("<i4", 12, codes));
    try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(bundle.seal())) {
      assertArrayEquals(new int[] {2, 1, 1}, model.codes(11));
    }
    codes[11] = codes[3];
    assertRefused(
        bundle.file("codes.npy", GenerativeFixtures.npy("<i4", 12, codes)).seal(),
        Kind.BUNDLE_INVALID,
        "(unique), found [0, 1, 0] for '%s' (row 3) and '%s' (row 11)"
            .formatted("item-6", "item-10"));
  }

  static final List<String> NAMES = GenerativeFixtures.NAMES;

  /** The fixtures hold what Hugging Face's {@code generate} answers. */
  @ParameterizedTest
  @FieldSource("NAMES")
  void whatTheModelSaysIsEnoughToAnswerAsGenerateDoes(String name) {
    try (OnnxGenerativeModel model = GenerativeFixtures.open(name)) {
      int beams = model.beams().orElseThrow();
      assertDoesNotThrow(() -> model.replay(new PlainBeamSearch(model, beams)));
      assertThrows(RecommenderException.class, () -> model.replay(new PlainBeamSearch(model, 1)));
    }
  }

  @Test
  void goldenRequestsWaitForTheDecoder() {
    BundleWriter bundle = GenerativeFixtures.copy("decoder", folder);
    bundle.file(
        "golden.json",
        "{\"requests\":[{\"history\":[\"item-3\"],\"items\":[\"item-8\"],\"scores\":[-1.5]}]}");
    bundle.manifest.put("golden", "golden.json");
    at(bundle, "/generation").put("beams", 7);
    try (OnnxGenerativeModel model = RecommenderBundle.openGenerative(bundle.seal())) {
      assertEquals(OptionalInt.of(7), model.beams());
      assertDoesNotThrow(() -> model.replay(request -> answer(-1.5)));
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> model.replay(request -> answer(-1.25)));
      assertTrue(e.getMessage().contains("expected item 'item-8' with score -1.5"), e.getMessage());
    }
  }

  private static Recommendations answer(double score) {
    return Recommendations.of(1, List.of(new ScoredItem("item-8", score))).build();
  }
}
