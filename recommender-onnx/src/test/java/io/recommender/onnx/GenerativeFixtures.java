package io.recommender.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.recommender.spi.NextTokenScorer.Decoding;
import io.recommender.spi.NextTokenScorer.Prompt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** The exported models of {@code src/test/resources/generative}, all of 11 tokens. */
final class GenerativeFixtures {
  static final Path FOLDER = Path.of("src", "test", "resources", "generative");
  static final List<String> NAMES =
      List.of(
          "decoder",
          "decoder-copied",
          "decoder-whole",
          "decoder-aligned",
          "encoder-decoder",
          "encoder-decoder-whole");
  static final int VOCABULARY = 11;

  /** The level of each token, 3 for those that are no code. */
  private static final int[] LEVELS = {3, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3};

  private GenerativeFixtures() {}

  /** What PyTorch gives: row i of the logits comes after i written tokens. */
  record Golden(int[] prompt, int[] written, float[][] logits) {}

  static OnnxGenerativeModel open(String name) {
    return RecommenderBundle.openGenerative(FOLDER.resolve(name));
  }

  static List<Golden> goldens(String name) {
    List<Golden> goldens = new ArrayList<>();
    for (JsonNode row : FixtureJson.read(FOLDER.resolve(name + ".json"))) {
      goldens.add(
          new Golden(
              ints(row.get("prompt")),
              ints(row.get("written")),
              FixtureJson.JSON.convertValue(row.get("logits"), float[][].class)));
    }
    return goldens;
  }

  private static int[] ints(JsonNode array) {
    return FixtureJson.JSON.convertValue(array, int[].class);
  }

  /** A prompt with the aligned inputs that the model wants, for what will be written after it. */
  static Prompt prompt(OnnxGenerativeModel model, int[] tokens, int... written) {
    if (model.prompt().alignedInputs().isEmpty()) {
      return Prompt.of(tokens);
    }
    int[] levels = new int[tokens.length + written.length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = LEVELS[i < tokens.length ? tokens[i] : written[i - tokens.length]];
    }
    return new Prompt(tokens, Map.of("code_position", levels));
  }

  static int[] randomTokens(Random random, int length) {
    return random.ints(length, 0, VOCABULARY).toArray();
  }

  static float[] logits(Decoding decoding, int row) {
    float[] logits = new float[VOCABULARY];
    decoding.logits(row, logits);
    return logits;
  }

  /** A copy of a bundle whose manifest can be edited. */
  static BundleWriter copy(String name, Path folder) {
    try (Stream<Path> files = Files.list(FOLDER.resolve(name))) {
      Files.createDirectories(folder);
      for (Path file : files.toList()) {
        Files.write(folder.resolve(file.getFileName()), Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    BundleWriter bundle = new BundleWriter(folder, "SEQ_GENERATIVE");
    bundle.manifest.removeAll();
    bundle.manifest.setAll((ObjectNode) FixtureJson.read(folder.resolve(Manifest.FILE)));
    return bundle;
  }

  /**
   * A decoder of three tokens with logits after every token, each those of {@link #BIGRAMS} of that
   * token alone; it has no cache, reads ids of 32 bits and writes half precision.
   */
  static Path bigrams(Path folder, String paddingSide) {
    return bigrams(folder, paddingSide, OnnxWriter.INT32, "rows", "length");
  }

  /** The same with another input. */
  static Path bigrams(Path folder, String paddingSide, int type, Object... extents) {
    byte[] model =
        new OnnxWriter()
            .input("ids", type, extents)
            .floats("table", Fixtures.flat(BIGRAMS), 3, 3)
            .node("Cast", "numbers", List.of("ids"), "to", OnnxWriter.INT64)
            .node("Gather", "wide", List.of("table", "numbers"), "axis", 0)
            .node("Cast", "logits", List.of("wide"), "to", OnnxWriter.FLOAT16)
            .output("logits", OnnxWriter.FLOAT16, "rows", "length", 3)
            .model();
    BundleWriter bundle = new BundleWriter(folder, "SEQ_GENERATIVE");
    bundle.manifest.remove("sequence");
    bundle
        .items(List.of("a", "b"))
        .model(model)
        .file("codes.npy", npy("<i4", 2, new int[][] {{0}, {1}}));
    ObjectNode generation = bundle.manifest.putObject("generation");
    generation.put("layout", "DECODER_ONLY").put("vocabularySize", 3).put("logits", "logits");
    ObjectNode codes = generation.putObject("codes").put("file", "codes.npy");
    codes.putArray("sizes").add(2);
    codes.putArray("offsets").add(1);
    generation
        .putObject("prompt")
        .put("maxItems", 3)
        .put("paddingSide", paddingSide)
        .put("paddingToken", 2);
    generation.putArray("inputs").addObject().put("role", "TOKEN_IDS").put("name", "ids");
    return bundle.seal();
  }

  static final float[][] BIGRAMS = {{0.5f, -1, 2}, {3, 0.25f, -0.5f}, {-2, 1, 1.5f}};

  /** A matrix of integers in NumPy's format. */
  static byte[] npy(String type, int rows, int[][] matrix) {
    int columns = matrix[0].length;
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }"
            .formatted(type, rows, columns);
    byte[] text =
        (header + " ".repeat(117 - header.length()) + "\n").getBytes(StandardCharsets.US_ASCII);
    boolean wide = type.endsWith("8");
    ByteBuffer file =
        ByteBuffer.allocate(10 + text.length + rows * columns * (wide ? 8 : 4))
            .order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    file.put((byte) 1).put((byte) 0).putShort((short) text.length).put(text);
    for (int[] row : matrix) {
      for (int number : row) {
        if (wide) {
          file.putLong(number);
        } else {
          file.putInt(number);
        }
      }
    }
    return file.array();
  }
}
