package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a bundle is expected to take before it is opened, against what the process grows by. */
class EstimatedMemoryTest {
  /** The estimate is for planning: what is taken lies between these parts of it. */
  private static final double LEAST = 0.6;

  private static final double MOST = 1.3;

  /** What the runtime and the JVM take and return beside, whatever the bundle. */
  private static final long NOISE = 4 << 20;

  private final Random random = new Random(5);

  @TempDir Path folder;

  private List<String> ids(int items) {
    return IntStream.range(0, items).mapToObj(i -> "item-" + i).toList();
  }

  private float[] floats(int size) {
    float[] floats = new float[size];
    for (int i = 0; i < size; i++) {
      floats[i] = random.nextFloat() - 0.5f;
    }
    return floats;
  }

  /** A user vector, the sum of rows of a table, times a matrix with a column for each item. */
  private BundleWriter matrix(String name, int items, int width) throws Exception {
    OnnxWriter model =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", "length")
            .floats("table", floats((items + 1) * width), items + 1, width)
            .floats("columns", floats(width * items), width, items)
            .longs("axis", new long[] {1}, 1)
            .node("Gather", "rows", List.of("table", "item_ids"))
            .node("ReduceSum", "user", List.of("rows", "axis"), "keepdims", 0)
            .node("MatMul", "scores", List.of("user", "columns"))
            .output("scores", OnnxWriter.FLOAT, "batch", items);
    return new BundleWriter(Files.createDirectory(folder.resolve(name)), "SEQ_LOGITS")
        .sequence(5, "DYNAMIC", "LEFT")
        .input("ITEM_IDS", "item_ids")
        .scores("scores")
        .items(ids(items))
        .model(model.model());
  }

  private void check(Path bundle) throws Exception {
    Path room = Files.createDirectory(folder.resolve("small"));
    check(Fixtures.scoresBundle(room, "DYNAMIC", "LEFT").seal(), bundle);
  }

  private void check(Path small, Path bundle) throws Exception {
    Map<String, Long> told =
        MeasuredChild.run(
            folder, 320, MemoryChild.class, List.of(small.toString(), bundle.toString()));
    long taken = told.get("nativeBytes") + told.get("heapBytes");
    long estimated = RecommenderBundle.read(bundle).estimatedBytes();
    told.put("estimatedBytes", estimated);
    assertTrue(taken <= MOST * estimated + NOISE, told::toString);
    assertTrue(taken >= LEAST * estimated - NOISE, told::toString);
  }

  @Test
  void weights() throws Exception {
    check(matrix("weights", 20_000, 256).seal());
  }

  @Test
  void vectorsOfItems() throws Exception {
    int items = 60_000;
    int dimension = 128;
    float[][] vectors = new float[items][];
    for (int i = 0; i < items; i++) {
      vectors[i] = floats(dimension);
    }
    OnnxWriter model =
        new OnnxWriter()
            .input("item_ids", OnnxWriter.INT64, "batch", "length")
            .floats("table", floats(1 + items), items + 1, 1)
            .floats("row", floats(dimension), 1, dimension)
            .longs("axis", new long[] {1}, 1)
            .node("Gather", "rows", List.of("table", "item_ids"))
            .node("ReduceSum", "sum", List.of("rows", "axis"), "keepdims", 0)
            .node("MatMul", "user", List.of("sum", "row"))
            .output("user", OnnxWriter.FLOAT, "batch", dimension);
    BundleWriter bundle =
        new BundleWriter(Files.createDirectory(folder.resolve("vectors")), "SEQ_EMBEDDING")
            .sequence(5, "DYNAMIC", "LEFT")
            .input("ITEM_IDS", "item_ids")
            .embedding("user", dimension, "DOT")
            .items(ids(items))
            .vectors(vectors)
            .model(model.model());
    check(bundle.seal());
  }

  @Test
  void itemsWithTexts() throws Exception {
    int items = 50_000;
    BundleWriter bundle = matrix("texts", items, 4);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < items; i++) {
      lines.append(
          "{\"id\":\"item-%d\",\"title\":\"a title of six words, number %d\",\"price\":%d.5,\"brand\":\"brand %d\",\"tags\":[\"red\",\"of wool\",\"size %d\"]}\n"
              .formatted(i, i, i % 100, i % 50, i % 9));
    }
    check(bundle.file("items.jsonl", lines.toString()).seal());
  }

  @Test
  void tokenizers() throws Exception {
    int words = 150_000;
    ObjectNode json =
        (ObjectNode) FixtureJson.JSON.readTree(EncoderFixtures.resource("wordpiece.json"));
    ObjectNode vocabulary = (ObjectNode) json.at("/model/vocab");
    for (int i = vocabulary.size(); i < words; i++) {
      vocabulary.put("word" + i, i);
    }
    float[] table = floats(words * EncoderFixtures.DIMENSION);
    BundleWriter bundle =
        EncoderFixtures.statesBundle(Files.createDirectory(folder.resolve("words")), "MEAN")
            .file("tokenizer.json", json.toString())
            .model(EncoderFixtures.states("batch", "length", table).model());
    Path room = Files.createDirectory(folder.resolve("small"));
    check(EncoderFixtures.statesBundle(room, "MEAN").seal(), bundle.seal());
  }
}
