package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.ItemFilter;
import io.recommender.ScoredItem;
import io.recommender.Similarity;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each form finds of what floats find, and that threads change nothing of any form. */
class QuantizationRecallTest {
  private static final int COUNT = 1_500;
  private static final int K = 10;

  /** Codes of eight bits without floats: they hardly change an order, but for near ties. */
  private static final double CODES_ONLY = 0.03;

  /** What is added to every element: ten times as much as they differ by. */
  private static final float LONG_MEAN = 12;

  static List<Arguments> shapes() {
    return Arrays.stream(Similarity.values())
        .flatMap(
            similarity ->
                IntStream.of(16, 100, 128, 300)
                    .mapToObj(dimension -> Arguments.of(similarity, dimension)))
        .toList();
  }

  private static float[][] vectors(int count, int dimension, Similarity similarity, long seed) {
    float[][] vectors = TestVectors.clustered(count, dimension, 20, 0.7, seed);
    return similarity == Similarity.DOT ? TestVectors.unequal(vectors, 0.4, seed) : vectors;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void eachFormFindsWhatFloatsFind(Similarity similarity, int dimension) {
    assertEachFormFindsWhatFloatsFind(
        similarity,
        vectors(COUNT, dimension, similarity, 1),
        vectors(100, dimension, similarity, 2));
  }

  /** Embeddings of language models are so: most of their length is what they have in common. */
  @ParameterizedTest
  @MethodSource("shapes")
  void eachFormFindsWhatFloatsFindAroundALongMean(Similarity similarity, int dimension) {
    assertEachFormFindsWhatFloatsFind(
        similarity,
        TestVectors.shifted(vectors(COUNT, dimension, similarity, 1), LONG_MEAN),
        TestVectors.shifted(vectors(100, dimension, similarity, 2), LONG_MEAN));
  }

  private static void assertEachFormFindsWhatFloatsFind(
      Similarity similarity, float[][] vectors, float[][] queries) {
    int dimension = vectors[0].length;
    FlatIndex exact = new FlatIndex(dimension, similarity);
    exact.addAll(TestVectors.ids(COUNT), vectors);
    Map<Quantization, HnswIndex> indexes = new EnumMap<>(Quantization.class);
    for (Quantization form : Quantization.values()) {
      HnswIndex index =
          HnswIndex.builder(dimension, similarity)
              .quantization(form)
              .efConstruction(60)
              .trainedFrom(500)
              .cachedBytes(0)
              .exactBelow(0)
              .build();
      index.addAll(TestVectors.ids(COUNT), vectors);
      indexes.put(form, index);
    }
    int ef = 16;
    double floats = 0;
    while (floats < 0.95) {
      ef *= 2;
      assertTrue(ef <= COUNT / 4, "floats find too little at any breadth: " + floats);
      floats = recall(indexes.get(Quantization.FLOAT), exact, queries, ef);
    }
    for (Quantization form : Quantization.values()) {
      double recall = recall(indexes.get(form), exact, queries, ef);
      double least = floats - (form.keepsFloats() ? 0.01 : CODES_ONLY);
      String what = "%s at ef %d: %.4f, floats %.4f".formatted(form, ef, recall, floats);
      assertTrue(recall >= least, what);
    }
  }

  private static double recall(HnswIndex index, FlatIndex exact, float[][] queries, int ef) {
    int found = 0;
    for (float[] query : queries) {
      Set<String> best = TestVectors.itemIds(exact.search(query, K, ItemFilter.all()));
      List<ScoredItem> hits = index.search(query, K, SearchOptions.defaults().ef(ef));
      best.retainAll(TestVectors.itemIds(hits));
      found += best.size();
    }
    return found / (double) (K * queries.length);
  }

  @ParameterizedTest
  @EnumSource
  void graphAndCodesAreTheSameOnAnyNumberOfThreads(Quantization form) {
    float[][] vectors = vectors(1_800, 40, Similarity.DOT, 3);
    for (Similarity similarity : Similarity.values()) {
      List<Object> first = List.of();
      for (int threads : new int[] {1, 2, 4}) {
        HnswIndex index =
            HnswIndex.builder(40, similarity)
                .quantization(form)
                .m(6)
                .efConstruction(30)
                .trainedFrom(300)
                .cachedBytes(0)
                .threads(threads)
                .build();
        index.addAll(TestVectors.ids(1_200), Arrays.copyOf(vectors, 1_200));
        for (int i = 0; i < 400; i++) {
          index.remove(TestVectors.id(i));
        }
        index.addAll(TestVectors.ids(600), Arrays.copyOfRange(vectors, 1_200, 1_800));
        List<Object> content = new GraphInspection(index).content();
        if (threads == 1) {
          first = content;
        }
        assertEquals(first, content, () -> form + " " + similarity + " on " + threads);
      }
    }
  }

  /** Documented for vectors of which only codes are kept. */
  @ParameterizedTest
  @CsvSource({"16,true", "64,true", "128,false", "128,true", "300,false"})
  void codesAloneAreOffByNoMoreThanIsSaid(int dimension, boolean together) {
    float[][] vectors =
        TestVectors.shifted(TestVectors.clustered(2_400, dimension, 20, 0.7, 5), LONG_MEAN);
    double[] mean = new double[dimension];
    for (float[] vector : vectors) {
      for (int i = 0; i < dimension; i++) {
        mean[i] += vector[i] / vectors.length;
      }
    }
    HnswIndex index =
        HnswIndex.builder(dimension, Similarity.L2)
            .quantization(Quantization.INT8)
            .m(4)
            .efConstruction(8)
            .threads(2)
            .build();
    int first = together ? 1_200 : 0;
    index.addAll(TestVectors.ids(first), Arrays.copyOf(vectors, first));
    for (int i = first; i < 2_400; i++) {
      index.add(TestVectors.id(i), vectors[i]);
    }
    double sum = 0;
    for (int item = 0; item < vectors.length; item++) {
      float[] told = index.vector(TestVectors.id(item)).orElseThrow();
      double off = 0;
      double distance = 0;
      double fromFirst = 0;
      for (int i = 0; i < dimension; i++) {
        off += Math.pow(told[i] - (double) vectors[item][i], 2);
        distance += Math.pow(vectors[item][i] - mean[i], 2);
        fromFirst += Math.pow(vectors[item][i] - (double) vectors[0][i], 2);
      }
      double most = Math.sqrt(distance);
      if (item < 1_024 && !together) {
        most += Math.sqrt(fromFirst);
      }
      sum += Math.sqrt(off) / most / vectors.length;
      double part = Math.sqrt(off) / most;
      assertTrue(part <= 0.02, () -> "off by " + part);
    }
    double usual = sum;
    assertTrue(usual > 0.001 && usual <= 0.01, () -> "usually off by " + usual);
  }
}
