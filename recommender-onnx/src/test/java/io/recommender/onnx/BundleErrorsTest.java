package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with a bundle, opening it says what was expected and what was found. */
class BundleErrorsTest {
  @TempDir Path folder;

  private static final BundleOptions INDEX = BundleOptions.defaults().index(ListIndex::new);

  private BundleWriter scores() {
    return Fixtures.scoresBundle(folder, "FIXED", "LEFT");
  }

  private BundleWriter vectors() {
    return Fixtures.vectorBundle(folder, "DOT");
  }

  private static void assertRefused(Path bundle, Kind kind, String... named) {
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(bundle, INDEX));
    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : named) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
  }

  @Test
  void aMissingFolder() {
    assertRefused(
        folder.resolve("none"), Kind.BUNDLE_INVALID, "none", "expected the folder of a bundle");
  }

  @Test
  void aMissingManifest() {
    assertRefused(folder, Kind.BUNDLE_INVALID, "manifest.json", "found no such file");
  }

  @Test
  void aMissingSeal() throws IOException {
    Path bundle = scores().seal();
    Files.delete(bundle.resolve("SHA256SUMS"));
    assertRefused(bundle, Kind.BUNDLE_INVALID, "SHA256SUMS", "found no such file");
  }

  @Test
  void aMissingFile() throws IOException {
    for (String file : List.of("model.onnx", "items.jsonl")) {
      Path bundle = scores().seal();
      Files.delete(bundle.resolve(file));
      assertRefused(bundle, Kind.BUNDLE_INVALID, file + ": named in SHA256SUMS, found no such");
      RecommenderBundle.seal(bundle);
      assertRefused(
          bundle, Kind.BUNDLE_INVALID, file + ": needed by manifest.json, found no such file");
    }
  }

  @Test
  void aFileOutsideTheSeal() throws IOException {
    Path bundle = scores().seal();
    Path seal = bundle.resolve("SHA256SUMS");
    List<String> lines = new ArrayList<>(Files.readAllLines(seal));
    lines.removeIf(line -> line.endsWith("model.onnx"));
    Files.write(seal, lines);
    assertRefused(bundle, Kind.BUNDLE_INVALID, "model.onnx", "found this one outside of it");
    lines.add("nonsense");
    Files.write(seal, lines);
    assertRefused(bundle, Kind.BUNDLE_INVALID, "SHA256SUMS: line 3", "found 'nonsense'");
  }

  @Test
  void aSealIsReadHoweverItsLinesEndAndWhateverLiesBesideIt() throws IOException {
    Path bundle = scores().file(".DS_Store", "x").file("items.jsonl~", "x").seal();
    Path seal = bundle.resolve("SHA256SUMS");
    Files.writeString(bundle.resolve(".DS_Store"), "changed");
    String text = Files.readString(seal);
    Files.writeString(seal, text.replace("  ", " *").replace("\n", "\r\n"));
    RecommenderBundle.open(bundle).close();
    Files.writeString(seal, text + text.lines().findFirst().orElseThrow() + "\n");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "SHA256SUMS: line 4", "occurs twice");
    Files.writeString(seal, text.replace("model.onnx", "model\0onnx"));
    assertRefused(bundle, Kind.BUNDLE_INVALID, "SHA256SUMS: line 3: expected");
  }

  @Test
  void aFileThatNobodySealed() {
    Path bundle = scores().seal();
    new BundleWriter(bundle, "SEQ_LOGITS").file("model.onnx.data", "weights");
    assertRefused(bundle, Kind.BUNDLE_INVALID, "model.onnx.data", "found this one outside of it");
  }

  @Test
  void numbersThatNoFeatureCanHold() {
    for (String value : List.of("1e999", "[1e39]")) {
      Path bundle = scores().file("items.jsonl", "{\"id\":\"a\",\"price\":" + value + "}\n").seal();
      assertRefused(bundle, Kind.BUNDLE_INVALID, "items.jsonl: line 1: \"price\":", "finite");
    }
  }

  @Test
  void columnsBeyondAnyNumber() {
    BundleWriter bundle = scores();
    bundle.manifest.withObject("/scores").put("offset", Integer.MAX_VALUE);
    assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, "/scores/offset");
  }

  @Test
  void everyChangedByteOfASealedFile() throws IOException {
    Path bundle = scores().seal();
    for (String file : List.of("manifest.json", "items.jsonl", "model.onnx")) {
      Path path = bundle.resolve(file);
      byte[] content = Files.readAllBytes(path);
      for (int i = 0; i < content.length; i += Math.max(1, content.length / 50)) {
        byte[] damaged = content.clone();
        damaged[i] ^= 1;
        Files.write(path, damaged);
        assertRefused(
            bundle, Kind.BUNDLE_INVALID, file + ": SHA-256 expected ", "changed after sealing");
      }
      Files.write(path, content);
    }
  }

  @Test
  void aTruncatedModelThatWasSealed() {
    byte[] model = Fixtures.scoresLeft("batch", Fixtures.LENGTH).model();
    for (int length : new int[] {0, 1, 10, model.length / 2, model.length - 3}) {
      Path bundle = scores().model(Arrays.copyOf(model, length)).seal();
      assertRefused(bundle, Kind.BUNDLE_INVALID, "model.onnx: expected an ONNX model");
    }
  }

  @Test
  void aFileThatIsNoModel() {
    Path bundle = scores().file("model.onnx", "PK this is a zip file, honestly").seal();
    assertRefused(bundle, Kind.BUNDLE_INVALID, "model.onnx: expected");
  }

  @Test
  void anOpsetTheRuntimeDoesNotHave() {
    byte[] model = Fixtures.scoresLeft("batch", Fixtures.LENGTH).opset(99).model();
    assertRefused(scores().model(model).seal(), Kind.UNSUPPORTED_OPERATOR, "model.onnx", "99");
  }

  @Test
  void anotherOpsetThanTheManifestSays() {
    BundleWriter bundle = scores();
    bundle.manifest.put("opset", 18);
    assertRefused(
        bundle.seal(),
        Kind.BUNDLE_INVALID,
        "model.onnx: expected opset 18 as manifest.json says, found 17");
  }

  @Test
  void anOperatorTheRuntimeDoesNotHave() {
    OnnxWriter model =
        Fixtures.scoresLeft("batch", Fixtures.LENGTH)
            .node("SelectiveScan", "scanned", List.of("scores"))
            .output("scanned", OnnxWriter.FLOAT, "batch", Fixtures.ITEMS);
    assertRefused(
        scores().model(model.model()).seal(),
        Kind.UNSUPPORTED_OPERATOR,
        "model.onnx",
        "SelectiveScan");
  }

  @Test
  void renamedTensors() {
    BundleWriter input = scores();
    ((ObjectNode) input.manifest.at("/inputs/0")).put("name", "ids");
    assertRefused(
        input.seal(),
        Kind.SHAPE_MISMATCH,
        "model.onnx: expected an input 'ids' of role ITEM_IDS",
        "item_ids=int64[?, 5]");
    assertRefused(
        scores().scores("logits").seal(),
        Kind.SHAPE_MISMATCH,
        "expected an output 'logits'",
        "scores=float[?, 40]");
  }

  @Test
  void anInputWithoutARole() {
    BundleWriter bundle = scores().model(Fixtures.scoresRight("batch", Fixtures.LENGTH).model());
    assertRefused(
        bundle.seal(),
        Kind.SHAPE_MISMATCH,
        "expected a role in manifest.json for every input",
        "lengths");
  }

  @Test
  void inputsOfAnotherTypeOrShape() {
    BundleWriter bundle = scores();
    ((ObjectNode) bundle.manifest.at("/inputs/0")).put("role", "LENGTH");
    bundle.input("ITEM_IDS", "lengths");
    bundle.model(Fixtures.scoresRight("batch", Fixtures.LENGTH).model());
    assertRefused(
        bundle.seal(),
        Kind.SHAPE_MISMATCH,
        "input 'item_ids' of role LENGTH: expected int32 or int64 [batch], found int64[?, 5]");
    OnnxWriter floats =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.DOUBLE, "batch", Fixtures.LENGTH)
            .node("Identity", "scores", List.of("item_ids"))
            .output("scores", OnnxWriter.DOUBLE, "batch", Fixtures.LENGTH);
    assertRefused(
        scores().model(floats.model()).seal(),
        Kind.SHAPE_MISMATCH,
        "expected int32 or int64 [batch, length], found double[?, 5]");
  }

  @Test
  void anotherWindowThanTheManifestSays() {
    assertRefused(
        scores().sequence(7, "FIXED", "LEFT").seal(),
        Kind.SHAPE_MISMATCH,
        "input 'item_ids': expected length 7",
        "found int64[?, 5]");
    assertRefused(
        scores().sequence(5, "DYNAMIC", "LEFT").seal(),
        Kind.SHAPE_MISMATCH,
        "expected a dynamic length",
        "found int64[?, 5]");
  }

  @Test
  void fewerColumnsThanItems() {
    List<String> more = new ArrayList<>(Fixtures.IDS);
    more.add("one-more");
    assertRefused(
        scores().items(more).seal(),
        Kind.SHAPE_MISMATCH,
        "output 'scores': expected at least 41 columns",
        "found 40");
  }

  @Test
  void anItemCountThatDisagrees() {
    BundleWriter bundle = scores();
    ((ObjectNode) bundle.manifest.get("items")).put("count", 41);
    assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, "items.jsonl: expected 41 items", "found 40");
  }

  @Test
  void wrongItems() {
    String good = "{\"id\":\"a\"}\n";
    Object[][] cases = {
      {good + good, "line 2: item id 'a' occurs twice"},
      {good + "{\"id\":\"\"}\n", "line 2: expected an object with a non-empty string \"id\""},
      {good + "{\"id\":7}\n", "line 2: expected an object with a non-empty string \"id\""},
      {good + "{\"title\":\"b\"}\n", "line 2: expected an object with a non-empty string \"id\""},
      {good + "\n", "line 2: not valid JSON: column 1: expected a value, found the end"},
      {good + "{\"id\":\"b\",\"tags\":[1,\"x\"]}\n", "line 2: \"tags\": expected"},
      {good + "{\"id\":\"b\"\n", "line 2: not valid JSON: column 10: expected "},
    };
    for (Object[] wrong : cases) {
      Path bundle = scores().file("items.jsonl", (String) wrong[0]).seal();
      assertRefused(bundle, Kind.BUNDLE_INVALID, "items.jsonl: " + wrong[1]);
    }
  }

  @Test
  void aFallbackItemOutsideTheCatalogue() {
    BundleWriter bundle = scores();
    bundle.manifest.putArray("fallback").add("item-1").add("gone");
    assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, "/fallback", "found 'gone'");
  }

  @Test
  void jsonThatIsNone() {
    scores().seal();
    BundleWriter bundle = new BundleWriter(folder, "SEQ_LOGITS");
    bundle.seal();
    for (String text : List.of("", "[]", "{\"name\": }", "{\"a\":1,\"a\":2}", "{} {}")) {
      bundle.file("manifest.json", text);
      RecommenderBundle.seal(folder);
      assertRefused(folder, Kind.BUNDLE_INVALID, "manifest.json");
    }
  }

  @Test
  void aVectorModelWithoutAnIndex() {
    Path bundle = vectors().seal();
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(bundle));
    assertTrue(e.getMessage().contains("BundleOptions.defaults().index("), e.getMessage());
  }

  @Test
  void vectorsOfAnotherShape() {
    assertRefused(
        vectors().embedding("user", Fixtures.DIMENSION + 1, "DOT").seal(),
        Kind.SHAPE_MISMATCH,
        "output 'user': expected 7 columns",
        "found 6");
    assertRefused(
        vectors().vectors(new float[Fixtures.ITEMS][Fixtures.DIMENSION - 1]).seal(),
        Kind.SHAPE_MISMATCH,
        "item_vectors.npy: expected shape (40, 6)",
        "found (40, 5)");
    assertRefused(
        vectors().vectors(new float[Fixtures.ITEMS - 1][Fixtures.DIMENSION]).seal(),
        Kind.SHAPE_MISMATCH,
        "found (39, 6)");
    float[][] nan = new float[Fixtures.ITEMS][Fixtures.DIMENSION];
    nan[3][2] = Float.NaN;
    assertRefused(
        vectors().vectors(nan).seal(),
        Kind.BUNDLE_INVALID,
        "row 3, column 2: expected a finite number, found NaN");
  }

  @Test
  void vectorsInAnotherFormat() throws IOException {
    assertRefused(
        vectors().file("item_vectors.npy", "0.5 0.25").seal(),
        Kind.BUNDLE_INVALID,
        "item_vectors.npy: expected a NumPy .npy file");
    byte[] good = Files.readAllBytes(vectors().folder.resolve("item_vectors.npy"));
    assertRefused(
        vectors().file("item_vectors.npy", Arrays.copyOf(good, good.length - 1)).seal(),
        Kind.BUNDLE_INVALID,
        "found the end of the file in row 39");
    byte[] doubles =
        new String(good, java.nio.charset.StandardCharsets.ISO_8859_1)
            .replace("<f4", "<f8")
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertRefused(
        vectors().file("item_vectors.npy", doubles).seal(),
        Kind.BUNDLE_INVALID,
        "expected little-endian float32 '<f4' in C order, found '<f8'");
  }

  @Test
  void goldenRequestsThatFail() {
    BundleWriter bundle = scores();
    bundle.manifest.put("golden", "golden.json");
    float[] scores = Fixtures.expectedScores(3, 7);
    int best = 0;
    for (int i = 0; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    String history = "[\"%s\", \"%s\"]".formatted(Fixtures.IDS.get(3), Fixtures.IDS.get(7));
    String golden = "{\"requests\": [{\"history\": %s, \"items\": [\"%s\"], \"scores\": [%s]}]}";
    String item = Fixtures.IDS.get(best);
    String other = Fixtures.IDS.get((best + 1) % Fixtures.ITEMS);
    bundle.file("golden.json", golden.formatted(history, item, scores[best]));
    RecommenderBundle.open(bundle.seal()).close();
    bundle.file("golden.json", golden.formatted(history, item, scores[best] + 0.01));
    assertRefused(
        bundle.seal(),
        Kind.BUNDLE_INVALID,
        "golden.json: request 1 of 1, rank 1: expected item '%s' with score".formatted(item),
        "found '%s' with %s".formatted(item, scores[best]));
    bundle.file("golden.json", golden.formatted(history, other, scores[best]));
    RecommenderBundle.open(bundle.seal()).close();
    bundle.file(
        "golden.json",
        "{\"requests\": [{\"history\": %s, \"k\": 2, \"items\": [\"%s\", \"%s\"], \"scores\": [%s, %s]}]}"
            .formatted(history, other, item, scores[best], scores[best] - 1));
    assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, "golden.json: request 1 of 1, rank 1");
    bundle.file("golden.json", "{\"requests\": []}");
    assertRefused(bundle.seal(), Kind.BUNDLE_INVALID, "/requests: expected at least one");
    bundle.file("golden.json", golden.formatted("[{\"item\":\"x\",\"at\":\"noon\"}]", item, 1));
    assertRefused(
        bundle.seal(), Kind.BUNDLE_INVALID, "/requests/0/history/0/at: expected an ISO-8601");
  }

  @Test
  void aBundleThatIsRefusedFreesItsModel() {
    BundleWriter bundle = scores();
    bundle.manifest.put("golden", "golden.json");
    bundle.file(
        "golden.json",
        "{\"requests\": [{\"history\": [\"item-1\"], \"items\": [\"item-2\"], \"scores\": [1e9]}]}");
    Path path = bundle.seal();
    for (int i = 0; i < 50; i++) {
      assertRefused(path, Kind.BUNDLE_INVALID, "golden.json");
    }
  }

  @Test
  void wrongArguments() {
    assertEquals(
        "maxBatch: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> BundleOptions.defaults().maxBatch(0))
            .getMessage());
    assertEquals(
        "intraOpThreads: expected at least 1, found 0",
        assertThrows(IllegalArgumentException.class, () -> OnnxOptions.builder().intraOpThreads(0))
            .getMessage());
    assertEquals(
        "CUDA device: expected at least 0, found -1",
        assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1)).getMessage());
  }

  @Test
  void cudaOnTheCpuRuntime() {
    Path bundle = scores().seal();
    BundleOptions cuda =
        BundleOptions.defaults().onnx(OnnxOptions.builder().device(Device.cuda(0)).build());
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.open(bundle, cuda));
    assertEquals(Kind.DEVICE_UNAVAILABLE, e.kind());
    assertTrue(e.getMessage().startsWith("device cuda:0: expected "), e.getMessage());
    BundleOptions auto =
        BundleOptions.defaults().onnx(OnnxOptions.builder().device(Device.auto()).build());
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle, auto)) {
      assertEquals("cpu", recommender.device());
    }
  }
}
