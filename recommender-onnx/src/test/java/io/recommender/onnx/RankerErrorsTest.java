package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with the bundle of a ranker, opening it says what was expected and found. */
class RankerErrorsTest {
  @TempDir Path folder;

  private BundleWriter bundle() {
    return RankerFixtures.bundle(folder);
  }

  private static ObjectNode input(BundleWriter bundle, int place) {
    return (ObjectNode) bundle.manifest.at("/ranker/inputs/" + place);
  }

  private static void assertRefused(BundleWriter bundle, Kind kind, String... named) {
    Path sealed = bundle.seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openReranker(sealed));
    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  @Test
  void anUnknownRole() {
    BundleWriter bundle = bundle();
    input(bundle, 0).put("role", "CLICKS");
    assertRefused(
        bundle,
        Kind.BUNDLE_INVALID,
        "manifest.json: /ranker/inputs/0/role: expected one of \"FEATURE\"",
        "found \"CLICKS\"");
  }

  @Test
  void anInputThatTheGraphDoesNotHave() {
    BundleWriter bundle = bundle();
    input(bundle, 2).put("name", "user_vector");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "model.onnx: expected an input 'user_vector' of role FEATURE as manifest.json says");
  }

  @Test
  void anInputThatTheManifestDoesNotHave() {
    BundleWriter bundle = bundle();
    ((ArrayNode) bundle.manifest.at("/ranker/inputs")).remove(9);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "model.onnx: expected a role in manifest.json for every input, found none for {cr=");
  }

  @Test
  void anInputOfAnotherTypeOrShape() {
    BundleWriter bundle = bundle();
    input(bundle, 3).put("role", "FEATURE").remove("vocabulary");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "input 'device' of role FEATURE: expected float or float16 [1] or [1, fixed extents], found int64[1]");
    bundle = bundle();
    ((ArrayNode) input(bundle, 4).get("columns")).addObject().put("feature", "weight");
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "input 'dense' of role FEATURE: expected float or float16 [candidates, 3], found float[?, 2]");
    bundle = bundle();
    input(bundle, 0).put("length", "FIXED");
    bundle.model(
        RankerFixtures.graph("batch", OnnxWriter.FLOAT)
            .input("more", OnnxWriter.FLOAT, "batch")
            .model());
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "found none for {more=float[?]}");
  }

  @Test
  void aRequestOfSeveralRows() {
    BundleWriter bundle = bundle();
    input(bundle, 8).put("side", "REQUEST");
    bundle.model(RankerFixtures.graph(6, OnnxWriter.FLOAT).model());
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "input 'ir' of role FEATURE: expected float or float16 [1] or [1, fixed extents], found float[6, 3]");
  }

  @Test
  void aGraphThatDoesNotBroadcastTheRequest() {
    BundleWriter bundle = oneInputEach();
    bundle.model(
        new OnnxWriter()
            .input("user", OnnxWriter.FLOAT, "batch", 1)
            .input("dense", OnnxWriter.FLOAT, "batch", 1)
            .node("Concat", "scores", List.of("user", "dense"), "axis", 1)
            .output("scores", OnnxWriter.FLOAT, "batch", 2)
            .model());
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "model.onnx: expected to run one row of the request with 3 candidates",
        "found:");
  }

  private BundleWriter oneInputEach() {
    BundleWriter bundle = RankerFixtures.emptyBundle(folder);
    ObjectNode ranker = bundle.manifest.putObject("ranker");
    RankerFixtures.input(ranker, "FEATURE", "user").put("side", "REQUEST").put("feature", "age");
    RankerFixtures.input(ranker, "FEATURE", "dense").put("side", "CANDIDATE").put("feature", "x");
    ranker.putObject("scores").put("name", "scores");
    ranker.putArray("tasks").addObject().put("name", "a").put("kind", "LOGIT");
    ranker.withArray("/tasks").addObject().put("name", "b").put("kind", "LOGIT");
    return bundle;
  }

  @Test
  void moreOrFewerTasksThanColumns() {
    BundleWriter bundle = bundle();
    ((ArrayNode) bundle.manifest.at("/ranker/tasks")).remove(2);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "output 'scores': expected float or float16 [candidates, 2], one column for each task of [click, buy], found float[?, 3]");
    bundle = bundle();
    bundle.manifest.withObject("/ranker/hidden").put("size", 4);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "output 'hidden': expected float or float16 [candidates, 4], found float[?, 3]");
    bundle = bundle();
    bundle.manifest.withObject("/ranker/scores").put("name", "logits");
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "output 'logits': expected", "found {scores=");
  }

  @Test
  void idsBeyondATable() {
    BundleWriter bundle = bundle();
    input(bundle, 7).put("idOffset", 3);
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "candidates and ids up to the largest in manifest.json, found:");
    bundle = bundle();
    bundle.manifest.withObject("/ranker/inputs/3/vocabulary").put("watch", 9);
    assertRefused(bundle, Kind.SHAPE_MISMATCH, "ids up to the largest in manifest.json, found:");
  }

  @Test
  void anOperatorThatTheRuntimeLacks() {
    BundleWriter bundle = oneInputEach();
    bundle.model(
        new OnnxWriter()
            .input("user", OnnxWriter.FLOAT, 1, 1)
            .input("dense", OnnxWriter.FLOAT, "batch", 1)
            .node("Rank9000", "scores", List.of("user", "dense"))
            .output("scores", OnnxWriter.FLOAT, "batch", 2)
            .model());
    assertRefused(bundle, Kind.UNSUPPORTED_OPERATOR, "model.onnx: expected operators", "Rank9000");
  }

  @Test
  void aMapInPlaceOfATensor() throws IOException {
    BundleWriter bundle = oneInputEach();
    ArrayNode inputs = (ArrayNode) bundle.manifest.at("/ranker/inputs");
    inputs.remove(0);
    ((ObjectNode) inputs.get(0)).remove("feature");
    for (int i = 0; i < 6; i++) {
      ((ObjectNode) inputs.get(0)).withArray("/columns").addObject().put("feature", "f" + i);
    }
    bundle.manifest.withObject("/ranker/scores").put("name", "maps");
    bundle.model(Files.readAllBytes(RankerFixtures.RESOURCES.resolve("zipmap.onnx")));
    assertRefused(
        bundle,
        Kind.SHAPE_MISMATCH,
        "output 'maps': expected a tensor [candidates, 2], found a sequence or map",
        "options={'zipmap': False}");
  }

  @Test
  void theBundleOfAnotherContract() {
    Path scores = Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openReranker(scores));
    assertEquals(
        "manifest.json: /contract: expected POINTWISE_RANKER, found SEQ_LOGITS, which"
            + " RecommenderBundle.open(folder) opens",
        e.getMessage());
    Path ranker = bundle().seal();
    e = assertThrows(RecommenderException.class, () -> RecommenderBundle.open(ranker));
    assertTrue(e.getMessage().contains("RecommenderBundle.openReranker(folder)"), e.getMessage());
  }

  @Test
  void goldenCandidatesThatAreNoneOfTheBundle() {
    BundleWriter bundle = bundle();
    bundle.manifest.put("golden", "golden.json");
    bundle.file(
        "golden.json", "{\"requests\": [{\"candidates\": [\"gone\"], \"outputs\": [[0, 0, 0]]}]}");
    assertRefused(
        bundle,
        Kind.BUNDLE_INVALID,
        "golden.json: /requests/0/candidates/0: expected the id of an item or an object");
    bundle.file(
        "golden.json", "{\"requests\": [{\"candidates\": [\"sku-1\"], \"outputs\": [[0, 0]]}]}");
    assertRefused(
        bundle, Kind.BUNDLE_INVALID, "/outputs/0: expected an array of 3 numbers, found [0,0]");
  }
}
