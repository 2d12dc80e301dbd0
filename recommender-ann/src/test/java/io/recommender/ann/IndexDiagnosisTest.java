package io.recommender.ann;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.Similarity;
import io.recommender.serving.Diagnosis;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class IndexDiagnosisTest {
  private static final int ITEMS = 3_000;
  private static final int DIMENSION = 24;

  private static void fill(io.recommender.ItemIndex index) {
    SplittableRandom random = new SplittableRandom(3);
    List<String> ids = new ArrayList<>();
    float[][] vectors = new float[ITEMS][DIMENSION];
    for (int i = 0; i < ITEMS; i++) {
      ids.add("item-" + i);
      for (int j = 0; j < DIMENSION; j++) {
        vectors[i][j] = (float) random.nextDouble(-1, 1);
      }
    }
    index.addAll(ids, vectors);
  }

  private static double recall(Diagnosis diagnosis) {
    return (double) diagnosis.fact("recall of 10").orElseThrow();
  }

  @Test
  void aGraphTellsItsSizeItsRemovedItemsAndItsRecall() {
    HnswIndex index = HnswIndex.builder(DIMENSION, Similarity.DOT).exactBelow(1).threads(1).build();
    fill(index);
    for (int i = 0; i < 100; i++) {
      index.remove("item-" + i * 7);
    }
    Diagnosis diagnosis = index.diagnose(40);
    assertEquals("HnswIndex", diagnosis.component());
    assertEquals(Optional.of(ITEMS - 100L), diagnosis.fact("items"));
    assertEquals(Optional.of(100L), diagnosis.fact("removed, still linked"));
    assertEquals(Optional.of(100.0 / ITEMS), diagnosis.fact("removed ratio"));
    assertEquals(Optional.of(40L), diagnosis.fact("self-check queries"));
    assertTrue(recall(diagnosis) > 0.8 && recall(diagnosis) <= 1, diagnosis::toText);
    assertEquals(
        Optional.of(!FlatIndex.kernels().equals("ScalarVectorKernels")), diagnosis.fact("simd"));
    assertEquals(Optional.empty(), index.diagnose(0).fact("recall of 10"));
  }

  @Test
  void whatWalksReadIsTold() {
    HnswIndex index =
        HnswIndex.builder(DIMENSION, Similarity.L2)
            .quantization(Quantization.INT4_FLOAT)
            .trainedFrom(ITEMS)
            .build();
    assertEquals(Optional.of("floats"), index.diagnose(0).fact("walks by"));
    fill(index);
    assertEquals(Optional.of("INT4_FLOAT"), index.diagnose(0).fact("quantization"));
    assertEquals(Optional.of("codes"), index.diagnose(0).fact("walks by"));
    index = HnswIndex.builder(DIMENSION, Similarity.L2).build();
    fill(index);
    assertEquals(Optional.of("floats"), index.diagnose(0).fact("walks by"));
  }

  @Test
  void aWalkThatIsTooNarrowIsAReasonToWorry() {
    HnswIndex narrow =
        HnswIndex.builder(DIMENSION, Similarity.DOT)
            .m(4)
            .efConstruction(8)
            .ef(1)
            .exactBelow(1)
            .threads(1)
            .build();
    fill(narrow);
    Diagnosis diagnosis = narrow.diagnose(40);
    assertTrue(recall(diagnosis) < 0.9, diagnosis::toText);
    assertEquals(1, diagnosis.warnings().size());
  }

  @Test
  void anIndexThatComparesWithAllHasNothingToMeasure() {
    FlatIndex index = new FlatIndex(DIMENSION, Similarity.COSINE);
    fill(index);
    Diagnosis diagnosis = index.diagnose(40);
    assertEquals(Optional.of((long) ITEMS), diagnosis.fact("items"));
    assertEquals(Optional.empty(), diagnosis.fact("recall of 10"));
    assertEquals(List.of(), diagnosis.warnings());
    assertEquals(
        Optional.empty(),
        HnswIndex.builder(4, Similarity.L2).build().diagnose(9).fact("recall of 10"));
  }
}
