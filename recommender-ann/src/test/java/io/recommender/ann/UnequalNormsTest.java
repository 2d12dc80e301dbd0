package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** True inner products, where a few items are much longer than the others. */
class UnequalNormsTest {
  private static final int COUNT = 12_000;
  private static final int DIMENSION = 48;
  private static final int K = 10;

  /** Of the items, so many are long. */
  private static final int LONG_PART = 20;

  @ParameterizedTest
  @CsvSource({"FLOAT, 0.5", "FLOAT, 1", "INT4_FLOAT, 0.5", "INT4_FLOAT, 1", "INT8_FLOAT, 0.5"})
  void longItemsAreFoundAndOthersToo(Quantization form, double deviation) {
    float[][] vectors = HnswFixture.clustered(COUNT, DIMENSION, deviation, 1);
    double[] norms = Arrays.stream(vectors).mapToDouble(TestVectors::norm).toArray();
    double longFrom = Arrays.stream(norms).sorted().toArray()[COUNT - COUNT / LONG_PART];
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.DOT).quantization(form).ef(160).threads(2).build();
    FlatIndex exact = new FlatIndex(DIMENSION, Similarity.DOT);
    index.addAll(HnswFixture.ids(0, COUNT), vectors);
    exact.addAll(HnswFixture.ids(0, COUNT), vectors);
    int[] wanted = new int[2];
    int[] found = new int[2];
    for (float[] query : HnswFixture.clustered(300, DIMENSION, 0, 2)) {
      Set<String> hits = TestVectors.itemIds(index.search(query, K));
      for (String best : TestVectors.itemIds(exact.search(query, K))) {
        int kind = norms[Integer.parseInt(best.substring("item-".length()))] >= longFrom ? 1 : 0;
        wanted[kind]++;
        found[kind] += hits.contains(best) ? 1 : 0;
      }
    }
    String what =
        "short: %d of %d, long: %d of %d".formatted(found[0], wanted[0], found[1], wanted[1]);
    assertTrue(wanted[1] > 1_000, what);
    assertTrue(found[1] >= 0.99 * wanted[1], what);
    assertTrue(found[0] + found[1] >= 0.99 * (wanted[0] + wanted[1]), what);
  }
}
