package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with the bundle of an encoder, opening it says what was expected and found. */
class EncoderErrorsTest {
  @TempDir Path folder;

  private BundleWriter states() {
    return EncoderFixtures.statesBundle(folder, "MEAN");
  }

  private static void assertRefused(BundleWriter bundle, Kind kind, String... named) {
    Path sealed = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openEncoder(sealed));
    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  @Test
  void aMalformedTokenizer() {
    assertRefused(
        states().file("tokenizer.json", "{\"model\": "),
        Kind.BUNDLE_INVALID,
        "tokenizer.json: not valid JSON: line 1, column 11: expected a value");
    assertRefused(
        states().file("tokenizer.json", "{}"), Kind.BUNDLE_INVALID, "tokenizer.json: /model/vocab");
    BundleWriter missing = states();
    missing.manifest.withObject("/encoder/text").put("tokenizer", "other.json");
    assertRefused(missing, Kind.BUNDLE_INVALID, "other.json: needed by manifest.json");
  }

  @Test
  void aVocabularyLargerThanTheEmbedding() {
    float[] table = Fixtures.flat(EncoderFixtures.TABLE);
    float[] small = Arrays.copyOf(table, 232 * EncoderFixtures.DIMENSION);
    assertRefused(
        states().model(EncoderFixtures.states("batch", "length", small).model()),
        Kind.SHAPE_MISMATCH,
        "model.onnx: expected to run a batch of 1 x 12 of tokens up to 232, the largest of tokenizer.json, found:");
    float[] enough = Arrays.copyOf(table, 233 * EncoderFixtures.DIMENSION);
    RecommenderBundle.openEncoder(
            states().model(EncoderFixtures.states("batch", "length", enough).model()).seal())
        .close();
  }

  @Test
  void aPaddingTokenOutsideTheVocabulary() {
    BundleWriter bundle = states();
    bundle.manifest.withObject("/encoder/text").put("paddingToken", 233);
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/paddingToken: expected at most 232", "found 233");
  }

  @Test
  void aMaximumThatTheTokenizerFills() {
    BundleWriter bundle = states();
    bundle.manifest.withObject("/encoder/text").put("maxLength", 2);
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/encoder/text/maxLength: expected more than the 2");
  }

  @Test
  void anotherWidthThanTheManifestSays() {
    BundleWriter bundle = states();
    bundle.manifest.withObject("/encoder/embedding").put("dimension", 6);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "model.onnx: output 'states': expected [2, 1, 6] for a batch of 2 x 1, found [2, 1, 5]");
  }

  @Test
  void anOutputOfAnotherKind() {
    BundleWriter bundle = states();
    ObjectNode embedding = bundle.manifest.withObject("/encoder/embedding");
    embedding.put("pooling", "NONE");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "output 'states': expected float or float16 [batch, 5] with pooling NONE, found float[?, ?, 5]");
    embedding.put("pooling", "MEAN").put("name", "vector");
    assertRefused(
        bundle, Kind.SHAPE_MISMATCH, "output 'vector': expected", "states=float[?, ?, 5]");
  }

  @Test
  void inputsThatAreNotThoseOfTheGraph() {
    BundleWriter bundle = states();
    ObjectNode encoder = bundle.manifest.withObject("/encoder");
    EncoderFixtures.input(encoder, "TOKEN_TYPES", "token_type_ids");
    assertRefused(
        bundle, Kind.SHAPE_MISMATCH, "expected an input 'token_type_ids' of role TOKEN_TYPES");
    encoder.withArray("/inputs").remove(2);
    encoder.withArray("/inputs").remove(1);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "expected a role in manifest.json for every input",
        "attention_mask");
    BundleWriter other =
        states()
            .model(
                EncoderFixtures.states("batch", 7, Fixtures.flat(EncoderFixtures.TABLE)).model());
    assertRefused(
        other,
        Kind.SHAPE_MISMATCH,
        "input 'input_ids': expected a dynamic length",
        "found int64[?, 7]");
    other.manifest.withObject("/encoder/text").put("length", "FIXED");
    assertRefused(other, Kind.SHAPE_MISMATCH, "input 'input_ids': expected length 12");
  }

  @Test
  void anInputOfAnotherType() {
    BundleWriter bundle =
        EncoderFixtures.modalitiesBundle(folder)
            .model(
                new OnnxWriter()
                    .input("vector", OnnxWriter.INT64, "batch", 3)
                    .output("vector", OnnxWriter.INT64, "batch", 3)
                    .model());
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "input 'vector' of role FEATURE: expected float [batch] or [batch, fixed extents], found int64[?, 3]");
    bundle.model(EncoderFixtures.modalities("batch").model());
    bundle.manifest.withObject("/encoder/inputs/1").put("role", "CATEGORY").put("default", 0);
    bundle.manifest.withObject("/encoder/inputs/1").putObject("vocabulary");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "input 'vector_present' of role CATEGORY: expected",
        "found float[?]");
  }

  @Test
  void goldenItemsThatTheGraphDoesNotReproduce() {
    BundleWriter bundle = states();
    bundle.manifest.put("golden", "golden.json");
    String item = "{\"items\": [{\"features\": {\"title\": \"mug\"}, \"vector\": %s}]}";
    bundle.file("golden.json", item.formatted("[9, 0, 0, 0, 0]"));
    assertRefused(
        bundle,
        Kind.BUNDLE_INVALID,
        "golden.json: item 1 of 1, component 0: expected 9.0 as in training, found");
    bundle.file("golden.json", item.formatted("[1, 2]"));
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/items/0/vector: expected 5 numbers, found 2");
    bundle.file("golden.json", "{\"items\": []}");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "golden.json: /items: expected at least one");
    bundle.file("golden.json", "{\"items\": [{\"features\": {\"title\": {}}, \"vector\": []}]}");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "/items/0/features/title: expected a string");
  }

  @Test
  void aBundleOfAnotherContract() {
    Path encoder = states().seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(encoder));
    assertTrue(e.getMessage().contains("RecommenderBundle.openEncoder(folder)"), e.getMessage());
    e = assertThrows(RecommenderException.class, () -> RecommenderBundle.openGenerative(encoder));
    assertTrue(
        e.getMessage().contains("expected SEQ_GENERATIVE, found ITEM_ENCODER"), e.getMessage());
    RecommenderBundle read = RecommenderBundle.read(encoder);
    assertEquals(0, read.catalog().size());
    assertEquals(0, read.maxLength());
    assertEquals("ITEM_ENCODER", read.contract());
  }

  @Test
  void aRecommenderIsNoEncoder() {
    Path scores = Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openEncoder(scores));
    assertEquals(
        "manifest.json: /contract: expected ITEM_ENCODER, found SEQ_LOGITS, which"
            + " RecommenderBundle.open(folder) opens",
        e.getMessage());
  }

  @Test
  void everyChangedByteOfTheTokenizer() {
    BundleWriter bundle = states();
    Path sealed = bundle.seal();
    byte[] content = EncoderFixtures.resource("wordpiece.json");
    for (int i = 0; i < content.length; i += Math.max(1, content.length / 50)) {
      byte[] damaged = content.clone();
      damaged[i] ^= 1;
      bundle.file("tokenizer.json", damaged);
      RecommenderException e =
          assertThrows(RecommenderException.class, () -> RecommenderBundle.openEncoder(sealed));
      assertTrue(e.getMessage().startsWith("tokenizer.json: SHA-256 expected"), e.getMessage());
    }
    bundle.file("tokenizer.json", content);
    RecommenderBundle.openEncoder(sealed).close();
  }
}
