package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Language models of {@code src/test/resources/text} against what PyTorch writes. */
class OnnxTextGeneratorTest {
  private static final Path FOLDER = Path.of("src", "test", "resources", "text");

  @TempDir Path folder;

  /** A copy of a bundle whose manifest can be edited. */
  private BundleWriter copy(String name) {
    try (Stream<Path> files = Files.list(FOLDER.resolve(name))) {
      for (Path file : files.toList()) {
        Files.write(folder.resolve(file.getFileName()), Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    BundleWriter bundle = new BundleWriter(folder, "TEXT_GENERATION");
    bundle.manifest.removeAll();
    bundle.manifest.setAll((ObjectNode) FixtureJson.read(folder.resolve(Manifest.FILE)));
    return bundle;
  }

  @ParameterizedTest
  @ValueSource(strings = {"decoder", "encoder-decoder"})
  void textsAreThoseOfGenerate(String name) {
    JsonNode goldens = FixtureJson.read(FOLDER.resolve(name).resolve("golden.json"));
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(FOLDER.resolve(name))) {
      assertTrue(goldens.path("texts").size() >= 5);
      for (JsonNode golden : goldens.path("texts")) {
        String prompt = golden.get("prompt").textValue();
        assertEquals(golden.get("text").textValue(), generator.generate(prompt), prompt);
      }
      List<String> together =
          IntStream.range(0, 40)
              .parallel()
              .mapToObj(i -> generator.generate("red shoe"))
              .distinct()
              .toList();
      assertEquals(List.of(goldens.at("/texts/0/text").textValue()), together);
    }
  }

  @Test
  void aTextEndsWithTheEndTokenOrAfterSoManyTokens() {
    BundleWriter bundle = copy("decoder");
    bundle.manifest.remove("golden");
    ((ObjectNode) bundle.manifest.at("/generation")).remove("endToken");
    ObjectNode text = (ObjectNode) bundle.manifest.at("/generation/text");
    text.put("maxNewTokens", 3);
    bundle.file("golden.json", "{}");
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(bundle.seal())) {
      long before = generator.modelRuns();
      assertEquals(3, generator.generate("red shoe").split(" ").length);
      assertEquals(before + 3, generator.modelRuns());
    }
    text.put("maxNewTokens", 20);
    try (OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(bundle.seal())) {
      assertEquals(20, generator.generate("x").split(" ").length);
    }
  }

  @Test
  void promptsThatAreTooLongAreRefused() {
    OnnxTextGenerator generator = RecommenderBundle.openTextGenerator(FOLDER.resolve("decoder"));
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> generator.generate("red shoe ".repeat(100)));
    assertTrue(
        error.getMessage().startsWith("prompt: expected 1 to 40 tokens, found "),
        error::getMessage);
    generator.close();
    generator.close();
    assertThrows(IllegalStateException.class, () -> generator.generate("red shoe"));
  }

  @Test
  void whatDisagreesIsRefusedAtOpen() {
    BundleWriter bundle = copy("decoder");
    bundle.file(
        "golden.json", "{\"texts\": [{\"prompt\": \"red shoe\", \"text\": \"blue shoe\"}]}");
    refused(bundle, Kind.BUNDLE_INVALID, "golden.json: text 1 of 1: expected 'blue shoe'");
    bundle.file("golden.json", "{\"texts\": []}");
    refused(bundle, Kind.BUNDLE_INVALID, "golden.json: /texts: expected at least one");
    bundle.file("tokenizer.json", "{\"version\": 1}");
    refused(bundle, Kind.BUNDLE_INVALID, "tokenizer.json: /model/vocab: expected");
    ObjectNode generation = (ObjectNode) bundle.manifest.at("/generation");
    generation.putObject("codes");
    refused(bundle, Kind.BUNDLE_INVALID, "/generation/codes");
    RecommenderException error =
        assertThrows(
            RecommenderException.class, () -> RecommenderBundle.open(FOLDER.resolve("decoder")));
    assertTrue(error.getMessage().contains("openTextGenerator"), error::getMessage);
    assertThrows(
        RecommenderException.class,
        () -> RecommenderBundle.openGenerative(FOLDER.resolve("decoder")));
    assertThrows(
        RecommenderException.class,
        () -> RecommenderBundle.openTextGenerator(GenerativeFixtures.FOLDER.resolve("decoder")));
  }

  private static void refused(BundleWriter bundle, Kind kind, String message) {
    Path sealed = bundle.seal();
    RecommenderException error =
        assertThrows(RecommenderException.class, () -> RecommenderBundle.openTextGenerator(sealed));
    assertTrue(error.getMessage().contains(message), error::getMessage);
    assertEquals(kind, error.kind());
  }
}
