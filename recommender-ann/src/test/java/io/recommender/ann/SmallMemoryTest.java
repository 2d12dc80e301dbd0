package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is found for how much memory, in parts of the floats alone. */
class SmallMemoryTest {
  private static final int COUNT = 16_384;
  private static final int DIMENSION = 128;
  private static final long RAW = (long) COUNT * DIMENSION * Float.BYTES;
  private static final int QUERIES = 200;

  private static HnswIndex assertHolds(
      HnswIndexBuilder builder, Similarity similarity, double most, double least)
      throws IllegalAccessException {
    HnswIndex index = builder.efConstruction(60).ef(120).threads(2).expectedSize(COUNT).build();
    FlatIndex exact = new FlatIndex(DIMENSION, similarity);
    float[][] vectors = HnswFixture.clustered(COUNT, DIMENSION, 0, 1);
    index.addAll(TestVectors.ids(COUNT), vectors);
    exact.addAll(TestVectors.ids(COUNT), vectors);
    double held = EstimatedBytesTest.heldBytes(index) / (double) RAW;
    assertTrue(held <= most, () -> "held: " + held);
    float[][] queries = HnswFixture.clustered(QUERIES, DIMENSION, 0, 2);
    double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
    assertTrue(recall >= least, () -> "recall: " + recall);
    return index;
  }

  @ParameterizedTest
  @CsvSource({"DOT, 0.98", "COSINE, 0.97", "L2, 0.95"})
  void codesOfEightBitsAloneTakeLessThanHalf(Similarity similarity, double least)
      throws IllegalAccessException {
    HnswIndexBuilder builder =
        HnswIndex.builder(DIMENSION, similarity).quantization(Quantization.INT8).m(8);
    HnswIndex index = assertHolds(builder, similarity, 0.45, least);
    // What is missing is not what walks do not find, but near ties whose order codes change.
    SearchOptions all = SearchOptions.defaults().targetRecall(1);
    int found = 0;
    for (float[] query : HnswFixture.clustered(QUERIES, DIMENSION, 0, 2)) {
      Set<String> best = TestVectors.itemIds(index.search(query, 10, all));
      best.retainAll(TestVectors.itemIds(index.search(query, 10)));
      found += best.size();
    }
    int walked = found;
    assertTrue(walked >= 0.98 * 10 * QUERIES, () -> "walks found " + walked);
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void codesBesideFloatsTakeTwoFifthsMore(Similarity similarity) throws IllegalAccessException {
    HnswIndexBuilder builder =
        HnswIndex.builder(DIMENSION, similarity).quantization(Quantization.INT4_FLOAT);
    assertHolds(builder, similarity, 1.40, 0.99);
  }
}
