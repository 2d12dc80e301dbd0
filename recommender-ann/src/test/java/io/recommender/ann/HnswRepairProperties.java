package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.Similarity;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** After removals every item that is left is reached, whatever lay where and whatever went. */
class HnswRepairProperties {

  private static HnswIndex index(Similarity similarity, int dimension, int m, long seed) {
    return HnswIndex.builder(dimension, similarity)
        .quantization(Quantization.FLOAT)
        .m(m)
        .efConstruction(40)
        .seed(seed)
        .exactBelow(0)
        .build();
  }

  private static List<Integer> shuffled(int count, Random random) {
    List<Integer> items = IntStream.range(0, count).boxed().collect(Collectors.toList());
    Collections.shuffle(items, random);
    return items;
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void everyItemThatIsLeftIsReached(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 2, max = 32) int dimension,
      @ForAll @IntRange(min = 4, max = 16) int m,
      @ForAll @IntRange(min = 1, max = 12) int clusters,
      @ForAll @IntRange(min = 50, max = 95) int percent,
      @ForAll boolean byCluster,
      @ForAll boolean isTight,
      @ForAll long seed) {
    Random random = new Random(seed);
    int count = 150 + random.nextInt(850);
    float[][] vectors =
        TestVectors.clustered(count, dimension, clusters, isTight ? 0.01 : 0.7, seed);
    if (similarity == Similarity.DOT) {
      TestVectors.unequal(vectors, 0.5, seed);
    }
    HnswIndex index = index(similarity, dimension, m, seed);
    index.addAll(TestVectors.ids(count), vectors);
    List<Integer> items = shuffled(count, random);
    if (byCluster) {
      // Clusters go one after the other, but for single items.
      items.sort(Comparator.comparing(item -> item % 17 == 0 ? clusters : item % clusters));
    }
    for (int item : items.subList(0, count * percent / 100)) {
      assertTrue(index.remove(TestVectors.id(item)));
    }
    assertEquals(List.of(), new GraphInspection(index).unreachable());
  }

  /** Of 800 indexes drawn likewise the worst had 0.993 after half were removed. */
  @Property(tries = 12, edgeCases = EdgeCasesMode.NONE)
  void theBestItemsAreFoundAfterHalfWereRemoved(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 8, max = 32) int dimension,
      @ForAll @IntRange(min = 8, max = 24) int m,
      @ForAll @IntRange(min = 1, max = 12) int clusters,
      @ForAll boolean isUnequal,
      @ForAll long seed) {
    double sum = 0;
    double sumBefore = 0;
    for (int i = 0; i < 5; i++) {
      int count = 2_000;
      float[][] vectors = TestVectors.clustered(count, dimension, clusters, 0.7, seed + i);
      if (similarity == Similarity.DOT && isUnequal) {
        TestVectors.unequal(vectors, 0.5, seed + i);
      }
      HnswIndex index = index(similarity, dimension, m, seed + i);
      FlatIndex exact = new FlatIndex(dimension, similarity);
      index.addAll(TestVectors.ids(count), vectors);
      exact.addAll(TestVectors.ids(count), vectors);
      float[][] queries = TestVectors.clustered(50, dimension, clusters, 0.7, seed + i + 10);
      double before = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
      for (int item : shuffled(count, new Random(seed + i)).subList(0, count / 2)) {
        index.remove(TestVectors.id(item));
        exact.remove(TestVectors.id(item));
      }
      double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
      assertTrue(recall >= 0.95, () -> "recall " + recall + " after " + before);
      sum += recall;
      sumBefore += before;
    }
    String means = "mean recall " + sum / 5 + " after " + sumBefore / 5;
    assertTrue(sum / 5 >= 0.98, means);
  }

  /** Of 300 drawn likewise with two clusters the worst had 0.987. */
  @Property(tries = 6, edgeCases = EdgeCasesMode.NONE)
  void everyIndexFindsTheBestItemsAfterHalfWereRemoved(
      @ForAll Similarity similarity,
      @ForAll @IntRange(min = 8, max = 32) int dimension,
      @ForAll @IntRange(min = 1, max = 12) int clusters,
      @ForAll boolean isUnequal,
      @ForAll long seed) {
    int count = 5_000;
    float[][] vectors = TestVectors.clustered(count, dimension, clusters, 0.7, seed);
    if (similarity == Similarity.DOT && isUnequal) {
      TestVectors.unequal(vectors, 0.5, seed);
    }
    HnswIndex index = HnswIndex.builder(dimension, similarity).seed(seed).build();
    FlatIndex exact = new FlatIndex(dimension, similarity);
    index.addAll(TestVectors.ids(count), vectors);
    exact.addAll(TestVectors.ids(count), vectors);
    for (int item : shuffled(count, new Random(seed)).subList(0, count / 2)) {
      index.remove(TestVectors.id(item));
      exact.remove(TestVectors.id(item));
    }
    float[][] queries = TestVectors.clustered(100, dimension, clusters, 0.7, seed + 1);
    double recall = TestVectors.recall(index, exact, queries, 10, ItemFilter.all());
    assertTrue(recall >= 0.95, () -> "recall " + recall);
  }
}
