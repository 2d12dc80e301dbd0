package io.recommender.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.recommender.RecommendationRequest;
import io.recommender.UserHistory;
import io.recommender.serving.Diagnosis;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxDiagnosisTest {
  @TempDir Path folder;

  private static RecommendationRequest request(int length) {
    return RecommendationRequest.of(
            UserHistory.ofItems(Collections.nCopies(length, Fixtures.IDS.get(0))))
        .build();
  }

  @Test
  void aRecommenderTellsOfItsModelAndItsIndex() {
    BundleOptions options = BundleOptions.defaults().index(ListIndex::new);
    OnnxSequenceRecommender model =
        RecommenderBundle.open(Fixtures.vectorBundle(folder, "DOT").seal(), options);
    model.recommend(request(1));
    Diagnosis diagnosis = model.diagnose(0);
    assertEquals(model.modelVersion(), diagnosis.version());
    assertEquals(Optional.of((long) Fixtures.ITEMS), diagnosis.fact("items"));
    assertEquals(Optional.of(0L), diagnosis.fact("calls in flight"));
    Diagnosis graph = diagnosis.part("model.onnx").orElseThrow();
    assertEquals(Optional.of("cpu"), graph.fact("device"));
    assertEquals(Optional.of("ONNX Runtime 1.29.0"), graph.fact("runtime"));
    assertEquals(Optional.of(1L), graph.fact("threads a run"));
    assertEquals(Optional.of(model.modelRuns()), graph.fact("runs"));
    assertTrue(diagnosis.part("ListIndex").isPresent());
    assertFalse(diagnosis.toText().isEmpty());
    model.close();
    assertThrows(IllegalStateException.class, () -> model.diagnose(0));
  }

  @Test
  void moreThreadsThanProcessorsAreAReasonToWorry() {
    int processors = Runtime.getRuntime().availableProcessors();
    OnnxOptions threads = OnnxOptions.builder().intraOpThreads(processors + 1).build();
    try (OnnxSequenceRecommender model =
        RecommenderBundle.open(
            Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal(),
            BundleOptions.defaults().onnx(threads))) {
      assertEquals(1, model.diagnose(0).allWarnings().size());
    }
  }

  @Test
  void aBundleTellsWhatToExpectBeforeItIsOpened() {
    RecommenderBundle bundle = RecommenderBundle.read(Fixtures.vectorBundle(folder, "DOT").seal());
    int sessions = NativeHandles.sessions();
    Diagnosis diagnosis = bundle.diagnose(10);
    long files = (long) diagnosis.fact("files").orElseThrow();
    assertEquals(Optional.of(bundle.estimatedBytes()), diagnosis.fact("memory to expect"));
    assertTrue(bundle.estimatedBytes() > folder.resolve("model.onnx").toFile().length());
    assertTrue(files > folder.resolve("model.onnx").toFile().length());
    assertEquals(sessions, NativeHandles.sessions());
  }

  @Test
  void thePaddedLengthIsThatOfTheWindow() {
    try (OnnxSequenceRecommender model =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal())) {
      assertEquals(1, model.paddedLength(request(0)));
      assertEquals(3, model.paddedLength(request(3)));
      assertEquals(Fixtures.LENGTH, model.paddedLength(request(99)));
    }
    try (OnnxSequenceRecommender model =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "FIXED", "LEFT").seal())) {
      assertEquals(Fixtures.LENGTH, model.paddedLength(request(1)));
    }
  }

  @Test
  void trackedTensorsAreCountedUntilTheyAreClosed() throws Exception {
    NativeHandles.track(true);
    try (OnnxSequenceRecommender model =
        RecommenderBundle.open(Fixtures.scoresBundle(folder, "DYNAMIC", "LEFT").seal())) {
      model.recommend(request(2));
      assertEquals(0, NativeHandles.openTensors());
      TensorBuffer buffer = new TensorBuffer(ai.onnxruntime.OnnxJavaType.FLOAT);
      buffer.ensure(4);
      try (ai.onnxruntime.OnnxTensor tensor =
          buffer.tensor(OnnxDevices.environment(), new long[] {4})) {
        assertFalse(tensor.isClosed());
        assertEquals(1, NativeHandles.openTensors());
      }
      assertEquals(0, NativeHandles.openTensors());
    } finally {
      NativeHandles.track(false);
    }
    assertThrows(IllegalStateException.class, NativeHandles::openTensors);
  }
}
