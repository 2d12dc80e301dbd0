package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.onnx.Manifest.Contract;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reader, the schema and the documentation say the same. */
class ManifestTest {
  private static final JsonSchema SCHEMA = schema();

  private static JsonSchema schema() {
    try (InputStream in = ManifestTest.class.getResourceAsStream("manifest.schema.json")) {
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The manifests shown in BUNDLE.md. */
  static List<JsonNode> documented() {
    try {
      Matcher block =
          Pattern.compile("```json\n(.*?)```", Pattern.DOTALL)
              .matcher(Files.readString(Path.of("BUNDLE.md")));
      List<JsonNode> manifests = new ArrayList<>();
      while (block.find()) {
        JsonNode node = FixtureJson.JSON.readTree(block.group(1));
        if (node.has("contract")) {
          manifests.add(node);
        }
      }
      return manifests;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<ObjectNode> examples(Contract contract) {
    return documented().stream()
        .filter(node -> node.get("contract").textValue().equals(contract.name()))
        .map(node -> (ObjectNode) node)
        .toList();
  }

  private static ObjectNode example(Contract contract) {
    return examples(contract).get(0);
  }

  @Test
  void everyContractIsDocumentedByAnExample() {
    Set<Contract> shown = EnumSet.noneOf(Contract.class);
    documented().forEach(node -> shown.add(FixtureJson.manifest(node).contract()));
    assertEquals(EnumSet.allOf(Contract.class), shown);
  }

  @ParameterizedTest
  @MethodSource("documented")
  void theExamplesFitTheSchema(JsonNode manifest) {
    assertEquals(Set.of(), SCHEMA.validate(manifest));
  }

  /** A place, a wrong value, and what the message must name. */
  record Fault(String pointer, String value, String named) {}

  static Stream<Fault> faults() {
    return Stream.of(
        new Fault("/formatVersion", "2", "expected 1, found 2"),
        new Fault("/formatVersion", "\"1\"", "/formatVersion: expected an integer"),
        new Fault("/name", "\"a b\"", "/name: expected letters"),
        new Fault("/version", "\"\"", "/version: expected a non-empty string"),
        new Fault("/contract", "\"SEQ_MAGIC\"", "expected one of \"SEQ_LOGITS\""),
        new Fault("/model", "\"../model.onnx\"", "/model: expected a plain file name"),
        new Fault("/model", "\"a/b.onnx\"", "/model: expected a plain file name"),
        new Fault("/opset", "0", "/opset: expected an integer of at least 1, found 0"),
        new Fault("/items/count", "0", "/items/count: expected an integer of at least 1"),
        new Fault("/items/count", "2.5", "/items/count: expected an integer"),
        new Fault("/items/cuont", "3", "/items/cuont: unknown member"),
        new Fault("/sequence", "[]", "/sequence: expected an object, found []"),
        new Fault("/sequence/maxLength", "0", "/sequence/maxLength: expected an integer"),
        new Fault("/sequence/maxLength", null, "/sequence/maxLength: expected an integer"),
        new Fault("/sequence/paddingSide", "\"left\"", "expected one of \"LEFT\", \"RIGHT\""),
        new Fault("/sequence/suffix", "[1.5]", "/sequence/suffix/0: expected an integer"),
        new Fault("/sequence/padId", "0", "/sequence/padId: unknown member"),
        new Fault("/inputs", "{}", "/inputs: expected an array"),
        new Fault("/inputs", "[]", "role ITEM_IDS"),
        new Fault("/inputs/0/role", "\"ITEMS\"", "/inputs/0/role: expected one of"),
        new Fault("/inputs/0/name", null, "/inputs/0/name: expected a non-empty string"),
        new Fault("/inputs/0/unit", "\"DAYS\"", "/inputs/0/unit: unknown member"),
        new Fault("/scores", null, "/scores: expected an object"),
        new Fault("/scores/kind", "\"logit\"", "/scores/kind: expected one of"),
        new Fault("/scores/offset", "-1", "/scores/offset: expected an integer of at least 0"),
        new Fault("/embedding", "{\"name\": \"x\"}", "/embedding: unknown member"),
        new Fault("/unknownItems", "\"UNK\"", "/sequence/unknownId: expected an id"),
        new Fault("/unknownItems", "\"IGNORE\"", "/unknownItems: expected one of"),
        new Fault("/fallback", "[3]", "/fallback/0: expected a non-empty string"),
        new Fault("/fallback", "[\"a\", \"b\", \"a\"]", "/fallback/2: item 'a' occurs twice"),
        new Fault("/sequence/maxLength", "2000000000", "expected at most 1048576"),
        new Fault("/golden", "7", "/golden: expected a non-empty string"),
        new Fault("/extra", "1", "/extra: unknown member"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void theReaderAndTheSchemaRefuseTheSameFaults(Fault fault) throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.SEQ_LOGITS), fault);
  }

  private static void assertRefusedByBoth(ObjectNode manifest, Fault fault)
      throws JsonProcessingException {
    JsonPointer place = JsonPointer.compile(fault.pointer());
    JsonNode parent = manifest.at(place.head());
    if (parent instanceof ArrayNode array) {
      array.set(place.last().getMatchingIndex(), FixtureJson.JSON.readTree(fault.value()));
    } else if (fault.value() == null) {
      ((ObjectNode) parent).remove(place.last().getMatchingProperty());
    } else {
      ((ObjectNode) parent)
          .set(place.last().getMatchingProperty(), FixtureJson.JSON.readTree(fault.value()));
    }
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> FixtureJson.manifest(manifest));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(e.getMessage().startsWith("manifest.json: "), e.getMessage());
    assertTrue(e.getMessage().contains(fault.named()), e.getMessage());
    assertFalse(SCHEMA.validate(manifest).isEmpty(), "the schema allows what the reader refuses");
  }

  static Stream<Fault> faultsOfDiffusion() {
    return Stream.of(
        new Fault("/diffusion", null, "/diffusion: expected an object"),
        new Fault("/embedding", null, "/embedding: expected an object"),
        new Fault("/scores", "{}", "/scores: unknown member"),
        new Fault("/diffusion/model", "\"a/b\"", "/diffusion/model: expected a plain file name"),
        new Fault("/diffusion/condition/size", "0", "/condition/size: expected an integer"),
        new Fault("/diffusion/inputs/2", "{\"role\": \"NOISE\"}", "/inputs/2/role: expected one"),
        new Fault("/diffusion/inputs", "[]", "/diffusion/inputs: expected inputs of the roles"),
        new Fault("/diffusion/prediction", "\"x0\"", "/diffusion/prediction: expected one of"),
        new Fault("/diffusion/schedule/kind", "\"SIGMOID\"", "/schedule/kind: expected one of"),
        new Fault("/diffusion/schedule/kind", "\"COSINE\"", "/schedule/from: unknown member"),
        new Fault("/diffusion/schedule/kind", "\"TABLE\"", "/schedule/signal: expected an array"),
        new Fault("/diffusion/schedule/times", "70000", "/times: expected at most 65536"),
        new Fault("/diffusion/schedule/from", "0", "/schedule: expected 0 < from <= to < 1"),
        new Fault("/diffusion/schedule/to", null, "/schedule: expected 0 < from <= to < 1"),
        new Fault(
            "/diffusion/schedule",
            "{\"kind\": \"TABLE\", \"signal\": [1]}",
            "/signal/0: expected a number above 0 and below 1.0, found 1.0"),
        new Fault("/diffusion/steps", "0", "/diffusion/steps: expected an integer of at least 1"),
        new Fault("/diffusion/eta", "1.5", "/diffusion/eta: expected a number from 0 to 1"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfDiffusion")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfDiffusion(Fault fault)
      throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.SEQ_DIFFUSION), fault);
  }

  @Test
  void aScheduleThatRoundingUndoesIsRefused() throws JsonProcessingException {
    ObjectNode manifest = example(Contract.SEQ_DIFFUSION);
    ((ObjectNode) manifest.get("diffusion"))
        .set(
            "schedule",
            FixtureJson.JSON.readTree(
                "{\"kind\": \"LINEAR\", \"times\": 1000, \"from\": 1e-4, \"to\": 0.99}"));
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> FixtureJson.manifest(manifest));
    assertTrue(e.getMessage().contains("/diffusion/schedule: signal of time "), e.getMessage());
    assertTrue(e.getMessage().endsWith("found 0.0"), e.getMessage());
  }

  static Stream<Fault> faultsOfText() {
    return Stream.of(
        new Fault("/generation/text", null, "/generation/text: expected an object"),
        new Fault("/generation/text/tokenizer", null, "/generation/text/tokenizer: expected"),
        new Fault("/generation/text/maxNewTokens", "0", "expected an integer of at least 1"),
        new Fault("/generation/codes", "{}", "/generation/codes: unknown member"),
        new Fault("/generation/beams", "3", "/generation/beams: unknown member"),
        new Fault("/generation/normalization", "\"CATALOG\"", "normalization: unknown member"),
        new Fault("/fallback", "[]", "/fallback: unknown member"),
        new Fault("/items", "{}", "/items: unknown member"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfText")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfText(Fault fault) throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.TEXT_GENERATION), fault);
  }

  static Stream<Fault> faultsOfGeneration() {
    return Stream.of(
        new Fault("/generation", null, "/generation: expected an object"),
        new Fault("/sequence", "{}", "/sequence: unknown member"),
        new Fault("/scores", "{}", "/scores: unknown member"),
        new Fault("/unknownItems", "\"FAIL\"", "/unknownItems: unknown member"),
        new Fault("/generation/layout", "\"DECODER\"", "/generation/layout: expected one of"),
        new Fault("/generation/vocabularySize", "0", "/generation/vocabularySize: expected"),
        new Fault("/generation/codes/file", "\"../x\"", "/codes/file: expected a plain file"),
        new Fault("/generation/codes/sizes", "[]", "/codes/sizes: expected a number of codes"),
        new Fault("/generation/codes/sizes/1", "0", "/codes/sizes: expected a number of codes"),
        new Fault("/generation/codes/offsets/2", "-1", "/codes/offsets/2: expected tokens"),
        new Fault("/generation/codes/offsets", null, "/codes/offsets: expected one for each"),
        new Fault("/generation/prompt", null, "/generation/prompt: expected an object"),
        new Fault("/generation/prompt/maxItems", "0", "/prompt/maxItems: expected an integer"),
        new Fault("/generation/prompt/paddingSide", "\"left\"", "/prompt/paddingSide: expected"),
        new Fault("/generation/prompt/prefix", "[-1]", "/prompt/prefix/0: expected a token"),
        new Fault("/generation/prompt/padding", "0", "/generation/prompt/padding: unknown member"),
        new Fault("/generation/normalization", "\"NONE\"", "/normalization: expected one of"),
        new Fault("/generation/beams", "0", "/generation/beams: expected an integer"),
        new Fault("/generation/inputs/0/role", "\"IDS\"", "/inputs/0/role: expected one of"),
        new Fault("/generation/inputs/0/role", "\"PARENTS\"", "/inputs/0/role: expected one of"),
        new Fault("/generation/inputs", "[]", "/inputs: expected an input of role TOKEN_IDS"),
        new Fault("/generation/inputs/3/value", null, "/inputs/3/value: expected one of"),
        new Fault("/generation/inputs/3/other", null, "/inputs/3/other: expected an integer"),
        new Fault("/generation/logits", null, "/generation/logits: expected a non-empty string"),
        new Fault("/generation/step/logits", "7", "/step/logits: expected a non-empty string"),
        new Fault("/generation/step/startToken", "0", "/step/startToken: unknown member"),
        new Fault("/generation/step", null, "/generation/caches: unknown member"),
        new Fault(
            "/generation/step/inputs/2/role", "\"ATTENTION_MASK\"", "an input of role PARENTS if"),
        new Fault("/generation/caches", "[]", "since a step knows its prompt by nothing else"),
        new Fault("/generation/caches", null, "since a step knows its prompt by nothing else"),
        new Fault("/generation/caches/0/kind", "\"KEYS\"", "/caches/0/kind: expected one of"),
        new Fault("/generation/caches/0/tensors", "[]", "expected names of tensors, found none"),
        new Fault("/generation/caches/0/outputs", "[]", "/caches/0/outputs: unknown member"),
        new Fault("/generation/caches/0/layers", "5000", "/caches/0/layers: expected at most"),
        new Fault("/generation/caches/1/outputs", null, "/caches/1/outputs: expected names"),
        new Fault("/generation/caches/1/size", null, "/caches/1/size: expected an integer"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfGeneration")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfGeneration(Fault fault)
      throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.SEQ_GENERATIVE), fault);
  }

  static Stream<Fault> faultsOfEncoder() {
    return Stream.of(
        new Fault("/encoder", null, "/encoder: expected an object"),
        new Fault("/items", "{\"file\": \"x\", \"count\": 1}", "/items: unknown member"),
        new Fault("/inputs", "[]", "/inputs: unknown member"),
        new Fault("/fallback", "[]", "/fallback: unknown member"),
        new Fault("/unknownItems", "\"SKIP\"", "/unknownItems: unknown member"),
        new Fault("/encoder/text/tokenizer", "\"../x\"", "/text/tokenizer: expected a plain file"),
        new Fault("/encoder/text/fields", "[]", "/text/fields: expected at least one feature"),
        new Fault(
            "/encoder/text/fields/0/feature", "\"\"", "/fields/0/feature: expected a non-empty"),
        new Fault("/encoder/text/fields/0/prefix", "7", "/fields/0/prefix: expected a string"),
        new Fault(
            "/encoder/text/fields/1/otherwise", "\"\"", "/fields/1/otherwise: unknown member"),
        new Fault("/encoder/text/maxLength", "0", "/text/maxLength: expected an integer"),
        new Fault("/encoder/text/maxLength", "2000000", "/maxLength: expected at most 1048576"),
        new Fault("/encoder/text/length", "\"LONGEST\"", "/text/length: expected one of"),
        new Fault("/encoder/text/paddingSide", "\"right\"", "/text/paddingSide: expected one of"),
        new Fault("/encoder/text/paddingToken", null, "/text/paddingToken: expected an integer"),
        new Fault("/encoder/text/separator", "1", "/text/separator: expected a string"),
        new Fault("/encoder/text/padding", "1", "/text/padding: unknown member"),
        new Fault("/encoder/text", null, "/role: expected /encoder/text for role TOKEN_IDS"),
        new Fault("/encoder/inputs", "[]", "an input of role TOKEN_IDS for the text, found none"),
        new Fault("/encoder/inputs/0/role", "\"ITEM_IDS\"", "/inputs/0/role: expected one of"),
        new Fault("/encoder/inputs/0/feature", "\"x\"", "/inputs/0/feature: unknown member"),
        new Fault("/encoder/inputs/3/feature", null, "/inputs/3/feature: expected a non-empty"),
        new Fault("/encoder/inputs/3/default", "\"x\"", "/inputs/3/default: expected a number"),
        new Fault("/encoder/inputs/4/default", "0", "/inputs/4/default: unknown member"),
        new Fault("/encoder/inputs/5/vocabulary", null, "/inputs/5/vocabulary: expected an object"),
        new Fault("/encoder/inputs/5/vocabulary", "{\"red\": 0.5}", "/red: expected an integer"),
        new Fault("/encoder/inputs/5/default", null, "/inputs/5/default: expected an integer"),
        new Fault("/encoder/embedding", null, "/encoder/embedding: expected an object"),
        new Fault("/encoder/embedding/dimension", "0", "/dimension: expected an integer"),
        new Fault("/encoder/embedding/pooling", "\"AVG\"", "/pooling: expected one of"),
        new Fault("/encoder/embedding/normalize", "1", "/normalize: expected true or false"),
        new Fault("/encoder/embedding/itemVectors", "\"x\"", "/itemVectors: unknown member"),
        new Fault("/encoder/pooling", "\"MEAN\"", "/encoder/pooling: unknown member"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfEncoder")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfAnEncoder(Fault fault)
      throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.ITEM_ENCODER), fault);
  }

  static Stream<Fault> faultsOfRanker() {
    return Stream.of(
        new Fault("/ranker", null, "/ranker: expected an object"),
        new Fault("/fallback", "[]", "/fallback: unknown member"),
        new Fault("/unknownItems", "\"SKIP\"", "/unknownItems: unknown member"),
        new Fault("/ranker/inputs", "[]", "/ranker/inputs: expected at least one, found none"),
        new Fault("/ranker/inputs/0/role", "\"CLICKS\"", "/inputs/0/role: expected one of"),
        new Fault("/ranker/inputs/0/idOffset", null, "/inputs/0/idOffset: expected an integer"),
        new Fault("/ranker/inputs/0/side", "\"REQUEST\"", "/inputs/0/side: unknown member"),
        new Fault("/ranker/inputs/0/maxLength", "0", "/inputs/0/maxLength: expected an integer"),
        new Fault("/ranker/inputs/0/maxLength", "2000000", "/maxLength: expected at most 1048576"),
        new Fault("/ranker/inputs/1/of", null, "/inputs/1/of: expected a non-empty string"),
        new Fault("/ranker/inputs/2/vocabulary", "[]", "/inputs/2/vocabulary: expected an object"),
        new Fault("/ranker/inputs/2/default", null, "/inputs/2/default: expected an integer"),
        new Fault("/ranker/inputs/2/idOffset", "1", "/inputs/2/idOffset: unknown member"),
        new Fault("/ranker/inputs/3/side", "\"USER\"", "/inputs/3/side: expected one of"),
        new Fault("/ranker/inputs/3/default", "\"x\"", "/inputs/3/default: expected a number"),
        new Fault("/ranker/inputs/4/vocabulary", null, "/inputs/4/vocabulary: expected an object"),
        new Fault("/ranker/inputs/5/feature", "\"x\"", "/inputs/5/feature: unknown member"),
        new Fault("/ranker/inputs/6/columns", "[]", "/columns: expected at least one, found none"),
        new Fault("/ranker/inputs/6/columns/0/feature", null, "/0/feature: expected a non-empty"),
        new Fault("/ranker/inputs/7/paddingId", null, "/inputs/7/paddingId: expected an integer"),
        new Fault("/ranker/scores/layout", "\"ROWS\"", "/scores/layout: expected one of"),
        new Fault("/ranker/hidden/size", "0", "/hidden/size: expected an integer of at least 1"),
        new Fault("/ranker/tasks", "[]", "/ranker/tasks: expected at least one, found 0"),
        new Fault("/ranker/tasks/1/kind", "\"CLICK\"", "/tasks/1/kind: expected one of"),
        new Fault("/ranker/tasks/1/kind", null, "/tasks/1/kind: expected one of"),
        new Fault("/ranker/tasks/0/calibration/kind", "\"BETA\"", "/calibration/kind: expected"),
        new Fault("/ranker/tasks/0/calibration/slope", null, "/slope: expected a number"),
        new Fault("/ranker/policy/kind", "\"MAX\"", "/policy/kind: expected one of"),
        new Fault("/ranker/policy/tasks", "{}", "/policy/tasks: expected at least one task"),
        new Fault("/ranker/policy/tasks/buy", "\"x\"", "/tasks/buy: expected a number"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfRanker")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfARanker(Fault fault)
      throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.POINTWISE_RANKER), fault);
  }

  static Stream<Fault> faultsOfList() {
    return Stream.of(
        new Fault("/list", null, "/list: expected an object"),
        new Fault("/ranker", "{}", "/ranker: unknown member"),
        new Fault("/fallback", "[]", "/fallback: unknown member"),
        new Fault("/list/inputs", "[]", "/list/inputs: expected at least one, found none"),
        new Fault("/list/inputs/0/side", null, "/inputs/0/side: expected one of"),
        new Fault("/list/inputs/1/columns", "[]", "/columns: expected at least one, found none"),
        new Fault("/list/selected", null, "/list/selected: expected an object"),
        new Fault("/list/selected/start", null, "/selected/start: expected an integer"),
        new Fault("/list/selected/offset", "0.5", "/selected/offset: expected an integer"),
        new Fault("/list/selected/end", "0", "/selected/end: unknown member"),
        new Fault("/list/logits", null, "/list/logits: expected a non-empty string"),
        new Fault("/list/minLength", "-1", "/list/minLength: expected an integer of at least 0"),
        new Fault("/list/maxLength", "0", "/list/maxLength: expected an integer of at least 1"),
        new Fault("/list/tasks", "[]", "/list/tasks: unknown member"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfList")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfAList(Fault fault) throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.LISTWISE_RERANKER), fault);
  }

  @Test
  void faultsAcrossMembersOfAListAreRefused() {
    ObjectNode manifest = example(Contract.LISTWISE_RERANKER);
    ObjectNode list = (ObjectNode) manifest.get("list");
    list.put("minLength", 7);
    assertRefused(manifest, "/list/minLength: expected at most maxLength 6, found 7");
    list.put("minLength", 1);
    ((ObjectNode) list.get("selected")).put("name", "context");
    assertRefused(manifest, "/list/selected/name: input 'context' occurs twice");
    ((ObjectNode) list.get("selected")).put("name", "selected");
    ((ObjectNode) list.at("/inputs/0")).put("side", "REQUEST");
    assertRefused(manifest, "/list/inputs: expected one of side CANDIDATE at least, found none");
    ((ObjectNode) list.at("/inputs/0")).put("side", "CANDIDATE").put("name", "context");
    assertRefused(manifest, "/list/inputs/1/name: input 'context' occurs twice");
  }

  static Stream<Fault> faultsOfCrossEncoder() {
    return Stream.of(
        new Fault("/crossEncoder", null, "/crossEncoder: expected an object"),
        new Fault("/ranker", "{}", "/ranker: unknown member"),
        new Fault("/fallback", "[]", "/fallback: unknown member"),
        new Fault("/crossEncoder/text/tokenizer", null, "/text/tokenizer: expected a non-empty"),
        new Fault("/crossEncoder/text/request", null, "/text/request: expected a non-empty string"),
        new Fault("/crossEncoder/text/request", "\"{query\"", "/text/request: prompt: expected a"),
        new Fault("/crossEncoder/text/request", "\"query\"", "/request: expected a variable in"),
        new Fault("/crossEncoder/text/request", "\"{query}\"", "/history: unknown member"),
        new Fault("/crossEncoder/text/item", "\"{{title}}\"", "/item: expected a variable in"),
        new Fault("/crossEncoder/text/item", "\"{title}}\"", "/text/item: prompt: expected a"),
        new Fault("/crossEncoder/text/history", null, "/text/history: expected an object"),
        new Fault("/crossEncoder/text/history/items", "0", "/history/items: expected an integer"),
        new Fault("/crossEncoder/text/history/template", "\"x\"", "/template: expected a variable"),
        new Fault("/crossEncoder/text/history/last", "3", "/history/last: unknown member"),
        new Fault("/crossEncoder/text/defaults/brand", "3", "/defaults/brand: expected a string"),
        new Fault("/crossEncoder/text/order", "\"BOTH\"", "/text/order: expected one of"),
        new Fault("/crossEncoder/text/missing", "\"SKIP\"", "/text/missing: expected one of"),
        new Fault("/crossEncoder/text/truncation", "\"FIRST\"", "/text/truncation: expected one"),
        new Fault(
            "/crossEncoder/text/maxLength", "2000000", "/maxLength: expected at most 1048576"),
        new Fault("/crossEncoder/text/fields", "[]", "/text/fields: unknown member"),
        new Fault("/crossEncoder/inputs", "[]", "an input of role TOKEN_IDS, found none"),
        new Fault("/crossEncoder/inputs/0/role", "\"CATEGORY\"", "/inputs/0/role: expected one of"),
        new Fault("/crossEncoder/inputs/1/feature", "\"x\"", "/inputs/1/feature: unknown member"),
        new Fault(
            "/crossEncoder/inputs/3/feature", null, "/inputs/3/feature: expected a non-empty"),
        new Fault(
            "/crossEncoder/inputs/3/shape", "[0]", "/3/shape: expected extents of at least 1"),
        new Fault("/crossEncoder/inputs/3/default", "\"0\"", "/3/default: expected a number"),
        new Fault("/crossEncoder/score", null, "/crossEncoder/score: expected an object"),
        new Fault("/crossEncoder/score/kind", "\"SCORE\"", "/score/kind: expected one of"),
        new Fault("/crossEncoder/score/name", null, "/score/name: expected a non-empty string"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfCrossEncoder")
  void theReaderAndTheSchemaRefuseTheSameFaultsOfACrossEncoder(Fault fault)
      throws JsonProcessingException {
    assertRefusedByBoth(example(Contract.CROSS_ENCODER), fault);
  }

  @Test
  void faultsAcrossMembersOfACrossEncoderAreRefused() {
    ObjectNode manifest = example(Contract.CROSS_ENCODER);
    ObjectNode crossEncoder = (ObjectNode) manifest.get("crossEncoder");
    ((ObjectNode) crossEncoder.at("/text/defaults")).put("colour", "");
    assertRefused(
        manifest, "expected variables of the templates, [brand, history, query, title], found");
    ((ObjectNode) crossEncoder.at("/text/defaults")).remove("colour");
    ((ObjectNode) crossEncoder.at("/inputs/2")).put("role", "TOKEN_IDS");
    assertRefused(manifest, "/crossEncoder/inputs/2/role: role TOKEN_IDS occurs twice");
    ((ObjectNode) crossEncoder.at("/inputs/2")).put("role", "TOKEN_TYPES");
    ((ObjectNode) crossEncoder.at("/inputs/3")).put("name", "input_ids");
    assertRefused(manifest, "/crossEncoder/inputs/3/name: input 'input_ids' occurs twice");
  }

  @Test
  void faultsAcrossMembersOfARankerAreRefused() {
    ObjectNode manifest = example(Contract.POINTWISE_RANKER);
    ObjectNode ranker = (ObjectNode) manifest.get("ranker");
    ObjectNode mask = (ObjectNode) ranker.at("/inputs/1");
    assertRefused(
        manifest.deepCopy().without("items"), "expected /items for role HISTORY, found none");
    mask.put("of", "dense");
    assertRefused(
        manifest, "an input of role CATEGORY_LIST, VECTOR_LIST or HISTORY, found 'dense'");
    mask.put("of", "hist.click").put("name", "item");
    assertRefused(manifest, "/name: input 'item' occurs twice");
    mask.put("name", "hist.click_mask");
    ((ObjectNode) ranker.at("/tasks/1")).put("name", "click");
    assertRefused(manifest, "/ranker/tasks: task 'click' occurs twice");
    ((ObjectNode) ranker.at("/tasks/1")).put("name", "like");
    assertRefused(manifest, "/policy/tasks: task: expected one of 'click', 'like', found 'buy'");
    ((ObjectNode) ranker.get("scores")).put("layout", "ITEMS");
    assertRefused(manifest, "expected none of side CANDIDATE with layout ITEMS, found one");
    ((ObjectNode) ranker.get("scores")).remove("layout");
    ObjectNode calibration = (ObjectNode) ranker.at("/tasks/0/calibration");
    calibration.removeAll();
    calibration.put("kind", "ISOTONIC").putArray("from").add(0.5).add(0.5);
    calibration.putArray("to").add(0.1).add(0.2);
    assertRefused(manifest, "/calibration: expected ascending from and to in [0, 1]");
    calibration.putArray("to").add(0.1);
    assertRefused(
        manifest, "expected as many numbers in from as in to, at least one, found 2 and 1");
  }

  @Test
  void faultsAcrossMembersOfAnEncoderAreRefused() {
    ObjectNode manifest = example(Contract.ITEM_ENCODER);
    ArrayNode inputs = (ArrayNode) manifest.at("/encoder/inputs");
    ((ObjectNode) inputs.get(4)).put("feature", "photo");
    assertRefused(manifest, "a feature that another input reads, [image, color], found 'photo'");
    ((ObjectNode) inputs.get(4)).put("feature", "image").put("name", "image_feat");
    assertRefused(manifest, "/encoder/inputs/4/name: input 'image_feat' occurs twice");
    ((ObjectNode) inputs.get(4)).put("name", "image_feat_present");
    inputs.addObject().put("role", "TOKEN_IDS").put("name", "more");
    assertRefused(manifest, "/encoder/inputs/6/role: role TOKEN_IDS occurs twice");
    ObjectNode encoder = (ObjectNode) manifest.get("encoder");
    encoder.remove("text");
    for (int i = 0; i < 3; i++) {
      inputs.remove(0);
    }
    inputs.remove(inputs.size() - 1);
    ((ObjectNode) encoder.get("embedding")).put("pooling", "MEAN");
    assertRefused(manifest, "/pooling: expected NONE where there is no text, found MEAN");
  }

  @Test
  void faultsAcrossMembersOfGenerationAreRefused() {
    ObjectNode manifest = example(Contract.SEQ_GENERATIVE);
    ObjectNode generation = (ObjectNode) manifest.get("generation");
    generation.put("vocabularySize", 1025);
    assertRefused(manifest, "/prefix/0: expected a token of 0 to 1024 as vocabularySize says");
    generation.put("vocabularySize", 1000);
    assertRefused(manifest, "/offsets/3: expected tokens of 0 to 999 as vocabularySize says");
    generation.put("vocabularySize", 1026);
    ObjectNode step = (ObjectNode) generation.get("step");
    ((ObjectNode) step.get("inputs").get(4)).put("other", 3);
    assertRefused(manifest, "as in the other graph");
    ((ObjectNode) step.get("inputs").get(4)).put("other", 4);
    ((ObjectNode) step.get("inputs").get(4)).put("name", "position_ids");
    assertRefused(manifest, "/generation/step/inputs/4/name: input 'position_ids' occurs twice");
    ((ObjectNode) step.get("inputs").get(4)).put("name", "code_position");
    ObjectNode rows = (ObjectNode) generation.get("caches").get(1);
    rows.putArray("tensors").add("past.{layer}.key").add("past.value");
    assertRefused(manifest, "names that differ in each of 4 layers by {layer}, found 'past.value'");
    rows.putArray("tensors").add("past.{layer}.key");
    assertRefused(manifest, "/outputs: expected as many as tensors, 4, found 8");
    rows.putArray("tensors").add("past.{layer}.key").add("prompt.{layer}.key");
    assertRefused(manifest, "tensor 'prompt.0.key' occurs twice");
  }

  @Test
  void faultsOfATableOfTokensAreRefused() {
    ObjectNode manifest = examples(Contract.SEQ_GENERATIVE).get(1);
    ObjectNode codes = (ObjectNode) manifest.at("/generation/codes");
    ArrayNode table = (ArrayNode) codes.get("tokens");
    ((ArrayNode) table.get(0)).set(1, 32100);
    assertRefused(manifest, "/generation/codes/tokens/0: token 32100 occurs twice");
    ((ArrayNode) table.get(0)).set(1, 32128);
    assertRefused(manifest, "/tokens/0/1: expected a token of 0 to 32127");
    ((ArrayNode) table.get(0)).remove(1);
    assertRefused(manifest, "/tokens: expected rows of the sizes [3, 2], found [2, 2]");
  }

  @Test
  void faultsAcrossMembersAreRefused() {
    ObjectNode manifest = example(Contract.SEQ_EMBEDDING);
    ArrayNode inputs = (ArrayNode) manifest.get("inputs");
    inputs.addObject().put("role", "LENGTH").put("name", "other");
    assertRefused(manifest, "role LENGTH occurs twice");
    inputs.remove(inputs.size() - 1);
    inputs.addObject().put("role", "STEP_FEATURE").put("name", "lengths").put("feature", "x");
    assertRefused(manifest, "input 'lengths' occurs twice");
    inputs.remove(inputs.size() - 1);
    ((ObjectNode) manifest.get("sequence")).put("maxLength", 1);
    assertRefused(manifest, "/sequence/suffix: expected fewer ids than maxLength 1, found 1");
  }

  private static void assertRefused(JsonNode manifest, String named) {
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> FixtureJson.manifest(manifest));
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
