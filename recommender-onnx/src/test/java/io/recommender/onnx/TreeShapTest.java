package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.recommender.RecommenderException;
import io.recommender.RecommenderException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Explanations against brute force over all sets of features, and against the package shap. */
class TreeShapTest {
  private static final JsonNode REFERENCE = RankerFixtures.json("trees.json");

  @TempDir Path folder;

  private static Path file(String name) {
    return RankerFixtures.RESOURCES.resolve(name + ".onnx");
  }

  private static List<float[]> rows(JsonNode rows) {
    List<float[]> read = new ArrayList<>();
    rows.forEach(row -> read.add(RankerFixtures.floats(row)));
    return read;
  }

  @ParameterizedTest
  @ValueSource(strings = {"trees-two", "trees-boosted"})
  void explanationsAreThoseOfShap(String name) {
    JsonNode reference = REFERENCE.get(name);
    TreeShap shap = TreeShap.read(file(name));
    assertEquals(6, shap.features());
    assertEquals(1, shap.outputs());
    assertEquals(reference.at("/base/0").doubleValue(), shap.baseValues()[0], 1e-6);
    List<float[]> rows = rows(reference.get("rows"));
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(
          reference.get("outputs").get(i).doubleValue(), shap.margins(rows.get(i))[0], 1e-6);
      double[] added = shap.explain(rows.get(i))[0];
      for (int feature = 0; feature < 6; feature++) {
        assertEquals(
            reference.get("values").get(i).get(feature).doubleValue(), added[feature], 1e-6);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"trees-two", "trees-boosted"})
  void explanationsAreThoseOfBruteForceAndAddUp(String name) {
    TreeShap shap = TreeShap.read(file(name));
    TreeEnsemble trees = TreeEnsemble.read(file(name));
    Random random = new Random(6);
    for (int i = 0; i < 20; i++) {
      float[] row = new float[6];
      for (int feature = 0; feature < 6; feature++) {
        row[feature] = random.nextInt(12) == 0 ? Float.NaN : (float) random.nextGaussian();
      }
      double[] added = shap.explain(row)[0];
      double[] exact = bruteForce(trees, row);
      for (int feature = 0; feature < 6; feature++) {
        assertEquals(exact[feature], added[feature], 1e-9);
      }
      assertEquals(shap.margins(row)[0], shap.baseValues()[0] + Arrays.stream(added).sum(), 1e-9);
    }
  }

  /** The Shapley values over the 64 sets of 6 features. */
  private static double[] bruteForce(TreeEnsemble trees, float[] row) {
    double[] values = new double[6];
    long[] factorials = {1, 1, 2, 6, 24, 120, 720};
    for (int set = 0; set < 64; set++) {
      int size = Integer.bitCount(set);
      for (int feature = 0; feature < 6; feature++) {
        if ((set & 1 << feature) == 0) {
          double weight = (double) factorials[size] * factorials[5 - size] / factorials[6];
          values[feature] +=
              weight * (expected(trees, row, set | 1 << feature) - expected(trees, row, set));
        }
      }
    }
    return values;
  }

  private static double expected(TreeEnsemble trees, float[] row, int known) {
    double sum = 0;
    for (int root : trees.roots()) {
      sum += expected(trees, row, known, root);
    }
    return sum;
  }

  private static double expected(TreeEnsemble trees, float[] row, int known, int node) {
    if (trees.modes()[node] == TreeEnsemble.Mode.LEAF) {
      return trees.weights()[node][0];
    }
    int onTrue = trees.onTrue()[node];
    int onFalse = trees.onFalse()[node];
    if ((known & 1 << trees.features()[node]) != 0) {
      return expected(trees, row, known, trees.holds(node, row) ? onTrue : onFalse);
    }
    double share = trees.hitRates()[onTrue] / trees.hitRates()[node];
    return share * expected(trees, row, known, onTrue)
        + (1 - share) * expected(trees, row, known, onFalse);
  }

  @Test
  void countingTheTrainingRowsGivesTheFrequenciesOfTraining() {
    JsonNode reference = REFERENCE.get("trees-two");
    TreeShap read = TreeShap.read(file("trees-two"));
    TreeShap counted = TreeShap.read(file("trees-two"), rows(reference.get("training")));
    assertEquals(read.baseValues()[0], counted.baseValues()[0], 1e-9);
    for (float[] row : rows(reference.get("rows"))) {
      double[] expected = read.explain(row)[0];
      double[] found = counted.explain(row)[0];
      for (int feature = 0; feature < 6; feature++) {
        assertEquals(expected[feature], found[feature], 1e-9);
      }
    }
  }

  @Test
  void branchesThatNoRowTookStillAddUp() {
    JsonNode reference = REFERENCE.get("trees-two");
    List<float[]> few = rows(reference.get("rows")).subList(0, 2);
    TreeShap shap = TreeShap.read(file("trees-two"), few);
    for (float[] row : rows(reference.get("training"))) {
      assertEquals(
          shap.margins(row)[0],
          shap.baseValues()[0] + Arrays.stream(shap.explain(row)[0]).sum(),
          1e-9);
    }
  }

  @Test
  void classesAreExplainedEach() {
    TreeShap shap = TreeShap.read(RankerFixtures.RESOURCES.resolve("crops").resolve("model.onnx"));
    assertEquals(5, shap.outputs());
    float[] row = {1, 2, 3, 4, 5, 6};
    double[] margins = shap.margins(row);
    double[][] added = shap.explain(row);
    for (int crop = 0; crop < 5; crop++) {
      assertEquals(margins[crop], shap.baseValues()[crop] + Arrays.stream(added[crop]).sum(), 1e-9);
    }
    assertEquals(1, Arrays.stream(margins).sum(), 1e-6);
  }

  @Test
  void whatIsNoTreeIsRefused() throws IOException {
    Path mixer = RankerFixtures.RESOURCES.resolve("mixer").resolve("model.onnx");
    assertRefused(mixer, "expected one TreeEnsembleRegressor or TreeEnsembleClassifier, found 0");
    byte[] bytes = Files.readAllBytes(file("trees-two"));
    Path cut = folder.resolve("cut.onnx");
    Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused(cut, "cut.onnx: expected an ONNX model, found a truncated or damaged file");
    assertRefused(folder.resolve("none.onnx"), "none.onnx: cannot be read");
    TreeShap shap = TreeShap.read(file("trees-two"));
    assertThrows(IllegalArgumentException.class, () -> shap.explain(new float[5]));
    assertThrows(IllegalArgumentException.class, () -> TreeShap.read(file("trees-two"), List.of()));
  }

  private static void assertRefused(Path file, String named) {
    RecommenderException e = assertThrows(RecommenderException.class, () -> TreeShap.read(file));
    assertEquals(Kind.BUNDLE_INVALID, e.kind());
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }
}
