package io.recommender.ann.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Feature;
import io.recommender.Item;
import io.recommender.ItemEncoder;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import io.recommender.Similarity;
import io.recommender.ann.internal.SavedFile;
import io.recommender.ann.internal.SnapshotRevision;
import io.recommender.ann.internal.SnapshotWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Linear maps. The golden snapshot is what version 1 of the format wrote and every later release
 * must open.
 */
class LinearMapTest {
  private static final String GOLDEN = "linear-map-1.snapshot";
  private static final float[][] WEIGHTS = {{1, -2, 0.5f}, {0, 0.25f, 3}};
  private static final float[] OFFSET = {0.125f, -1};

  @TempDir private Path folder;

  /** Writes the golden snapshot anew: the argument is the folder for it. */
  public static void main(String[] args) {
    LinearMap.of(WEIGHTS, OFFSET).save(Path.of(args[0], GOLDEN));
  }

  static float[][] gaussian(Random random, int rows, int dimension) {
    float[][] vectors = new float[rows][dimension];
    for (float[] vector : vectors) {
      for (int i = 0; i < dimension; i++) {
        vector[i] = (float) random.nextGaussian();
      }
    }
    return vectors;
  }

  @Test
  void mapsByWeightsAndOffset() {
    LinearMap map = LinearMap.of(WEIGHTS, OFFSET);
    assertArrayEquals(new float[] {-1.375f, 8.5f}, map.apply(new float[] {1, 2, 3}));
    assertEquals(3, map.sourceDimension());
    assertEquals(2, map.targetDimension());
    assertTrue(Arrays.deepEquals(WEIGHTS, map.weights()));
    assertArrayEquals(OFFSET, map.offset());
    assertEquals("LinearMap[3 to 2 dimensions]", map.toString());
    assertEquals(0, map.applyAll(new float[0][]).length);
  }

  private static float[][] rows(Map<String, List<double[]>> golden, String name) {
    double[][] rows = golden.get(name).toArray(double[][]::new);
    float[][] vectors = new float[rows.length][rows[0].length];
    for (int row = 0; row < rows.length; row++) {
      for (int i = 0; i < rows[row].length; i++) {
        vectors[row][i] = (float) rows[row][i];
      }
    }
    return vectors;
  }

  private static void assertWeights(List<double[]> expected, LinearMap map) {
    for (int row = 0; row < expected.size(); row++) {
      for (int i = 0; i < map.sourceDimension(); i++) {
        assertEquals(expected.get(row)[i], map.weights()[row][i], 1e-6);
      }
    }
  }

