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
        JsonNode node = ManifestReader.JSON.readTree(block.group(1));
        if (node.has("contract")) {
          manifests.add(node);
        }
      }
      return manifests;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyContractIsDocumentedByAnExample() {
    Set<Contract> shown = EnumSet.noneOf(Contract.class);
    documented().forEach(node -> shown.add(ManifestReader.parse(node).contract()));
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
    ObjectNode manifest = documented().get(0).deepCopy();
    JsonPointer place = JsonPointer.compile(fault.pointer());
    JsonNode parent = manifest.at(place.head());
    if (parent instanceof ArrayNode array) {
      array.set(place.last().getMatchingIndex(), ManifestReader.JSON.readTree(fault.value()));
    } else if (fault.value() == null) {
      ((ObjectNode) parent).remove(place.last().getMatchingProperty());
    } else {
      ((ObjectNode) parent)
          .set(place.last().getMatchingProperty(), ManifestReader.JSON.readTree(fault.value()));
    }
    RecommenderException e =
        assertThrows(RecommenderException.class, () -> ManifestReader.parse(manifest));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(e.getMessage().startsWith("manifest.json: "), e.getMessage());
    assertTrue(e.getMessage().contains(fault.named()), e.getMessage());
    assertFalse(SCHEMA.validate(manifest).isEmpty(), "the schema allows what the reader refuses");
  }

  @Test
  void faultsAcrossMembersAreRefused() {
    ObjectNode manifest = documented().get(1).deepCopy();
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
        assertThrows(RecommenderException.class, () -> ManifestReader.parse(manifest));
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