  @Test
  void fitsAsNumPyDoes() throws IOException {
    Map<String, List<double[]>> golden = new HashMap<>();
    try (InputStream in =
        Objects.requireNonNull(LinearMapTest.class.getResourceAsStream("linear-map-golden.txt"))) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .forEach(
              line -> {
                String[] fields = line.split(" ");
                golden
                    .computeIfAbsent(fields[0], name -> new ArrayList<>())
                    .add(Arrays.stream(fields).skip(1).mapToDouble(Double::parseDouble).toArray());
              });
    }
    float[][] source = rows(golden, "source");
    LinearMap ridge =
        LinearMap.ridge(source, rows(golden, "target"), golden.get("lambda").get(0)[0]);
    assertEquals(4, golden.get("weights").size());
    assertWeights(golden.get("weights"), ridge);
    for (int i = 0; i < 4; i++) {
      assertEquals(golden.get("offset").get(0)[i], ridge.offset()[i], 1e-6);
    }
    LinearMap rotation = LinearMap.orthogonal(source, rows(golden, "turned"));
    assertEquals(7, golden.get("rotation").size());
    assertWeights(golden.get("rotation"), rotation);
    assertArrayEquals(new float[7], rotation.offset());
  }

  @Property(tries = 100)
  void ridgeSolvesTheNormalEquations(
      @ForAll @IntRange(min = 1, max = 30) int rows,
      @ForAll @IntRange(min = 1, max = 8) int from,
      @ForAll @IntRange(min = 1, max = 5) int to,
      @ForAll @DoubleRange(min = 0.01, max = 100) double lambda,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[][] source = gaussian(random, rows, from);
    float[][] target = gaussian(random, rows, to);
    LinearMap map = LinearMap.ridge(source, target, lambda);
    double[][] naive = NormalEquations.ridge(source, target, lambda);
    for (int row = 0; row < to; row++) {
      for (int i = 0; i < from; i++) {
        assertEquals(naive[row][i], map.weights()[row][i], 1e-5);
      }
      assertEquals(naive[row][from], map.offset()[row], 1e-5);
    }
  }

  @Test
  void manyVectorsAreSummedUpInBlocks() {
    Random random = new Random(9);
    float[][] source = gaussian(random, 3000, 4);
    float[][] target = gaussian(random, 3000, 2);
    LinearMap map = LinearMap.ridge(source, target, 5);
    double[][] naive = NormalEquations.ridge(source, target, 5);
    for (int row = 0; row < 2; row++) {
      for (int i = 0; i < 4; i++) {
        assertEquals(naive[row][i], map.weights()[row][i], 1e-6);
      }
    }
  }

  @Property(tries = 50)
  void aRotationIsFoundAgainAndKeepsLengths(
      @ForAll @IntRange(min = 1, max = 8) int dimension, @ForAll long seed) {
    Random random = new Random(seed);
    float[][] source = gaussian(random, 30, dimension);
    LinearMap turn =
        LinearMap.orthogonal(
            gaussian(random, 3 * dimension, dimension), gaussian(random, 3 * dimension, dimension));
    LinearMap found = LinearMap.orthogonal(source, turn.applyAll(source));
    for (float[] vector : source) {
      assertArrayEquals(turn.apply(vector), found.apply(vector), 1e-5f);
      assertEquals(length(vector), length(found.apply(vector)), 1e-5);
    }
  }

  private static double length(float[] vector) {
    double sum = 0;
    for (float element : vector) {
      sum += element * element;
    }
    return Math.sqrt(sum);
  }

  @Property(tries = 20)
  void aVectorIsMappedAlikeAloneAndAmongOthers(
      @ForAll @IntRange(min = 1, max = 70) int from,
      @ForAll @IntRange(min = 1, max = 70) int to,
      @ForAll long seed) {
    Random random = new Random(seed);
    LinearMap map = LinearMap.of(gaussian(random, to, from), gaussian(random, 1, to)[0]);
    float[][] vectors = gaussian(random, 20, from);
    float[][] mapped = map.applyAll(vectors);
    for (int i = 0; i < vectors.length; i++) {
      assertArrayEquals(map.apply(vectors[i]), mapped[i]);
    }
  }

  @Test
  void anEncoderIsMapped() {
    boolean[] closed = {false};
    ItemEncoder prices =
        new ItemEncoder() {
          @Override
          public int dimension() {
            return 1;
          }

          @Override
          public Similarity similarity() {
            return Similarity.L2;
          }

          @Override
          public float[][] encode(List<Item> items) {
            float[][] vectors = new float[items.size()][1];
            for (int i = 0; i < vectors.length; i++) {
              vectors[i][0] =
                  (float) ((Feature.Scalar) items.get(i).features().get("price")).value();
            }
            return vectors;
          }

          @Override
          public void close() {
            closed[0] = true;
          }
        };
    LinearMap map = LinearMap.of(new float[][] {{2}, {-1}}, new float[] {0, 5});
    try (ItemEncoder mapped = map.after(prices, Similarity.DOT)) {
      assertEquals(2, mapped.dimension());
      assertEquals(Similarity.DOT, mapped.similarity());
      Item item = new Item("a", Map.of("price", new Feature.Scalar(3)));
      assertArrayEquals(new float[] {6, 2}, mapped.encode(List.of(item))[0]);
    }
    assertTrue(closed[0]);
    assertMessage(
        "encoder: expected dimension 3, found 1",
        () -> LinearMap.of(WEIGHTS, OFFSET).after(prices, Similarity.DOT));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }

  @Test
  void saysWhatIsWrong() {
    float[][] two = {{1, 2}, {3, 4}};
    float[][] none = {};
    LinearMap map = LinearMap.of(WEIGHTS, OFFSET);
    assertMessage(
        "source: expected at least one vector of at least one element, found none",
        () -> LinearMap.ridge(none, two, 1));
    assertMessage(
        "target: expected 2 vectors, one for each of the source, found 1",
        () -> LinearMap.ridge(two, new float[][] {{1}}, 1));
    assertMessage(
        "source vector 1: expected length 2, found 1",
        () -> LinearMap.ridge(new float[][] {{1, 2}, {3}}, two, 1));
    assertMessage(
        "target vector 0: element 1 is NaN, expected a finite number",
        () -> LinearMap.orthogonal(two, new float[][] {{1, Float.NaN}, {1, 2}}));
    assertMessage(
        "target: expected dimension 2 as the source has, found 1",
        () -> LinearMap.orthogonal(two, new float[][] {{1}, {2}}));
    assertMessage(
        "lambda: expected a finite number of at least 0, found -1.0",
        () -> LinearMap.ridge(two, two, -1));
    assertMessage(
        "lambda: expected a larger one for source vectors that depend on each other linearly,"
            + " found 0.0",
        () -> LinearMap.ridge(new float[][] {{1, 2}, {2, 4}, {3, 6}}, two3(), 0));
    assertMessage("vector: expected length 3, found 2", () -> map.apply(new float[2]));
    assertMessage(
        "vector 1: expected length 3, found 2",
        () -> map.applyAll(new float[][] {new float[3], new float[2]}));
    assertMessage(
        "vector: element 0 of what comes out is Infinity, expected a finite number",
        () -> map.apply(new float[] {3e38f, -3e38f, 0}));
    assertMessage("offset: expected length 2, found 1", () -> LinearMap.of(WEIGHTS, new float[1]));
  }

  private static float[][] two3() {
    return new float[][] {{1, 0}, {0, 1}, {1, 1}};
  }

  private Path saved() {
    Path file = folder.resolve("map");
    LinearMap.of(WEIGHTS, OFFSET).save(file);
    return file;
  }

  @Test
  void aGoldenFileIsReadAsEver() throws IOException {
    Path file = folder.resolve(GOLDEN);
    try (InputStream in = Objects.requireNonNull(LinearMapTest.class.getResourceAsStream(GOLDEN))) {
      Files.write(file, in.readAllBytes());
    }
    LinearMap map = LinearMap.open(file);
    assertTrue(Arrays.deepEquals(WEIGHTS, map.weights()));
    assertArrayEquals(OFFSET, map.offset());
  }

  @Test
  void aSavedMapIsTheSameToTheLastBit() {
    Random random = new Random(1);
    float[][] source = gaussian(random, 20, 5);
    LinearMap map = LinearMap.ridge(source, gaussian(random, 20, 3), 1);
    Path file = folder.resolve("fitted");
    map.save(file);
    LinearMap opened = LinearMap.open(file);
    assertTrue(Arrays.deepEquals(map.applyAll(source), opened.applyAll(source)));
    opened.save(file);
    assertEquals(
        Kind.SNAPSHOT_STALE, assertThrows(RecommenderException.class, () -> map.save(file)).kind());
    map.replace(file);
  }

  @Test
  void aDamagedByteIsFound() throws IOException {
    Path file = saved();
    SavedFile.assertDamageIsFound(file, LinearMap::open);
  }

  private void assertRefused(String message, int[] parameters, double... weights) {
    Path file = folder.resolve("forged");
    SnapshotWriter.write(
        file,
        LinearMap.KIND,
        LinearMap.FORMAT,
        SnapshotRevision.NONE,
        out -> {
          out.section("parameters").putInts(parameters, 0, parameters.length);
          var section = out.section("weights");
          for (double weight : weights) {
            section.putDouble(weight);
          }
          out.section("offset").putDouble(1);
        });
    RecommenderException refusal =
        assertThrows(RecommenderException.class, () -> LinearMap.open(file));
    assertEquals(Kind.SNAPSHOT_INVALID, refusal.kind());
    assertEquals(file + ": section " + message, refusal.getMessage());
    assertTrue(file.toFile().delete());
  }

  @Test
  void contentIsChecked() {
    assertRefused(
        "'parameters': expected dimensions of at least 1, found 0 and 1", new int[] {0, 1}, 1);
    assertRefused("'weights': expected 2 numbers, found 8 bytes", new int[] {1, 2}, 1);
    assertRefused("'offset': expected 2 numbers, found 8 bytes", new int[] {2, 1}, 1, 2);
    assertRefused("'weights': expected finite numbers, found NaN", new int[] {1, 1}, Double.NaN);
  }
}
